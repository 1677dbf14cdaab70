"""The lines of a record: where they and their sentences begin and end, and what all forms of line have in common."""

from __future__ import annotations

from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from streams.decode.bits import Counts, Words, number

_NEWLINE, _BANG, _BACKSLASH = (number(code, np.uint8) for code in b"\n!\\")
_RETURN: Final = b"\r"
_PADDING: Final = b"\n" + b"\0" * 256
"""Bytes after a record: a read from a place in it may extend beyond its end."""
_BLANK: Final = number(32, np.uint8)
_ONE, _BODY_END = number(1, np.int64), number(3, np.int64)


def word(text: bytes) -> Words:
    """Up to eight bytes as a word, the first byte lowest."""
    return number(int.from_bytes(text, "little"))


class RecordLines(NamedTuple):
    """The bytes, and where the lines and their sentences begin and end in them."""

    buffer: bytes
    octets: npt.NDArray[np.uint8]
    starts: Counts
    ends: Counts
    lengths: Counts
    bangs: Counts
    """The first exclamation mark of each; undefined if a line has none."""
    stops: Counts
    """Ends without a carriage return."""
    opening: npt.NDArray[np.uint8]
    """The first byte of each."""

    def blocks(self, at: Counts, size: int) -> npt.NDArray[np.void]:
        """``size`` bytes from each place."""
        return np.ndarray(len(self.buffer) - size, f"V{size}", self.buffer, strides=(1,))[at]

    def words(self, at: Counts, count: int) -> Words:
        """``count`` words from each place, as columns."""
        return self.blocks(at, 8 * count).view("<u8").reshape(-1, count).T


def lines_of(record: bytes) -> RecordLines:
    """The lines of ``record``, including empty ones."""
    buffer = record + _PADDING
    octets = np.frombuffer(buffer, np.uint8, len(record) + 1)
    ends = (octets == _NEWLINE).nonzero()[0]
    starts = np.empty_like(ends)
    starts[0] = 0
    np.add(ends[:-1], _ONE, starts[1:])
    lengths = ends - starts
    bangs = (octets == _BANG).nonzero()[0]
    if len(bangs) != len(ends) or _astray(bangs, starts, lengths):
        bangs = np.append(bangs, 0)[np.searchsorted(bangs, starts)]
    stops = ends - (octets[ends - _ONE] == _RETURN[0]) if _RETURN in record else ends
    return RecordLines(buffer, octets, starts, ends, lengths, bangs, stops, octets[starts])


def _astray(bangs: Counts, starts: Counts, lengths: Counts) -> bool:
    """Whether some bang is outside its line."""
    inside = (bangs - starts).view(np.uint64) < lengths.view(np.uint64)
    return int(np.count_nonzero(inside)) < len(inside)


def blank(value: bytes, lines: RecordLines) -> list[int]:
    """Numbers of lines that contain only blanks."""
    suspects = (lines.opening <= _BLANK).nonzero()[0].tolist()
    return [line for line in suspects if not value[lines.starts[line] : lines.ends[line]].strip()]


def between(numbers: list[int], lines: RecordLines) -> list[tuple[int, int]]:
    """The stretches of lines before, between and after lines of these numbers."""
    edges = [-1, *numbers, len(lines.starts)]
    stretches = [(before + 1, behind - 1) for before, behind in pairwise(edges) if before + 1 < behind]
    return [(int(lines.starts[first]), int(lines.ends[last])) for first, last in stretches]


def checksums(lines: RecordLines) -> npt.NDArray[np.uint8]:
    """The XOR of the bytes between bang and asterisk: every second stretch of the record."""
    edges = np.empty((len(lines.bangs), 2), np.int64)
    np.add(lines.bangs, _ONE, edges[:, 0])
    np.subtract(lines.stops, _BODY_END, edges[:, 1])
    edges[0, 1] = max(edges[0, 1], 0)
    found: npt.NDArray[np.uint8] = np.bitwise_xor.reduceat(np.frombuffer(lines.buffer, np.uint8), edges.ravel())
    return found[::2]
