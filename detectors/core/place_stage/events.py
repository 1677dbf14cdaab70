"""The pending events of the stage of places, in the order of event time."""

from __future__ import annotations

from typing import Final, NamedTuple

from detectors.core.displacements import Displacement
from detectors.core.half_degrees import Cell, cell_of
from detectors.core.place_stage.area import Area

_CHECK: Final = 0
_FACT: Final = 1


class PlaceEvent(NamedTuple):
    """The order of its fields is the order of decisions.

    Facts within one tick may have the same stamp. They are processed in the order of their own times.
    """

    at_ms: int
    what: int
    time_ms: int
    """Event time of the fix; 0 for a check."""
    mmsi: int
    """0 for a check."""
    cell: Cell
    """Of the origin; for a check the one that names the area."""


def event_of(told: Displacement) -> PlaceEvent:
    """The event of a fact."""
    cell = cell_of(told.origin_lat_deg, told.origin_lon_deg)
    return PlaceEvent(told.stamp_ms, _FACT, told.time_ms, told.mmsi, cell)


def check_of(area: Area) -> PlaceEvent:
    """The check whether an area's alert closes."""
    return PlaceEvent(area.check_ms, _CHECK, 0, 0, area.cell)
