"""How much of what a live source sends is not AIS, over the last minute or two."""

from __future__ import annotations

from typing import Final

from streams.ingest.model import InputCounts

_OVER_MS: Final = 60_000
LINES_LEAST: Final = 20
"""With fewer lines there is no verdict: a receiver that only states its name has sent nothing wrong."""
MUCH: Final = 0.5
"""From this share on there is a warning. NMEA logs with a line of time before each sentence are just below."""


class LineShare:
    """Reads a source's counts from time to time. Times are Unix ms of the wall clock."""

    def __init__(self) -> None:
        self._earlier = self._former = (0, 0)
        """Number of lines, and of lines that are not AIS, when the last two windows began."""
        self._begun_ms: int | None = None

    def at(self, now_ms: int, counts: InputCounts) -> float:
        """The share of lines that are not AIS since one to two minutes ago; 0 if there were few lines."""
        seen = (counts.lines, counts.other)
        if self._begun_ms is None:
            self._begun_ms = now_ms
        elif now_ms - self._begun_ms >= _OVER_MS:
            self._begun_ms, self._earlier, self._former = now_ms, self._former, seen
        lines, other = (now - before for now, before in zip(seen, self._earlier, strict=True))
        return round(other / lines, 2) if lines >= LINES_LEAST else 0.0
