"""Images beside recordings: matched as the recording's clock passes them, in process."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from detectors.core.alert import Alert
from detectors.core.reference import Zone
from detectors.core.reports import Batch
from detectors.core.units import MS
from detectors.core.vessels.sightings import SightingRecord
from streams.imagery.book import ImageBook, TakenImage
from streams.imagery.images import Image
from streams.imagery.matching.rules import MatchRules
from streams.imagery.near_fixes import NearFixes
from streams.imagery.places import of_zones


class ImagePlayback:
    """Images of a replay. An image becomes known once the fixes after it have come."""

    def __init__(self, images: Iterable[Image], zones: Iterable[Zone]) -> None:
        within_s = MatchRules().interpolate_most_s
        self._waiting = sorted(images, key=lambda image: (image.time_ms, image.id))
        self._within_ms = int(within_s * MS)
        self._near = NearFixes(self._waiting, within_s)
        self.book: Final = ImageBook(of_zones(zones))
        self._changed = False

    def take(self, batch: Batch) -> None:
        """Reports that are given to the engines."""
        if self._waiting:
            self._near.take(batch)

    def note(self, alert: Alert) -> None:
        """An alert that the engines gave."""
        self.book.take(alert)
        self._changed = True

    def due(self, clock_ms: int, *, last: bool = False) -> list[SightingRecord]:
        """What is to be told at that event time. ``last``: nothing more will be heard."""
        while self._waiting and (last or self._waiting[0].time_ms + self._within_ms <= clock_ms):
            image = self._waiting.pop(0)
            self.book.add(TakenImage(image=image, fixes=self._near.of(image.id), lengths=dict(self._near.lengths)))
            self._changed = True
        if not self._changed:
            return []
        self._changed = False
        return list(self.book.records(lambda _, newest_ms: max(clock_ms, newest_ms)))
