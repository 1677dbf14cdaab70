"""Gives pending records to the engine: waiting records of one source are decoded and processed at once.

A record of 40 sentences costs as much in numpy calls as one of 400, so waiting records are joined. Rules:
- A run is a tick, a record that cannot be read, or consecutive records of sentences of one source.
- The outcome is that of one record after another: if a message would extend over the edge of a record, or a sentence
  without a time would get another record's, the records are separated again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

import msgspec
import numpy as np

from detectors.core.engine.alert_writer import Emitted
from detectors.core.engine.engine import Engine
from detectors.core.engine.fact_writers import Facts
from detectors.core.engine.told import ToldRecord
from detectors.core.imo_notes import refusal_of
from detectors.core.orbits.choice import OrbitRecord
from detectors.core.reference import Reference
from detectors.core.ticks import Tick
from detectors.core.vessels.affected_areas import AffectedArea
from detectors.core.vessels.sightings import SightingRecord
from streams.decode import Decoded, RefusedReports, decode
from streams.errors import Reason
from streams.messages.log_records import KIND_AREA, KIND_ELEMENTS, KIND_SIGHTING, decode_tick
from streams.messages.reference_records import VersionMarker
from streams.worker.codec import LAST_MS, SOURCE_MOST, UNREADABLE, LogEntry
from streams.worker.dead_letters import LostInput, gathered
from streams.worker.timelines import Timelines

RUN_BYTES_MOST: Final = 512 << 10
"""About 6,000 sentences, 20 ms: the loop has other work to do."""
_TOLD: Final[Mapping[bytes, msgspec.json.Decoder[ToldRecord]]] = {
    KIND_AREA: msgspec.json.Decoder(AffectedArea),
    KIND_ELEMENTS: msgspec.json.Decoder(OrbitRecord),
    KIND_SIGHTING: msgspec.json.Decoder(SightingRecord),
}


class RunOutcome(NamedTuple):
    """What a run, or a part of it, caused."""

    source: str
    alerts: Sequence[Emitted] = ()
    letters: Sequence[LostInput] = ()
    sentences: int = 0
    reports: int = 0
    tick: bool = False
    read_at_ms: int | None = None
    """When the oldest of its records was read."""
    facts: Facts = Facts()
    """What there is for the later stages."""
    heard_ms: int | None = None
    """After a tick: every later fact has a later stamp."""


def length(entries: Sequence[LogEntry]) -> int:
    """How many of ``entries``, consecutive records and at least one, make the first run."""
    first = entries[0]
    if not _joins(first, first):
        return 1
    size = len(first.value)
    for number in range(1, len(entries)):
        size += len(entries[number].value)
        if size > RUN_BYTES_MOST or not _joins(first, entries[number]):
            return number
    return len(entries)


def _joins(first: LogEntry, then: LogEntry) -> bool:
    """Whether both are sentences of the same source, as ingest writes them."""
    return (
        then.ours
        and not then.tick
        and not then.marker
        and not then.told
        and not then.wrong
        and (then.source, then.replayed) == (first.source, first.replayed)
    )


def processed(timelines: Timelines, run: Sequence[LogEntry]) -> list[RunOutcome]:
    """Gives a run to the engine of its source. Never raises on bad input."""
    first = run[0]
    if first.told:
        return [_told(timelines.live, first)]
    engine = timelines.live if first.wrong else timelines.of(first.source, replayed=first.replayed)
    outcomes = take(engine, run)
    if engine is timelines.live:
        return outcomes
    return [outcome._replace(facts=Facts(), heard_ms=None) for outcome in outcomes]  # not of now


def take(engine: Engine, run: Sequence[LogEntry]) -> list[RunOutcome]:
    """Gives a run to the engine. Never raises on bad input."""
    first = run[0]
    if first.wrong:
        return [_lost(first, first.wrong)]
    if first.tick:
        return [_tick(engine, first)]
    engine.sources.mark(first.source, replayed=first.replayed)  # also before its first tick
    if len(run) > 1:
        joined = _Joined(run, engine.clock_ms)
        if joined.letters is not None:
            return [_step(engine, joined.decoded, run, joined.letters)]
    return [_alone(engine, entry) for entry in run]


def _told(engine: Engine, entry: LogEntry) -> RunOutcome:
    """What another process tells: it concerns what is live, because nothing is told about recordings."""
    try:
        told = _TOLD[entry.told].decode(entry.value)
    except UNREADABLE as error:
        return _lost(entry, f"{entry.told.decode()}: {error}")
    return RunOutcome(entry.source, engine.tell(told), _faults(engine, [entry]))


def version_of(entry: LogEntry) -> str:
    """The version of the watchlist in a marker; empty if it names none."""
    try:
        return msgspec.json.decode(entry.value, type=VersionMarker).version
    except UNREADABLE:
        return ""


def switch(timelines: Timelines, entry: LogEntry, reference: Reference | None) -> RunOutcome:
    """Brings a marker's watchlist into force; None: it is not known, and the former one stays."""
    if reference is None:
        return _lost(entry, f"watchlist {version_of(entry)[:20]!r} is not in the reference topic")
    alerts = timelines.adopt(reference) if reference.version != timelines.live.reference.version else []
    letters = [letter for engine in timelines.engines for letter in _faults(engine, [entry])]
    return RunOutcome(entry.source, alerts, letters)


def _alone(engine: Engine, entry: LogEntry) -> RunOutcome:
    decoded = decode(entry.value, entry.source, None, engine.clock_ms or entry.written_ms)
    letters = [_letter(refused, entry) for refused in (*decoded.refused, *decoded.refused_fixes)]
    return _step(engine, decoded, [entry], letters)


def _step(engine: Engine, decoded: Decoded, run: Sequence[LogEntry], letters: list[LostInput]) -> RunOutcome:
    reports = len(decoded.batch.reports)
    alerts = engine.apply(decoded.batch) if reports else []
    read_at = [entry.read_at_ms for entry in run if entry.read_at_ms is not None]
    letters = gathered(letters + _faults(engine, run))
    return RunOutcome(
        run[0].source,
        alerts,
        letters,
        decoded.sentences,
        reports,
        read_at_ms=min(read_at, default=None),
        facts=engine.drain_facts(),
    )


def _tick(engine: Engine, entry: LogEntry) -> RunOutcome:
    try:
        tick = decode_tick(entry.value)
    except UNREADABLE as error:
        return _lost(entry, f"tick: {error}")
    if not _is_time(tick):
        return _lost(entry, "tick: not a period of time")
    if len(tick.source) > SOURCE_MOST:
        return _lost(entry, f"tick: a source name of {len(tick.source)} characters")
    wrong = next((wrong for note in tick.notes if (wrong := refusal_of(note))), "")
    if wrong:
        return _lost(entry, f"tick: a note of {wrong}")
    alerts = engine.tick(tick)
    return RunOutcome(
        entry.source, alerts, _faults(engine, [entry]), tick=True, heard_ms=engine.heard_ms, facts=engine.drain_facts()
    )


def _is_time(tick: Tick) -> bool:
    heard_ms = tick.from_ms if tick.heard_ms is None else tick.heard_ms
    times = 0 <= tick.from_ms <= tick.to_ms < LAST_MS and 0 <= heard_ms < LAST_MS
    return times and 0 <= tick.spacing_s < LAST_MS


def _faults(engine: Engine, run: Sequence[LogEntry]) -> list[LostInput]:
    """A fault belongs to the record with its sentence; one of the clock alone to the last record."""
    letters = []
    for fault in engine.drain_faults():
        owner = next((entry for entry in run if fault.raw and fault.raw in entry.value), run[-1])
        detail = f"{fault.detector} for {fault.mmsi}: {fault.cause}"
        letters.append(LostInput(Reason.DETECTOR, fault.raw, detail, owner.source, owner.offset))
    return letters


def _lost(entry: LogEntry, detail: str) -> RunOutcome:
    letter = LostInput(Reason.RECORD_UNREADABLE, entry.value, detail, entry.source, entry.offset)
    return RunOutcome(entry.source, letters=[letter])


def _letter(refused: RefusedReports, entry: LogEntry) -> LostInput:
    return LostInput(refused.reason, refused.raw, refused.detail, entry.source, entry.offset)


class _Joined:
    """Records decoded as one. ``letters`` is None if the result is not the sum of the parts."""

    def __init__(self, run: Sequence[LogEntry], clock_ms: int) -> None:
        self._run = run
        self._value = b"\n".join(entry.value for entry in run)
        self._starts = [0, *accumulate(len(entry.value) + 1 for entry in run)]
        self.decoded = decode(self._value, run[0].source, None, clock_ms)
        self.letters: list[LostInput] | None = self._letters() if self._kept_apart() else None

    def _kept_apart(self) -> bool:
        """No message extends over two records, and no time or text was invented: places in ``raw`` are places here."""
        batch = self.decoded.batch
        if len(batch.raw) != len(self._value) or not batch.reports["time_ms"].all():
            return False
        first = np.searchsorted(self._starts, batch.reports["start"], "right")
        return bool((first == np.searchsorted(self._starts, batch.reports["end"], "right")).all())

    def _letters(self) -> list[LostInput] | None:
        letters, seen = [], dict[bytes, int]()
        for refused in (*self.decoded.refused, *self.decoded.refused_fixes):
            at = self._find(refused.raw, seen.get(refused.raw, 0))
            seen[refused.raw] = at + 1  # the next identical line
            number = bisect_right(self._starts, at) - 1
            if at < 0 or at + len(refused.raw) >= self._starts[number + 1]:
                return None
            letters.append(_letter(refused, self._run[number]))
        return letters

    def _find(self, raw: bytes, start: int) -> int:
        """Where ``raw`` occurs as whole lines, from ``start`` on; -1 if nowhere."""
        value = self._value
        while (at := value.find(raw, start)) >= 0:
            end = at + len(raw)
            if value[max(0, at - 1) : at] in {b"", b"\n"} and value[end : end + 1] in {b"", b"\n"}:
                return at
            start = at + 1
        return -1
