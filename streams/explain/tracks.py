"""The tracks under one MMSI: which reports are of which, how far from the vessel's own, and the jumps between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.sphere import distance_nm, distances_nm, unit_vectors
from detectors.core.units import HOUR_MS, MS
from streams.explain.track_replay import UNJUDGED, Judged, NumberedTrack, TrackReplay

Kind = Literal["own", "stray", "other", "displaced", "repeated"]
OWN: Final = 0
"""The vessel's own track is the first of those that ``tracks_of`` returns."""
STRAY_MOST: Final = 2
"""A track of one or two fixes is a stray (``detectors/core/vessels/other_tracks.py``); so are fixes with wrong bits."""

_NEAR_MOST: Final = 8
"""So many fixes before, and so many after a late one are compared with it."""

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]
Places = npt.NDArray[np.intp]
_NONE: Final = np.zeros(0, np.intp)


class Reception(NamedTuple):
    """The reports of a vessel in order of time, and the core's decision about each; all have the same length."""

    times_ms: Times
    lat_deg: Floats
    lon_deg: Floats
    judged: Judged
    stations: Sequence[str]


class TrackFound(NamedTuple):
    """One track within the window."""

    name: str
    """``own``, or ``other 1`` and so on in order of time; strays have the last numbers."""
    kind: Kind
    reports: Places
    """Its reports with a position, in order of time; none if the vessel's own was heard only before."""
    sent: Places
    """The same without further receptions of a transmission: its fixes."""
    off_nm: tuple[float, float] | None
    """Least and greatest distance from the vessel's own track at the time; None for that one, or if not known."""
    stations: tuple[str, ...]


class Jump(NamedTuple):
    """From a fix to the next one in time, which is of another track."""

    at: int
    to: int
    """Places among the reports."""
    from_track: int
    to_track: int
    """Places among the tracks."""
    nm: float
    needed_kn: float


def tracks_of(heard: Reception, replay: TrackReplay) -> tuple[TrackFound, ...]:
    """The tracks with fixes in the window, the vessel's own first; empty without a fix.

    ``replay`` has judged these reports. A vessel with one track has all its fixes on it.
    """
    fixes = np.flatnonzero(~np.isnan(heard.lat_deg + heard.lon_deg))
    if not len(fixes):
        return ()
    numbers = np.array([replay.number_of(track) for track in heard.judged["track"][fixes].tolist()], np.intp)
    numbers = _with_unjudged(heard, fixes, numbers)
    own = _own(numbers[heard.judged["home"][fixes]], replay)
    reports = _by_number(fixes, numbers)
    kinds = {number: _kind(replay.tracks[number]) for number in reports if number != own}
    order = sorted(kinds, key=lambda number: (kinds[number] == "stray", int(reports[number][0])))
    found = [_found(heard, reports.get(own, _NONE), "own", "own")]
    for place, number in enumerate(order, 1):
        other = _found(heard, reports[number], f"other {place}", kinds[number])
        found.append(other._replace(off_nm=_off_nm(heard, other.reports, found[OWN].reports)))
    return tuple(found)


def _by_number(fixes: Places, numbers: Places) -> dict[int, Places]:
    """The fixes of each track, in order of time."""
    order = np.argsort(numbers, kind="stable")
    present, starts = np.unique(numbers[order], return_index=True)
    return dict(zip(present.tolist(), np.split(fixes[order], starts[1:]), strict=True))


def jumps_of(heard: Reception, tracks: Sequence[TrackFound]) -> Iterable[Jump]:
    """The jumps between the tracks, in order of time."""
    track_at = {at: place for place, track in enumerate(tracks) for at in track.sent.tolist()}
    for at, to in pairwise(sorted(track_at)):
        if track_at[at] != track_at[to]:
            nm = distance_nm(*(float(each) for n in (at, to) for each in (heard.lat_deg[n], heard.lon_deg[n])))
            hours = max(int(heard.times_ms[to] - heard.times_ms[at]), MS) / HOUR_MS
            yield Jump(at, to, track_at[at], track_at[to], nm, nm / hours)


def _with_unjudged(heard: Reception, fixes: Places, numbers: Places) -> Places:
    """Fixes that the core did not use are of the track of the nearest of the fixes before and after them in time."""
    known, lost = np.flatnonzero(numbers != UNJUDGED), np.flatnonzero(numbers == UNJUDGED)
    if not len(lost):
        return numbers
    if not len(known):
        return np.zeros_like(numbers)
    after = np.searchsorted(known, lost)
    near = known[(after + np.arange(-_NEAR_MOST, _NEAR_MOST)[:, None]).clip(0, len(known) - 1)]
    lat, lon = heard.lat_deg[fixes], heard.lon_deg[fixes]
    nm = distances_nm(unit_vectors(lat[near], lon[near]), unit_vectors(lat[lost], lon[lost])[:, None])
    numbers[lost] = numbers[near[nm.argmin(axis=0), np.arange(len(lost))]]
    return numbers


def _own(at_home: Places, replay: TrackReplay) -> int:
    """The track that was the vessel's own at most of the fixes in the window, ``at_home``, while it was not displaced.

    One where the vessel appeared displaced is its own only if there is no other.
    """
    counts = np.bincount(at_home, minlength=len(replay.tracks))
    known = [number for number in range(len(replay.tracks)) if replay.number_of(number) == number]

    def weight(number: int) -> tuple[bool, int, int, int]:
        track = replay.tracks[number]
        return not track.displaced, int(counts[number]), track.fixes, -number

    return max(known, key=weight)


def _kind(track: NumberedTrack) -> Kind:
    if track.displaced:
        return "displaced"
    if track.fixes <= STRAY_MOST or track.has_wrong_bits:
        return "stray"
    return "repeated" if track.repeated else "other"


def _found(heard: Reception, reports: Places, name: str, kind: Kind) -> TrackFound:
    sent = reports[~heard.judged["again"][reports]]
    stations = sorted({heard.stations[at] for at in reports.tolist()})
    return TrackFound(name, kind, reports, sent, None, tuple(stations))


def _off_nm(heard: Reception, reports: Places, own: Places) -> tuple[float, float] | None:
    if not len(own):
        return None
    nm = _apart_nm(heard, reports, own)
    return round(float(nm.min()), 1), round(float(nm.max()), 1)


def _apart_nm(heard: Reception, reports: Places, track: Places) -> Floats:
    """Distance of each report from that of a track which is nearest in time."""
    times_ms, there_ms = heard.times_ms[reports], heard.times_ms[track]
    after = np.searchsorted(there_ms, times_ms).clip(0, len(track) - 1)
    before = (after - 1).clip(0)
    earlier = times_ms - there_ms[before] <= there_ms[after] - times_ms
    near = track[np.where(earlier, before, after)]
    here, there = (unit_vectors(heard.lat_deg[each], heard.lon_deg[each]) for each in (reports, near))
    return distances_nm(here, there)
