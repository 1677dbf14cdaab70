"""Which unexplained contacts could be silent vessels, and with what chance.

A silent vessel is somewhere within its reach: a circle around its last report that grows with its greatest speed, and
when it was heard again, also one around its next report that shrinks. Half of the chance is for places of interest in
it (zones, and where it was at rest), by their weights; the rest is for the whole reach. A contact in it competes with

- chance: contacts that are no vessel we know of, at the density of unexplained ones around it and in the image;
- the other contacts within reach, and that the vessel is in the image's dark corners, in a port, or outside of it;
- the other silent vessels that could be it, and vessels with AIS that were heard too long before to be placed.

So a small reach with one contact says much, and a reach of 100,000 km2 with 30 contacts says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from detectors.core.units import KM_NM
from streams.imagery.images import LikelyPlace, Silence
from streams.imagery.matching.association import Pairs, chances, one_to_one
from streams.imagery.matching.contacts import Contacts, density_per_km2, lengths_of
from streams.imagery.matching.expected import Unplaced
from streams.imagery.matching.likelihood import SHORTEST_M, length_ratio
from streams.imagery.matching.outline import Outline
from streams.imagery.matching.plane import EARTH_KM, KN_KM_S, Bools, Floats, Ints, axes, cap_km2, vectors
from streams.imagery.matching.rules import MatchRules

_SAMPLES: Final = 600
"""Places spread over a reach, by which its area and its part in the image are measured to some per cent."""
_MARGIN_KM: Final = 0.5
"""Of a reach, for the errors of the fix, of the image's time and of the radar's shift."""
_CONTACTS_MOST: Final = 200
"""A reach with more contacts gives none of them a chance worth telling; it only counts against other vessels."""
_AROUND_KM: Final = 20.0
_MISSED_LEAST: Final = 0.05
_DOUBTFUL: Final = 0.05
"""Least confidence in a contact; and a length that makes a vessel this many times less likely rules it out."""
_NO_ROW: Final = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
_NO_PLACE: Final = np.zeros((0, 3))
_TURN: Final = math.pi * (3 - math.sqrt(5))


class Possible(NamedTuple):
    """A contact that could be a silent vessel."""

    silence: Silence
    contact: int
    """Its place in ``Contacts``."""
    chance: float
    others: int
    """Other silent vessels that could be it."""


class _Reach(NamedTuple):
    """Circles of which a vessel is in all: their middles (k, 3) and radii in km."""

    middles: Floats
    radii_km: Floats
    length_m: float
    places: Floats
    """Middles (m, 3) of the places of interest in it."""
    place_km: Floats
    """... their radii,"""
    weights: Floats
    """... and the share of each in the chance to be at one of them."""
    at_places: float
    """Chance to be at one of them."""

    def per_km2(self, places: Floats, area_km2: float) -> Floats:
        """The chance per km2 to be at each of ``places`` (n, 3), which are in it; ``area_km2``: its own area."""
        spread = np.full(len(places), (1 - self.at_places) / area_km2)
        if not len(self.places):
            return spread
        at = places @ self.places.T >= np.cos(self.place_km / EARTH_KM)
        each = self.at_places * self.weights / np.array([cap_km2(km) for km in self.place_km.tolist()])
        return np.asarray(spread + at @ each)

    def shown(self, outline: Outline, share: float) -> float:
        """The chance that it is in the image; ``share``: of its reach that the image shows."""
        if not len(self.places):
            return share
        return (1 - self.at_places) * share + self.at_places * float(self.weights @ outline.shows(self.places))

    def holds(self, places: Floats) -> Bools:
        """Which places (n, 3) are in it."""
        least = np.cos(np.minimum(self.radii_km / EARTH_KM, math.pi))
        return np.asarray(np.all(places @ self.middles.T >= least, axis=1))


def possible(
    contacts: Contacts,
    free: Bools,
    silences: Sequence[Silence],
    unplaced: Unplaced,
    *,
    outline: Outline,
    time_ms: int,
    rules: MatchRules,
) -> list[Possible]:
    """What silent vessels could be, at most one contact each, by MMSI and alert. ``free``: contacts not explained."""
    told = silent_at(silences, time_ms)
    named = [told[mmsi][-1] for mmsi in sorted(told)]
    at = np.flatnonzero(free)
    if not named or not len(at):
        return []
    reaches = [*(_reach_of(silence, time_ms, rules) for silence in named), *_others(unplaced)]
    pairs, missed, others = _pairs(contacts, at, reaches, named=len(named), outline=outline, rules=rules)
    chance = chances(pairs, missed, len(at))
    chosen = one_to_one(pairs, chance, rules.possible_least)
    found = []
    for pair in np.flatnonzero(chosen & (pairs.vessel < len(named))).tolist():
        contact = int(pairs.contact[pair])
        result = int(at[contact]), float(chance[pair]), int(others[contact]) - 1
        found += [Possible(silence, *result) for silence in told[named[pairs.vessel[pair]].mmsi]]
    return found


def silent_at(silences: Sequence[Silence], time_ms: int) -> dict[int, list[Silence]]:
    """Silences that include the time, by vessel; the last of each has the latest report."""
    found: dict[int, list[Silence]] = {}
    for silence in sorted(silences, key=_order):
        heard_before = silence.to_ms is not None and silence.to_ms < time_ms
        if silence.from_ms <= time_ms and not heard_before and silence.v_max_kn > 0:
            found.setdefault(silence.mmsi, []).append(silence)
    return found


def _order(silence: Silence) -> tuple[float | str | tuple[LikelyPlace, ...], ...]:
    return tuple(math.inf if value is None else value for value in (*silence[1:3], *silence[3:], silence.alert))


def _reach_of(silence: Silence, time_ms: int, rules: MatchRules) -> _Reach:
    ends = [(silence.lat_deg, silence.lon_deg, time_ms - silence.from_ms)]
    if silence.to_ms is not None and silence.to_lat_deg is not None and silence.to_lon_deg is not None:
        ends.append((silence.to_lat_deg, silence.to_lon_deg, silence.to_ms - time_ms))
    lat, lon, away_ms = np.array(ends, np.float64).T
    radii_km = _MARGIN_KM + silence.v_max_kn * KN_KM_S * away_ms / 1000
    places = np.array(sorted(silence.places), np.float64).reshape(-1, 4)
    return _Reach(
        vectors(lat, lon),
        radii_km,
        silence.length_m if silence.length_m is not None and silence.length_m >= SHORTEST_M else math.nan,
        vectors(places[:, 0], places[:, 1]),
        np.maximum(places[:, 2] / KM_NM, _MARGIN_KM),
        places[:, 3] / max(places[:, 3].sum(), 1e-9),
        rules.at_places if len(places) else 0.0,
    )


def _others(unplaced: Unplaced) -> Iterator[_Reach]:
    for place, reach_km in zip(unplaced.places, unplaced.reach_km.tolist(), strict=True):
        yield _Reach(
            place[None], np.array([_MARGIN_KM + reach_km]), math.nan, _NO_PLACE, _NO_PLACE[:, 0], _NO_PLACE[:, 0], 0.0
        )


def _pairs(
    contacts: Contacts, at: Ints, reaches: Sequence[_Reach], *, named: int, outline: Outline, rules: MatchRules
) -> tuple[Pairs, Floats, Ints]:
    """Pairs of vessels and free contacts, the weight of each vessel's being none, and silent vessels by contact."""
    places, length_m = contacts.places[at], contacts.length_m[at]
    common = lengths_of(length_m)
    by_chance = _chance_per_km2(places, outline, rules)
    others = np.zeros(len(at), np.int64)
    missed = np.ones(len(reaches))
    rows: list[tuple[Ints, Ints, Floats]] = []
    for row, reach in enumerate(reaches):
        held = np.flatnonzero(reach.holds(places))
        if not len(held):
            continue
        ratio = length_ratio(length_m[held], np.full(len(held), reach.length_m), common)
        may = ~(np.abs(np.log(length_m[held] / reach.length_m)) > math.log(rules.length_factor_most))
        held, ratio = held[may], ratio[may]
        others[held] += (ratio >= _DOUBTFUL) * (row < named)
        area_km2, share = _extent(reach, outline)
        weight = rules.silent_found * ratio * reach.per_km2(places[held], area_km2)
        if len(held) > _CONTACTS_MOST:
            by_chance[held] += weight
            continue
        missed[row] = max(1 - rules.silent_found * reach.shown(outline, share), _MISSED_LEAST)
        rows.append((np.full(len(held), row), held, weight))
    vessel, contact, weight = (np.concatenate(part) for part in zip(_NO_ROW, *rows, strict=True))
    sure = np.nan_to_num(np.maximum(contacts.confidence[at], _DOUBTFUL), nan=1.0)
    return Pairs(vessel, contact, weight * (sure / by_chance)[contact]), missed, others


def _chance_per_km2(places: Floats, outline: Outline, rules: MatchRules) -> Floats:
    from scipy.spatial import cKDTree

    around = density_per_km2(places, cKDTree(places), _AROUND_KM)
    everywhere = (len(places) - 1) / max(outline.area_km2, 1.0)
    return np.maximum(around, max(everywhere, rules.chance_per_km2))


def _extent(reach: _Reach, outline: Outline) -> tuple[float, float]:
    """The area of a reach, km2, and the share of it that the image shows."""
    small = int(np.argmin(reach.radii_km))
    radius_km = float(reach.radii_km[small])
    spread = _spread(reach.middles[small], radius_km)
    inside = spread[reach.holds(spread)] if len(reach.radii_km) > 1 else spread
    area_km2 = cap_km2(radius_km) * max(len(inside), 1) / _SAMPLES
    return area_km2, float(np.mean(outline.shows(inside))) if len(inside) else 1.0


def _spread(middle: Floats, radius_km: float) -> Floats:
    """Places spread evenly over a circle, (n, 3)."""
    number = np.arange(_SAMPLES)
    height = 1 - (1 - math.cos(min(radius_km / EARTH_KM, math.pi))) * (number + 0.5) / _SAMPLES
    side = np.sqrt(np.maximum(1 - height**2, 0.0))
    (east,), (north,) = axes(middle[None])
    angle = number * _TURN
    around = np.cos(angle)[:, None] * east + np.sin(angle)[:, None] * north
    return np.asarray(middle * height[:, None] + around * side[:, None])
