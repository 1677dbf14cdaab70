"""Recordings through the very same decode, state and detectors, in one process and without Kafka.

The order of output is that of the input: alerts are put in order of the sentence (or tick) that caused them, over
all partitions, between one tick and the next. How records are cut therefore cannot be seen in the output.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import BinaryIO, NamedTuple

import msgspec

from detectors.core.engine import Fault
from detectors.core.episodes import Emitted
from detectors.core.identities.binding import Heard
from detectors.core.reference import Reference
from streams.decode import decode
from streams.engines import engine_for, histories_for
from streams.ingest.core import Ingest, Nature
from streams.records import MarkRecord, Record, Sentences, TickRecord
from streams.settings import Settings

CHUNK_BYTES = 1 << 18


class Totals(msgspec.Struct):
    """What became of the input, in the words of the metrics."""

    sentences: int = 0
    reports: int = 0
    merged: int = 0
    rejected: Counter[str] = msgspec.field(default_factory=Counter)
    refused_fixes: Counter[str] = msgspec.field(default_factory=Counter)
    alerts: Counter[str] = msgspec.field(default_factory=Counter)
    ticks: int = 0
    records: int = 0


class Place(NamedTuple):
    """Where something was refused or failed: for whoever looks into it."""

    reason: str
    detail: str
    raw: bytes


class Road:
    """The partitions of one deployment, in process."""

    def __init__(
        self, settings: Settings, reference: Reference, partitions: int, lists: Mapping[int, Reference] | None = None
    ) -> None:
        """``lists``: what comes into force at a mark of that time (``Nature.marks_ms``)."""
        self._lists = lists or {}
        self.engines = [engine_for(settings, reference, partition) for partition in range(partitions)]
        self._histories = histories_for(settings, partitions)
        self.totals = Totals()
        self.faults: list[Fault] = []
        self._held: list[Emitted] = []

    def take(self, records: Iterable[Record]) -> Iterator[Emitted]:
        """Alerts that ``records`` cause, in output order; those since the last tick are held until the next."""
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
        """What is still held."""
        yield from self._in_order()

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
            self._held += engine.apply(decoded.batch)
            for binding in engine.drain_bindings():
                self._histories.take(binding)
        self.faults += engine.drain_faults()

    def _tick(self, record: TickRecord) -> Iterator[Emitted]:
        self.totals.ticks += 1
        for engine in self.engines:
            self._held += engine.tick(record.tick, record.ordinal)
            self.faults += engine.drain_faults()
            told = self._histories.take(Heard(partition=engine.partition, heard_ms=engine.heard_ms))
            self._held += [emitted._replace(ordinal=record.ordinal) for emitted in told]
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
            yield emitted

    @property
    def vessels(self) -> int:
        """Vessels in state."""
        return sum(engine.vessels for engine in self.engines)

    @property
    def steps(self) -> int:
        """Batches that the engines were given."""
        return sum(engine.counts["steps"] for engine in self.engines)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How recordings are to be played."""

    source: str
    partitions: int = 1
    nature: Nature = Nature(replayed=True)
    until_ms: int | None = None


def play(files: Sequence[BinaryIO], plan: Plan, road: Road, settings: Settings) -> Iterator[Emitted | Place | int]:
    """Plays files one after another, as one input.

    Yields alerts, what was refused, and now and then the number of bytes read since (for a progress bar).
    """
    ingest = Ingest(plan.source, plan.partitions, settings.ingest, settings.feed, plan.nature)
    for engine in road.engines:
        engine.sources.replayed = plan.nature.replayed  # also before the first tick
    for file in files:
        while chunk := file.read(CHUNK_BYTES):
            yield from road.take(ingest.feed(chunk))
            yield from _refusals(ingest, road)
            yield len(chunk)
        yield from road.take(ingest.feed(b"\n"))
    yield from road.take(ingest.end(plan.until_ms))
    yield from road.finish()
    yield from _refusals(ingest, road)
    road.totals.rejected.update({r.value: n for r, n in ingest.counts.rejected.items()})


def _refusals(ingest: Ingest, road: Road) -> Iterator[Place]:
    refused, ingest.refused = ingest.refused, []
    for line in refused:
        yield Place(line.reason.value, line.detail, line.raw)
    faults, road.faults = road.faults, []
    for fault in faults:
        yield Place("detector", f"{fault.detector} for {fault.mmsi}: {fault.cause}", fault.raw)
