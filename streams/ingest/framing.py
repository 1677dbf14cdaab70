"""Splits bytes into lines, and lines into units. No socket and no clock in here.

Rules:
- A line ends at CR, LF or any run of them; empty lines are skipped.
- A line longer than the limit is returned cut to ``limit + 1`` bytes, so that its length shows what happened. The rest
  is dropped as it arrives, and no more than that is kept between two calls.
- The result does not depend on how the bytes were cut into chunks.
- A unit is one sentence with its tag block, or a line without a sentence: some senders put several on a line.
- A receiver's JSON object gives one unit per sentence in it.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from streams.ingest.json_lines import BEGINNINGS, units_of

_SENTENCE_START: Final = re.compile(rb"(?:\\[^\\!]*\\)?![^,*!\\]{2}VD[MO],")


class Framer:
    """Splits chunks into lines. ``limit`` is the longest line in bytes, its end not counted."""

    def __init__(self, limit: int) -> None:
        self._keep = limit + 1
        self._rest = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that ``chunk`` completes, in order, each at most limit + 1 bytes long."""
        if b"\r" in chunk:
            chunk = chunk.replace(b"\r", b"\n")
        lines = chunk.split(b"\n")
        lines[0] = self._rest + lines[0][: self._keep]
        self._rest = lines.pop()[: self._keep]
        keep = self._keep
        return [line if len(line) < keep else line[:keep] for line in lines if line]

    def block(self, chunk: bytes) -> bytes:
        """The same lines as one block of bytes, ends included, lines of any length uncut; empty when none is whole."""
        cut = max(chunk.rfind(b"\n"), chunk.rfind(b"\r")) + 1
        if not cut:
            self._rest = (self._rest + chunk)[: self._keep]
            return b""
        block = self._rest + chunk[:cut]
        self._rest = chunk[cut:][: self._keep]
        return block

    def close(self) -> list[bytes]:
        """The last line, if it had no end."""
        last, self._rest = self._rest, b""
        return [last] if last else []


def units(line: bytes) -> list[bytes]:
    """The units of a line: it is cut before each AIS sentence after the first."""
    if line.startswith(BEGINNINGS):
        return units_of(line)
    if line.count(b"!") < 2:  # noqa: PLR2004  # one "!" opens one sentence
        return [line]
    cuts = [found.start() for found in _SENTENCE_START.finditer(line)][1:]
    edges = [0, *cuts, len(line)]
    return [line[a:b] for a, b in pairwise(edges)]
