"""A packed record into messages: one payload each. Nothing of a payload's meaning is known in here.

Rules:
- A line is an AIS sentence with or without a tag block before it and anything of a logger's behind it.
- The parts of a message stand next to each other, from first to last, with one sequence number and channel.
- A line that is none of this, or whose checksum is wrong, is refused alone; its neighbours are read as ever.
- A sentence without a time gets ``fallback_ms``, and a tag block that says so: every message of ``raw`` is timed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import reduce
from itertools import accumulate
from operator import xor
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from streams.decode.model import Refused
from streams.errors import Reason

_LINE: Final = re.compile(
    rb"\s*(?:\\(?:[^\\]*?,)?c:(\d{1,16})(?![^,*\\])[^\\]*\\|\\[^\\]*\\)?\s*"
    rb"!([^,*!\\]{2}VD[MO],(\d{1,2}),(\d{1,2}),(\d{0,3}),([^,*]*),([0-W`-w]*),(\d?))\*([0-9A-Fa-f]{2})"
    rb"(?:[\s,].*)?",
    re.DOTALL,
)
_TIME, _BODY, _TOTAL, _NUMBER, _SEQUENCE, _CHANNEL, _PAYLOAD, _FILL, _WRITTEN = range(9)
_MS_FROM: Final = 100_000_000_000  # as seconds the year 5138, as milliseconds 1973
_TIME_END_MS: Final = 4_102_444_800_000  # the year 2100: what claims to be later says nothing
_PARTS_MOST: Final = 9  # one digit in the sentence (IEC 61162-1)
_PART_CHARS_MOST: Final = 200  # ours hold at most 62; some senders put a whole message into one long sentence
_FILL_MOST: Final = 5
_MMSI_BITS: Final = 38  # type, repeat indicator, MMSI
_UNPRINTABLE: Final = re.compile(rb"[^ -~]|[\\,*]")

Parts = tuple[bytes | None, ...]


class Messages(NamedTuple):
    """The messages of a record, in order; all lists have one entry a message."""

    times_ms: list[int]
    payloads: list[bytes]
    """Armoured six-bit characters, parts joined; at least seven, each of 0-W or `-w."""
    fills: list[int]
    """Bits at the end of the payload that are none of the message."""
    firsts: list[int]
    """Number of the message's first line among the lines that are not empty."""
    starts: list[int]
    ends: list[int]
    """Its lines are ``raw[start:end]``."""
    raw: bytes
    refused: list[Refused]
    sentences: int
    merged: int


class _Line(NamedTuple):
    raw: bytes
    parts: Parts | None
    """The groups of the pattern; None when it did not match."""


def read(value: bytes, source: str, fallback_ms: int) -> Messages:
    """The messages of ``value``. Never raises on bad input."""
    lines = [line for line in value.split(b"\n") if line and not line.isspace()]
    found = [_LINE.fullmatch(line) for line in lines]
    parsed = [_Line(line, match and match.groups()) for line, match in zip(lines, found, strict=True)]
    if any(match is None or match[1] is None for match in found):
        parsed = _timed(parsed, source, fallback_ms)
    raw = b"\n".join(line.raw for line in parsed)
    return _Reader(parsed, raw, fallback_ms).read()


def _timed(lines: Sequence[_Line], source: str, fallback_ms: int) -> list[_Line]:
    """Puts a tag block of ours before each sentence without a time: what is kept as evidence says when."""
    fields = b"s:%b,c:%d" % (_UNPRINTABLE.sub(b"_", source.encode("ascii", "replace"))[:64], fallback_ms)
    tag = b"\\%b*%02X\\" % (fields, checksum(fields))
    timed = []
    for line in lines:
        parts = line.parts
        if parts is None or parts[_TIME] is not None:
            timed.append(line)
        else:
            body, written = parts[_BODY] or b"", parts[_WRITTEN] or b""
            timed.append(_Line(tag + b"!" + body + b"*" + written, parts))
    return timed


def checksum(text: bytes) -> int:
    """The XOR of all bytes."""
    return reduce(xor, text, 0)


def _checksums(bodies: Sequence[bytes]) -> npt.NDArray[np.uint8]:
    """``checksum`` of each body, none of them empty: one pass over all bytes."""
    lengths = [len(body) for body in bodies]
    edges = [0, *accumulate(lengths)][:-1]
    return np.bitwise_xor.reduceat(np.frombuffer(b"".join(bodies), np.uint8), edges)


def _time_ms(text: bytes | None, fallback_ms: int) -> int:
    if text is None:
        return fallback_ms
    number = int(text)
    number = number * 1000 if number < _MS_FROM else number
    return number if number < _TIME_END_MS else fallback_ms


class _Reader:
    """One record being read: the lines behind, the message open."""

    def __init__(self, lines: Sequence[_Line], raw: bytes, fallback_ms: int) -> None:
        self._lines = lines
        self._fallback_ms = fallback_ms
        self._starts = [0, *accumulate(len(line.raw) + 1 for line in lines)]
        self._open: list[int] = []
        self._raw = raw
        self._found: list[tuple[int, bytes, int, int, int, int]] = []
        self._refused: list[Refused] = []
        self._merged = 0

    def read(self) -> Messages:
        """All lines, first to last."""
        wrong = self._wrong()
        for number, line in enumerate(self._lines):
            parts = line.parts
            if parts is None:
                self._refuse(Reason.MALFORMED, number, "no AIS sentence")
            elif number in wrong:
                self._refuse(Reason.CHECKSUM, number, f"computed {wrong[number]:02X}")
            elif parts[_TOTAL] == b"1" and parts[_NUMBER] == b"1":
                if self._open:
                    self._drop()
                self._message(number, number, parts, parts[_PAYLOAD] or b"")
            else:
                self._part(number, parts)
        self._drop()
        columns = [list(column) for column in zip(*self._found, strict=True)] or [[], [], [], [], [], []]
        return Messages._make([*columns, self._raw, self._refused, len(self._lines), self._merged])

    def _wrong(self) -> dict[int, int]:
        """Numbers of the lines with a wrong checksum, and what it is."""
        read = [(number, line.parts) for number, line in enumerate(self._lines) if line.parts is not None]
        if not read:
            return {}
        computed = _checksums([parts[_BODY] or b"" for _, parts in read])
        written = np.array([int(parts[_WRITTEN] or b"", 16) for _, parts in read], np.uint8)
        return {read[i][0]: int(computed[i]) for i in np.flatnonzero(computed != written)}

    def _part(self, number: int, parts: Parts) -> None:
        total, part = int(parts[_TOTAL] or b""), int(parts[_NUMBER] or b"")
        if not 1 <= part <= total <= _PARTS_MOST:
            self._refuse(Reason.MALFORMED, number, f"part {part} of {total}")
            return
        if part == 1:
            self._drop()
        elif not self._follows(part, parts):
            self._refuse(Reason.FRAGMENT_CLASH, number, f"part {part} of {total}")
            return
        self._open.append(number)
        if part == total:
            numbers, self._open = self._open, []
            payload = b"".join(self._field(n, _PAYLOAD) for n in numbers)
            self._merged += len(numbers) - 1
            self._message(numbers[0], numbers[-1], parts, payload)

    def _follows(self, part: int, parts: Parts) -> bool:
        if not self._open or part != len(self._open) + 1:
            return False
        first = self._lines[self._open[0]].parts
        return first is not None and all(first[i] == parts[i] for i in (_TOTAL, _SEQUENCE, _CHANNEL))

    def _field(self, number: int, field: int) -> bytes:
        parts = self._lines[number].parts
        return (parts[field] if parts else None) or b""

    def _message(self, first: int, last: int, parts: Parts, payload: bytes) -> None:
        fill = int(parts[_FILL] or b"0")
        if len(payload) * 6 - fill < _MMSI_BITS:
            self._refuse(Reason.NO_MMSI, first, f"{len(payload)} characters of payload", last)
        elif fill > _FILL_MOST:
            self._refuse(Reason.MALFORMED, first, f"{fill} fill bits", last)
        elif len(payload) > _PART_CHARS_MOST * (last - first + 1):
            self._refuse(Reason.MALFORMED, first, f"{len(payload)} characters of payload", last)
        else:
            time_ms = _time_ms(self._field(first, _TIME) or None, self._fallback_ms)
            start, end = self._starts[first], self._starts[last + 1] - 1
            self._found.append((time_ms, payload, fill, first, start, end))

    def _drop(self) -> None:
        """The message that is open will never be whole."""
        for number in self._open:
            self._refuse(Reason.FRAGMENT_EXPIRED, number, "the other parts do not follow")
        self._open = []

    def _refuse(self, reason: Reason, first: int, detail: str, last: int | None = None) -> None:
        last = first if last is None else last
        raw = b"\n".join(line.raw for line in self._lines[first : last + 1])
        self._refused.append(Refused(reason, raw, detail))
