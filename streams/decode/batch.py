"""Packed records into columns: the hot types in numpy, the rest through pyais. What is irregular costs itself alone."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.reports import REPORT, Batch
from streams.decode import fix, hot, rare
from streams.decode.bits import dearmour, hashes
from streams.decode.messages import Messages, read
from streams.decode.model import SENT_STATIC, Decoded, Refused, empty
from streams.errors import Reason

# By payload length in characters: most messages fill one slot, a voyage report two, hardly any more.
_BUCKETS: Final = (0, 32, 96, 1 << 30)
_MOVES: Final = np.isin(np.arange(256), [1, 2, 3, 9, 18, 19, 27])
_CLASS_B: Final = np.isin(np.arange(256), [18, 19, 24])

Rows = npt.NDArray[np.void]
Places = npt.NDArray[np.intp]


class _Sent:
    """All messages of a record, as they were sent; a message's number is its row."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        size = len(messages.payloads)
        self.rows = empty(size)
        self.undecodable: dict[int, tuple[Reason, str]] = {}
        self._static_rows = [np.empty(0, np.intp)]
        self._statics = [np.empty(0, SENT_STATIC)]
        lengths = np.fromiter(map(len, messages.payloads), np.int64, size)
        bits = lengths * 6 - np.array(messages.fills, np.int64)
        for least, most in pairwise(_BUCKETS):
            bucket = np.flatnonzero((lengths > least) & (lengths <= most))
            if len(bucket):
                self._bucket(bucket, bits[bucket])

    def statics(self) -> tuple[Places, Rows]:
        """The rows that have a static part, rising, and these parts."""
        places = np.concatenate(self._static_rows)
        order = np.argsort(places)
        return places[order], np.concatenate(self._statics)[order]

    def _bucket(self, bucket: Places, bits: npt.NDArray[np.int64]) -> None:
        """Decodes messages of about one length; all are unpacked at once."""
        words = dearmour([self._messages.payloads[row] for row in bucket.tolist()])
        self.rows["payload"][bucket] = hashes(words)
        is_hot = hot.is_hot(words, bits)
        hot_rows = bucket[is_hot]
        sent = self.rows[hot_rows]
        places, statics = hot.decode(words[is_hot], sent)
        self.rows[hot_rows] = sent
        self._static_rows.append(hot_rows[places])
        self._statics.append(statics)
        for row in bucket[~is_hot].tolist():
            self._rare(row)

    def _rare(self, row: int) -> None:
        try:
            static = rare.decode(self._messages.payloads[row], self._messages.fills[row], self.rows, row)
        except rare.UndecodableError as error:
            self.undecodable[row] = error.reason, error.detail
            return
        if static is not None:
            self._static_rows.append(np.array([row], np.intp))
            self._statics.append(static)


def decode(value: bytes, source: str, ordinals: npt.NDArray[np.int64] | None = None, fallback_ms: int = 0) -> Decoded:
    """A packed record as columns. Never raises on bad input: what gives no report is in the result, with a reason.

    ``ordinals`` has one value a line (by default 0, 1, ...); ``fallback_ms`` is the event time of sentences
    that carry none. Reports stand in the order of their sentences.
    """
    messages = read(value, source, fallback_ms)
    sent = _Sent(messages)
    implausible = {row: why for row, why in fix.refusals(sent.rows).items() if row not in sent.undecodable}
    kept = np.ones(len(sent.rows), np.bool_)
    kept[[*sent.undecodable, *implausible]] = False
    batch = Batch(source, *_columns(messages, sent, kept, ordinals), messages.raw)
    refused = messages.refused + _refused(messages, sent.undecodable)
    return Decoded(batch, refused, _refused(messages, implausible), messages.sentences, messages.merged)


def _columns(
    messages: Messages, sent: _Sent, kept: npt.NDArray[np.bool_], ordinals: npt.NDArray[np.int64] | None
) -> tuple[Rows, Rows]:
    """REPORT and STATIC of the kept rows."""
    rows = sent.rows[kept]
    reports = np.zeros(len(rows), REPORT)
    for name, column in (("time_ms", messages.times_ms), ("start", messages.starts), ("end", messages.ends)):
        reports[name] = np.array(column, np.int64)[kept]
    firsts = np.array(messages.firsts, np.int64)[kept]
    reports["ordinal"] = firsts if ordinals is None else ordinals[firsts]
    for name in ("type", "mmsi", "payload"):
        reports[name] = rows[name]
    reports["moves"], reports["class_b"] = _MOVES[rows["type"]], _CLASS_B[rows["type"]]
    fix.kinematics(rows, reports)
    places, parts = sent.statics()
    owners = places[kept[places]]
    reports["static"] = -1
    reports["static"][(np.cumsum(kept) - 1)[owners]] = np.arange(len(owners))
    return reports, fix.statics(parts[kept[places]], sent.rows["mmsi"][owners])


def _refused(messages: Messages, why: dict[int, tuple[Reason, str]]) -> list[Refused]:
    return [
        Refused(reason, messages.raw[messages.starts[row] : messages.ends[row]], detail)
        for row, (reason, detail) in sorted(why.items())
    ]
