"""Decodes packed records into columns: usual lines all at once, unusual ones line by line, at their own cost only."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core import message_types
from detectors.core.reports import REPORT, STATIC, Batch
from streams.decode import fix, hot, rare
from streams.decode.bits import SLOT_CHARS, SLOT_WORDS, Chains, Words, chain, dearmour, joined
from streams.decode.messages import Reader, WholeMessage, fields_of, read, says_when, timed
from streams.decode.model import Decoded, RefusedReports, Sent, SentStatic
from streams.decode.scan import UsualLines, scan
from streams.errors import Reason

_MOVES, _CLASS_B = message_types.are(message_types.MOVING), message_types.are(message_types.OF_CLASS_B)
_ROW: Final = f"V{REPORT.itemsize}"
"""A report as a row of plain bytes: numpy takes such rows ten times faster than rows of fields."""

_NO_STATICS: Final = np.zeros(0, STATIC)

Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.void]
Why = dict[int, tuple[Reason, str]]


class _Messages(NamedTuple):
    """All messages of a record: first those of usual lines in their order, then the others in theirs."""

    raw: bytes
    firsts: Ints
    """The first line of each."""
    starts: Ints
    ends: Ints
    times_ms: Ints
    bits: Ints
    chains: Chains
    words: Words
    others: list[WholeMessage]

    def one(self, row: int) -> WholeMessage:
        """One message."""
        usual = len(self.firsts) - len(self.others)
        if row >= usual:
            return self.others[row - usual]
        return read(self.raw[self.starts[row] : self.ends[row]], "", 0).messages[0]


class _Contents(NamedTuple):
    """The contents of messages; ``parts`` are the static ones, those of the rows ``owners``."""

    sent: Sent
    owners: Ints
    parts: SentStatic
    undecodable: Why


def decode(value: bytes, source: str, ordinals: Ints | None = None, fallback_ms: int = 0) -> Decoded:
    """Decodes a packed record into columns. Never raises on bad input: refused lines are in the result with a reason.

    ``ordinals`` has one value per line (by default 0, 1, ...); ``fallback_ms`` is the event time of sentences without
    one. Reports are in the order of their sentences.
    """
    usual, reader = _read(value, source, fallback_ms)
    messages = _together(usual, reader.messages)
    said = _said(messages)
    places = fix.judged(said.sent)
    implausible = {row: why for row, why in places.refused.items() if row not in said.undecodable}
    reports = _reports(messages, said, places.unplaced, ordinals)
    reports, owners, parts = _kept(messages, said, [*said.undecodable, *implausible], reports)
    reports["static"] = -1
    reports["static"][owners] = np.arange(len(owners))
    statics = fix.statics(parts, reports["mmsi"][owners]) if len(owners) else _NO_STATICS
    return Decoded(
        Batch(source, reports, statics, usual.raw),
        reader.refused + _refused(messages, said.undecodable),
        _refused(messages, implausible),
        len(usual.starts),
        reader.merged + int(np.count_nonzero(usual.firsts != usual.lasts)),
    )


def _read(value: bytes, source: str, fallback_ms: int) -> tuple[UsualLines, Reader]:
    """Reads the usual lines at once, and all others one by one."""
    usual = scan(value)
    spans, wrong = _spans(usual), usual.wrong
    found = {line: fields_of(usual.raw[start:end]) for line, (start, end) in spans.items() if line not in wrong}
    late = {line: fields for line, fields in found.items() if fields is not None and not says_when(fields)}
    if late:
        usual = _timed(usual, {line: timed(fields, source, fallback_ms) for line, fields in late.items()})
        spans = _spans(usual)
    reader, behind = Reader(usual.raw, spans, fallback_ms), 0
    for line in spans:
        if reader.open and line != behind:
            reader.apart()
        behind = line + 1
        if line in wrong:
            reader.wrong(line, wrong[line])
        else:
            reader.line(line, found[line])
    reader.apart()
    return usual, reader


def _spans(usual: UsualLines) -> dict[int, tuple[int, int]]:
    """Where each of the other lines begins and ends."""
    if not len(usual.others):
        return {}
    spans = zip(usual.starts[usual.others].tolist(), usual.ends[usual.others].tolist(), strict=True)
    return dict(zip(usual.others.tolist(), spans, strict=True))


def _timed(usual: UsualLines, lines: dict[int, bytes]) -> UsualLines:
    """The record with other lines, given by their numbers, rising."""
    pieces, done = [], 0
    longer = np.zeros(len(usual.starts), np.int64)
    for number, line in lines.items():
        start, end = int(usual.starts[number]), int(usual.ends[number])
        pieces += [usual.raw[done:start], line]
        longer[number], done = len(line) - (end - start), end
    shifts = longer.cumsum()
    raw = b"".join([*pieces, usual.raw[done:]])
    return usual._replace(raw=raw, starts=usual.starts + shifts - longer, ends=usual.ends + shifts)


def _together(usual: UsualLines, others: list[WholeMessage]) -> _Messages:
    starts, ends = usual.starts[usual.firsts], usual.ends[usual.lasts]
    columns = np.array((usual.firsts, starts, ends, usual.times_ms, usual.bits))
    chains, words = usual.chains, usual.words
    if others:
        more = [(m.first, m.start, m.end, m.time_ms, len(m.payload) * 6 - m.fill) for m in others]
        columns = np.concatenate((columns, np.array(more, np.int64).T), axis=1)
        their = chain(np.array([len(message.payload) for message in others]))
        padded = [
            message.payload.ljust(-(-len(message.payload) // SLOT_CHARS) * SLOT_CHARS, b"0") for message in others
        ]
        chars = np.frombuffer(b"".join(padded), np.uint8).copy()
        their_words, _ = dearmour(chars, np.full(len(their.owners), SLOT_CHARS))
        words, chains = joined(words, chains, their_words, their)
    firsts, starts, ends, times_ms, bits = columns
    return _Messages(usual.raw, firsts, starts, ends, times_ms, bits, chains, words, others)


def _said(messages: _Messages) -> _Contents:
    """Decodes the understood messages at once, and the rest with pyais."""
    words, bases = messages.words, messages.chains.slots * SLOT_WORDS
    kinds, is_hot = hot.understood(words, bases, messages.bits)
    sent = hot.sent(words, messages.chains, bases, kinds)
    owners, parts = hot.statics(words, bases, kinds, is_hot)
    undecodable: Why = {}
    if not is_hot.all():
        for row in np.flatnonzero(~is_hot).tolist():
            message = messages.one(row)
            try:
                part = rare.decode(message.payload, message.fill, sent, row)
            except rare.UndecodableError as error:
                undecodable[row] = error.reason, error.detail
                continue
            if part is not None:
                owners = np.append(owners, row)
                parts = parts.and_then(part)
        order = owners.argsort(kind="stable")
        owners, parts = owners[order], parts.take(order)
    return _Contents(sent, owners, parts, undecodable)


def _reports(messages: _Messages, said: _Contents, unplaced: Ints, ordinals: Ints | None) -> Rows:
    """REPORT of all rows, without ``static``."""
    sent, firsts = said.sent, messages.firsts
    reports = np.zeros(len(firsts), REPORT)
    reports["time_ms"] = messages.times_ms
    reports["start"], reports["end"] = messages.starts, messages.ends
    reports["ordinal"] = firsts if ordinals is None else ordinals[firsts]
    reports["type"], reports["mmsi"], reports["payload"] = sent.type, sent.mmsi, sent.payload
    reports["moves"], reports["class_b"] = _MOVES[sent.type], _CLASS_B[sent.type]
    fix.kinematics(sent, unplaced, reports)
    return reports


def _kept(messages: _Messages, said: _Contents, dropped: list[int], reports: Rows) -> tuple[Rows, Ints, SentStatic]:
    """The remaining rows, in the order of their lines; the owners of static parts, and these parts."""
    owners, parts = said.owners, said.parts
    if not dropped and not messages.others:
        return reports, owners, parts
    kept = np.ones(len(reports), np.bool_)
    kept[dropped] = False
    rows = kept.nonzero()[0]
    if messages.others:
        rows = rows[messages.firsts[rows].argsort(kind="stable")]
    places = np.full(len(reports), -1)
    places[rows] = np.arange(len(rows))
    owners = places[owners]
    order = owners.argsort(kind="stable")[np.count_nonzero(owners < 0) :]
    return reports.view(_ROW)[rows].view(REPORT), owners[order], parts.take(order)


def _refused(messages: _Messages, why: Why) -> list[RefusedReports]:
    rows = sorted(why, key=lambda row: int(messages.firsts[row]))
    return [
        RefusedReports(why[row][0], messages.raw[messages.starts[row] : messages.ends[row]], why[row][1])
        for row in rows
    ]
