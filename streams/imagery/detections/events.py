"""Events of Skylight as JSON, as its API gives them, and plain lists of detections.

Of events only detections in images are used: ``sar_sentinel1``, ``eo_sentinel2``, ``eo_landsat_8_9``, ``viirs`` and
``detection``. Others, such as ``dark_rendezvous``, are about tracks. The orientation of a detection is not used: it is
wrong in many cases.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from streams.imagery.detections import cells
from streams.imagery.detections.cells import RowError
from streams.imagery.detections.columns import contact_of, named
from streams.imagery.detections.rows import Gathered, Outlined, Row
from streams.imagery.detections.scenes import scene_of

_IN_IMAGES: Final = frozenset({"sar_sentinel1", "eo_sentinel2", "eo_landsat_8_9", "viirs", "detection"})
_DEPTH_MOST: Final = 5
_NUMBER: Final = re.compile(r"_\d+$")
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z0-9])")


def events_in(content: Any, depth: int = 0) -> list[Any] | None:
    """The first list of objects in JSON, at any level; None if there is none."""
    if isinstance(content, list):
        return content if any(isinstance(each, dict) for each in content) else None
    if not isinstance(content, dict) or depth > _DEPTH_MOST:
        return None
    return next((found for value in content.values() if (found := events_in(value, depth + 1))), None)


def read_events(name: str, events: list[Any], gathered: Gathered) -> None:
    """Adds events or plain detections."""
    for number, event in enumerate(events, 1):
        gathered.each(f"{name}, item {number}", event_of(event))


def event_of(event: Any) -> Iterator[Row | Outlined]:
    """What one event or detection states. Raises RowError."""
    if not isinstance(event, dict):
        raise RowError("not an object")
    values = _snake(event)
    kind = cells.text(values.get("event_type"))
    if not kind:
        yield from contact_of(named(values))
        return
    if kind not in _IN_IMAGES:
        raise RowError("an event that is not a detection in an image")
    start, details = _snake(values.get("start")), _snake(values.get("event_details"))
    vessel = _snake(_snake(values.get("vessels")).get("vessel_0"))
    point = _snake(start.get("point"))
    identity = cells.text(values.get("event_id"))
    yield from contact_of(
        {
            "lat": point.get("lat"),
            "lon": point.get("lon"),
            "time": start.get("time"),
            "image": _NUMBER.sub("", identity) if scene_of(identity) else "",
            "sensor": details.get("data_source") if kind == "detection" else kind,
            "id": identity,
            "length": details.get("estimated_length"),
            "confidence": details.get("score"),
            "mmsi": vessel.get("mmsi"),
        }
    )


def _snake(value: Any) -> Mapping[str, Any]:
    """An object with its names in small letters with underscores: ``eventId`` is ``event_id``."""
    return {_CAMEL.sub("_", str(key)).lower(): each for key, each in value.items()} if isinstance(value, dict) else {}
