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
"""A track of one or two fixes is a stray (``detectors/core/vessels/other_tracks.py``)."""

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]
Places = npt.NDArray[np.intp]


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
    kinds = {number: _kind(replay.tracks[number]) for number in np.unique(numbers).tolist() if number != own}
    order = sorted(kinds, key=lambda number: (kinds[number] == "stray", int(np.argmax(numbers == number))))
    found = [_found(heard, fixes[numbers == own], "own", "own")]
    for place, number in enumerate(order, 1):
        other = _found(heard, fixes[numbers == number], f"other {place}", kinds[number])
        found.append(other._replace(off_nm=_off_nm(heard, other.reports, found[OWN].reports)))
    return tuple(found)


def jumps_of(heard: Reception, tracks: Sequence[TrackFound]) -> Iterable[Jump]:
    """The jumps between the tracks, in order of time."""
    track_at = {at: place for place, track in enumerate(tracks) for at in track.sent.tolist()}
    for at, to in pairwise(sorted(track_at)):
        if track_at[at] != track_at[to]:
            nm = distance_nm(*(float(each) for n in (at, to) for each in (heard.lat_deg[n], heard.lon_deg[n])))
            hours = max(int(heard.times_ms[to] - heard.times_ms[at]), MS) / HOUR_MS
            yield Jump(at, to, track_at[at], track_at[to], nm, nm / hours)


def _with_unjudged(heard: Reception, fixes: Places, numbers: Places) -> Places:
    """Fixes that the core did not use, as they came late, are of the track that is nearest to them at their time."""
    lost = numbers == UNJUDGED
    if not lost.any():
        return numbers
    nearest_nm = np.full(int(lost.sum()), np.inf)
    chosen = np.zeros(len(nearest_nm), np.intp)
    for number in np.unique(numbers[~lost]).tolist():
        nm = _apart_nm(heard, fixes[lost], fixes[numbers == number])
        chosen = np.where(nm < nearest_nm, number, chosen)
        nearest_nm = np.minimum(nm, nearest_nm)
    numbers[lost] = chosen
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
    if track.fixes <= STRAY_MOST:
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
