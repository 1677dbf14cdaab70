"""Rows as CSV (RFC 4180) and as GeoJSON (RFC 7946), always the same bytes for the same rows.

Text is inert in both (``streams.messages.inert``): names come from anyone who has a transmitter.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from detectors.core.alert import Position
from streams.explain.shapes import rounded
from streams.messages.inert import inert, inert_cell

CSV_TYPE: Final = "text/csv"
GEOJSON_TYPE: Final = "application/geo+json"

Cell = str | int | float | bool | None
Row = Mapping[str, Cell]
"""Cells by column; every row of a table has the same columns in the same order. Units are in the names of columns."""


def csv_of(columns: Iterable[str], rows: Iterable[Row]) -> bytes:
    """A heading and a line for each row, UTF-8. All text is quoted, unknown is an empty cell."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(value) for value in row.values()])
    return text.getvalue().encode()


def _cell(value: Cell) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return inert_cell(value) if isinstance(value, str) else value


def geojson_of(rows: Iterable[tuple[Position | None, Row]]) -> bytes:
    """A FeatureCollection with a feature for each row: a point, or no geometry where the position is not known."""
    features = [feature_of(position, row) for position, row in rows]
    return msgspec.json.encode({"type": "FeatureCollection", "features": features})


def feature_of(position: Position | None, row: Row) -> dict[str, Any]:
    """One row as a feature; unknown cells are left out."""
    place = None if position is None else rounded((position.lon_deg, position.lat_deg))
    geometry = None if place is None else {"type": "Point", "coordinates": place}
    properties = {name: inert(v) if isinstance(v, str) else v for name, v in row.items() if v is not None}
    return {"type": "Feature", "geometry": geometry, "properties": properties}
