"""Images and element sets beside recordings: used as the recording's clock passes them, in process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from detectors.core.alert import Alert
from detectors.core.orbits.choice import OrbitRecord
from detectors.core.orbits.model import ElementSet, Sensor
from detectors.core.reference import Zone
from detectors.core.reports import Batch
from detectors.core.units import DAY_MS, MS
from detectors.core.vessels.sightings import SightingRecord
from streams.imagery.book import ImageBook, TakenImage
from streams.imagery.images import Image
from streams.imagery.matching.rules import MatchRules
from streams.imagery.near_fixes import NearFixes
from streams.imagery.places import of_zones


class ImageryPlayback:
    """What a replay has of satellites. An image becomes known once the fixes after it have come."""

    def __init__(self, images: Iterable[Image] = (), elements: Iterable[OrbitRecord] = ()) -> None:
        within_s = MatchRules().interpolate_most_s
        self._waiting = sorted(images, key=lambda image: (image.time_ms, image.id))
        self._elements = sorted(elements, key=lambda record: record.given_ms)
        self._within_ms = int(within_s * MS)
        self._near = NearFixes(self._waiting, within_s)
        self.book: Final = ImageBook()
        self._changed = False

    def know(self, zones: Iterable[Zone]) -> None:
        """The zones in force."""
        self.book.places = of_zones(zones)

    def take(self, batch: Batch) -> None:
        """Reports that are given to the engines."""
        if self._waiting:
            self._near.take(batch)

    def note(self, alert: Alert) -> None:
        """An alert that the engines gave."""
        self.book.take(alert)
        self._changed = True

    def elements(self, clock_ms: int) -> Iterator[OrbitRecord]:
        """Element sets that are in force from that event time at the latest."""
        while self._elements and self._elements[0].given_ms <= clock_ms:
            yield self._elements.pop(0)

    def sightings(self, clock_ms: int, *, last: bool = False) -> list[SightingRecord]:
        """What is to be told at that event time. ``last``: nothing more will be heard."""
        while self._waiting and (last or self._waiting[0].time_ms + self._within_ms <= clock_ms):
            image = self._waiting.pop(0)
            self.book.add(TakenImage(image=image, fixes=self._near.of(image.id), lengths=dict(self._near.lengths)))
            self._changed = True
        if not self._changed:
            return []
        self._changed = False
        return list(self.book.records(lambda _, newest_ms: max(clock_ms, newest_ms)))


def versions_of(elements: Iterable[ElementSet], sensors: Sequence[Sensor]) -> list[OrbitRecord]:
    """Element sets of several days as versions: each day the newest of each satellite.

    The first version is in force from the beginning, each later one from the day on which a set of it is new.
    """
    versions: list[OrbitRecord] = []
    newest: dict[int, ElementSet] = {}
    day = None
    for one in sorted(elements, key=lambda each: (each.epoch_ms, each.norad_id)):
        one_day = int(one.epoch_ms // DAY_MS)
        if day is not None and one_day != day and one.norad_id in newest:
            versions.append(_version(newest, sensors, len(versions), day))
        newest[one.norad_id], day = one, one_day
    return [*versions, _version(newest, sensors, len(versions), day or 0)] if newest else []


def _version(newest: dict[int, ElementSet], sensors: Sequence[Sensor], number: int, day: int) -> OrbitRecord:
    elements = tuple(newest[key] for key in sorted(newest))
    return OrbitRecord(given_ms=day * DAY_MS if number else 0, elements=elements, sensors=tuple(sensors))
