"""Whether the fixes of a batch are within the ranges of the stations that heard them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from detectors.core.sources import SourceTable
from detectors.core.vessels.columns import Columns
from detectors.core.vessels.other_tracks import TrackFix


class BatchRanges(NamedTuple):
    """Asked about few fixes: each time the tag block of a line is parsed (see ``track.Ranges``)."""

    sources: SourceTable
    core: Columns
    raw: bytes
    source_bit: int

    def are_left(self, row: int, report: np.void, last: TrackFix) -> bool:
        """Whether a report's fix is beyond the range of its station, and the vessel's last fix not of its own."""
        lines = self.raw[int(report["start"]) : int(report["end"])]
        now = self.sources.hearing(self.source_bit, lines, float(report["lat_deg"]), float(report["lon_deg"]))
        if now is None or not now.beyond:
            return False
        mask, sentence = int(self.core.sources[row]), bytes(self.core.sentence[row])
        own = self.sources.hearing(mask, sentence, last.lat_deg, last.lon_deg)
        return own is None or not own.beyond
