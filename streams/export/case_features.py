"""A case as features of GeoJSON: tracks and silences of its ships, positions and reach of its alerts, areas, images.

Positions are those that were decoded, to the sixth decimal of a degree, which is finer than AIS. Nothing is moved off
land and nothing is interpolated; a line over the antimeridian is cut there (RFC 7946, 3.1.9). All text is inert.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np

from detectors.core.alert import Alert
from detectors.core.units import HOUR_MS, rfc3339, unix_ms
from streams.explain.area import area_features, is_about_area
from streams.explain.geojson import reach_features
from streams.explain.images import image_features
from streams.explain.raw_log import RawLogFindings
from streams.explain.shapes import Feature, Point, feature, leg_nm, point
from streams.explain.track_features import SPLIT_MS
from streams.explain.tracks import Places, TrackFound
from streams.export.case_log import CaseLog, ShipLog
from streams.export.gathering import CaseRecords
from streams.messages.inert import inert
from streams.messages.values import ms_of

_DIGITS: Final = 6
_HALF, _WHOLE = 180.0, 360.0
_ENDED: Final = frozenset({"closed", "retracted"})


class _Fix(NamedTuple):
    """A place on a track at a time, Unix ms; at a cut the time is interpolated and the speed unknown."""

    place: Point
    time_ms: int
    sog_kn: float | None


def features_of(records: CaseRecords, log: CaseLog | None) -> list[Feature]:
    """All features; those of tracks first, ship by ship, then those of alerts by the time of their first revision."""
    ships = log.ships if log is not None else ()
    tracks = [one for ship in ships for one in _of_ship(ship, records)]
    return [_inert(one) for one in (*tracks, *_of_alerts(records))]


def _of_ship(ship: ShipLog, records: CaseRecords) -> Iterator[Feature]:
    heard = ship.heard
    for track in heard.tracks:
        parts = _parts(heard, track)
        named = {"mmsi": ship.mmsi, "track": track.name, "class": track.kind}
        yield from (_stretch(part, named) for part in parts)
        if track.name == "own":
            yield from (_silence(before[-1], after[0], named) for before, after in pairwise(parts))
            yield from _last_silence(parts, records, named)


def _parts(heard: RawLogFindings, track: TrackFound) -> list[list[_Fix]]:
    """The fixes of a track between its silences."""
    if not len(track.sent):
        return []
    breaks = np.flatnonzero(np.diff(heard.times_ms[track.sent]) > SPLIT_MS) + 1
    return [_fixes(heard, part) for part in np.split(track.sent, breaks)]


def _fixes(heard: RawLogFindings, reports: Places) -> list[_Fix]:
    found = []
    for at in reports.tolist():
        sog = float(heard.sog_kn[at])
        place = (round(float(heard.lon_deg[at]), _DIGITS), round(float(heard.lat_deg[at]), _DIGITS))
        found.append(_Fix(place, int(heard.times_ms[at]), None if np.isnan(sog) else round(sog, 1)))
    return found


def _stretch(fixes: list[_Fix], named: dict[str, Any]) -> Feature:
    """A part of a track; a single fix is a point. ``times`` and ``sog_kn`` have a value for each position."""
    said = {"kind": "track", **named, "from": rfc3339(fixes[0].time_ms), "to": rfc3339(fixes[-1].time_ms)}
    if len(fixes) == 1:
        return feature("Point", fixes[0].place, {**said, "sog_kn": fixes[0].sog_kn})
    pieces = cut(fixes)
    whole = len(pieces) == 1
    columns: list[list[list[Any]]] = [
        [[fix.place for fix in piece] for piece in pieces],
        [[rfc3339(fix.time_ms) for fix in piece] for piece in pieces],
        [[fix.sog_kn for fix in piece] for piece in pieces],
    ]
    places, times, speeds = (column[0] if whole else column for column in columns)
    said |= {"fixes": len(fixes), "times": times, "sog_kn": speeds}
    return feature("LineString" if whole else "MultiLineString", places, said)


def _silence(last: _Fix, again: _Fix, named: dict[str, Any]) -> Feature:
    """A time without a fix. Its line joins the two ends: it is not a track."""
    hours = (again.time_ms - last.time_ms) / HOUR_MS
    said = {
        "kind": "silence",
        **named,
        "from": rfc3339(last.time_ms),
        "to": rfc3339(again.time_ms),
        "hours": round(hours, 2),
        "straight_nm": round(leg_nm(last.place, again.place), 1),
        "note": "Nothing was heard. The line joins the two ends; it is not a track.",
    }
    pieces = [[fix.place for fix in piece] for piece in cut([last, again])]
    if len(pieces) == 1:
        return feature("LineString", pieces[0], said)
    return feature("MultiLineString", pieces, said)


def _last_silence(parts: Sequence[list[_Fix]], records: CaseRecords, named: dict[str, Any]) -> Iterator[Feature]:
    """That the ship was still silent at the end: as an open alert states, or for longer than tracks are joined."""
    end_ms = unix_ms(records.as_of)
    newest = (revisions[-1] for revisions in records.alerts)
    stated = any(
        alert.mmsi == named["mmsi"] and alert.status not in _ENDED and "last_heard" in alert.details for alert in newest
    )
    if parts and end_ms - parts[-1][-1].time_ms > (0 if stated else SPLIT_MS):
        last = parts[-1][-1]
        said = {"kind": "silence", **named, "from": rfc3339(last.time_ms), "to": None, "as_of": records.as_of}
        yield feature("Point", last.place, {**said, "hours": round((end_ms - last.time_ms) / HOUR_MS, 2)})


def cut(fixes: Sequence[_Fix]) -> list[list[_Fix]]:
    """The pieces of a line, cut at the antimeridian, where each piece gets an end."""
    pieces: list[list[_Fix]] = [[fixes[0]]]
    for here, there in pairwise(fixes):
        if abs(there.place[0] - here.place[0]) > _HALF:
            east = here.place[0] > 0
            span = there.place[0] + (_WHOLE if east else -_WHOLE) - here.place[0]
            edge = _HALF if east else -_HALF
            share = (edge - here.place[0]) / span if span else 0.0
            lat = round(here.place[1] + (there.place[1] - here.place[1]) * share, _DIGITS)
            time_ms = round(here.time_ms + (there.time_ms - here.time_ms) * share)
            pieces[-1].append(_Fix((edge, lat), time_ms, None))
            pieces.append([_Fix((-edge, lat), time_ms, None)])
        pieces[-1].append(there)
    return pieces


def _of_alerts(records: CaseRecords) -> Iterator[Feature]:
    for revisions in records.alerts:
        newest = revisions[-1]
        for one in (*_positions(revisions), *_spans(revisions), *area_features(newest), *image_features(newest)):
            one["properties"] = {**one["properties"], "alert_id": newest.id}
            yield one


def _positions(revisions: tuple[Alert, ...]) -> Iterable[Feature]:
    """The positions that the revisions state, each once."""
    known: dict[tuple[Any, ...], Alert] = {}
    for alert in revisions:
        if alert.position is not None:
            known[alert.position.time, alert.position.lat_deg, alert.position.lon_deg] = alert
    for alert in known.values():
        position = alert.position
        assert position is not None
        said = {
            "kind": "centre" if is_about_area(alert) else "alert position",
            "time": position.time,
            "status": alert.status,
            "revision": alert.revision,
            "detector": alert.detector,
            "severity": alert.severity,
            "headline": alert.headline,
            "sog_kn": position.sog_kn,
            "cog_deg": position.cog_deg,
        }
        yield point((position.lon_deg, position.lat_deg), said)


def _spans(revisions: tuple[Alert, ...]) -> Iterator[Feature]:
    """The reach, with the time for which it counts."""
    newest = revisions[-1]
    for one in reach_features(list(revisions)):
        since = newest.details.get("last_heard")
        position = revisions[0].position
        begin = since if ms_of(since) is not None else position.time if position is not None else newest.episode_start
        one["properties"] |= {"from": begin, "to": newest.time, "ended": newest.status in _ENDED}
        yield one


def _inert(value: Any) -> Any:
    """The value with inert text; names of fields may come from details too."""
    if isinstance(value, str):
        return inert(value)
    if isinstance(value, dict):
        return {inert(str(name)): _inert(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_inert(one) for one in value]
    return value
