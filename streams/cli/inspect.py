"""``wakewatch inspect``: what recordings are, and how to replay them."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from detectors.core.units import rfc3339
from streams.cli.options import (
    Columns,
    Dates,
    Json,
    SettingsFile,
    TimeZone,
    columns_of,
    settings_of,
    stamps_of,
    time_ms,
)
from streams.cli.terminal import talk
from streams.files.recordings import all_recordings, expanded, refuse_unreadable
from streams.ingest.line_times import OrderRules
from streams.ingest.model import RATE_HZ, START_MS, SourceKind
from streams.pipeline.inspection import Inspection, inspected

_HOUR_S, _MINUTE_S = 3600, 60


def command(
    files: Annotated[list[Path], typer.Argument(help="Recordings, also folders and patterns.", metavar="FILE...")],
    start: Annotated[str | None, typer.Option(help="Time of the first sentence, for files without times.")] = None,
    rate: Annotated[float, typer.Option(help="Sentences per second, for files without times.", min=0.001)] = RATE_HZ,
    dates: Dates = None,
    time_zone: TimeZone = None,
    columns: Columns = None,
    json: Json = False,
    settings: SettingsFile = None,
) -> None:
    """Report what recordings are: format, span, ships, rate, refusals, order of times, and the command to replay them.

    Ships are well heard if at least half of their reports follow within three nominal intervals. Nothing is written,
    and memory is bounded. Exit code 1 if a file contains no AIS.

    Example: wakewatch inspect archive.csv.gz
    """
    effective = settings_of(settings)
    start_ms = time_ms("--start", start) if start else None
    order = OrderRules.of(effective, stamps_of(dates, time_zone, start_ms), columns_of(columns))
    source_kind = SourceKind(
        replayed=True,
        start_ms=START_MS if start_ms is None else start_ms,
        rate_hz=rate,
        stamps=order.stamps,
        columns=order.columns,
    )
    paths = expanded(files)
    refuse_unreadable(paths)
    found = [
        (path, inspected(each, source_kind, order, effective.feed)) for path in paths for each in all_recordings([path])
    ]
    options = {"--dates": dates, "--time-zone": time_zone, "--columns": columns, "--start": start}
    options |= {"--rate": f"{rate:g}" if rate != RATE_HZ else None, "--settings": str(settings) if settings else None}
    given = {option: value for option, value in options.items() if value}
    commands = {path: _command(path, [each for of, each in found if of == path], given) for path in paths}
    if json:
        said = [
            {**msgspec.to_builtins(each), "rate_hz": each.rate_hz, "replay": commands[path]} for path, each in found
        ]
        typer.echo(msgspec.json.format(msgspec.json.encode(said)).decode())
    else:
        for path, each in found:
            _show(each, commands[path], effective.feed.allowed_lateness_s)
    if not found or any(each.nothing or each.damage for _, each in found):
        raise typer.Exit(1)


def _command(path: Path, found: list[Inspection], given: dict[str, str]) -> str:
    """The command that replays the file as it was inspected."""
    needed: dict[str, str] = {}
    if any(each.times for each in found):
        needed |= {"--start": "YYYY-MM-DDTHH:MM:SSZ", "--rate": f"{RATE_HZ:g}"}
    if any(each.needs_zone for each in found):
        needed["--time-zone"] = "UTC"
    for option, value in (("--time-zone", "AREA/CITY"), ("--dates", "DMY_OR_MDY")):
        if any(option in each.nothing + each.times for each in found):
            needed[option] = value
    options = [word for option in (needed | given).items() for word in option]
    return shlex.join(["wakewatch", "replay", str(path), *options])


def _show(found: Inspection, command: str, late_s: float) -> None:
    typer.echo(found.name)
    for name, value in _lines(found, command, late_s):
        typer.echo(f"  {name:<11} {value}")
    if found.damage:
        talk(f"wakewatch: {found.damage}; the part before it was read")
    if found.nothing:
        talk(f"wakewatch: {found.name}: no AIS data: {found.nothing}")


def _lines(found: Inspection, command: str, late_s: float) -> list[tuple[str, str]]:
    if found.from_ms is None or found.to_ms is None:
        return []
    span_s = (found.to_ms - found.from_ms) / 1000
    made = f"; generated: {found.times}" if found.times else ""
    rate = f", {found.rate_hz:,.3g} per second" if found.rate_hz else ""
    others = f" and {found.others:,} other senders" if found.others else ""
    refused = sum(found.rejected.values())
    reasons = ", ".join(f"{number:,} {reason}" for reason, number in found.rejected.items())
    share, most = found.late / found.reports, _long(found.late_most_s)
    late = f"{share:.1%} of the reports are more than {late_s:g} s late, up to {most}"
    return [
        ("format", found.format),
        ("span", f"{rfc3339(found.from_ms)} to {rfc3339(found.to_ms)}, {_long(span_s)}{made}"),
        ("reports", f"{found.reports:,}{rate}, of {found.ships:,}{'+' if found.more_ships else ''} ships{others}"),
        ("stations", f"{found.stations:,} named"),
        ("refused", f"{refused / max(1, found.sentences):.2%}: {reasons}" if refused else "none"),
        ("order", late if found.late else "in time order"),
        ("clock", f"{found.jumps:,} jumps, {found.silences:,} silences"),
        ("well heard", "unknown" if found.well_heard is None else f"{found.well_heard:.0%} of the ships"),
        ("replay", command),
    ]


def _long(seconds: float) -> str:
    if seconds >= _HOUR_S:
        return f"{seconds / _HOUR_S:,.1f} h"
    return f"{seconds / _MINUTE_S:.0f} min" if seconds >= _MINUTE_S else f"{seconds:.0f} s"
