"""Where vessels with AIS are expected at the time of an image, and how sure that is.

Between two fixes a vessel is on the line between them, or on the curve that also has both of its reported velocities
where the fixes are near enough in time for these to say something. The curve against the line shows a turn: half of the
distance between the two counts as an error. Otherwise the error grows with speed and with the time to the nearest fix.
With fixes on one side only, it is ahead of the last, or behind the next, on its reported course.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from streams.imagery.images import Fixes
from streams.imagery.matching.plane import KN_KM_S, Bools, Floats, Ints, moved, offsets_km, vectors
from streams.imagery.matching.rules import MatchRules

_CURVE_MOST_S: Final = 1800.0
"""Between fixes farther apart than this, reported velocities say nothing about the middle."""
_BEND_MOST: Final = 0.4
"""A curve that leaves the line by a larger share of the way rests on a wrong velocity."""
_DISAGREES_S: Final = 600.0
"""Between fixes nearer in time than this, velocities and places must agree."""
_BETWEEN_ERROR: Final = 0.1
"""Error of a place between fixes, as a share of the way to the nearer one."""
_AHEAD_ERROR: Final = 0.2
_DRIFT_KM_S: Final = 0.0002
"""A vessel that lies still swings, drifts or gets under way."""
_UNKNOWN_KM_S: Final = 0.004
"""Error of the speed of a vessel that reports none."""
_SHIFTED_S: Final = 70.0
"""How far a radar shifts ships, in the time that they would take for it."""
_IMPOSSIBLE_KM_S: Final = 60 * KN_KM_S
_JUMP_KM: Final = 1.0
"""Two fixes within this are never a jump, however near in time."""
_VESSELS: Final = (200_000_000, 800_000_000)
"""MMSIs of ships; others are stations, aircraft and marks, which may explain a contact and are never absent."""
_OTHER_KM_S: Final = 12 * KN_KM_S
"""The least speed assumed of a vessel that is not placed."""


class Expected(NamedTuple):
    """Vessels at the image's time, by MMSI. Arrays of shape (n,), ``places`` of (n, 3)."""

    mmsi: Ints
    places: Floats
    east_km_s: Floats
    north_km_s: Floats
    error_km: Floats
    """Standard error in each direction, without the radar's shift."""
    dependable: Bools
    """False where its fixes contradict each other or are too few, or it is no ship: then it cannot be absent."""


class Unplaced(NamedTuple):
    """Vessels heard near the image's time, but too long before or after to be placed; they may explain contacts."""

    places: Floats
    reach_km: Floats


class _Fix(NamedTuple):
    """One fix of each vessel, on one side of the image's time. NaN in all where there is none."""

    time_s: Floats
    places: Floats
    east_km_s: Floats
    north_km_s: Floats


def expected(fixes: Fixes, time_ms: int, rules: MatchRules) -> tuple[Expected, Unplaced]:
    """The vessels of ``fixes``, which may come in any order, at ``time_ms``."""
    fixes = _usable(fixes)
    if not len(fixes.mmsi):
        return _none()
    mmsi, before, after = _around(fixes, time_ms)
    spans_s = after.time_s - before.time_s
    east, north = offsets_km(before.places, after.places)
    way_km = np.hypot(east, north)
    both = np.isfinite(spans_s) & (spans_s <= rules.interpolate_most_s)
    jumped = both & (way_km > _JUMP_KM) & (way_km > _IMPOSSIBLE_KM_S * spans_s)
    between = _between(before, after, east, north, rules)
    ahead = _ahead(before, after, rules)
    near_s = np.fmin(-before.time_s, after.time_s)
    inside = both & ~jumped
    single = ~inside & (near_s <= rules.dead_reckon_most_s)
    placed = inside | single
    alone = single & (near_s > rules.absent_single_most_s)
    ships = (mmsi >= _VESSELS[0]) & (mmsi < _VESSELS[1])
    columns = [np.where(inside[:, None] if a.ndim > 1 else inside, a, b) for a, b in zip(between, ahead, strict=True)]
    places, east_km_s, north_km_s, error_km = (column[placed] for column in columns)
    found = Expected(mmsi[placed], places, east_km_s, north_km_s, error_km, (ships & ~jumped & ~alone)[placed])
    return found, _unplaced(before, after, ~placed)


def _none() -> tuple[Expected, Unplaced]:
    empty, nowhere = np.zeros(0), np.zeros((0, 3))
    nothing = Expected(np.zeros(0, np.int64), nowhere, empty, empty, empty, np.zeros(0, bool))
    return nothing, Unplaced(nowhere, empty)


def _usable(fixes: Fixes) -> Fixes:
    """Fixes with a position, ordered by vessel and time and then by everything else, so that equal times are too."""
    good = np.isfinite(fixes.lat_deg) & np.isfinite(fixes.lon_deg) & (np.abs(fixes.lat_deg) <= 90)  # noqa: PLR2004
    kept = fixes.rows(good)
    return kept.rows(np.lexsort(kept[::-1]))


def _around(fixes: Fixes, time_ms: int) -> tuple[Ints, _Fix, _Fix]:
    """Each MMSI, its last fix until the time, and its first one after it; times relative to it, s."""
    mmsi, starts, counts = np.unique(fixes.mmsi, return_index=True, return_counts=True)
    early = np.add.reduceat((fixes.time_ms <= time_ms).astype(np.int64), starts)
    places = vectors(fixes.lat_deg, fixes.lon_deg)
    speed, course = fixes.sog_kn * KN_KM_S, np.radians(fixes.cog_deg)
    still = fixes.sog_kn < 0.5  # noqa: PLR2004 - without a course a ship at anchor has a velocity all the same
    east = np.where(still, 0.0, speed * np.sin(course))
    north = np.where(still, 0.0, speed * np.cos(course))
    times_s = (fixes.time_ms - time_ms) / 1000.0

    def side(at: Ints, there: Bools) -> _Fix:
        at = np.where(there, at, 0)
        gone = np.where(there, 0.0, np.nan)
        return _Fix(times_s[at] + gone, places[at] + gone[:, None], east[at] + gone, north[at] + gone)

    return mmsi, side(starts + early - 1, early > 0), side(starts + early, early < counts)


def _between(before: _Fix, after: _Fix, east: Floats, north: Floats, rules: MatchRules) -> tuple[Floats, ...]:
    """Places, velocities east and north, and errors, between two fixes that are ``east`` and ``north`` km apart."""
    span = np.maximum(after.time_s - before.time_s, 1e-3)
    u = -before.time_s / span
    near = span <= np.minimum(_CURVE_MOST_S, rules.interpolate_most_s)
    pace = np.stack([east, north]) / span
    # The cubic through both places with both velocities, as its difference from the line.
    first = np.stack([before.east_km_s, before.north_km_s]) - pace
    last = np.stack([after.east_km_s, after.north_km_s]) - pace
    bend = u * (1 - u) * span * ((1 - u) * first - u * last)
    slope = (1 - u) * (1 - 3 * u) * first + u * (3 * u - 2) * last
    way, turn = np.hypot(east, north), np.hypot(*bend)
    near = span <= np.minimum(_CURVE_MOST_S, rules.interpolate_most_s)
    curved = near & (turn <= _BEND_MOST * way + rules.place_error_km)  # never of velocities that are not known
    x, y = u * np.stack([east, north]) + np.where(curved, bend, 0.0)
    x_pace, y_pace = pace + np.where(curved, slope, 0.0)
    turn = np.minimum(np.nan_to_num(turn), np.maximum(way, rules.place_error_km))
    away_s = 2 * span * u * (1 - u)  # about the time to the nearer fix; 0 at both
    speed = np.maximum(way / span, np.hypot(x_pace, y_pace))
    error = np.sqrt(
        rules.place_error_km**2
        + (_BETWEEN_ERROR * speed * away_s) ** 2
        + (_DRIFT_KM_S * away_s) ** 2
        + (turn / 2) ** 2
        + (_disagreement_km(before, after, east, north) / 2) ** 2
        + (speed * rules.image_time_s) ** 2
    )
    return moved(before.places, x, y), x_pace, y_pace, error


def _disagreement_km(before: _Fix, after: _Fix, east: Floats, north: Floats) -> Floats:
    """How far the way between two fixes is from what both reported velocities give; 0 where these are not known.

    A turn explains it between fixes that are far apart in time, a wrong time of one of them anywhere: receivers stamp
    some reports a minute late.
    """
    span = np.maximum(after.time_s - before.time_s, 1e-3)
    east_km = east - span * (before.east_km_s + after.east_km_s) / 2
    north_km = north - span * (before.north_km_s + after.north_km_s) / 2
    return np.asarray(np.nan_to_num(np.hypot(east_km, north_km)) * np.minimum(1.0, _DISAGREES_S / span))


def _ahead(before: _Fix, after: _Fix, rules: MatchRules) -> tuple[Floats, ...]:
    """Places, velocities and errors by the nearer fix alone."""
    last = _last_is_nearer(before, after)
    away = np.where(last, before.time_s, after.time_s)
    places = np.where(last[:, None], before.places, after.places)
    east = np.where(last, before.east_km_s, after.east_km_s)
    north = np.where(last, before.north_km_s, after.north_km_s)
    known = np.isfinite(east + north)
    east, north = (np.where(known, part, 0.0) for part in (east, north))
    rate = np.where(known, np.hypot(_AHEAD_ERROR * np.hypot(east, north), _DRIFT_KM_S), _UNKNOWN_KM_S)
    # A radar shows a ship of unknown speed somewhere else even at the time of its fix.
    away_s = np.abs(away) + np.where(known, 0.0, _SHIFTED_S)
    error = np.hypot(away_s * rate, rules.place_error_km)
    return moved(places, -east * away, -north * away), east, north, error


def _last_is_nearer(before: _Fix, after: _Fix) -> Bools:
    """Whether the last fix before the image is nearer to it in time than the next one, or the only one."""
    return ~(np.isnan(before.time_s) | (after.time_s < -before.time_s))


def _unplaced(before: _Fix, after: _Fix, wanted: Bools) -> Unplaced:
    last = _last_is_nearer(before, after)[wanted]
    places = np.where(last[:, None], before.places[wanted], after.places[wanted])
    away = np.abs(np.where(last, before.time_s[wanted], after.time_s[wanted]))
    speed = np.where(last, *(np.hypot(side.east_km_s, side.north_km_s)[wanted] for side in (before, after)))
    return Unplaced(places, away * np.fmax(1.2 * speed, _OTHER_KM_S))
