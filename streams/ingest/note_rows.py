"""Which rows of a run can matter to notes, and what is read from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.sphere import distance_nm
from detectors.core.units import HOUR_MS
from streams.ingest.clock import TimedMessage
from streams.ingest.log_lines import LineRun
from streams.ingest.payload import PER_DEG, STATEMENT, Point

_PAYLOAD, _FIELDS = 5, 6
_LONG: Final = 80
"""Bytes: a sentence that contains a whole type 5 is longer, and few others are."""
_FASTEST_KN, _SLACK_NM = 60.0, 0.5
_NEAR: Final = PER_DEG // 120
"""Half a minute of arc: never above ``_SLACK_NM`` by latitude or longitude alone, rarely by both together."""
_TABLE_BITS: Final = 16
_KNUTH, _WORD = 2_654_435_761, 0xFFFFFFFF

Ints = npt.NDArray[np.int64]


def agree(first: Point, then: Point, span_ms: int) -> bool:
    """Whether a ship can be in both places."""
    if abs(then[0] - first[0]) < _NEAR and abs(then[1] - first[1]) < _NEAR:
        return True
    far_nm = distance_nm(*(value / PER_DEG for value in (*first, *then)))
    return round(far_nm, 3) <= _SLACK_NM + _FASTEST_KN * abs(span_ms) / HOUR_MS


def is_statement(message: TimedMessage) -> bool:
    """Whether a message is long enough to state an IMO number, and of the type that does."""
    return message.payload[:1] == STATEMENT and (len(message.parts) > 1 or len(message.parts[0]) > _LONG)


def statements_in(run: LineRun, walked: Sequence[TimedMessage]) -> dict[int, TimedMessage]:
    """All statements of a run by place, and other messages; ``walked`` are its ``ready`` ones, in order."""
    messages = dict(zip(run.ready.nonzero()[0].tolist(), walked, strict=True))
    long = (~run.ready & (run.text_size > _LONG)).nonzero()[0].tolist()
    messages.update((row, read_row(run, row)) for row in long)
    return messages


def fronts_of(run: LineRun, heard_ms: int) -> Ints:
    """The latest event time up to and including each message."""
    return np.maximum(np.maximum.accumulate(run.time_ms), heard_ms)


def rows_among(mmsis: Ints, wanted: Iterable[int]) -> Ints:
    """Where ``mmsis`` has one of ``wanted``, and a few places more."""
    numbers = np.array(sorted(wanted), np.int64)
    if not len(numbers):
        return numbers
    table = np.zeros(1 << _TABLE_BITS, bool)
    table[_places(numbers)] = True
    return np.asarray(table[_places(mmsis)].nonzero()[0], np.int64)


def _places(mmsis: Ints) -> Ints:
    return (mmsis * _KNUTH & _WORD) >> 32 - _TABLE_BITS


def read_row(run: LineRun, row: int) -> TimedMessage:
    """An ordinary message of a run, as far as it matters here."""
    start = int(run.text[row])
    text = run.block[start : start + int(run.text_size[row])]
    payload = text.split(b",", _FIELDS)[_PAYLOAD]
    return TimedMessage(int(run.time_ms[row]), int(run.mmsi[row]), int(run.ordinal[row]), b"", (text,), payload)
