"""GeoJSON: contacts as points, outlines and clouds as polygons; and images written as GeoJSON.

A polygon of less than 2 km is a contact with its hull. A larger one is an outline, or clouds if its ``role`` says so.
What the collection itself states, such as ``sensor``, is of all its features.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from detectors.core.units import rfc3339
from streams.imagery.detections import cells
from streams.imagery.detections.cells import RowError
from streams.imagery.detections.columns import contact_of, named
from streams.imagery.detections.rows import Gathered, Outlined, Row
from streams.imagery.detections.scenes import plain, sensor_of
from streams.imagery.detections.shapes import geometry_of, parts_of
from streams.imagery.images import Contact, Image

_HULL_MOST_DEG: Final = 0.02
_POLYGONS: Final = frozenset({"Polygon", "MultiPolygon"})


def read_features(name: str, collection: Mapping[str, Any], gathered: Gathered) -> None:
    """Adds the features of a FeatureCollection, or one Feature."""
    whole = {**collection, **_mapping(collection.get("properties")), **_mapping(collection.get("metadata"))}
    features = collection.get("features")
    if collection.get("type") == "Feature":
        whole, features = {}, [collection]
    shared = {ours: value for ours, value in named(whole).items() if ours in {"image", "sensor", "time"}}
    if not isinstance(features, list):
        gathered.reject(name, "not a FeatureCollection")
        return
    for number, feature in enumerate(features, 1):
        gathered.each(f"{name}, feature {number}", feature_of(feature, shared))


def feature_of(feature: Any, shared: Mapping[str, Any]) -> Iterator[Row | Outlined]:
    """What one feature states. Raises RowError."""
    feature = _mapping(feature)
    geometry, stated = _mapping(feature.get("geometry")), _mapping(feature.get("properties"))
    values = {**shared, **named(stated)}
    if "id" in feature:
        values.setdefault("id", feature["id"])
    kind, corners = cells.text(geometry.get("type")), geometry.get("coordinates")
    if kind == "Point":
        if not isinstance(corners, list) or len(corners) < 2:  # noqa: PLR2004
            raise RowError("position missing")
        yield from contact_of({**values, "lon": corners[0], "lat": corners[1]})
    elif kind in _POLYGONS:
        yield from _polygon(geometry, stated, values)
    else:
        raise RowError("neither a point nor a polygon")


def _polygon(
    geometry: Mapping[str, Any], stated: Mapping[str, Any], values: dict[str, Any]
) -> Iterator[Row | Outlined]:
    shape = geometry_of(geometry)
    if shape.is_empty:
        raise RowError("footprint is not a polygon")
    west, south, east, north = shape.bounds
    role = cells.text(stated.get("role"))
    if not role and max(east - west, north - south) < _HULL_MOST_DEG:
        yield from contact_of({**values, "lon": shape.centroid.x, "lat": shape.centroid.y})
        return
    ring, holes = parts_of(shape)
    scene, sensor = plain(cells.text(values.get("image"))), sensor_of(cells.text(values.get("sensor")))
    if role == "clouds":
        yield Outlined(scene, sensor, holes=(ring,))
        return
    track, looks = cells.heading_deg(stated.get("track_deg")), cells.text(stated.get("looks"))
    yield Outlined(
        scene,
        sensor,
        cells.time_ms(values.get("time")),
        ring,
        holes,
        not cells.denied(stated.get("outlined", True)),
        track,
        looks if looks in {"right", "left"} else "",
        cells.length_m(stated.get("length_least_m")),
        kind if (kind := cells.text(stated.get("kind"))) in {"radar", "optical"} else "",
    )


def to_geojson(image: Image) -> str:
    """An image as a FeatureCollection; reading it gives the same image."""
    about = {"image": image.id, "sensor": image.sensor, "time": rfc3339(image.time_ms)}
    outline = {**about, "role": "footprint", "kind": image.kind, "outlined": image.outlined}
    for name in ("track_deg", "looks", "length_least_m"):
        if getattr(image, name) is not None:
            outline[name] = getattr(image, name)
    features = [_feature("Polygon", [image.footprint], outline)] if image.footprint else []
    features += [_feature("Polygon", [ring], {**about, "role": "clouds"}) for ring in image.clouds]
    features += [
        _feature("Point", (each.lon_deg, each.lat_deg), {**about, **_properties(each)}) for each in image.contacts
    ]
    return msgspec.json.encode({"type": "FeatureCollection", "features": features}).decode()


def _properties(contact: Contact) -> dict[str, Any]:
    given = msgspec.to_builtins(contact)
    return {name: value for name, value in given.items() if name not in {"lat_deg", "lon_deg"}}


def _feature(kind: str, coordinates: Any, properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}, "properties": properties}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
