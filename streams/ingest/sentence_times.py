"""The time of one line of sentences, in any form that the parser reads: a tag block, beside it, ``$PGHP``, JSON.

It takes 5 to 12 us per line, so it is for lines that ``scan`` does not read in columns.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from streams.ingest.file_head import FileHead
from streams.ingest.framing import units
from streams.ingest.scan import UNTIMED
from streams.ingest.sentence import Parsed, Parser, Sentence, Timing
from streams.ingest.stamps import StampRules
from streams.nmea.sentence import Tag

_NO_TAG: Final = Tag()


class SentenceTimes:
    """Reads the lines of one recording."""

    def __init__(self, rules: StampRules) -> None:
        self._parser = Parser(rules)
        self._numbers_are_times = False

    def decide(self, lines: Iterable[bytes]) -> None:
        """Decides by the first lines whether numbers alone beside sentences are times, as ingest does."""
        head = FileHead(self._parser)
        for line in lines:
            if head.add(line):
                break
        self._numbers_are_times = head.verdict().numbers_are_times

    def of(self, line: bytes) -> int:
        """The first time on a line, Unix ms; UNTIMED if it has none."""
        times_ms = (self._time_ms(self._parser.parse(unit)) for unit in units(line))
        return next((time_ms for time_ms in times_ms if time_ms is not None), UNTIMED)

    def _time_ms(self, parsed: Parsed) -> int | None:
        if isinstance(parsed, Timing):
            return parsed.time_ms
        tag = parsed.tag if isinstance(parsed, Sentence) else parsed if isinstance(parsed, Tag) else _NO_TAG
        return tag.time_ms if self._numbers_are_times or not tag.doubtful else None
