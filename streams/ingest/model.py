"""Input and output of the core of ingest: plain values."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from streams.errors import Reason
from streams.ingest.stamps import StampRules
from streams.ingest.table_columns import ColumnMap

START_MS: Final = 946_684_800_000
"""2000-01-01T00:00:00Z: where the time of a file without times begins ..."""
RATE_HZ: Final = 100.0
"""... and its number of sentences per second."""


class RefusedLine(NamedTuple):
    """Input that is lost, for the dead letters."""

    reason: Reason
    raw: bytes
    detail: str


class InputCounts(msgspec.Struct):
    """What became of the input so far, in sentences unless stated otherwise."""

    lines: int = 0
    """Units of input, of any kind."""
    sentences: int = 0
    other: int = 0
    messages: int = 0
    """Whole messages written, which become reports."""
    merged: int = 0
    rejected: dict[Reason, int] = {}
    tag_block_checksum_errors: int = 0

    @property
    def rejected_all(self) -> int:
        """Sentences refused, for any reason."""
        return sum(self.rejected.values())


class SourceKind(msgspec.Struct, frozen=True, kw_only=True):
    """What kind of source it is."""

    live: bool = False
    """Heard as it happens; False: a recording, which has an end and perhaps no times."""
    replayed: bool = False
    """No one is notified of alerts from it."""
    start_ms: int = START_MS
    rate_hz: float = RATE_HZ
    batch: int | None = None
    """Cut records after this number of sentences read; None: only when they are full."""
    tick_ms: int | None = None
    """Event time between ticks; None: as in the settings."""
    stamps: StampRules = StampRules()
    """How times are read that are ambiguous by themselves."""
    columns: ColumnMap = ColumnMap()
    """Headings that the user has named, of tables in no known form."""
    marks_ms: tuple[int, ...] = ()
    """Event times, rising: a mark is written before the first sentence that moves the clock to or beyond each."""
