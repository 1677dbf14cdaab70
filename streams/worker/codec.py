"""Records of the log into the engine: sentences or a tick, ours or a stranger's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from detectors.core.engine import Engine
from detectors.core.episodes import Emitted
from detectors.core.ticks import Tick
from streams.decode import decode
from streams.errors import Reason
from streams.records import (
    FORMAT,
    H_FORMAT,
    H_KIND,
    H_READ_AT,
    H_REPLAYED,
    H_SOURCE,
    KIND_SENTENCES,
    KIND_TICK,
    decode_tick,
)

FOREIGN_SOURCE: Final = "foreign"
_LAST_MS: Final = 253_402_300_800_000  # the year 10000: what RFC 3339 can write


class Letter(NamedTuple):
    """Something that was lost, for the dead-letter topic."""

    reason: str
    raw: bytes
    detail: str
    source: str


class Outcome(NamedTuple):
    """What a record caused."""

    source: str
    alerts: Sequence[Emitted] = ()
    letters: Sequence[Letter] = ()
    sentences: int = 0
    reports: int = 0
    tick: bool = False
    read_at_ms: int | None = None


def handle(engine: Engine, value: bytes | None, headers: object, written_ms: int) -> Outcome:
    """Gives one record to the engine. Never raises on bad input.

    ``headers``: as Faust gives them, pairs or a mapping. ``written_ms``: Kafka's time stamp, which times a foreign
    sentence when no tick has come yet.
    """
    known = _headers(headers)
    source = known.get(H_SOURCE, b"").decode("utf-8", "replace") or FOREIGN_SOURCE
    kind = known.get(H_KIND, KIND_SENTENCES)
    if known.get(H_FORMAT, FORMAT) != FORMAT:
        return _lost(source, value, f"format {known[H_FORMAT][:20]!r}, expected {FORMAT!r}")
    if not value or kind not in {KIND_SENTENCES, KIND_TICK}:
        return _lost(source, value, f"kind {kind[:20]!r}" if value else "no value")
    if kind == KIND_TICK:
        return _tick(engine, value, source)
    engine.sources.replayed = known.get(H_REPLAYED) == b"1"  # also before the first tick
    return _sentences(engine, value, source, written_ms)._replace(read_at_ms=_number(known.get(H_READ_AT)))


def _sentences(engine: Engine, value: bytes, source: str, written_ms: int) -> Outcome:
    decoded = decode(value, source, None, engine.clock_ms or written_ms)
    letters = [Letter(r.reason, r.raw, r.detail, source) for r in (*decoded.refused, *decoded.refused_fixes)]
    alerts = engine.apply(decoded.batch) if len(decoded.batch.reports) else []
    return Outcome(source, alerts, letters + _faults(engine, source), decoded.sentences, len(decoded.batch.reports))


def _tick(engine: Engine, value: bytes, source: str) -> Outcome:
    try:
        tick = decode_tick(value)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return _lost(source, value, f"tick: {error}")
    if not _is_time(tick):
        return _lost(source, value, "tick: no stretch of time")
    return Outcome(source, engine.tick(tick), _faults(engine, source), tick=True)


def _is_time(tick: Tick) -> bool:
    heard_ms = tick.from_ms if tick.heard_ms is None else tick.heard_ms
    return 0 <= tick.from_ms <= tick.to_ms < _LAST_MS and 0 <= heard_ms < _LAST_MS


def _faults(engine: Engine, source: str) -> list[Letter]:
    return [
        Letter(Reason.DETECTOR, fault.raw, f"{fault.detector} for {fault.mmsi}: {fault.cause}", source)
        for fault in engine.drain_faults()
    ]


def _lost(source: str, value: bytes | None, detail: str) -> Outcome:
    return Outcome(source, letters=[Letter(Reason.RECORD_UNREADABLE, value or b"", detail, source)])


def _headers(headers: Any) -> dict[str, bytes]:
    """A stranger's record may have a header twice, or one without a value."""
    pairs: Iterable[tuple[str, bytes | None]] = headers.items() if isinstance(headers, Mapping) else headers or ()
    return {name: value for name, value in pairs if value is not None}


def _number(text: bytes | None) -> int | None:
    return int(text) if text is not None and text.isdigit() else None
