"""Versions of the watchlist as records: whole or not at all, in their order, old ones deleted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner, Result

from detectors.core.reference import FlagPeriod, ListedShip, Reference, Zone
from streams.cli import importing, watchlist
from streams.errors import ConfigError
from streams.messages import reference_records
from streams.reference.difference import difference
from streams.reference.stored_versions import VersionStore

from .published import UN

SHIPS = tuple(ListedShip(list="L", entry_id=f"a/{n}", name=f"SHIP {n}", mmsi=273_000_000 + n) for n in range(5))


def filled(
    version: str = "v1", ships: tuple[ListedShip, ...] = SHIPS, *, at: int = 0
) -> list[tuple[bytes, bytes | None]]:
    return [*reference_records.content(version, ships), reference_records.head(version, ships)]


def zone(name: str) -> Zone:
    return Zone(name=name, kind="associated", lat_deg=1.0, lon_deg=2.0)


def put(
    held: VersionStore, records: list[reference_records.Record], offset: int = 0, written_ms: int = 0
) -> VersionStore:
    for number, (key, value) in enumerate(records):
        held.put(key, value, offset + number, written_ms)
    return held


def test_what_was_written_is_read_back_in_its_order() -> None:
    assert put(VersionStore(), filled()[::-1]).ships("v1") == SHIPS
    held = put(VersionStore(), [*filled(), reference_records.marked("v1")])
    assert (held.newest(), held.is_marked("v1"), held.is_marked("v2")) == ("v1", True, False)


@pytest.mark.parametrize("lost", range(6))
def test_a_version_that_lacks_a_record_is_none(lost: int) -> None:
    records = filled()
    del records[lost]
    assert put(VersionStore(), records).ships("v1") is None


def test_the_newest_is_the_one_whose_head_came_last() -> None:
    held = put(VersionStore(), filled("b"))
    assert put(held, filled("a", SHIPS[:2]), offset=100).newest() == "a"
    assert put(held, filled("b"), offset=200).newest() == "b"


def test_outdated_versions_are_deleted_save_the_one_in_force() -> None:
    held = put(VersionStore(), filled("old"), written_ms=1000)
    put(held, filled("new"), offset=100, written_ms=5000)
    assert list(held.outdated("new", before_ms=4999)) == [], "the log may still hold what it was in force for"
    assert list(put(VersionStore(), filled("old"), written_ms=1000).outdated("new", before_ms=4999)) == [], (
        "until just now"
    )
    deleted = list(held.outdated("new", before_ms=5001))
    assert {key.split(b"/")[0] for key, _ in deleted} == {b"old"} and all(value is None for _, value in deleted)
    assert list(held.outdated("old", before_ms=2000)) == []
    put(held, deleted)
    assert (held.ships("old"), held.newest()) == (None, "new")


def test_zones_travel_with_a_version_or_are_each_process_s_own() -> None:
    own = Reference(zones=(zone("Own"),), version="own")
    places = (zone("B"), zone("A"))
    records = [*reference_records.content("v", SHIPS, places), reference_records.head("v", SHIPS, places)]
    found = put(VersionStore(), records[::-1]).reference("v", own)
    assert found == Reference(ships=SHIPS, zones=places, version="v")
    assert put(VersionStore(), [r for r in records if r[0] != b"v/zone/000001"]).reference("v", own) is None
    without = put(VersionStore(), filled("v")).reference("v", own)
    assert without is not None and without.zones == own.zones
    assert reference_records.version_of(own, zoned=True) != reference_records.version_of(own, zoned=False) == "own"
    held = put(put(VersionStore(), records, written_ms=1), filled("new"), offset=100, written_ms=2)
    assert {key for key, _ in held.outdated("new", before_ms=3)} >= {key for key, _ in records}


def test_what_was_in_force_before_a_log_begins_is_the_last_that_all_were_told_of() -> None:
    held = put(VersionStore(), [*filled("a"), reference_records.marked("a")], written_ms=1000)
    put(held, [*filled("b"), reference_records.marked("b")], offset=100, written_ms=5000)
    put(held, filled("half"), offset=200, written_ms=5500)
    assert [held.in_force_before(at) for at in (1000, 1001, 5001, 9000)] == [None, "a", "b", "b"]


def test_what_was_never_whole_goes_when_it_is_old() -> None:
    held = put(put(VersionStore(), filled("half")[:-1], written_ms=1000), filled("new"), offset=100, written_ms=5000)
    assert {key.split(b"/")[0] for key, _ in held.outdated("new", before_ms=2000)} == {b"half"}


def test_strange_records_are_passed_over() -> None:
    held = VersionStore()
    for key, value in ((b"", b"x"), (b"\xff", None), (b"v/head", b"{"), (b"v/ship/L/1", b"nonsense"), (b"v/else", b"")):
        held.put(key, value)
    assert held.newest() is None and held.ships("v") is None


def test_what_changed_is_told_by_entry() -> None:
    renamed = ListedShip(list="L", entry_id="a/1", name="RENAMED", mmsi=273_000_001)
    moved = ListedShip(list="L", entry_id="a/2", name="SHIP 2", mmsi=273_000_002, source="another file")
    found = difference(
        SHIPS, (renamed, moved, *SHIPS[3:], ListedShip(list="M", entry_id="1", name="NEW", mmsi=273000009))
    )
    assert [ship.entry_id for ship in found.removed] == ["a/0"]
    assert [after.name for _, after in found.changed] == ["RENAMED"]
    assert ([ship.list for ship in found.added], found.kept) == (["M"], 3)
    assert found.vanishing == pytest.approx(0.2)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(watchlist.app, list(arguments))


def test_diff_and_a_dry_run_touch_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "_has_kafka", lambda _: False)
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_text("list,name,mmsi\nmine,A,273000001\nmine,B,273000002\n")
    new.write_text("list,name,mmsi\nmine,A,273000001\nmine,C,273000003\n")
    result = run("diff", str(old), str(new))
    assert (result.exit_code, result.stdout.split()) == (
        1,
        ["+", "mine", "mmsi/273000003", "C", "-", "mine", "mmsi/273000002", "B"],
    )
    assert run("diff", str(old), str(old)).exit_code == 0
    said = json.loads(run("import", str(new), "--dry-run", "--json").stdout)
    assert (said["files"][0]["ships"], len(said["difference"]["added"]), said["difference"]["kept"]) == (2, 2, 4)


def test_a_published_list_that_names_no_ship_any_more_takes_its_ships_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "_has_kafka", lambda _: False)
    before, now, settings = tmp_path / "before.xml", tmp_path / "now.xml", tmp_path / "mine.toml"
    before.write_bytes(UN)
    now.write_bytes(UN.replace(b"M/V EXAMPLE STAR", b"A BANK").replace(b"9161003", b"none"))
    settings.write_text(f"[reference]\nwatchlists = ['{before}']\n")
    said = json.loads(run("import", str(now), "--dry-run", "--json", "--settings", str(settings)).stdout)
    assert (said["files"][0]["ships"], [each["name"] for each in said["difference"]["removed"]]) == (
        0,
        ["M/V EXAMPLE STAR"],
    )
    now.write_bytes(UN[: len(UN) // 2])
    broken = run("import", str(now), "--dry-run", "--settings", str(settings))
    assert isinstance(broken.exception, ConfigError), "half a file empties nothing"


def test_an_import_of_nothing_is_refused(tmp_path: Path) -> None:
    nothing = tmp_path / "x.csv"
    nothing.write_text("name,mmsi\n")
    assert isinstance(run("import", str(nothing)).exception, ConfigError)


def test_of_versions_whose_ships_nobody_asks_no_entry_is_kept() -> None:
    held = VersionStore(ships_of="")
    for number in range(12):
        put(held, [*filled(f"v{number}"), reference_records.marked(f"v{number}")], offset=10 * number)
    assert held.in_force() == "v11" and held.unfinished() is None
    assert not any(version.entries for version in held._versions.values())


@pytest.mark.parametrize("again", [False, True])
def test_a_version_that_lost_an_entry_is_none_until_it_is_imported_again(again: bool) -> None:
    zones = (zone("A"),)
    records = [*reference_records.content("v1", SHIPS, zones), reference_records.head("v1", SHIPS, zones)]
    held = put(VersionStore(ships_of=""), records)
    assert held.zones("v1") == zones
    held.put(records[2][0], None)
    assert held.zones("v1") is None
    put(held, records[:-1] if again else records[2:3], offset=100)
    assert held.zones("v1") == (zones if again else None)


def test_an_entry_that_is_written_twice_counts_once() -> None:
    records = [*reference_records.content("v1", SHIPS, (zone("A"),)), reference_records.head("v1", SHIPS, (zone("A"),))]
    held = put(VersionStore(ships_of=""), [*records[:4], *records[:4]])
    assert held.zones("v1") is None
    assert put(held, records).zones("v1") == (zone("A"),)
    assert put(held, records[:3]).zones("v1") == (zone("A"),)


def test_a_version_that_is_imported_again_is_whole_all_the_while() -> None:
    records = [*reference_records.content("v1", SHIPS, (zone("A"),)), reference_records.head("v1", SHIPS, (zone("A"),))]
    held = put(VersionStore(ships_of=""), records)
    for key, value in records:
        held.put(key, value, 100)
        assert held.zones("v1") == (zone("A"),)
    assert put(held, [reference_records.head("v1", SHIPS[:2], (zone("A"),))]).zones("v1") is None


def test_an_import_has_begun_until_its_record_is_deleted() -> None:
    key, value = reference_records.begun("v1", "a1", -1, "wakewatch watchlist import")
    held = put(VersionStore(), [(key, value)])
    assert held.has_begun(key)
    assert not put(held, [(key, None)]).has_begun(key)


def test_a_version_of_an_earlier_program_is_read() -> None:
    """Entries had neither flag histories nor links."""
    entry = b'{"place":0,"ship":{"list":"L","entry_id":"1","name":"STAR","imo":9074729,"flag":"TG","owner":"A CO"}}'
    held = put(VersionStore(), [(b"v1/ship/L/1", entry), reference_records.head("v1", SHIPS[:1])])
    assert held.ships("v1") == (ListedShip(list="L", entry_id="1", name="STAR", imo=9074729, flag="TG", owner="A CO"),)


def test_registrations_and_links_travel_with_a_version() -> None:
    period = FlagPeriod(flag="TG", to_date="2017-10")
    ships = tuple(
        replace(
            ship, flag_history=(period,), deregistered_on="2017", deregistered_by="TG", linked_to=("A CO",), built=1996
        )
        for ship in SHIPS
    )
    assert put(VersionStore(), filled(ships=ships)).ships("v1") == ships


def test_entries_that_are_read_share_their_equal_values() -> None:
    ships = tuple(replace(ship, owner="A COMPANY", linked_to=("A COMPANY",)) for ship in SHIPS)
    first, *others = put(VersionStore(), filled(ships=ships)).ships("v1") or ()
    assert len(others) == 4
    assert all(ship.owner is first.owner and ship.linked_to is first.linked_to for ship in others)


def test_a_difference_has_changed_registrations_and_links() -> None:
    ship = SHIPS[0]
    for changed in (
        replace(ship, flag_history=(FlagPeriod(flag="TG", to_date="2017"),)),
        replace(ship, deregistered_on="2017-10-05"),
        replace(ship, deregistered_by="TG"),
        replace(ship, linked_to=("A CO",)),
        replace(ship, built=1996),
    ):
        assert difference([ship], [changed]).changed == ((ship, changed),)
