"""A packed record into messages, line by line: the reference, and the way of every line of an unusual form.

Nothing of a payload's meaning is known in here. Rules:
- A line is an AIS sentence with or without a tag block before it and anything of a logger's behind it.
- The parts of a message stand next to each other, from first to last, with one sequence number and channel, and no
  two stations or groups in their tag blocks (``agree``).
- A line that is none of this, or whose checksum is wrong, is refused alone; its neighbours are read as ever.
- A sentence without a time gets ``fallback_ms``, and a tag block that says so: every message of ``raw`` is timed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from streams.decode.model import RefusedReports
from streams.errors import Reason
from streams.nmea.checksum import checksum, tag_block
from streams.nmea.epochs import MS_FROM, TIME_END_MS

_LINE: Final = re.compile(
    rb"\s*(\\(?:[^\\]*?,)?c:(\d{1,16})(?![^,*\\])[^\\]*\\|\\[^\\]*\\)?\s*"
    rb"!([^,*!\\]{2}VD[MO],(\d{1,2}),(\d{1,2}),(\d{0,3}),([^,*]*),([0-W`-w]*),(\d?))\*([0-9A-Fa-f]{2})"
    rb"(?:[\s,].*)?",
    re.DOTALL,
)
_TAG, _TIME, _BODY, _TOTAL, _NUMBER, _SEQUENCE, _CHANNEL, _PAYLOAD, _FILL, _WRITTEN = range(10)
_WHOSE: Final = re.compile(rb"[\\,](?:s:([^,*\\]*)|g:(\d{1,3})-(\d{1,3})-(\w+)|(\d{1,3})G(\d{1,3}):(\w+))(?=[,*\\])")
_PARTS_MOST: Final = 9  # one digit in the sentence (IEC 61162-1)
_PART_CHARS_MOST: Final = 200  # ours hold at most 62; some senders put a whole message into one long sentence
_FILL_MOST: Final = 5
_MMSI_BITS: Final = 38  # type, repeat indicator, MMSI
_UNPRINTABLE: Final = re.compile(rb"[^ -~]|[\\,*]")
_NO_SENTENCE: Final = "not an AIS sentence"
_MALFORMED, _CHECKSUM = Reason.MALFORMED, Reason.CHECKSUM
_COMPUTED: Final = [f"computed {value:02X}" for value in range(256)]

Parts = tuple[bytes | None, ...]
Spans = Sequence[tuple[int, int]] | Mapping[int, tuple[int, int]]


class WholeMessage(NamedTuple):
    """A whole message, its parts joined."""

    first: int
    """Number of its first line among the lines that are not empty."""
    start: int
    end: int
    """Its lines are ``raw[start:end]``."""
    time_ms: int
    payload: bytes
    """Armoured six-bit characters; at least seven, each of 0-W or `-w."""
    fill: int
    """Bits at the end of the payload that are none of the message."""


class Reading(NamedTuple):
    """What was read of a record."""

    messages: list[WholeMessage]
    raw: bytes
    refused: list[RefusedReports]
    sentences: int
    merged: int


def read(value: bytes, source: str, fallback_ms: int) -> Reading:
    """The messages of ``value``. Never raises on bad input."""
    lines = [line for line in value.split(b"\n") if line and not line.isspace()]
    found = [parts_of(line) for line in lines]
    if any(parts is not None and parts[_TIME] is None for parts in found):
        pairs = zip(lines, found, strict=True)
        lines = [line if p is None or says_when(p) else timed(p, source, fallback_ms) for line, p in pairs]
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    reader = Reader(b"\n".join(lines), [(start, end - 1) for start, end in pairwise(starts)], fallback_ms)
    for number, parts in enumerate(found):
        reader.line(number, parts)
    reader.apart()
    return Reading(reader.messages, reader.raw, reader.refused, len(lines), reader.merged)


def parts_of(line: bytes) -> Parts | None:
    """The fields of a line, None when it is no sentence. Its checksum is not judged."""
    # Cheaper than the pattern, which looks at all that a cut line still has: 0.2 us against 1.5.
    if line.find(b"*", line.find(b"!")) < 0:
        return None
    match = _LINE.fullmatch(line)
    return match.groups() if match else None


def says_when(parts: Parts) -> bool:
    """Whether a sentence has a time of its own."""
    return parts[_TIME] is not None


def untimed(parts: Parts | None) -> Parts | None:
    """The sentence without its time."""
    return parts and (*parts[:_TIME], None, *parts[_BODY:])


def timed(parts: Parts | None, source: str, fallback_ms: int) -> bytes:
    """A sentence behind a tag block of ours: what is kept as evidence says when."""
    body, written = (parts[_BODY] or b"", parts[_WRITTEN] or b"") if parts else (b"", b"")
    fields = b"s:%b,c:%d" % (_UNPRINTABLE.sub(b"_", source.encode("ascii", "replace"))[:64], fallback_ms)
    return b"%b!%b*%b" % (tag_block(fields), body, written)


def agree(first: bytes, before: bytes, tag: bytes) -> bool:
    """Can a sentence with this tag block go on a message, of whose parts the tag blocks of two are given?"""
    if first == before == tag and b"g:" not in tag and b"G" not in tag:
        return True
    (ours, group), (_, last), (station, mine) = _whose(first), _whose(before), _whose(tag)
    if (station and ours and station != ours) or (station and not ours and mine is None):
        return False
    if mine is None:
        return True
    return group is not None and mine[1:] == group[1:] and (last is None or last[0] < mine[0])


def _whose(tag: bytes) -> tuple[bytes, tuple[int, int, bytes] | None]:
    """The station that a tag block names, and the group: number, total and name."""
    station, group = b"", None
    for found in _WHOSE.finditer(tag):
        if found[1] is not None:
            station = found[1]
            continue
        number, total, name = (part for part in found.groups()[1:] if part is not None)
        group = (int(number), int(total), name) if 1 <= int(number) <= int(total) else None
    return station, group


def _time_ms(text: bytes | None, fallback_ms: int) -> int:
    if text is None:
        return fallback_ms
    number = int(text)
    number = number * 1000 if number < MS_FROM else number
    return number if number < TIME_END_MS else fallback_ms


class Reader:
    """Reads lines one by one, by their numbers. ``spans`` says where in ``raw`` each begins and ends."""

    def __init__(self, raw: bytes, spans: Spans, fallback_ms: int) -> None:
        self.raw = raw
        self.messages: list[WholeMessage] = []
        self.refused: list[RefusedReports] = []
        self.merged = 0
        self._spans = spans
        self._fallback_ms = fallback_ms
        self.open: list[tuple[int, Parts]] = []
        """The parts, with their numbers, of the message that is not whole yet."""

    def line(self, number: int, parts: Parts | None) -> None:
        """The next line, of which ``parts_of`` gave ``parts``."""
        if parts is None:
            start, end = self._spans[number]
            self.refused.append(RefusedReports(_MALFORMED, self.raw[start:end], _NO_SENTENCE))
        elif (computed := checksum(parts[_BODY] or b"")) != int(parts[_WRITTEN] or b"", 16):
            self.wrong(number, computed)
        elif parts[_TOTAL] == b"1" and parts[_NUMBER] == b"1":
            self.apart()
            self._message([(number, parts)])
        else:
            self._part(number, parts)

    def apart(self) -> None:
        """Here stands a whole message, or the end: the message that is open will never be whole."""
        if self.open:
            for number, _ in self.open:
                self.refuse(Reason.FRAGMENT_EXPIRED, number, "the other parts do not follow")
            self.open = []

    def wrong(self, number: int, computed: int) -> None:
        """The next line has a wrong checksum."""
        start, end = self._spans[number]
        self.refused.append(RefusedReports(_CHECKSUM, self.raw[start:end], _COMPUTED[computed]))

    def refuse(self, reason: Reason, first: int, detail: str, last: int | None = None) -> None:
        """Lines from ``first`` to ``last`` give nothing."""
        start, end = self._spans[first]
        if last is not None:
            end = self._spans[last][1]
        self.refused.append(RefusedReports(reason, self.raw[start:end], detail))

    def _part(self, number: int, parts: Parts) -> None:
        total, part = int(parts[_TOTAL] or b""), int(parts[_NUMBER] or b"")
        if not 1 <= part <= total <= _PARTS_MOST:
            self.refuse(Reason.MALFORMED, number, f"part {part} of {total}")
            return
        if part == 1:
            self.apart()
        elif not self._follows(part, parts):
            self.refuse(Reason.FRAGMENT_CLASH, number, f"part {part} of {total}")
            return
        self.open.append((number, parts))
        if part == total:
            whole, self.open = self.open, []
            self.merged += len(whole) - 1
            self._message(whole)

    def _follows(self, part: int, parts: Parts) -> bool:
        if part != len(self.open) + 1:
            return False
        first, before = self.open[0][1], self.open[-1][1]
        if any(first[i] != parts[i] for i in (_TOTAL, _SEQUENCE, _CHANNEL)):
            return False
        return agree(first[_TAG] or b"", before[_TAG] or b"", parts[_TAG] or b"")

    def _message(self, whole: list[tuple[int, Parts]]) -> None:
        (first, head), (last, tail) = whole[0], whole[-1]
        payload = b"".join(parts[_PAYLOAD] or b"" for _, parts in whole)
        fill = int(tail[_FILL] or b"0")
        if len(payload) * 6 - fill < _MMSI_BITS:
            self.refuse(Reason.NO_MMSI, first, f"{len(payload)} characters of payload", last)
        elif fill > _FILL_MOST:
            self.refuse(Reason.MALFORMED, first, f"{fill} fill bits", last)
        elif len(payload) > _PART_CHARS_MOST * (last - first + 1):
            self.refuse(Reason.MALFORMED, first, f"{len(payload)} characters of payload", last)
        else:
            time_ms = _time_ms(head[_TIME], self._fallback_ms)
            self.messages.append(
                WholeMessage(first, self._spans[first][0], self._spans[last][1], time_ms, payload, fill)
            )
