"""``wakewatch replay``: recordings through decode, state and detectors, in process, without Kafka."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO, Final, NamedTuple

import msgspec
import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from detectors.core.alert import encode
from streams.cli.dated_lists import at_first, by_time, in_force
from streams.cli.options import Columns, Dates, SettingsFile, TimeZone, columns_of, settings_of, stamps_of, time_ms
from streams.cli.terminal import InertConsole
from streams.explain.log_records import source_name
from streams.files.recordings import expanded, refuse_unreadable
from streams.imagery.detections.reading import read_detections
from streams.imagery.elements import read_elements
from streams.imagery.playback import ImageryPlayback, versions_of
from streams.imagery.sensors_file import sensors_in_use
from streams.ingest.core import RATE_HZ, START_MS, SourceKind
from streams.ingest.line_times import OrderRules
from streams.ingest.table_check import refuse_unreadable_tables
from streams.ingest.time_order import CHECKING, PLAYING, SORTING, Watch, in_time_order
from streams.messages.alert_line import line
from streams.pipeline.replay import BATCH, FileRead, InProcessPipeline, RefusalPlace, ReplayPlan, play
from streams.settings.imagery import ImagerySettings
from streams.settings.model import Settings

_LATE_SHARE: Final = 0.05
_talk = InertConsole(stderr=True, highlight=False)


class ReplayOutput(NamedTuple):
    """The input, and the targets of alerts and refusals."""

    files: list[Path]
    order: OrderRules
    alerts: str | None
    rejected: Path | None


Files = Annotated[
    list[Path], typer.Argument(help="Recordings, also folders and patterns, read in time order.", metavar="FILE...")
]
Alerts = Annotated[str | None, typer.Option(help="Write alerts as JSON lines to this file; -: stdout.", metavar="OUT")]
Lists = Annotated[
    list[str] | None,
    typer.Option(help="Watchlist instead of the included one; @ISO: from that time.", metavar="FILE[@ISO]"),
]
Places = Annotated[
    list[str] | None,
    typer.Option(help="GeoJSON zones instead of the included ones; @ISO: from that time.", metavar="FILE[@ISO]"),
]
Rejected = Annotated[Path | None, typer.Option(help="Write rejected input as JSON lines to this file.")]
Partitions = Annotated[
    int | None, typer.Option(help="Number of partitions; default: kafka.partitions.", min=1, max=1024)
]
Images = Annotated[
    list[Path] | None,
    typer.Option(help="Detections in satellite images, to be matched with the vessels.", metavar="FILE"),
]
Elements = Annotated[
    list[Path] | None,
    typer.Option(help="Element sets of satellites (OMM, TLE): alerts state the next passes.", metavar="FILE"),
]


def command(
    files: Files,
    alerts: Alerts = None,
    start: Annotated[str | None, typer.Option(help="Time of the first sentence, for files without times.")] = None,
    rate: Annotated[float, typer.Option(help="Sentences per second, for files without times.", min=0.001)] = RATE_HZ,
    until: Annotated[str | None, typer.Option(help="Continue the clock to this time.", metavar="ISO")] = None,
    batch: Annotated[int, typer.Option(help="Sentences per batch.", min=1, max=100_000)] = BATCH,
    partitions: Partitions = None,
    watchlist: Lists = None,
    zones: Places = None,
    dates: Dates = None,
    time_zone: TimeZone = None,
    columns: Columns = None,
    images: Images = None,
    elements: Elements = None,
    rejected: Rejected = None,
    stats: Annotated[bool, typer.Option("--stats", help="Print totals as JSON to stderr.")] = False,
    settings: SettingsFile = None,
) -> None:
    """Replay recordings through the detectors and write the alerts.

    The format is detected from the content: NMEA with times in tag blocks or beside the sentences, receivers' JSON
    lines, tables of positions; also gzip, zstd, bzip2, xz and zip. Exit code 1 if a file contains no AIS.

    Example: wakewatch replay day1.nmea.gz day2.nmea.gz --alerts alerts.jsonl
    """
    (always, lists), (places, zoned) = by_time("--watchlist", watchlist or []), by_time("--zones", zones or [])
    effective = settings_of(
        settings, kafka__partitions=partitions, reference__watchlists=always or None, reference__zones=places or None
    )
    start_ms = time_ms("--start", start) if start else None
    files, stamps = expanded(files), stamps_of(dates, time_zone, start_ms)
    refuse_unreadable(files)
    order = OrderRules.of(effective, stamps, columns_of(columns))
    refuse_unreadable_tables(files, order)
    marks_ms = tuple(sorted({*lists, *zoned}))
    began_ms = START_MS if start_ms is None else start_ms
    source_kind = SourceKind(
        replayed=True,
        start_ms=began_ms,
        rate_hz=rate,
        batch=batch,
        marks_ms=marks_ms,
        stamps=stamps,
        columns=order.columns,
    )
    plan = _plan(
        files[0], effective, source_kind, time_ms("--until", until) if until else None, dated=start is not None
    )
    reference = at_first(effective, only_dated=(bool(lists) and not always, bool(zoned) and not places))
    imagery = _imagery(images or [], elements or [], effective.imagery)
    pipeline = InProcessPipeline(
        effective, reference, effective.kafka.partitions, in_force(reference, lists, zoned), imagery
    )
    read = _write(ReplayOutput(files, order, alerts, rejected), plan, pipeline, effective)
    _report(pipeline, stats=stats)
    if not _sound(read, plan):
        raise typer.Exit(1)


def _imagery(images: list[Path], elements: list[Path], settings: ImagerySettings) -> ImageryPlayback | None:
    """What is given of satellites; what is rejected of it is reported on stderr. Raises ConfigError, InputError."""
    if not images and not elements:
        return None
    found = read_detections(images) if images else None
    for each in found.rejected if found is not None else ():
        _talk.print(f"rejected: {each.at}: {each.reason}", markup=False, soft_wrap=True)
    sets = [one for path in elements for one in read_elements(path).elements]
    return ImageryPlayback(found.images if found is not None else (), versions_of(sets, sensors_in_use(settings)))


def _plan(
    first: Path, effective: Settings, source_kind: SourceKind, until_ms: int | None, *, dated: bool
) -> ReplayPlan:
    """The plan; a file without times (``dated``) must not be combined with lists, zones or an end that have dates."""
    of_a_day = (
        until_ms is not None or effective.reference.watchlists or effective.reference.zones or source_kind.marks_ms
    )
    return ReplayPlan(
        source=source_name(first),
        partitions=effective.kafka.partitions,
        source_kind=source_kind,
        until_ms=until_ms,
        needs_start=not dated and bool(of_a_day),
    )


def _write(wanted: ReplayOutput, plan: ReplayPlan, pipeline: InProcessPipeline, settings: Settings) -> list[FileRead]:
    """Plays the files and writes the requested results. Returns the outcome of each file."""
    read: list[FileRead] = []
    with ExitStack() as stack:
        out = stack.enter_context(writer(wanted.alerts))
        letters = stack.enter_context(wanted.rejected.open("wb")) if wanted.rejected else None
        advance = stack.enter_context(_progress())
        files = in_time_order(wanted.files, wanted.order, _note, watch=advance)
        for item in play(files, plan, pipeline, settings):
            if isinstance(item, int):
                advance(PLAYING, item, None)
            elif isinstance(item, FileRead):
                read.append(item)
            elif isinstance(item, RefusalPlace):
                _letter(letters, item)
            elif out is not None:
                out.write(encode(item.alert) + b"\n")
            else:
                InertConsole(highlight=False, soft_wrap=True).print(line(item.alert))

    return read


def _sound(read: list[FileRead], plan: ReplayPlan) -> bool:
    """Reports faults of each file on stderr. False if one gave nothing or broke off, or none was read."""
    for file in read:
        if file.untimed:
            _talk.print(f"{file.name}: {_untimed(file, plan)}", markup=False, soft_wrap=True)
        if file.damage:
            _talk.print(f"wakewatch: {file.damage}; the part before it was used", markup=False, soft_wrap=True)
        elif file.nothing:
            _talk.print(f"wakewatch: {file.name}: no AIS data: {file.nothing}", markup=False, soft_wrap=True)
        elif file.other * 2 > file.lines:
            said = f"{file.name}: {file.other:,} of {file.lines:,} lines are not AIS and were skipped"
            _talk.print(said, markup=False, soft_wrap=True)
    if not read:
        _talk.print("wakewatch: no AIS data: the archive is empty; give another recording", markup=False)
    return bool(read) and not any(file.nothing or file.damage for file in read)


def _untimed(file: FileRead, plan: ReplayPlan) -> str:
    """The note about a file whose times are made."""
    start = datetime.fromtimestamp(plan.source_kind.start_ms / 1000, UTC)
    why = f": {file.doubt}" if file.doubt else ""
    return (
        f"no readable times{why}; times are generated from {start:%Y-%m-%dT%H:%M:%SZ} at "
        f"{plan.source_kind.rate_hz:g} sentences per second (--start, --rate): silences, stays and dates are not real"
    )


@contextmanager
def writer(target: str | None) -> Iterator[BinaryIO | None]:
    """The target of alerts; None: none, they are printed as lines."""
    if target is None:
        yield None
    elif target == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    else:
        with Path(target).open("wb") as file:
            yield file


@contextmanager
def _progress() -> Iterator[Watch]:
    """A bar on a terminal, with one step at a time."""
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), DownloadColumn(), TimeElapsedColumn()
    with Progress(*columns, console=_talk, transient=True, disable=not sys.stderr.isatty()) as bar:
        steps = {what: bar.add_task(what, total=None, visible=False) for what in (CHECKING, SORTING, PLAYING)}

        def advance(what: str, size: int, total: int | None) -> None:
            if total is not None:
                bar.update(steps[what], total=total)
            bar.advance(steps[what], size)
            for step in steps.values() if size else ():
                bar.update(step, visible=step == steps[what])

        yield advance


def _note(said: str) -> None:
    _talk.print(said, markup=False, soft_wrap=True)


def _letter(letters: BinaryIO | None, place: RefusalPlace) -> None:
    if letters is not None:
        raw = place.raw.decode("ascii", "backslashreplace")
        letters.write(msgspec.json.encode({"reason": place.reason, "detail": place.detail, "raw": raw}) + b"\n")


def _report(pipeline: InProcessPipeline, *, stats: bool) -> None:
    totals = pipeline.totals
    if pipeline.late > _LATE_SHARE * totals.reports:
        _note(f"{pipeline.late:,} of {totals.reports:,} reports are late: the input is not in time order")
    if stats:
        said = {
            **msgspec.to_builtins(totals),
            "vessels": pipeline.vessels,
            "steps": pipeline.steps,
            "duplicates": sum(e.counts["duplicates"] for e in pipeline.engines),
            "late": sum(e.counts["late"] for e in pipeline.engines),
        }
        sys.stderr.write(msgspec.json.encode(said).decode() + "\n")
        return
    table = Table(box=None, show_header=False)
    table.add_row("sentences", f"{totals.sentences:,}")
    table.add_row("reports", f"{totals.reports:,}")
    table.add_row("vessels", f"{pipeline.vessels:,}")
    for name, number in sorted(totals.rejected.items()):
        table.add_row(f"rejected: {name}", f"{number:,}")
    for name, number in sorted(totals.alerts.items()):
        table.add_row(name, f"{number:,}")
    _talk.print(table)
