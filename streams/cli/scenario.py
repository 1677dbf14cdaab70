"""``wakewatch scenario``: generated feeds with known truth."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated

import msgspec
import typer

from streams.cli.options import Json
from streams.cli.terminal import show_table, talk
from streams.errors import ConfigError
from streams.scenario import SCENARIOS, NamedPlace, Options, Scenario, scenario


def command(
    name: Annotated[str | None, typer.Argument(help="Name of the scenario; see --list.")] = None,
    out: Annotated[
        str | None,
        typer.Option(
            help="Write the feed to this file (.gz: compressed; -: stdout), and the truth next to it.", metavar="FILE"
        ),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the scenarios.")] = False,
    seed: Annotated[int, typer.Option(help="Random seed of the other vessels.", min=0)] = 1,
    vessels: Annotated[int | None, typer.Option(help="Number of other vessels.", min=0, max=20_000)] = None,
    hours: Annotated[
        float | None, typer.Option(help="Duration, h (of strait, outage and hole).", min=0.1, max=744)
    ] = None,
    mmsi: Annotated[int | None, typer.Option(help="MMSI of the vessel (of angara and outage).")] = None,
    imo: Annotated[int | None, typer.Option(help="IMO number of the vessel.")] = None,
    ship: Annotated[str | None, typer.Option("--ship-name", "--name", help="Name of the vessel.")] = None,
    home: Annotated[
        str | None, typer.Option(help="Port where it disappears and reappears.", metavar="NAME,LAT,LON")
    ] = None,
    far: Annotated[str | None, typer.Option(help="Port outside reception.", metavar="NAME,LAT,LON")] = None,
    yard: Annotated[str | None, typer.Option(help="Final destination.", metavar="NAME,LAT,LON")] = None,
    destination: Annotated[str | None, typer.Option(help="Reported destination; default: the final one.")] = None,
    blip_minutes: Annotated[float | None, typer.Option(help="How long it is heard in the strait, min.")] = None,
    json_: Json = False,
) -> None:
    """Write a generated feed as NMEA with tag blocks, and the truth as JSON lines to FILE.truth.jsonl.

    The truth lists the alerts that must come, with their times, and for the other vessels what may be reported.
    Besides voyages and outages there are scenarios of positions that are untrue, or only received unusually: shared
    MMSIs, wrong fixes, repeated reports, interference, a false track; and one of ships beside each other at sea. See
    --list.

    Example: wakewatch scenario angara --out angara.nmea.gz

    Example: wakewatch scenario roadstead --seed 7 --out roadstead.nmea
    """
    if list_:
        _list(as_json=json_)
        return
    if name is None or out is None:
        raise ConfigError("give a scenario and a file: wakewatch scenario angara --out angara.nmea.gz")
    chosen = {
        "seed": seed,
        "vessels": vessels,
        "hours": hours,
        "mmsi": mmsi,
        "imo": imo,
        "name": ship,
        "home": _place(home),
        "far": _place(far),
        "yard": _place(yard),
        "destination": destination,
        "blip_minutes": blip_minutes,
    }
    made = scenario(name, options_of({key: value for key, value in chosen.items() if value is not None}))
    written = _write(made, out)
    _tell(made, written, out, as_json=json_)


def _tell(made: Scenario, written: int, out: str, *, as_json: bool) -> None:
    truth = "" if out == "-" else f", truth in {_truth_path(out)}"
    talk(f"{made.title}\n{written:,} sentences in {out}{truth}")
    if as_json and out != "-":
        said = {
            "name": made.name,
            "title": made.title,
            "sentences": written,
            "out": out,
            "truth": str(_truth_path(out)),
        }
        sys.stdout.write(msgspec.json.encode(said).decode() + "\n")


def options_of(chosen: dict[str, object]) -> Options:
    """Options with their bounds checked. Raises ConfigError."""
    try:
        return msgspec.convert(msgspec.to_builtins(chosen), Options)
    except msgspec.ValidationError as error:
        raise ConfigError(f"scenario: {error}") from None


def _list(*, as_json: bool) -> None:
    if as_json:
        for name, entry in SCENARIOS.items():
            sys.stdout.write(msgspec.json.encode({"name": name, "title": entry.title}).decode() + "\n")
        return
    show_table(("scenario", "what"), [(name, entry.title) for name, entry in SCENARIOS.items()])


def _place(text: str | None) -> NamedPlace | None:
    if text is None:
        return None
    name, _, position = text.partition(",")
    try:
        lat, lon = (float(number) for number in position.split(","))
    except ValueError:
        raise ConfigError(f"place {text!r}: write NAME,LAT,LON in degrees, such as DALIAN,38.93,121.65") from None
    return NamedPlace(name.strip(), lat, lon)


def _truth_path(out: str) -> Path:
    return Path(f"{out}.truth.jsonl")


def _write(made: Scenario, out: str) -> int:
    """Writes the feed, and the truth beside it. Returns the number of lines."""
    written = 0
    try:
        with _opened(out) as file:
            for line in made.lines:
                file.write(line + b"\n")
                written += 1
        if out != "-":
            head = msgspec.json.encode(
                {"kind": "scenario", "name": made.name, "title": made.title, "receivers": made.receivers}
            )
            truths = b"".join(msgspec.json.encode(truth) + b"\n" for truth in made.truths)
            _truth_path(out).write_bytes(head + b"\n" + truths)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ConfigError(f"--out {out}: {error.strerror or error}") from None
    return written


@contextmanager
def _opened(out: str) -> Iterator[IO[bytes]]:
    """The file to write. A packed one has no time of packing: the same options give the same bytes."""
    if out == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    elif out.endswith(".gz"):
        with Path(out).open("wb") as raw, gzip.GzipFile("", "wb", compresslevel=1, fileobj=raw, mtime=0) as packed:
            yield packed  # type: ignore[misc]  # a GzipFile writes bytes
    else:
        with Path(out).open("wb") as file:
            yield file
