"""wakewatch watchlist: what is listed, whether a ship matches, and what is wrong with a list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from detectors.core.reference import ListedShip, Reference
from streams.cli import own_lists
from streams.cli.importing import VANISHING_MOST, FilesOnly, agreed, called, held_by, in_force
from streams.cli.options import Json, Servers, SettingsFile, settings_of
from streams.cli.terminal import echo_json, show_table, talk
from streams.errors import ConfigError
from streams.reference import list_cells
from streams.reference.counting import count, vessels_text
from streams.reference.difference import ListDifference, difference
from streams.reference.entry_wording import changes_text, registration_text
from streams.reference.formats import ListRead, emptied
from streams.reference.importing import Importer
from streams.reference.in_force import InForce
from streams.reference.library import newest, read_versions
from streams.reference.loading import first_of_each, load_reference, read_watchlist_files, with_lists
from streams.reference.lookup import Match, Query, match
from streams.reference.watchlist import WatchlistFile

app = typer.Typer(
    help="Watchlists: show, check, import, and match a vessel.",
    no_args_is_help=True,
    epilog="Example: wakewatch watchlist match --imo 9179842",
)

Lists = Annotated[list[str] | None, typer.Option("--watchlist", help="Use this list file instead.", metavar="FILE")]


@app.command("list", epilog="Example: wakewatch watchlist list --watchlist my-ships.csv")
def list_(
    *,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
    watchlist: Lists = None,
    files: FilesOnly = False,
    json: Json = False,
) -> None:
    """Show the watchlists in force, their version and time: the last import, or those of the settings."""
    found = _in_force(settings, bootstrap_servers, watchlist, files)
    if json:
        echo_json(msgspec.json.encode(found.reference.ships))
    else:
        columns = (
            *("list", "name", "IMO", "MMSI", "call sign", "flag"),
            *("registration", "linked to", "listed on", "programme"),
        )
        show_table(columns, [_listed(ship) for ship in found.reference.ships])
    talk(f"{vessels_text(found.reference.ships)}; {found.said}")
    own_lists.tell_changes(found.changes)


app.command("add", epilog='Example: wakewatch watchlist add --imo 9179842 --note "asked for by the port" --by Kim')(
    own_lists.add_ship
)
app.command("remove", epilog="Example: wakewatch watchlist remove --imo 9179842 --by Kim")(own_lists.remove_ship)


@app.command("match", epilog="Example: wakewatch watchlist match --imo 9179842")
def match_(
    *,
    imo: Annotated[str | None, typer.Option(help="IMO number; decides the match.")] = None,
    mmsi: Annotated[str | None, typer.Option(help="MMSI.")] = None,
    call_sign: Annotated[str | None, typer.Option(help="Call sign; needs the flag.")] = None,
    name: Annotated[str | None, typer.Option(help="Name; gives a possible match at most.")] = None,
    flag: Annotated[str | None, typer.Option(help="Flag, two letters; default: from the MMSI.")] = None,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
    watchlist: Lists = None,
    files: FilesOnly = False,
    json: Json = False,
) -> None:
    """Match a vessel against the watchlist in force: IMO, MMSI, call sign with flag; a name is a possible match."""
    query = _query(imo, mmsi, call_sign, name, flag)
    tried = _in_force(settings, bootstrap_servers, watchlist, files)
    found = match(tried.reference.ships, query)
    talk(f"compared with {vessels_text(tried.reference.ships)}; {tried.said}")
    if json:
        echo_json(msgspec.json.encode(found))
        return
    if not found:
        talk("not listed")
        return
    columns = ("verdict", "on", "list", "name", "IMO", "flag", "registration", "linked to", "listed on", "note")
    show_table(columns, [_row(each) for each in found])


@app.command(epilog="Example: wakewatch watchlist check sdn.csv alt.csv sdn_comments.csv")
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="List files.")], json: Json = False
) -> None:
    """Show the contents of list files, and rejected rows with the reason; exit code 1 if any row is rejected.

    The format is detected from the content: OFAC, UN, EU, UK, OpenSanctions, FollowTheMoney, broken-up ships, own CSV
    or TOML; .gz too.
    """
    read = read_watchlist_files(files)
    if json:
        found = [{"file": each.name, "counts": count(each.watchlist), **_as_dict(each.watchlist)} for each in read]
        echo_json(msgspec.json.encode(found[0] if len(found) == 1 else found))
    else:
        for each in read:
            _tell(each)
    if any(each.watchlist.refused or not (each.watchlist.ships or each.watchlist.passed_over) for each in read):
        raise typer.Exit(1)


@app.command("import", epilog="Example: wakewatch watchlist import sdn.csv alt.csv sdn_comments.csv eu.csv")
def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="List files.")],
    *,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask for confirmation, even if many entries would be removed.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the changes; change nothing.")] = False,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
    json: Json = False,
) -> None:
    """Bring lists into force in running workers; each list replaces the one of the same name, others are kept.

    All partitions switch between two records; vessels that were already seen are matched at once. To complete an
    interrupted import, run it again. If two imports run at the same time, one is rejected and changes nothing.
    """
    loaded = settings_of(settings, bootstrap_servers)
    read = read_watchlist_files(files)
    for each in read:
        _tell(each)
    ships = first_of_each(each.watchlist for each in read)
    empty = emptied(read)
    if not ships and not empty:
        raise ConfigError("watchlist import: no vessel in these files; nothing was changed")
    own = load_reference(loaded.reference)
    held = held_by(loaded.kafka, needed=not dry_run)
    former = newest(held, own)
    now = with_lists(former, ships, empty)
    changes = difference(former.ships, now.ships)
    _show(changes, now, read, json=json)
    if dry_run:
        return
    # The four included ships are an example: the import of a first list does not ask about them.
    asks = not yes and (held.newest() is not None or bool(loaded.reference.watchlists))
    if asks and changes.vanishing > VANISHING_MOST and not agreed(len(changes.removed), changes.vanishing, "entries"):
        raise ConfigError("watchlist import: nothing was changed; use --yes to remove that many")
    command = called("watchlist", files, settings, bootstrap_servers)
    Importer(loaded.kafka, talk, command).bring(held, now)


@app.command(epilog="Example: wakewatch watchlist complete")
def complete(settings: SettingsFile = None, bootstrap_servers: Servers = None) -> None:
    """Complete an import of lists or zones that was interrupted after everything was written.

    Writes the last version to every partition. Exit code 2 if the import was not written completely: then the import
    must be run again, and the command is printed.
    """
    kafka = settings_of(settings, bootstrap_servers).kafka
    if not Importer(kafka, talk).complete(read_versions(kafka)):
        talk("no import is incomplete")


def _show(changes: ListDifference, now: Reference, read: list[ListRead], *, json: bool) -> None:
    if json:
        counts = [{"file": each.name, **msgspec.to_builtins(count(each.watchlist))} for each in read]
        typer.echo(msgspec.json.encode({"version": now.version, "files": counts, "difference": changes}))
        return
    _show_difference(changes)
    talk(f"{len(now.ships)} entries would be in force as version {now.version}")


def _show_difference(changes: ListDifference) -> None:
    for sign, ships in (("+", changes.added), ("-", changes.removed)):
        for ship in ships:
            typer.echo(f"{sign} {_named(ship)}")
    for old, new in changes.changed:
        typer.echo(f"~ {_named(new)}: {changes_text(old, new)}")
    added, removed, changed = len(changes.added), len(changes.removed), len(changes.changed)
    talk(f"{added} added, {removed} removed, {changed} changed, {changes.kept} kept")


@app.command(epilog="Example: wakewatch watchlist diff sdn-monday.csv sdn-friday.csv")
def diff(
    old: Annotated[Path, typer.Argument(help="Earlier list file.")],
    new: Annotated[Path, typer.Argument(help="Later list file.")],
    json: Json = False,
) -> None:
    """Show the changes between two list files; exit code 1 if there are any."""
    former, now = (read_watchlist_files([path])[0].watchlist.ships for path in (old, new))
    changes = difference(former, now)
    if json:
        typer.echo(msgspec.json.encode(changes))
    else:
        _show_difference(changes)
    if changes.added or changes.removed or changes.changed:
        raise typer.Exit(1)


def _as_dict(watchlist: WatchlistFile) -> dict[str, object]:
    return {name: getattr(watchlist, name) for name in watchlist.__struct_fields__}


def _tell(read: ListRead) -> None:
    """Prints rejected rows on stdout, and the counts on stderr."""
    for each in (*read.watchlist.refused, *read.watchlist.doubts):
        typer.echo(f"{read.name}:{each.line}: {each.reason}" if each.line else f"{read.name}: {each.reason}")
    counts = count(read.watchlist)
    talk(
        f"{read.name} ({counts.format}): {counts.ships} vessels, {counts.with_imo} with IMO number, "
        f"{counts.with_mmsi} with MMSI, {counts.with_call_sign} with call sign; "
        f"{f'{counts.broken_up} broken up, so on no watchlist; ' if counts.broken_up else ''}"
        f"{sum(counts.refused.values())} rows rejected, {counts.passed_over} not about vessels"
    )
    for reason, number in counts.refused.items():
        talk(f"  {number} rejected: {reason}")


def _in_force(settings: Path | None, servers: str | None, watchlists: list[str] | None, files: bool) -> InForce:
    effective = settings_of(settings, servers, reference__watchlists=watchlists or None)
    return in_force(effective, files_only=files or bool(watchlists))


def _query(imo: str | None, mmsi: str | None, call_sign: str | None, name: str | None, flag: str | None) -> Query:
    if not any((imo, mmsi, call_sign, name)):
        raise ConfigError("watchlist match: no search term; give --imo, --mmsi, --call-sign or --name")
    try:
        return Query(
            imo=list_cells.imo_number(imo or ""),
            mmsi=list_cells.mmsi_number(mmsi or ""),
            call_sign=list_cells.call_sign(call_sign or ""),
            name=list_cells.text(name or ""),
            flag=list_cells.country(flag or ""),
        )
    except list_cells.Refusal as why:
        raise ConfigError(f"watchlist match: {why}") from None


def _named(ship: ListedShip) -> str:
    return f"{ship.list} {ship.entry_id} {ship.name}" + (f" IMO {ship.imo}" if ship.imo else "")


def _listed(ship: ListedShip) -> tuple[object, ...]:
    name = f"{ship.name} (formerly {', '.join(ship.former_names)})" if ship.former_names else ship.name
    name += f" (broken up {ship.broken_up_on})" if ship.broken_up_on else ""
    who = (ship.list, name, ship.imo, ship.mmsi, ship.call_sign)
    return *who, *_registered(ship), ship.listed_on, ship.programme


def _registered(ship: ListedShip) -> tuple[object, ...]:
    return ship.flag, registration_text(ship), "; ".join(ship.linked_to) or None


def _row(each: Match) -> tuple[object, ...]:
    on = ", ".join(each.matched_on) + (f" {each.likeness:.2f}" if each.matched_on == ("name",) else "")
    ship = each.ship
    return each.verdict, on, ship.list, ship.name, ship.imo, *_registered(ship), ship.listed_on, each.note
