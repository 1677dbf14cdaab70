"""All images, what was heard around them, and the alerts that they concern: which sightings have to be told.

Everything may come in any order and twice: an image days late, a gap that is found after the image was taken, another
version of an image. What is told is a function of what is known, so in the end it is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from detectors.core.alert import Alert
from detectors.core.sphere import distance_nm
from detectors.core.units import DAY_MS, unix_ms
from detectors.core.vessels.sightings import Sighting, SightingRecord, sightings_in
from streams.errors import InputError, Reason
from streams.imagery.images import Fixes, Image, Silence
from streams.imagery.matching.matching import Outcomes, match
from streams.imagery.places import Place, reachable
from streams.imagery.silences import KnownSilences, may_show

IMAGES_DAYS: Final = 30
"""Images are kept for so long, by their time against the newest."""
IMAGES_MOST: Final = 2000
SIGHTINGS_MOST: Final = 100
"""An alert states the newest of them; one that is open for years would grow for ever."""
_ABSENT: Final = "not_in_image"
_SEEN_IN: Final = frozenset({"watchlist", "port_proximity", "port_call", "long_stay"})
"""Alerts that state where a ship is: an image that shows it there supports them."""
_ABSENT_IN: Final = frozenset({"position_jump", "shared_mmsi", "smooth_track"})
"""Alerts that doubt where a ship is."""
_STAY_NM: Final = 1.5
"""A contact so near the place of a long stay is at that place."""


class TakenImage(msgspec.Struct, frozen=True, kw_only=True):
    """An image with the fixes around it."""

    image: Image
    fixes: Fixes
    lengths: Mapping[int, float]


class _Known(NamedTuple):
    """An alert in its newest revision."""

    alert: Alert
    ended_ms: int | None
    """When it closed: later revisions have later times."""


class ImageBook:
    """See the module."""

    def __init__(self, places: Sequence[Place] = (), matched: Callable[..., Outcomes] = match) -> None:
        self.places, self._match = places, matched
        """Where a silent ship may have called."""
        self._images: dict[str, TakenImage] = {}
        self._found: dict[str, Outcomes] = {}
        """By image; those that are to be matched again are missing."""
        self._shows: dict[int, dict[str, list[tuple[str, Sighting]]]] = {}
        """By vessel and image: the alert concerned ("" for none), and what is shown."""
        self._changed: set[int] = set()
        """Vessels of which something is new."""
        self._withdrawn: dict[str, None] = {}
        self._silences = KnownSilences()
        self._alerts: dict[int, dict[str, _Known]] = {}
        """Newest revisions by vessel."""
        self._told: dict[tuple[int, str], tuple[int, tuple[Sighting, ...]]] = {}
        """What was told last about an alert ("": about absences), and the revision for which it was."""

    # -- what becomes known --------------------------------------------------------------------------------------

    def add(self, taken: TakenImage) -> None:
        """An image, the same again, or another version of it."""
        self._images[taken.image.id] = taken
        self._withdrawn.pop(taken.image.id, None)
        self._found.pop(taken.image.id, None)

    def withdraw(self, image_id: str) -> None:
        """The image was deleted: nothing is to state it any more."""
        self._changed |= self._drop(image_id)
        self._withdrawn[image_id] = None
        while len(self._withdrawn) > IMAGES_MOST:
            del self._withdrawn[next(iter(self._withdrawn))]

    def _drop(self, image_id: str) -> set[int]:
        """Forgets an image; returns the vessels in it."""
        self._images.pop(image_id, None)
        self._found.pop(image_id, None)
        return self._clear(image_id)

    def _clear(self, image_id: str) -> set[int]:
        vessels = {mmsi for mmsi, shown in self._shows.items() if shown.pop(image_id, None) is not None}
        for mmsi in vessels:
            if not self._shows[mmsi]:
                del self._shows[mmsi]
        return vessels

    def take(self, alert: Alert) -> None:
        """A revision of any alert. Raises InputError if its times or what it states of images are not of their form."""
        if alert.mmsi is None:
            return
        if alert.detector not in {"gap", _ABSENT} | _SEEN_IN | _ABSENT_IN:
            return
        _check(alert)
        known = self._alerts.setdefault(alert.mmsi, {})
        former = known.get(alert.id)
        if former is not None and former.alert.revision >= alert.revision:
            return
        ended_ms = None if former is None else former.ended_ms
        if ended_ms is None and alert.status == "closed":
            ended_ms = unix_ms(alert.time)
        known[alert.id] = _Known(alert, ended_ms)
        self._changed.add(alert.mmsi)
        if alert.detector == "gap":
            for silence in self._silences.take(alert):
                self._match_again(silence)

    def _match_again(self, silence: Silence) -> None:
        """A silence is new, or is known better: images in its time may show the vessel, or do so no longer."""
        for taken in self._images.values():
            if may_show(taken.image, silence):
                self._found.pop(taken.image.id, None)

    def _forget(self) -> None:
        """Images that are old against the newest. Only after all are told: that of an old recording is, too."""
        newest_ms = max((each.image.time_ms for each in self._images.values()), default=0)
        by_age = sorted(self._images.values(), key=lambda each: (each.image.time_ms, each.image.id))
        for taken in by_age:
            old = taken.image.time_ms < newest_ms - IMAGES_DAYS * DAY_MS
            if old or len(self._images) > IMAGES_MOST:
                self._drop(taken.image.id)
        before_ms = newest_ms - 2 * IMAGES_DAYS * DAY_MS
        self._silences.forget(before_ms)
        for mmsi, alerts in list(self._alerts.items()):
            kept = {
                key: known for key, known in alerts.items() if known.ended_ms is None or known.ended_ms >= before_ms
            }
            self._alerts[mmsi] = kept
            if not kept:
                del self._alerts[mmsi]

    # -- what it means -------------------------------------------------------------------------------------------

    def outcomes(self, image_id: str) -> Outcomes:
        """What an image shows, by all that is known."""
        found = self._found.get(image_id)
        if found is None:
            taken = self._images[image_id]
            found = self._match(taken.image, taken.fixes, self._silences_at(taken.image.time_ms), lengths=taken.lengths)
            self._found[image_id] = found
            self._changed |= self._clear(image_id)
            for one in found.found:
                self._shows.setdefault(one.mmsi, {}).setdefault(image_id, []).append((one.alert, one.sighting))
                self._changed.add(one.mmsi)
        return found

    def _silences_at(self, time_ms: int) -> list[Silence]:
        return [
            silence._replace(places=reachable(silence, self.places, time_ms)) for silence in self._silences.at(time_ms)
        ]

    def records(self, told_ms: Callable[[Alert | None, int], int]) -> Iterator[SightingRecord]:
        """What is to be told now: alerts that do not state what images show, and vessels that are absent.

        ``told_ms`` gives the event time of a record from its alert and the time of its newest image.
        """
        for image_id in sorted(self._images.keys() - self._found.keys()):
            self.outcomes(image_id)
        changed, self._changed = sorted(self._changed), set()
        for mmsi in changed:
            told = (one for shown in self._shows.get(mmsi, {}).values() for one in shown)
            shows = sorted(told, key=lambda one: (one[1].time_ms, one[1].image))
            for alert_id in sorted(self._alerts.get(mmsi, ())):
                known = self._alerts[mmsi][alert_id]
                if known.alert.detector != _ABSENT and known.alert.status != "retracted":
                    yield from self._about(mmsi, known.alert, _shown_in(known, shows), told_ms)
            yield from self._absences(mmsi, [one for _, one in shows], told_ms)
        self._forget()

    def _about(
        self, mmsi: int, alert: Alert, sightings: tuple[Sighting, ...], told_ms: Callable[[Alert | None, int], int]
    ) -> Iterator[SightingRecord]:
        sightings = self._with_former(alert, sightings)[-SIGHTINGS_MOST:]
        said = self._told.get((mmsi, alert.id))
        if sightings == sightings_in(alert) or said == (alert.revision, sightings):
            return
        self._told[mmsi, alert.id] = alert.revision, sightings
        newest_ms = max((one.time_ms for one in sightings), default=0)
        yield SightingRecord(mmsi=mmsi, told_ms=told_ms(alert, newest_ms), sightings=sightings, alert=alert)

    def _with_former(self, alert: Alert | None, shows: Sequence[Sighting]) -> tuple[Sighting, ...]:
        """What an alert states of images that are no longer kept here stays."""
        stated = sightings_in(alert) if alert is not None else ()
        former = [one for one in stated if one.image not in self._images and one.image not in self._withdrawn]
        return tuple(sorted((*former, *shows), key=lambda one: (one.time_ms, one.image)))

    def _absences(
        self, mmsi: int, shows: Sequence[Sighting], told_ms: Callable[[Alert | None, int], int]
    ) -> Iterator[SightingRecord]:
        """What is after the last image that shows it, and that image."""
        seen = [one for one in shows if one.outcome == "seen"][-1:]
        since_ms = seen[0].time_ms if seen else 0
        absent = tuple(one for one in shows if one.outcome == "absent" and one.time_ms > since_ms)
        alerts = [known.alert for known in self._alerts.get(mmsi, {}).values() if known.alert.detector == _ABSENT]
        present = next((a for a in alerts if a.status in {"opened", "updated"}), None)
        stated = sightings_in(present) if present is not None else ()
        absent = tuple(one for one in self._with_former(present, absent) if one.time_ms > since_ms)[-SIGHTINGS_MOST:]
        said = self._told.get((mmsi, ""))
        if absent == stated or (said is not None and said == (len(alerts), absent)):
            return
        self._told[mmsi, ""] = len(alerts), absent
        newest_ms = max((one.time_ms for one in (*seen, *absent)), default=0)
        yield SightingRecord(mmsi=mmsi, told_ms=told_ms(present, newest_ms), sightings=(*seen, *absent))


def _check(alert: Alert) -> None:
    try:
        SightingRecord(mmsi=alert.mmsi or 0, told_ms=0, sightings=sightings_in(alert), alert=alert)
        unix_ms(alert.episode_start)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise InputError(Reason.RECORD_UNREADABLE, f"alert {alert.id[:32]}: {error}") from error


def _shown_in(known: _Known, shows: Sequence[tuple[str, Sighting]]) -> tuple[Sighting, ...]:
    """What concerns an alert, of all that images show of its vessel."""
    alert = known.alert
    if alert.detector == "gap":
        return tuple(one for about, one in shows if about == alert.id)
    from_ms = unix_ms(alert.episode_start)
    within = [
        one for _, one in shows if from_ms <= one.time_ms and not (known.ended_ms and one.time_ms > known.ended_ms)
    ]
    kind = "absent" if alert.detector in _ABSENT_IN else "seen"
    found = [one for one in within if one.outcome == kind]
    if alert.detector == "long_stay":
        found += [one for one in within if one.outcome == "possible" and _is_there(alert, one)]
    unique = {one.image: one for one in found}
    return tuple(sorted(unique.values(), key=lambda one: (one.time_ms, one.image)))


def _is_there(alert: Alert, sighting: Sighting) -> bool:
    place = alert.position
    if place is None:
        return False
    return distance_nm(place.lat_deg, place.lon_deg, sighting.lat_deg, sighting.lon_deg) <= _STAY_NM
