"""Decoding as it would be written without a thought of speed: line by line, every payload through pyais.

What ``streams.decode.decode`` gives must equal it in every column and count.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from detectors.core.reports import REPORT, STATIC, Batch
from streams.decode import Decoded, RefusedReports, fix, rare
from streams.decode.messages import WholeMessage, read
from streams.decode.model import NO_STATUS, Sent, SentStatic
from streams.decode.rare import UndecodableError

_WORD = (1 << 64) - 1
_ARMOUR = {code: bits for bits, code in enumerate([*range(48, 88), *range(96, 120)])}
_MOVING, _CLASS_B = {1, 2, 3, 9, 18, 19, 27}, {18, 19, 24}
Row = tuple[Sent, SentStatic | None] | UndecodableError


def decode_by_line(value: bytes, source: str, fallback_ms: int = 0) -> Decoded:
    """A packed record, message by message."""
    reading = read(value, source, fallback_ms)
    refused, refused_fixes = list(reading.refused), []
    reports, statics = [], []
    for message in reading.messages:
        raw = reading.raw[message.start : message.end]
        row = decoded(message.payload, message.fill)
        if isinstance(row, UndecodableError):
            refused.append(RefusedReports(row.reason, raw, row.detail))
            continue
        sent, part = row
        places = fix.judged(sent)
        if places.refused:
            reason, detail = next(iter(places.refused.values()))
            refused_fixes.append(RefusedReports(reason, raw, detail))
            continue
        reports.append(_report(message, sent, places.unplaced, len(statics) if part else -1))
        statics += [fix.statics(part, sent.mmsi)] if part else []
    columns = np.concatenate([np.zeros(0, REPORT), *reports]), np.concatenate([np.zeros(0, STATIC), *statics])
    batch = Batch(source, *columns, reading.raw)
    return Decoded(batch, refused, refused_fixes, reading.sentences, reading.merged)


@lru_cache(maxsize=200_000)
def decoded(payload: bytes, fill: int) -> Row:
    """What pyais says of a payload."""
    floats = [np.full(1, np.nan) for _ in range(3)]
    sent = Sent(
        np.zeros(1, np.uint8),
        np.zeros(1, np.uint32),
        np.full(1, NO_STATUS, np.int8),
        np.full((2, 1), np.nan),
        *floats,
        payload=np.array([_hash(payload)], np.uint64),
    )
    try:
        return sent, rare.decode(payload, fill, sent, 0)
    except UndecodableError as error:
        return error


def _report(message: WholeMessage, sent: Sent, unplaced: np.ndarray, static: int) -> np.ndarray:
    report = np.zeros(1, REPORT)
    report["time_ms"], report["start"], report["end"] = message.time_ms, message.start, message.end
    report["ordinal"], report["static"] = message.first, static
    report["type"], report["mmsi"], report["payload"] = sent.type, sent.mmsi, sent.payload
    report["moves"], report["class_b"] = int(sent.type[0]) in _MOVING, int(sent.type[0]) in _CLASS_B
    fix.kinematics(sent, unplaced, report)
    return report


def _hash(payload: bytes) -> int:
    """SplitMix64's finaliser of each 64 bits, salted with their place, summed and mixed again."""
    bits = 0
    for code in payload:
        bits = bits << 6 | _ARMOUR[code]
    count = -(-len(payload) * 6 // 64)
    bits <<= 64 * count - 6 * len(payload)
    words = [bits >> 64 * (count - 1 - at) & _WORD for at in range(count)]
    return _mixed(sum(_mixed(word ^ 0x9E3779B97F4A7C15 * (at + 1) & _WORD) for at, word in enumerate(words) if word))


def _mixed(value: int) -> int:
    value &= _WORD
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & _WORD
    value = (value ^ value >> 27) * 0x94D049BB133111EB & _WORD
    return value ^ value >> 31


def difference(ours: Decoded, theirs: Decoded) -> str | None:
    """Where two differ, None when they do not."""
    for name in ("refused", "refused_fixes", "sentences", "merged"):
        if getattr(ours, name) != getattr(theirs, name):
            return f"{name}: {getattr(ours, name)!r:.2000} is not {getattr(theirs, name)!r:.2000}"
    if ours.batch.raw != theirs.batch.raw:
        return "the lines kept as evidence"
    if len(ours.batch.reports) != len(theirs.batch.reports):
        return f"{len(ours.batch.reports)} reports, not {len(theirs.batch.reports)}"
    for table in ("reports", "statics"):
        mine, other = getattr(ours.batch, table), getattr(theirs.batch, table)
        for name in mine.dtype.names:
            if not np.array_equal(mine[name], other[name], equal_nan=mine[name].dtype.kind == "f"):
                return f"{table} {name}: {mine[name].tolist()} is not {other[name].tolist()}"
    return None
