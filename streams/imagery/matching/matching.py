"""``match``: an image's contacts, vessels with AIS, and silent vessels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from detectors.core.units import KM_NM
from detectors.core.vessels.sightings import Sighting
from streams.imagery.images import Fixes, Image, Silence
from streams.imagery.matching.absent import absent_at, agrees
from streams.imagery.matching.association import Pairs, chances, one_to_one
from streams.imagery.matching.contacts import Contacts, contacts_of, density_per_km2, lengths_of
from streams.imagery.matching.expected import Expected, expected
from streams.imagery.matching.likelihood import heading_ratio, length_ratio, place_per_km2
from streams.imagery.matching.outline import Outline
from streams.imagery.matching.plane import KN_KM_S, Bools, Floats, Ints, apart_km, chord, degrees, moved, offsets_km
from streams.imagery.matching.radar_shift import Shift, shift_of
from streams.imagery.matching.rules import MatchRules, for_image, found_chance, length_least_m
from streams.imagery.matching.silent import possible, silent_at

_CANDIDATES_MOST: Final = 24
"""The nearest contacts of a vessel that are considered: with more in its gate none of them is certain."""
_STEERS_KM_S: Final = 3 * KN_KM_S
"""Above this a ship's heading is near its course."""
_PLACE_DIGITS: Final = 5
_SCORE_DIGITS: Final = 3
_DISTANCE_DIGITS: Final = 2


class Outcome(NamedTuple):
    """What an image shows of one vessel."""

    mmsi: int
    alert: str
    """The alert of its silence; "" for a vessel with AIS."""
    sighting: Sighting


class Outcomes(NamedTuple):
    """What an image shows."""

    found: tuple[Outcome, ...]
    """By MMSI, alert and kind."""
    unmatched: tuple[str, ...]
    """Identities of contacts that no vessel with AIS explains, by place; some may be possible silent vessels."""
    expected: int
    """Vessels with AIS that must be in the image and are long enough to be seen."""
    agrees: bool
    """False where most of them are not in it: then its time or its place is wrong, and nothing is reported."""


class _Tracked(NamedTuple):
    """Vessels with AIS as the image should show them. Arrays of shape (n,), ``shown_at`` of (n, 3)."""

    at: Expected
    shift: Shift
    shown_at: Floats
    length_m: Floats
    found: Floats
    """Chance to be among the contacts, if it is in the image."""


def match(
    image: Image,
    fixes: Fixes,
    silences: Sequence[Silence],
    rules: MatchRules | None = None,
    lengths: Mapping[int, float] | None = None,
) -> Outcomes:
    """Matches an image with the vessels of ``fixes`` and of ``silences``, one to one; ``lengths``: metres by MMSI.

    Fixes are needed from ``rules.interpolate_most_s`` before the image to as long after it. A vessel in a silence that
    includes the image's time is not placed by its fixes. The order of contacts, fixes and silences changes nothing.
    """
    rules = for_image(rules or MatchRules(), image)
    silent = np.array([*silent_at(silences, image.time_ms)], np.int64)
    heard = ~np.isin(fixes.mmsi, silent)
    found, unplaced = expected(fixes.rows(heard), image.time_ms, rules)
    vessels = _tracked(image, found, lengths or {})
    outline = Outline(image)
    corners = outline.few_corners()
    contacts = contacts_of(image)
    pairs = _pairs(contacts, vessels, rules)
    missed = np.where(outline.shows(found.places), 1 - vessels.found, 1.0)
    chance = chances(pairs, missed, len(contacts.found))
    seen = np.asarray(np.bincount(pairs.vessel, chance, len(found.mmsi)), np.float64)
    must = absent_at(
        image, outline, found, shown_at=vessels.shown_at, shift=vessels.shift, length_m=vessels.length_m, rules=rules
    )
    free = np.bincount(pairs.contact, chance, len(contacts.found)) < rules.explained_least
    unmatched = tuple(contacts.found[at].id for at in np.flatnonzero(free))
    if not agrees(must.certain, seen, np.hypot(found.east_km_s, found.north_km_s), rules):
        return Outcomes((), unmatched, int(must.certain.sum()), agrees=False)
    telling = _Telling(image, corners, contacts)
    told = telling.seen(vessels, pairs, chance, one_to_one(pairs, chance, rules.seen_least))
    if image.outlined:
        told += telling.absent(found, must.scores(contacts, vessels.shown_at, seen, vessels.found, rules))
    for each in possible(contacts, free, silences, unplaced, outline=outline, time_ms=image.time_ms, rules=rules):
        score = round(min(each.chance, rules.possible_most), _SCORE_DIGITS)
        told.append(
            Outcome(
                each.silence.mmsi, each.silence.alert, telling.contact("possible", each.contact, score, each.others)
            )
        )
    told.sort(key=lambda each: (each.mmsi, each.alert, each.sighting.outcome))
    return Outcomes(tuple(told), unmatched, int(must.certain.sum()), agrees=True)


def _tracked(image: Image, found: Expected, lengths: Mapping[int, float]) -> _Tracked:
    shift = shift_of(image, found.east_km_s, found.north_km_s)
    known = [lengths.get(mmsi) for mmsi in found.mmsi.tolist()]
    least_m = length_least_m(image)
    return _Tracked(
        found,
        shift,
        moved(found.places, shift.east_km, shift.north_km),
        np.array([math.nan if length is None or not length > 0 else length for length in known], np.float64),
        np.array([found_chance(length, least_m) for length in known], np.float64),
    )


def _pairs(contacts: Contacts, vessels: _Tracked, rules: MatchRules) -> Pairs:
    """Vessels and the contacts within their gates, weighed."""
    vessel, contact = _near(contacts, vessels, rules)
    east, north = offsets_km(vessels.shown_at[vessel], contacts.places[contact])
    track = math.radians(vessels.shift.track_deg)
    along = east * math.sin(track) + north * math.cos(track)
    across = east * math.cos(track) - north * math.sin(track)
    error = np.hypot(vessels.at.error_km, vessels.shift.error_km)[vessel]
    along_error = np.hypot(error, vessels.shift.along_error_km[vessel])
    inside = (along / along_error) ** 2 + (across / error) ** 2 <= rules.gate_sigmas**2
    density = density_per_km2(contacts.places, contacts.tree, rules.neighbourhood_km)
    by_chance = np.maximum(density, rules.chance_per_km2)
    course = np.degrees(np.arctan2(vessels.at.east_km_s, vessels.at.north_km_s))
    course[np.hypot(vessels.at.east_km_s, vessels.at.north_km_s) < _STEERS_KM_S] = np.nan
    weight = (
        vessels.found[vessel]
        * place_per_km2(along, across, along_error, error)
        * length_ratio(contacts.length_m[contact], vessels.length_m[vessel], lengths_of(contacts.length_m))
        * heading_ratio(contacts.heading_deg[contact], course[vessel])
        / by_chance[contact]
    )
    return Pairs(vessel[inside], contact[inside], weight[inside])


def _near(contacts: Contacts, vessels: _Tracked, rules: MatchRules) -> tuple[Ints, Ints]:
    """Pairs that are near enough to be weighed, by vessel and then contact."""
    count = min(_CANDIDATES_MOST, len(contacts.found))
    if not count or not len(vessels.shown_at):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    _, near = contacts.tree.query(
        vessels.shown_at, k=range(1, count + 1), distance_upper_bound=float(chord(rules.gate_most_km))
    )
    vessel, rank = np.nonzero(near < len(contacts.found))
    contact = near[vessel, rank].astype(np.int64)
    order = np.lexsort((contact, vessel))
    return vessel[order].astype(np.int64), contact[order]


class _Telling:
    """Makes sightings of places in the columns."""

    def __init__(self, image: Image, corners: tuple[tuple[float, float], ...], contacts: Contacts) -> None:
        self._image, self._corners, self._contacts = image, corners, contacts

    def seen(self, vessels: _Tracked, pairs: Pairs, chance: Floats, chosen: Bools) -> list[Outcome]:
        """Vessels that are where AIS says."""
        told = []
        for pair in np.flatnonzero(chosen).tolist():
            vessel, contact = pairs.vessel[pair], int(pairs.contact[pair])
            away_km = float(apart_km(vessels.shown_at[vessel], self._contacts.places[contact]))
            score = round(float(chance[pair]), _SCORE_DIGITS)
            sighting = self.contact("seen", contact, score, distance_nm=round(away_km * KM_NM, _DISTANCE_DIGITS))
            told.append(Outcome(int(vessels.at.mmsi[vessel]), "", sighting))
        return told

    def absent(self, found: Expected, scores: Floats) -> list[Outcome]:
        """Vessels that are not; ``scores`` are NaN for the others."""
        told = []
        lat, lon = degrees(found.places)
        for vessel in np.flatnonzero(np.isfinite(scores)).tolist():
            sighting = Sighting(
                image=self._image.id,
                sensor=self._image.sensor,
                time_ms=self._image.time_ms,
                outcome="absent",
                score=round(float(scores[vessel]), _SCORE_DIGITS),
                lat_deg=round(float(lat[vessel]), _PLACE_DIGITS),
                lon_deg=round(float(lon[vessel]), _PLACE_DIGITS),
                footprint=self._corners,
            )
            told.append(Outcome(int(found.mmsi[vessel]), "", sighting))
        return told

    def contact(
        self, outcome: str, contact: int, score: float, others: int = 0, distance_nm: float | None = None
    ) -> Sighting:
        """A sighting of a contact."""
        found = self._contacts.found[contact]
        return Sighting(
            image=self._image.id,
            sensor=self._image.sensor,
            time_ms=self._image.time_ms,
            outcome="seen" if outcome == "seen" else "possible",
            score=score,
            lat_deg=found.lat_deg,
            lon_deg=found.lon_deg,
            contact=found.id,
            length_m=found.length_m,
            distance_nm=distance_nm,
            others=others,
            footprint=self._corners,
        )
