"""What columns and properties are called, and what one contact states in them.

These are known: Global Fishing Watch's SAR vessel detections and its footprints, xView3's labels and predictions,
predictions of Skylight's models, boat detections of the Earth Observation Group, and names like them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

import shapely

from streams.errors import ConfigError
from streams.imagery.detections import cells
from streams.imagery.detections.cells import RowError
from streams.imagery.detections.rows import Outlined, Ring, Row
from streams.imagery.detections.scenes import plain, sensor_of
from streams.imagery.detections.shapes import geometry_of, parts_of

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "lat": ("detect_lat", "lat", "latitude", "lat_deg", "lat_dnb", "start_point_lat", "y"),
    "lon": ("detect_lon", "lon", "longitude", "lon_deg", "long", "lng", "lon_dnb", "start_point_lon", "x"),
    "time": ("detect_timestamp", "timestamp", "time", "datetime", "acquired", "acquisition_time", "date_mscan",
             "start_time", "date_time"),
    "length": ("length_m", "vessel_length_m", "inferred_length_m", "estimated_length", "length"),
    "heading": ("heading_deg", "heading"),
    "sensor": ("sensor", "satellite", "platform", "data_source", "event_type", "instrument"),
    "image": ("scene_id", "image_id", "image", "scene", "granule", "product"),
    "id": ("detect_id", "detection_id", "contact_id", "contact", "event_id", "id_key", "id"),
    "confidence": ("presence_score", "inferred_presence", "presence", "confidence", "score"),
    "mmsi": ("mmsi", "ssvid", "vessel_0_mmsi"),
    "footprint": ("footprint_wkt", "footprint", "wkt"),
    "is_vessel": ("is_vessel",),
}  # fmt: skip
"""Our name, and the headings that mean it, the surest first."""


def columns_of(text: str) -> dict[str, str]:
    """The user's ``lat=y,lon=x`` as our names and headings. Raises ConfigError."""
    found = {}
    for part in text.split(","):
        name, equals, column = (piece.strip() for piece in part.partition("="))
        if not equals or not column or name not in COLUMNS:
            raise ConfigError(f"--columns {part.strip()!r}: write NAME=HEADING, with a name of {', '.join(COLUMNS)}")
        found[name] = cells.heading(column)
    return found


def named(values: Mapping[str, Any]) -> dict[str, Any]:
    """Properties with our names, by their own names, the surest of each."""
    there = {cells.heading(name): value for name, value in values.items()}
    found = {ours: next((there[name] for name in names if name in there), None) for ours, names in COLUMNS.items()}
    return {ours: value for ours, value in found.items() if value is not None}


def contact_of(row: Mapping[str, Any], sensor: str = "") -> Iterator[Row | Outlined]:
    """The contact of a row with our names, and the outline of its image if the row has that too. Raises RowError."""
    scene = plain(cells.text(row.get("image")))
    if cells.denied(row.get("is_vessel")):
        raise RowError("not a vessel, by its provider")
    stated = sensor_of(cells.text(row.get("sensor"))) or sensor
    time_ms = cells.time_ms(row.get("time"))
    if cells.known(row.get("footprint")):
        ring, holes = _footprint(row["footprint"])
        yield Outlined(scene, stated, time_ms, ring, holes)
        if not cells.known(row.get("lat")):
            return
    lat_deg, lon_deg = cells.place(row.get("lat"), row.get("lon"))
    yield Row(
        lat_deg,
        lon_deg,
        time_ms,
        scene,
        stated,
        cells.identity(row.get("id")),
        cells.length_m(row.get("length")),
        cells.heading_deg(row.get("heading")),
        cells.confidence(row.get("confidence")),
        cells.mmsi(row.get("mmsi")),
    )


def _footprint(stated: Any) -> tuple[Ring, tuple[Ring, ...]]:
    return parts_of(geometry_of(stated)) if isinstance(stated, dict) else _of_text(str(stated))


@lru_cache(maxsize=64)  # a table repeats the footprint of a scene in each of its rows
def _of_text(text: str) -> tuple[Ring, tuple[Ring, ...]]:
    try:
        return parts_of(shapely.from_wkt(text))
    except shapely.errors.ShapelyError:
        raise RowError("footprint unreadable") from None
