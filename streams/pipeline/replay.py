"""Processes recordings with the same decoding, state and detectors, in one process and without Kafka.

The output has the order of the input: between one tick and the next, alerts of all partitions are in order of the
sentence (or tick) that caused them. So the output does not depend on how records are cut.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO, Final, NamedTuple

import msgspec
import numpy as np

from detectors.core.engine.alert_writer import Emitted
from detectors.core.engine.verbs import DetectorFault
from detectors.core.reference import Reference
from detectors.core.units import MS
from streams.decode import decode
from streams.errors import ConfigError, WakewatchError
from streams.files.recordings import RecordingFile
from streams.imagery.playback import ImageryPlayback
from streams.ingest.core import Ingest, SourceKind
from streams.ingest.line_affixes import doubt_in
from streams.ingest.unrecognised import nothing_of_ours
from streams.messages.log_records import MarkRecord, Record, Sentences, TickRecord, partition_of
from streams.pipeline.engines import engine_for, later_stages_for
from streams.settings.model import Settings

BATCH: Final = 10_000
"""Sentences decoded and judged at once: with 1,000 for all of six partitions, a replay takes 1.6 times as long."""


class Totals(msgspec.Struct):
    """What became of the input, named as in the metrics."""

    sentences: int = 0
    reports: int = 0
    merged: int = 0
    rejected: Counter[str] = msgspec.field(default_factory=Counter)
    refused_fixes: Counter[str] = msgspec.field(default_factory=Counter)
    alerts: Counter[str] = msgspec.field(default_factory=Counter)
    ticks: int = 0
    records: int = 0


class RefusalPlace(NamedTuple):
    """Where something was rejected or failed, for an investigation."""

    reason: str
    detail: str
    raw: bytes


class InProcessPipeline:
    """The partitions of one deployment, in process."""

    def __init__(
        self,
        settings: Settings,
        reference: Reference,
        partitions: int,
        lists: Mapping[int, Reference] | None = None,
        imagery: ImageryPlayback | None = None,
    ) -> None:
        """``lists``: the references that come into force at a mark of that time (``SourceKind.marks_ms``).

        ``imagery``: satellite images of the time of the recordings, and element sets.
        """
        self._lists = lists or {}
        self.engines = [engine_for(settings, reference, partition) for partition in range(partitions)]
        self._stages = later_stages_for(settings, partitions)
        self.totals = Totals()
        self.faults: list[DetectorFault] = []
        self._held: list[Emitted] = []
        self._imagery = imagery
        if imagery is not None:
            imagery.know(reference.zones)
        self.late = 0
        """Reports that came later than the detectors wait for, whichever vessel they are of."""
        self._late_ms = int(settings.feed.allowed_lateness_s * MS)
        self._tops_ms = [0] * partitions

    def take(self, records: Iterable[Record]) -> Iterator[Emitted]:
        """Alerts caused by ``records``, in output order; those since the last tick are held until the next."""
        for record in records:
            if isinstance(record, TickRecord):
                yield from self._in_order()
                yield from self._tick(record)
            elif isinstance(record, MarkRecord):
                yield from self._in_order()
                yield from self._switch(record)
            else:
                self._sentences(record)

    def finish(self) -> Iterator[Emitted]:
        """The alerts that are still held, and what the last images show."""
        yield from self._in_order()
        clock_ms = max(engine.clock_ms for engine in self.engines)
        yield from self._see(clock_ms, max(engine.counts["reports"] for engine in self.engines), last=True)

    def _sentences(self, record: Sentences) -> None:
        decoded = decode(record.value, record.source, record.ordinals)
        totals = self.totals
        totals.records += 1
        totals.sentences += decoded.sentences
        totals.merged += decoded.merged
        totals.reports += len(decoded.batch.reports)
        totals.rejected.update(refused.reason.value for refused in decoded.refused)
        totals.refused_fixes.update(refused.reason.value for refused in decoded.refused_fixes)
        engine = self.engines[record.partition]
        if len(decoded.batch.reports):
            tops_ms = np.maximum.accumulate(
                np.append(self._tops_ms[record.partition], decoded.batch.reports["time_ms"])
            )
            self.late += int(np.count_nonzero(tops_ms[1:] - decoded.batch.reports["time_ms"] > self._late_ms))
            self._tops_ms[record.partition] = int(tops_ms[-1])
            if self._imagery is not None:
                self._imagery.take(decoded.batch)
            self._held += engine.apply(decoded.batch)
            self._stages.gather(engine)
        self.faults += engine.drain_faults()

    def _tick(self, record: TickRecord) -> Iterator[Emitted]:
        self.totals.ticks += 1
        for engine in self.engines:
            self._held += engine.tick(record.tick, record.ordinal)
            self.faults += engine.drain_faults()
            self._stages.gather(engine)
            decided = self._stages.promise(engine)
            self._stages.tell(self.engines, decided)
            self._held += [emitted._replace(ordinal=record.ordinal) for emitted in decided]
        yield from self._in_order()
        yield from self._see(record.tick.to_ms, record.ordinal)

    def _see(self, clock_ms: int, ordinal: int, *, last: bool = False) -> Iterator[Emitted]:
        """Tells the engines what images show by then, and where satellites are."""
        if self._imagery is None:
            return
        for record in self._imagery.sightings(clock_ms, last=last):
            engine = self.engines[partition_of(record.mmsi, len(self.engines))]
            self._held += engine.tell(record, ordinal)
            self.faults += engine.drain_faults()
        for elements in self._imagery.elements(clock_ms):
            for engine in self.engines:
                self._held += engine.tell(elements, ordinal)
        yield from self._in_order()

    def _switch(self, mark: MarkRecord) -> Iterator[Emitted]:
        for engine in self.engines:
            self._held += engine.adopt(self._lists[mark.time_ms], mark.ordinal)
            self.faults += engine.drain_faults()
        yield from self._in_order()

    def _in_order(self) -> Iterator[Emitted]:
        held, self._held = self._held, []
        held.sort(key=lambda e: (e.ordinal, e.cause_ms, e.alert.detector, e.alert.id, e.alert.revision))
        for emitted in held:
            self.totals.alerts[f"{emitted.alert.detector} {emitted.alert.status}"] += 1
            if self._imagery is not None:
                self._imagery.note(emitted.alert)
            yield emitted

    @property
    def vessels(self) -> int:
        """Number of vessels in state."""
        return sum(engine.vessels for engine in self.engines)

    @property
    def steps(self) -> int:
        """Number of batches given to the engines."""
        return sum(engine.counts["steps"] for engine in self.engines)


class ReplayPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How recordings are to be played."""

    source: str
    partitions: int = 1
    source_kind: SourceKind = SourceKind(replayed=True)
    until_ms: int | None = None
    needs_start: bool = False
    """Its dates matter: an input without times is rejected, with the option that gives its beginning."""


class FileRead(NamedTuple):
    """What became of one of the files."""

    name: str
    nothing: str
    """Why no part of it was AIS, and what to do; empty if some was."""
    damage: str
    """Where its reading broke off; empty if it was read to its end."""
    untimed: bool
    """Its times were made from the count of its sentences."""
    doubt: str
    """Why the dates in it were not read as times; empty if there are none."""
    other: int
    """Lines that are not AIS, out of ``lines``."""
    lines: int


Played = Emitted | RefusalPlace | FileRead | int


def play(
    files: Iterable[BinaryIO | RecordingFile], plan: ReplayPlan, pipeline: InProcessPipeline, settings: Settings
) -> Iterator[Played]:
    """Plays files one after another, as one input; each is read in its own format.

    Yields alerts, rejected input, the result of each file, and now and then the number of bytes read since (for a
    progress bar). Raises ConfigError if the plan needs a start, WakewatchError if files cannot be played together.
    """
    packed = msgspec.structs.replace(settings.ingest, pack_sentences=plan.source_kind.batch or BATCH)
    ingest = Ingest(plan.source, plan.partitions, packed, settings.feed, plan.source_kind)
    for engine in pipeline.engines:
        engine.sources.mark(plan.source, replayed=plan.source_kind.replayed)  # also before the first tick
    for number, file in enumerate(files):
        name, stream = file[:2] if isinstance(file, RecordingFile) else (plan.source, file)
        if number:
            yield from pipeline.take(ingest.next_file())
        yield from _play_file(name, stream, plan, ingest, pipeline)
    yield from pipeline.take(ingest.end(plan.until_ms))
    yield from pipeline.finish()
    yield from _refusals(ingest, pipeline)
    pipeline.totals.rejected.update({r.value: n for r, n in ingest.counts.rejected.items()})


def _play_file(
    name: str, stream: BinaryIO, plan: ReplayPlan, ingest: Ingest, pipeline: InProcessPipeline
) -> Iterator[Played]:
    damage = ""
    while True:
        try:
            chunk = stream.read(ingest.chunk_bytes)
        except OSError as error:
            chunk, damage = b"", str(error)
        records = _taken(ingest, chunk, name)
        if plan.needs_start and ingest.untimed:
            raise ConfigError(f"{name}: {_no_times(ingest)}; give the start: --start 2024-03-04T00:00:00Z")
        yield from pipeline.take(records)
        yield from _refusals(ingest, pipeline)
        if not chunk:
            break
        yield len(chunk)
    given, came = ingest.input, ingest.input.since(ingest.counts)
    nothing = "" if damage else nothing_of_ours(given, ingest.counts)
    doubt = doubt_in(given.opening, plan.source_kind.stamps) if ingest.untimed else ""
    yield FileRead(name, nothing, damage, ingest.untimed, doubt, came.other, came.lines)


def _taken(ingest: Ingest, chunk: bytes, name: str) -> list[Record]:
    """Gives a chunk to ingest; an empty one is the end of the file."""
    try:
        return ingest.feed(chunk) if chunk else ingest.close_file()
    except ConfigError:
        raise
    except WakewatchError as error:
        raise WakewatchError(f"{name}: {error}") from error


def _no_times(ingest: Ingest) -> str:
    doubt = doubt_in(ingest.input.opening, ingest.source_kind.stamps)
    return "its sentences have no readable times" + (f" ({doubt})" if doubt else "")


def _refusals(ingest: Ingest, pipeline: InProcessPipeline) -> Iterator[RefusalPlace]:
    refused, ingest.refused = ingest.refused, []
    if refused and not ingest.input.refusal:
        ingest.input.refusal = refused[0].detail
    for line in refused:
        yield RefusalPlace(line.reason.value, line.detail, line.raw)
    faults, pipeline.faults = pipeline.faults, []
    for fault in faults:
        yield RefusalPlace("detector", f"{fault.detector} for {fault.mmsi}: {fault.cause}", fault.raw)
