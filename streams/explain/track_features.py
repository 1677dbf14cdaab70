"""The tracks under one MMSI, strays and the jumps between them as features of GeoJSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from detectors.core.units import HOUR_MS
from streams.explain.raw_log import RawLogFindings
from streams.explain.shapes import Feature, Point, Ring, feature, line, point, rounded
from streams.explain.tracks import Jump, Places, TrackFound

SPLIT_MS: Final = HOUR_MS
"""A track is broken where nothing was heard for this time."""


def features_of_tracks(heard: RawLogFindings) -> Iterable[Feature]:
    """A vessel with one track: a line for each part of it. Otherwise one feature for each track, stray and jump."""
    if not heard.several:
        yield from _parts_of_only_track(heard)
        return
    for track in heard.tracks:
        yield from _track(heard, track)
    for track in heard.tracks:
        if track.kind == "stray":
            yield from (_stray(heard, track, at) for at in track.sent.tolist())
    for jump in heard.jumps:
        yield from _jump(heard, jump)


def _parts_of_only_track(heard: RawLogFindings) -> Iterable[Feature]:
    for part in _parts(heard, heard.fixes):
        drawn = line([_line(heard, part)], {"kind": "track", **_span(heard, part)})
        if drawn is not None:
            yield drawn


def _track(heard: RawLogFindings, track: TrackFound) -> Iterable[Feature]:
    """One feature: a track without two fixes within an hour is drawn as points. A stray of one fix is no track."""
    if not len(track.sent) or (track.kind == "stray" and len(track.sent) == 1):
        return
    said = {"kind": "track", **_named(track), "fixes": len(track.sent), **_span(heard, track.reports)}
    if track.off_nm is not None:
        said |= {"off_least_nm": track.off_nm[0], "off_most_nm": track.off_nm[1]}
    said["stations"] = list(track.stations)
    drawn = line([_line(heard, part) for part in _parts(heard, track.reports)], said)
    yield drawn or feature("MultiPoint", [rounded(_place(heard, at)) for at in track.sent.tolist()], said)


def _stray(heard: RawLogFindings, track: TrackFound, at: int) -> Feature:
    said = {"kind": "stray", "track": track.name, "time": int(heard.times_ms[at])}
    if track.off_nm is not None:
        said["off_nm"] = track.off_nm[1]
    return point(_place(heard, at), {**said, "stations": list(track.stations)})


def _jump(heard: RawLogFindings, jump: Jump) -> Iterable[Feature]:
    said = {
        "kind": "jump",
        "from_track": heard.tracks[jump.from_track].name,
        "to_track": heard.tracks[jump.to_track].name,
        "from": int(heard.times_ms[jump.at]),
        "to": int(heard.times_ms[jump.to]),
        "nm": round(jump.nm, 1),
        "needed_kn": round(jump.needed_kn),
    }
    drawn = line([[_place(heard, jump.at), _place(heard, jump.to)]], said)
    if drawn is not None:
        yield drawn


def _named(track: TrackFound) -> dict[str, Any]:
    return {"track": track.name, "class": track.kind}


def _span(heard: RawLogFindings, reports: Places) -> dict[str, Any]:
    return {"from": int(heard.times_ms[reports[0]]), "to": int(heard.times_ms[reports[-1]])}


def _parts(heard: RawLogFindings, reports: Places) -> list[Places]:
    """The reports of a track between its silences; none without reports."""
    if not len(reports):
        return []
    breaks = np.flatnonzero(np.diff(heard.times_ms[reports]) > SPLIT_MS) + 1
    return np.split(reports, breaks)


def _line(heard: RawLogFindings, reports: Places) -> Ring:
    return [_place(heard, at) for at in reports.tolist()]


def _place(heard: RawLogFindings, at: int) -> Point:
    return float(heard.lon_deg[at]), float(heard.lat_deg[at])
