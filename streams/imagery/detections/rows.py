"""What every format is read into, before it is gathered into images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from streams.imagery.detections.cells import RowError

Ring = tuple[tuple[float, float], ...]
"""(lon_deg, lat_deg), closed."""
EXAMPLES_MOST: Final = 1000
"""Rejected rows that are kept with their place; all are counted."""
ROWS_MOST: Final = 500_000
"""Contacts of one import: more take more memory than a command should."""


class Row(NamedTuple):
    """One contact."""

    lat_deg: float
    lon_deg: float
    time_ms: int | None
    scene: str
    """"" if not stated, as ``sensor`` and ``id``."""
    sensor: str
    id: str
    length_m: float | None
    heading_deg: float | None
    confidence: float | None
    mmsi: int | None
    at: str = ""
    """File and line."""


class Outlined(NamedTuple):
    """What is stated of an image itself."""

    scene: str
    sensor: str = ""
    time_ms: int | None = None
    ring: Ring = ()
    holes: tuple[Ring, ...] = ()
    """Where the image shows no sea: clouds, and holes in the outline."""
    outlined: bool = True
    track_deg: float | None = None
    looks: str = ""
    length_least_m: float | None = None
    kind: str = ""
    """Stated only by our own files: then everything is as stated, and nothing is derived from names."""


class Rejected(NamedTuple):
    """A row that was not used."""

    at: str
    """File and line, or file and number of the feature."""
    reason: str


class Gathered:
    """Rows of all formats, and what was wrong with others."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.outlines: list[Outlined] = []
        self.reasons: Counter[str] = Counter()
        """Rejected rows by reason."""
        self.rejected: list[Rejected] = []
        """The first ``EXAMPLES_MOST`` of them."""
        self.unused: Counter[str] = Counter()
        """Values left out of rows that were used."""

    @property
    def entries(self) -> int:
        """What was found so far, used or not."""
        return len(self.rows) + len(self.outlines) + self.reasons.total() + self.unused.total()

    def each(self, at: str, found: Iterator[Row | Outlined]) -> None:
        """Adds what ``found`` yields; a RowError of it is counted."""
        try:
            for each in found:
                if isinstance(each, Row):
                    self._add(each._replace(at=at))
                elif self.outlines[-1:] != [each]:
                    self.outlines.append(each)
        except RowError as error:
            self.reject(at, str(error))

    def reject(self, at: str, reason: str) -> None:
        """Counts a row that cannot be used."""
        self.reasons[reason] += 1
        if len(self.rejected) < EXAMPLES_MOST:
            self.rejected.append(Rejected(at, reason))

    def _add(self, row: Row) -> None:
        if len(self.rows) >= ROWS_MOST:
            raise RowError(f"more than {ROWS_MOST} contacts; import the file in parts")
        self.rows.append(row)
