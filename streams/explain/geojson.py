"""An alert as GeoJSON: tracks, fixes, reach, ports, areas, images. The form of each shape is that of ``shapes``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from detectors.core.alert import Alert
from detectors.core.units import HOUR_MS, unix_ms
from streams.explain.area import area_features, is_about_area
from streams.explain.images import image_features
from streams.explain.raw_log import RawLogFindings
from streams.explain.shapes import Feature, Point, area, point, reach
from streams.explain.track_features import features_of_tracks

_ENCOUNTER: Final = "encounter"


def geojson(revisions: list[Alert], heard: RawLogFindings | None, zones: dict[str, Point]) -> dict[str, Any]:
    """A FeatureCollection. ``zones``: the zones that the alert names."""
    newest = revisions[-1]
    features = [
        *(features_of_tracks(heard) if heard is not None else ()),
        *_fixes(revisions),
        *reach_features(revisions),
        *_ports(newest, zones),
        *area_features(newest),
        *_partners(newest),
        *image_features(newest),
    ]
    return {"type": "FeatureCollection", "features": features}


def _fixes(revisions: list[Alert]) -> Iterable[Feature]:
    for alert in revisions:
        if alert.position is not None:
            said = {
                "kind": "centre" if is_about_area(alert) else "fix",
                "time": alert.position.time,
                "status": alert.status,
                "headline": alert.headline,
                "sog_kn": alert.position.sog_kn,
            }
            yield point((alert.position.lon_deg, alert.position.lat_deg), said)


def reach_features(revisions: list[Alert]) -> Iterable[Feature]:
    """Where the ship can be by the newest revision, or could be until it was heard again, at a stated speed."""
    newest = revisions[-1]
    speed_kn, last = newest.details.get("v_max_kn"), revisions[0].position
    if not isinstance(speed_kn, int | float) or last is None:
        return
    again = newest.position if newest.status in {"closed", "retracted"} else None
    hours = (unix_ms(again.time if again is not None else newest.time) - unix_ms(last.time)) / HOUR_MS
    way_nm = round(speed_kn * hours, 1)
    after = None if again is None else (again.lon_deg, again.lat_deg)
    said = {"kind": "reach", "way_nm": way_nm, "v_max_kn": speed_kn, "by": newest.time}
    drawn = area(reach((last.lon_deg, last.lat_deg), way_nm, after), said)
    if drawn is not None:
        yield drawn


def _partners(newest: Alert) -> Iterable[Feature]:
    """The other ships of a meeting, or of one that could have been, where they were last seen."""
    ships = newest.details.get("could_have_met") or (
        newest.details.get("vessels", []) if newest.detector == _ENCOUNTER else []
    )
    for ship in ships:
        if ship["mmsi"] != newest.mmsi:
            said = {name: value for name, value in ship.items() if name not in {"lat_deg", "lon_deg"}}
            yield point((ship["lon_deg"], ship["lat_deg"]), {"kind": "partner", **said})


def _ports(newest: Alert, zones: dict[str, Point]) -> Iterable[Feature]:
    named = [port for port in newest.details.get("feasible_ports", []) if isinstance(port, dict)]
    known = {str(port.get("zone")): port for port in named}
    if "zone" in newest.details:
        known.setdefault(str(newest.details["zone"]), {"zone": newest.details["zone"]})
    for name, port in known.items():
        if name in zones:
            yield point(zones[name], {"kind": "port", **port})
