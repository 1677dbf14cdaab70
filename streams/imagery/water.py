"""The part of an area that is not land.

The coastlines are those of the console's map: Natural Earth 1:10m, simplified by ``deploy/land/make_land.py`` to 0.3 nm
near the shipped zones and to 4 nm far from them. On them harbours, rivers and small islands are land: 13 of the 29
shipped zones have their centre on land, Songnim on the Taedong 4.2 nm from the drawn coast. So only land that is
further than ``NEAR_NM`` from every coast is left out, and a port that lies there keeps ``NEAR_NM`` of water around it:
400 of the 3,768 known ports do, such as Basra, Bangkok and Bremen.
"""

from __future__ import annotations

import json
import math
from functools import cache
from importlib import resources
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.affinity import scale
from shapely.geometry.base import BaseGeometry

from streams.imagery.outlines import on_grid

NEAR_NM: Final = 5.0
"""Land nearer to a coast or to a port than this counts as water."""
CORNERS_MOST: Final = 200
"""A shape with more corners is drawn with a coarser coast: tasking systems accept a few hundred."""
_TOLERANCE_NM: Final = 1.0
_COARSEST_NM: Final = 64.0
_NM_PER_DEG: Final = 60.0
_NARROWEST: Final = 0.05  # of a degree of longitude against one of latitude; 87 degrees from the equator
_ARC: Final = 2  # corners of a quarter of a circle
_WHOLE: Final = 360.0
_PORTS_PER_DEG: Final = 1000
_BITS, _MORE = 31, 32
Place = tuple[float, float]
"""Longitude, latitude."""


def water_of(area: BaseGeometry, heard_at: Place | None = None) -> BaseGeometry:
    """``area``, on the grid and within 180 degrees, without land; empty if it is all land.

    Where the ship was last heard is water, whatever the coastlines say: it may lie in a river.
    """
    tolerance_nm = _TOLERANCE_NM
    while True:
        parts = shapely.get_parts(area)  # both sides of the antimeridian together are as wide as the globe
        found = on_grid(shapely.union_all([one.difference(_inland(one, tolerance_nm, heard_at)) for one in parts]))
        if tolerance_nm >= _COARSEST_NM or shapely.get_num_coordinates(found) <= CORNERS_MOST:
            return found
        tolerance_nm *= 2


def _inland(area: BaseGeometry, tolerance_nm: float, heard_at: Place | None) -> BaseGeometry:
    """The land in and around ``area`` that is NEAR_NM or more from a coast, drawn to ``tolerance_nm``."""
    west, south, east, north = area.bounds
    narrow = max(math.cos(math.radians(max(abs(south), abs(north)))), _NARROWEST)
    from_coast_deg = (NEAR_NM + tolerance_nm) / _NM_PER_DEG
    # A cut through land is no coast: it is far enough outside that what is taken from it there does not matter.
    beyond_deg = 2 * from_coast_deg
    edges = (west - beyond_deg / narrow, south - beyond_deg, east + beyond_deg / narrow, north + beyond_deg)
    frame = shapely.box(*edges)
    near = land().geometries[land().query(frame)]
    cut = shapely.union_all(shapely.intersection(near, frame))  # clip_by_rect is quicker and may be invalid
    flat = scale(cut, narrow, 1.0, origin=(0, 0)).buffer(-from_coast_deg, quad_segs=_ARC)
    drawn = shapely.union_all(shapely.get_parts(flat.simplify(tolerance_nm / _NM_PER_DEG)))
    wet = _known_water(drawn, narrow, heard_at)
    return scale(drawn.difference(wet), 1 / narrow, 1.0, origin=(0, 0))


def _known_water(inland: BaseGeometry, narrow: float, heard_at: Place | None) -> BaseGeometry:
    """Around ports in and beside ``inland``, and around the place where the ship was heard.

    Longitudes are times ``narrow``.
    """
    if inland.is_empty:
        return inland
    heard = [] if heard_at is None else [(heard_at[0] + turn, heard_at[1]) for turn in (-_WHOLE, 0.0, _WHOLE)]
    known = np.vstack([_ports(), *(np.asarray([one]) for one in heard)]) * [narrow, 1.0]
    near_deg, edges = NEAR_NM / _NM_PER_DEG, np.asarray(inland.bounds)
    around = known[((known > edges[:2] - near_deg) & (known < edges[2:] + near_deg)).all(axis=1)]
    there = np.asarray(shapely.points(around))
    return shapely.MultiPoint(there[shapely.dwithin(inland, there, near_deg)]).buffer(near_deg, quad_segs=_ARC)


@cache
def _ports() -> npt.NDArray[np.float64]:
    """(longitude, latitude) of every known port, shape (n, 2)."""
    rows = _data("reference", "data", "ports.tsv").splitlines()
    return np.asarray([row.split("\t")[1::-1] for row in rows], dtype=float) / _PORTS_PER_DEG


@cache
def land() -> shapely.STRtree:
    """All land, by polygon. Loaded once: 0.3 s and 1 MB."""
    said = json.loads(_data("console", "page", "land.json"))
    rings = [shapely.LinearRing(_ring(one, said["per_deg"])) for one in said["rings"]]
    return shapely.STRtree(shapely.get_parts(shapely.build_area(shapely.multilinestrings(rings))))


def _data(*path: str) -> str:
    """A file of another package, which is not imported: nothing of the console belongs into a worker."""
    return resources.files("streams").joinpath(*path).read_text("utf-8")


def _ring(text: str, per_deg: int) -> npt.NDArray[np.float64]:
    """(longitude, latitude) from Google's encoded-polyline form, shape (n, 2), as ``ringOf`` of the page."""
    steps, bits, shift = [], 0, 0
    for group in (code - 63 for code in text.encode()):
        bits |= (group & _BITS) << shift
        shift += 5
        if group < _MORE:
            steps.append(~(bits >> 1) if bits & 1 else bits >> 1)
            bits = shift = 0
    return np.cumsum(np.asarray(steps).reshape(-1, 2), axis=0)[:, ::-1] / per_deg
