"""Where a zone is, from the geometry of a GeoJSON feature. No I/O here.

A Point with a radius, a Polygon or a MultiPolygon, with holes. A shape across the antimeridian may be cut there into
parts (RFC 7946, 3.1.9), continue beyond 180 degrees (179, 181), or change sign from one corner to the next (179, -179).
Rings may have either direction; in a position longitude comes first.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

from shapely import Polygon

from detectors.core.geography.area import HALF_TURN_DEG, TURN_DEG, Ring, Rings, area_of, beside, continuous, turned
from streams.reference.list_cells import Refusal

RADII_NM: Final = (0.1, 200.0)
_POLE_DEG: Final = 90.0
_LEAST_RING: Final = 4
_MOST_CORNERS: Final = 10_000
_MOST_PARTS: Final = 1_000
_DIGITS: Final = 6
# West, south, east, north, generous: to detect a latitude written first when both readings are on the globe.
_COUNTRY_BOXES_DEG: Final = {
    "KP": (123.5, 37.0, 131.5, 43.5),
    "KR": (123.5, 32.5, 132.0, 39.0),
    "IR": (47.0, 24.5, 62.0, 38.5),
    "SY": (35.2, 34.4, 42.5, 37.5),
    "UA": (28.0, 43.5, 40.5, 52.5),
    "CN": (105.0, 17.5, 125.0, 42.0),
    "CU": (-85.5, 19.5, -73.5, 24.0),
}


class ZoneShape(NamedTuple):
    """Where a zone is: its middle and a circle around all of it; polygons if it is not a circle."""

    lat_deg: float
    lon_deg: float
    radius_nm: float
    polygons: tuple[Rings, ...] = ()
    """Longitudes continue beyond +-180 if they cross the antimeridian."""


def shape_of(geometry: dict[str, Any], radius_nm: float | None, country: str | None) -> ZoneShape:
    """The shape of a feature's geometry; ``radius_nm`` is for a Point. Raises Refusal."""
    coordinates = geometry.get("coordinates")
    match geometry.get("type"):
        case "Point":
            lon_deg, lat_deg = _corner(coordinates, country)
            if radius_nm is None:
                raise Refusal("a Point needs radius_nm")
            return ZoneShape(lat_deg, turned(lon_deg), radius_nm)
        case "Polygon":
            return _area([coordinates], country)
        case "MultiPolygon":
            if not isinstance(coordinates, list) or not 0 < len(coordinates) <= _MOST_PARTS:
                raise Refusal(f"a MultiPolygon needs 1 to {_MOST_PARTS} polygons")
            return _area(coordinates, country)
    raise Refusal("its geometry must be Point, Polygon or MultiPolygon")


def _area(coordinates: list[Any], country: str | None) -> ZoneShape:
    polygons = beside(_rings(rings, country) for rings in coordinates)
    area = area_of(polygons)
    if area.shape.is_empty:
        raise Refusal("its holes cover all of it")
    radius_nm, (lat_deg, lon_deg) = area.radius_nm, area.middle
    if radius_nm > RADII_NM[1]:
        raise Refusal(f"it extends {radius_nm:.0f} nm from its centre (at most {RADII_NM[1]:.0f})")
    radius_nm = math.ceil(radius_nm * 100 + 1) / 100  # the middle is rounded, too
    return ZoneShape(round(lat_deg, _DIGITS), round(lon_deg, _DIGITS), radius_nm, polygons)


def _rings(rings: object, country: str | None) -> Rings:
    if not isinstance(rings, list) or not rings:
        raise Refusal("a Polygon without rings")
    return tuple(_ring(ring, country) for ring in rings)


def _ring(ring: object, country: str | None) -> Ring:
    if not isinstance(ring, list) or not _LEAST_RING <= len(ring) <= _MOST_CORNERS:
        raise Refusal(f"a ring needs {_LEAST_RING} to {_MOST_CORNERS} positions")
    corners = tuple(_corner(corner, country) for corner in ring)
    if corners[0] != corners[-1]:
        raise Refusal("a ring does not end at its first position")
    if len(set(corners)) < _LEAST_RING - 1:
        raise Refusal("a ring has fewer than three corners")
    joined = continuous(corners)
    if joined is None:
        raise Refusal("a ring contains a pole or goes around the earth")
    if not Polygon(joined).is_valid:
        raise Refusal("a ring crosses itself: check the order of the corners")
    return joined


def _corner(position: object, country: str | None) -> tuple[float, float]:
    """One position as (lon_deg, lat_deg)."""
    numbers = [finite(value) for value in position[:2]] if isinstance(position, list) else []
    if len(numbers) != 2 or numbers[0] is None or numbers[1] is None:  # noqa: PLR2004 - a pair
        raise Refusal("a position is not a pair of numbers")
    lon_deg, lat_deg = numbers[0], numbers[1]
    if abs(lat_deg) > _POLE_DEG or abs(lon_deg) > TURN_DEG:
        swapped = abs(lat_deg) <= HALF_TURN_DEG and abs(lon_deg) <= _POLE_DEG
        hint = "; GeoJSON has longitude first: they may be swapped" if swapped else ""
        raise Refusal(f"latitude {lat_deg:g}, longitude {lon_deg:g} is out of range{hint}")
    if _in_box(country, lat_deg, lon_deg) and not _in_box(country, lon_deg, lat_deg):
        raise Refusal(f"latitude {lat_deg:g}, longitude {lon_deg:g} is not in {country}, but it is if they are swapped")
    return lon_deg, lat_deg


def finite(value: object) -> float | None:
    """A finite number as a float, otherwise None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _in_box(country: str | None, x_deg: float, y_deg: float) -> bool:
    box = _COUNTRY_BOXES_DEG.get(country or "")
    return box is not None and box[0] <= x_deg <= box[2] and box[1] <= y_deg <= box[3]
