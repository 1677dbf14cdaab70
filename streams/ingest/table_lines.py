"""The lines of a block of a table, and which of them can be read in columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_END, _QUOTE = b"\n", ord('"')
_PLAIN: Final = bytes([*range(0x20, 0x7F), *range(0x80, 0x100), *b"\t\n"]).translate(None, b"!")
"""Bytes of ordinary lines: no control characters, and no exclamation mark, which opens a sentence."""


class TableLines:
    """Lines that are not empty, without their ends."""

    def __init__(self, block: bytes, limit: int) -> None:
        """Lines longer than ``limit`` bytes are cut to one more when they are asked for."""
        self.text = block.replace(b"\r", _END) if b"\r" in block else block
        self._octets = np.frombuffer(self.text, np.uint8)
        ends = np.flatnonzero(self._octets == _END[0])
        starts = np.append(0, ends[:-1] + 1)
        full = ends > starts
        self.starts, self.ends = starts[full], ends[full]
        self._limit = limit

    def __len__(self) -> int:
        return len(self.starts)

    def line(self, number: int) -> bytes:
        """One line."""
        start = int(self.starts[number])
        return self.text[start : min(int(self.ends[number]), start + self._limit + 1)]

    def joined(self, numbers: Ints) -> bytes:
        """These lines, rising, with their ends."""
        edges = np.flatnonzero(np.diff(numbers, prepend=-2) != 1)
        spans: Iterable[tuple[int, int]] = zip(
            self.starts[numbers[edges]].tolist(),
            self.ends[numbers[np.append(edges[1:] - 1, len(numbers) - 1)]].tolist() if len(numbers) else [],
            strict=True,
        )
        return b"".join(self.text[start : end + 1] for start, end in spans)

    def ordinary(self, separator: str, begin: int) -> Ints:
        """Numbers of the lines from ``begin`` on whose cells are divided by ``separator`` alone."""
        odd = self.ends - self.starts > self._limit
        odd[:begin] = True
        strange = bytearray(256)
        if self.text.translate(None, _PLAIN):
            strange[:] = bytes(byte not in _PLAIN for byte in range(256))
        if not _is_utf8(self.text):
            strange[0x80:] = b"\1" * 0x80
        if any(strange):
            odd[self._line_of(np.flatnonzero(np.frombuffer(strange, np.uint8)[self._octets]))] = True
        if b'"' in self.text:
            odd[self._oddly_quoted(separator)] = True
        return np.flatnonzero(~odd)

    def _line_of(self, places: Ints) -> Ints:
        return np.searchsorted(self.starts, places, side="right") - 1

    def _oddly_quoted(self, separator: str) -> Ints:
        """Lines in which a quotation mark is anywhere but at the two edges of a cell."""
        places = np.flatnonzero(self._octets == _QUOTE)
        line = self._line_of(places)
        edge = np.zeros(256, bool)
        edge[[ord(separator), _END[0]]] = True
        before = edge[self._octets[places - 1]] | (places == 0)
        after = edge[self._octets[np.minimum(places + 1, len(self._octets) - 1)]]
        nth = np.arange(len(places)) - np.searchsorted(line, line)
        closes = nth % 2 == 1
        last = np.append(line[1:] != line[:-1], True)
        wrong = np.where(closes, ~after, ~before | last)
        return line[wrong]


def _is_utf8(text: bytes) -> bool:
    if text.isascii():
        return True
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
