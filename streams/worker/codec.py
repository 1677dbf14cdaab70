"""Records of the log into the engine: sentences or a tick, ours or a stranger's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from detectors.core.engine import Engine
from detectors.core.episodes import Emitted
from streams.decode import decode
from streams.errors import Reason
from streams.records import FORMAT, H_FORMAT, H_KIND, H_REPLAYED, H_SOURCE, KIND_TICK, decode_tick

FOREIGN_SOURCE = "foreign"


class Letter(NamedTuple):
    """Something that was lost, for the dead-letter topic."""

    reason: str
    raw: bytes
    detail: str
    source: str


class Outcome(NamedTuple):
    """What a record caused."""

    alerts: list[Emitted]
    letters: list[Letter]
    sentences: int
    reports: int


def handle(engine: Engine, value: bytes, headers: Mapping[str, bytes], written_ms: int) -> Outcome:
    """Gives one record to the engine. Never raises on bad input.

    ``written_ms``: Kafka's time stamp, which times a foreign sentence when no tick has come yet.
    """
    source = headers.get(H_SOURCE, FOREIGN_SOURCE.encode()).decode("utf-8", "replace")
    if headers.get(H_FORMAT, FORMAT) != FORMAT:
        return _lost(Letter(Reason.RECORD_UNREADABLE, value, f"format {headers[H_FORMAT]!r}", source))
    if headers.get(H_KIND) == KIND_TICK:
        return _tick(engine, value, source)
    engine.sources.replayed = headers.get(H_REPLAYED) == b"1"  # also before the first tick
    decoded = decode(value, source, None, engine.clock_ms or written_ms)
    letters = [Letter(r.reason, r.raw, r.detail, source) for r in (*decoded.refused, *decoded.refused_fixes)]
    alerts = engine.apply(decoded.batch) if len(decoded.batch.reports) else []
    letters += _faults(engine, source)
    return Outcome(alerts, letters, decoded.sentences, len(decoded.batch.reports))


def _tick(engine: Engine, value: bytes, source: str) -> Outcome:
    try:
        tick = decode_tick(value)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return _lost(Letter(Reason.RECORD_UNREADABLE, value, f"tick: {error}", source))
    return Outcome(engine.tick(tick), _faults(engine, source), 0, 0)


def _faults(engine: Engine, source: str) -> list[Letter]:
    return [
        Letter(Reason.DETECTOR, fault.raw, f"{fault.detector} for {fault.mmsi}: {fault.cause}", source)
        for fault in engine.drain_faults()
    ]


def _lost(letter: Letter) -> Outcome:
    return Outcome([], [letter], 0, 0)
