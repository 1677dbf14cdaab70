"""The other tracks under a vessel's MMSI: fixes that are not of its own track, as far as they make tracks of their own.

Two are kept per vessel, 34 bytes in its columns. One of one or two fixes is a stray. Two ships that use one number take
turns: ``turns`` counts how often a fix of the other track followed one of the vessel's own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import IntEnum
from typing import Final, NamedTuple, Self

from detectors.core.sphere import bearing_deg, distance_nm
from detectors.core.units import HOUR_MS, MINUTE_MS, MS
from detectors.core.vessels.columns import OTHERS_KEPT, Columns

_COUNT_MOST: Final = 255
_MINUTES_KEPT: Final = 0xFFFF
_TURNS_SHARED: Final = 5
_WAY_KN: Final = 3.0
_SLACK_NM: Final = 0.5
_REPEATED_H: Final = 0.75
_ASTERN_DEG: Final = 30.0
_DEGREE_NM: Final = 60.0
_POLE: Final = 0.01
_NM_DIGITS: Final = 3


class TrackFix(NamedTuple):
    """A place and its time."""

    lat_deg: float
    lon_deg: float
    time_ms: int


class OtherTrack(NamedTuple):
    """A track that is not the vessel's own."""

    fix: TrackFix
    """The last one."""
    since_min: int
    """When it began, Unix minutes; 16 bits of it are kept."""
    fixes: int
    """Their number; both counts end at 255."""
    turns: int
    """How often one of them came directly after one of the vessel's own track."""

    behind: int
    """How many of them may be the vessel's own old positions, sent again."""

    def continued(self, fix: TrackFix, *, after_own: bool, behind: bool) -> Self:
        """With one more fix; ``after_own``: the fix before was of the vessel's own track."""
        if self.fixes == _COUNT_MOST:
            return self._replace(fix=fix)
        return self._replace(fix=fix, fixes=self.fixes + 1, turns=self.turns + after_own, behind=self.behind + behind)

    @property
    def is_repeated(self) -> bool:
        """Whether most of them may be the vessel's own old positions."""
        return 2 * self.behind > self.fixes

    def may_repeat(self, way: OnItsWay) -> bool:
        """Whether the next fix, which is so far on the vessel's way, may be an old position of the vessel.

        Once several lay behind it, near is enough: it may have turned since.
        """
        return way == OnItsWay.BEHIND or (way == OnItsWay.NEAR and self.fixes > 1 and self.is_repeated)

    def is_last(self, time_ms: int) -> bool:
        """Whether a fix of this time is its last one; the time of that is kept in whole seconds."""
        return self.fix.time_ms // MS == time_ms // MS

    @property
    def takes_turns(self) -> bool:
        """Whether it and the vessel's own have alternated, as the tracks of two ships under one number do."""
        return self.turns >= _TURNS_SHARED

    @property
    def span_ms(self) -> int:
        """From its beginning to its last fix."""
        return self.fix.time_ms - self.since_min * MINUTE_MS


def begun(fix: TrackFix, *, behind: bool) -> OtherTrack:
    """A track of one fix."""
    return OtherTrack(fix, fix.time_ms // MINUTE_MS, 1, 1, int(behind))


def reckoned(last: TrackFix, sog_kn: float, cog_deg: float, time_ms: int) -> tuple[float, float]:
    """Where a vessel would be (lat_deg, lon_deg) at a time if it kept its course and speed; for an hour at most.

    After that, and if course or speed is not known (NaN), it is the last place.
    """
    hours = (time_ms - last.time_ms) / HOUR_MS
    if not (sog_kn >= 0 and cog_deg >= 0 and abs(hours) <= 1):
        return last[:2]
    north_deg = sog_kn * hours * math.cos(math.radians(cog_deg)) / _DEGREE_NM
    east_deg = sog_kn * hours * math.sin(math.radians(cog_deg)) / _DEGREE_NM
    return last.lat_deg + north_deg, last.lon_deg + east_deg / max(math.cos(math.radians(last.lat_deg)), _POLE)


class OnItsWay(IntEnum):
    """Whether a vessel may have been at a place in the last 45 min, by its speed and course."""

    NO = 0
    NEAR = 1
    """It is not too far; turns are not known."""
    BEHIND = 2
    """... and it has just come from there."""


def on_its_way(last: TrackFix, sog_kn: float, cog_deg: float, fix: TrackFix) -> OnItsWay:
    """Whether a vessel that was at ``last`` within 45 min was at the place of ``fix`` in the 45 min before.

    The sector astern is wide, because ships turn. Example: at 12 kn on course 090, all places up to 9.5 nm away are
    near, and those that bear between 240 and 300 are behind.
    """
    nm = apart_nm(last, fix)
    moves = sog_kn >= _WAY_KN and cog_deg >= 0 and fix.time_ms - last.time_ms <= _REPEATED_H * HOUR_MS
    if not moves or nm > _SLACK_NM + sog_kn * _REPEATED_H:
        return OnItsWay.NO
    astern_deg = cog_deg + 180 - bearing_deg(last.lat_deg, last.lon_deg, fix.lat_deg, fix.lon_deg)
    return OnItsWay.BEHIND if abs((astern_deg + 180) % 360 - 180) <= _ASTERN_DEG else OnItsWay.NEAR


def strongest(others: Sequence[OtherTrack]) -> tuple[OtherTrack, ...]:
    """Those that are kept: the last one of them, and of the others that with the most fixes, the oldest of equal.

    So of many ships that use one number in turn, one makes a track.
    """
    *before, last = others
    before.sort(key=lambda other: (-other.fixes, other.since_min, other.fix.time_ms))
    return (*before[: OTHERS_KEPT - 1], last)


def apart_nm(one: TrackFix, other: TrackFix) -> float:
    """Distance in nm, rounded: the same everywhere."""
    return round(distance_nm(one.lat_deg, one.lon_deg, other.lat_deg, other.lon_deg), _NM_DIGITS)


def read(core: Columns, row: int) -> tuple[OtherTrack, ...]:
    """The other tracks of a vessel."""
    fixes = core.other_fixes[row].tolist()
    if not any(fixes):  # nearly always
        return ()
    columns = (
        core.other_lat_deg,
        core.other_lon_deg,
        core.other_s,
        core.other_since,
        core.other_turns,
        core.other_behind,
    )
    found = zip(*(column[row].tolist() for column in columns), fixes, strict=True)
    return tuple(
        OtherTrack(TrackFix(lat, lon, time_s * MS), _began(since, time_s), count, turns, behind)
        for lat, lon, time_s, since, turns, behind, count in found
        if count
    )


def _began(kept: int, last_s: int) -> int:
    """The minute, not after ``last_s``, whose lowest bits were kept: no track is longer than 45 days."""
    last_min = last_s * MS // MINUTE_MS
    return last_min - (last_min - kept & _MINUTES_KEPT)


def write(core: Columns, row: int, others: Sequence[OtherTrack]) -> None:
    """Writes the other tracks of a vessel, at most OTHERS_KEPT."""
    core.other_fixes[row] = 0
    for place, other in enumerate(others):
        core.other_lat_deg[row, place], core.other_lon_deg[row, place] = other.fix.lat_deg, other.fix.lon_deg
        core.other_s[row, place] = other.fix.time_ms // MS
        core.other_since[row, place] = other.since_min & _MINUTES_KEPT
        core.other_fixes[row, place], core.other_turns[row, place] = other.fixes, other.turns
        core.other_behind[row, place] = other.behind
