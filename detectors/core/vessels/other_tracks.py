"""The other tracks under a vessel's MMSI: fixes that are not of its own track, as far as they make tracks of their own.

Two are kept per vessel, 45 bytes in its columns. One of one or two fixes is a stray. Two ships that use one number take
turns: ``turns`` counts how often a fix of the other track followed one of the vessel's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, Self

from detectors.core.sphere import distance_nm
from detectors.core.units import STEP_MS
from detectors.core.vessels.columns import OTHERS_KEPT, Columns

_COUNT_MOST: Final = 255
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
    since_step: int
    """When it began, in steps of STEP_MS."""
    fixes: int
    """Their number; both counts end at 255."""
    turns: int
    """How often one of them came directly after one of the vessel's own track."""

    def continued(self, fix: TrackFix, *, after_own: bool) -> Self:
        """With one more fix; ``after_own``: the fix before was of the vessel's own track."""
        turns = min(self.turns + after_own, _COUNT_MOST)
        return self._replace(fix=fix, fixes=min(self.fixes + 1, _COUNT_MOST), turns=turns)

    @property
    def span_ms(self) -> int:
        """From its beginning to its last fix."""
        return self.fix.time_ms - self.since_step * STEP_MS


def begun(fix: TrackFix) -> OtherTrack:
    """A track of one fix."""
    return OtherTrack(fix, fix.time_ms // STEP_MS, 1, 1)


def strongest(others: Sequence[OtherTrack]) -> tuple[OtherTrack, ...]:
    """Those that are kept: the last one of them, and of the others that with the most fixes, the newest of equal."""
    *before, last = others
    before.sort(key=lambda other: (other.fixes, other.fix.time_ms), reverse=True)
    return (*before[: OTHERS_KEPT - 1], last)


def apart_nm(one: TrackFix, other: TrackFix) -> float:
    """Distance in nm, rounded: the same everywhere."""
    return round(distance_nm(one.lat_deg, one.lon_deg, other.lat_deg, other.lon_deg), _NM_DIGITS)


def read(core: Columns, row: int) -> tuple[OtherTrack, ...]:
    """The other tracks of a vessel."""
    columns = (
        core.other_lat_deg,
        core.other_lon_deg,
        core.other_ms,
        core.other_since,
        core.other_fixes,
        core.other_turns,
    )
    found = zip(*(column[row].tolist() for column in columns), strict=True)
    return tuple(
        OtherTrack(TrackFix(lat, lon, time_ms), since, fixes, turns)
        for lat, lon, time_ms, since, fixes, turns in found
        if fixes
    )


def write(core: Columns, row: int, others: Sequence[OtherTrack]) -> None:
    """Writes the other tracks of a vessel, at most OTHERS_KEPT."""
    core.other_fixes[row] = 0
    for place, other in enumerate(others):
        core.other_lat_deg[row, place], core.other_lon_deg[row, place], core.other_ms[row, place] = other.fix
        core.other_since[row, place], core.other_fixes[row, place] = other.since_step, other.fixes
        core.other_turns[row, place] = other.turns
