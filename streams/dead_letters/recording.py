"""Dead letters as a recording that can be played: rejected input is tried again after the cause was fixed.

Rules.
- Each line has a time: that of its own tag block, otherwise that of the letter. A line that was rejected for its time
  has no believable one and is left out. So are letters that are not sentences: an alert that a target rejected, a tick,
  a binding.
- Lines are in order of time, as a recording must be.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from streams.errors import Reason
from streams.nmea.encoder import tagged

_TIME_REFUSED: Final = frozenset({Reason.TIME_AHEAD, Reason.TIME_BEHIND})
_TAG_TIME: Final = re.compile(rb"^\\[^\\]*?c:(\d{9,13})")
_SENTENCE: Final = re.compile(rb"![A-Z]{2}VD[MO],")
_NO_STATION: Final = re.compile(r"[^A-Za-z0-9._-]")
_MS_LEAST: Final = 10_000_000_000
"""Tag blocks have seconds or milliseconds; a time below this is in seconds."""


class RefusedLines(NamedTuple):
    """One rejected piece of input."""

    reason: str
    source: str
    written_ms: int
    raw: bytes
    """A line, or a whole record of the log: lines."""


class DeadLetterRecording(NamedTuple):
    """What can be tried again."""

    lines: list[bytes]
    left_out: int
    """Number of letters that are not sentences, or were rejected for their time."""


def recording(letters: Iterable[RefusedLines]) -> DeadLetterRecording:
    """The sentences of ``letters``, each with a tag block, in order of time."""
    timed: list[tuple[int, bytes]] = []
    left_out = 0
    for letter in letters:
        wanted = letter.reason not in _TIME_REFUSED
        lines = [line for line in letter.raw.splitlines() if wanted and _SENTENCE.search(line)]
        left_out += not lines
        timed += [_timed(line, letter) for line in lines]
    timed.sort(key=lambda one: one[0])
    return DeadLetterRecording([line for _, line in timed], left_out)


def _timed(line: bytes, letter: RefusedLines) -> tuple[int, bytes]:
    found = _TAG_TIME.match(line)
    if found is None:
        station = _NO_STATION.sub("-", letter.source)
        (line,) = tagged([line[line.index(b"!") :]], letter.written_ms, station)
        return letter.written_ms, line
    at = int(found[1])
    return at if at >= _MS_LEAST else at * 1000, line
