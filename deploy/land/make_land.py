"""Makes ``streams/console/page/land.json``: the coastlines behind the console's map. Run by hand, once in years.

Source: Natural Earth 1:10m land (public domain), as TopoJSON in the npm package world-atlas 2.0.2 (ISC).

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python -m venv land-venv && land-venv/bin/pip install shapely==2.2.0
    land-venv/bin/python deploy/land/make_land.py package/land-10m.json

What is done, and why:
- *Unwrap.* A ring of the source jumps by 360 degrees where it crosses the antimeridian (Chukotka, Fiji, Antarctica);
  drawn as it is, it smears a stripe across the whole map. Each ring is made continuous first; one that goes round a
  pole is closed over that pole.
- *Repair and clip.* What then lies beyond 180 degrees is shifted back in, everything is made valid and united.
- *Simplify.* Douglas and Peucker with a tolerance that grows with the distance from the shipped zones: an operator
  zooms in on Rajin, not on Greenland. Islands too small for their surroundings go.
- *Pack.* Rings in Google's encoded-polyline form at 1/250 degree: 2.9 characters a corner where JSON takes 16.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from shapely import make_valid
from shapely.affinity import translate
from shapely.geometry import Polygon, box
from shapely.ops import unary_union

ROOT: Final = Path(__file__).parents[2]
ZONES: Final = ROOT / "streams" / "reference" / "data" / "zones.geojson"
TARGET: Final = ROOT / "streams" / "console" / "page" / "land.json"
PER_DEG: Final = 250
FINE_DEG, COARSE_DEG = 0.0045, 0.065
"""Tolerance within NEAR_DEG of a zone, and beyond FAR_DEG of all."""
NEAR_DEG, FAR_DEG = 2.5, 14.0
ISLAND_SIDES: Final = 2.5
"""An island smaller than a square of this many tolerances is left out."""
SOUTH_DEG: Final = -85.0  # where Web Mercator ends


def arcs_of(topology: dict[str, Any]) -> list[np.ndarray]:
    """The arcs in degrees."""
    scale, shift = np.array(topology["transform"]["scale"]), np.array(topology["transform"]["translate"])
    return [np.cumsum(np.array(arc), axis=0) * scale + shift for arc in topology["arcs"]]


def rings_of(topology: dict[str, Any]) -> Iterator[list[np.ndarray]]:
    """The rings of each polygon."""
    arcs = arcs_of(topology)
    for geometry in topology["objects"]["land"]["geometries"]:
        for polygon in geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]:
            yield [joined(arcs, ring) for ring in polygon]


def joined(arcs: list[np.ndarray], ring: list[int]) -> np.ndarray:
    """A ring from its arcs; a negative number is the complement of an arc that runs backwards."""
    parts = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in ring]
    return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])


def unwrapped(ring: np.ndarray) -> np.ndarray:
    """Longitudes made continuous; a ring round a pole is closed over it."""
    lon = ring[:, 0].copy()
    steps = np.diff(lon)
    lon[1:] -= 360 * np.cumsum(np.round(steps / 360))
    found = np.column_stack([lon, ring[:, 1]])
    if abs(lon[-1] - lon[0]) > 180:  # noqa: PLR2004 - once round
        pole = -90.0 if ring[:, 1].mean() < 0 else 90.0
        found = np.vstack([found, [lon[-1], pole], [lon[0], pole], found[0]])
    return found


def beside(hole: np.ndarray, outer: np.ndarray) -> np.ndarray:
    """A hole in the turn of the globe in which its outer ring was unwrapped: else the Caspian Sea is land."""
    middle = (outer[:, 0].min() + outer[:, 0].max()) / 2
    return hole - [360 * np.round((hole[:, 0].mean() - middle) / 360), 0]


def world(topology: dict[str, Any]) -> list[Polygon]:
    """All land as valid polygons inside +-180 degrees."""
    whole = box(-180, SOUTH_DEG, 180, 90)
    pieces = []
    for rings in rings_of(topology):
        outer, *holes = (unwrapped(ring) for ring in rings)
        land = make_valid(Polygon(outer))
        for hole in holes:
            land = land.difference(make_valid(Polygon(beside(hole, outer))))
        pieces += [translate(land, shift).intersection(whole) for shift in (-360, 0, 360)]
    return polygons(unary_union([piece for piece in pieces if not piece.is_empty]))


def polygons(shape: Any) -> list[Polygon]:
    """The polygons in whatever a repair has left."""
    if isinstance(shape, Polygon):
        return [shape]
    return [part for piece in getattr(shape, "geoms", ()) for part in polygons(piece)]


def tolerances(corners: np.ndarray, zones: np.ndarray) -> np.ndarray:
    """How far each corner may be off, degrees of latitude."""
    east = (corners[:, None, 0] - zones[None, :, 0]) * np.cos(np.radians(zones[None, :, 1]))
    away = np.hypot(east, corners[:, None, 1] - zones[None, :, 1]).min(axis=1)
    return FINE_DEG + (COARSE_DEG - FINE_DEG) * np.clip((away - NEAR_DEG) / (FAR_DEG - NEAR_DEG), 0, 1)


def simplified(ring: np.ndarray, zones: np.ndarray) -> np.ndarray:
    """Douglas-Peucker where each corner is measured in its own tolerance. The ring stays closed."""
    tolerance = tolerances(ring, zones)
    flat = ring * [np.cos(np.radians(ring[:, 1].mean())), 1]
    keep = np.zeros(len(ring), bool)
    far = int(np.argmax(np.hypot(*(flat - flat[0]).T)))
    keep[[0, far, -1]] = True
    stack = [(0, far), (far, len(ring) - 1)]
    while stack:
        first, last = stack.pop()
        if last - first > 1:
            off = offsets(flat[first : last + 1]) / tolerance[first + 1 : last]
            worst = int(np.argmax(off))
            if off[worst] > 1:
                at = first + 1 + worst
                keep[at] = True
                stack += [(first, at), (at, last)]
    return ring[keep]


def offsets(line: np.ndarray) -> np.ndarray:
    """Distance of the inner corners from the chord."""
    chord, rest = line[-1] - line[0], line[1:-1] - line[0]
    along = np.clip(rest @ chord / max(chord @ chord, 1e-12), 0, 1)
    return np.hypot(*(rest - along[:, None] * chord).T)


def reduced(land: list[Polygon], zones: np.ndarray) -> list[Polygon]:
    """Simplified, small islands and lakes left out, repaired again."""
    kept = []
    for polygon in land:
        rings = [np.array(ring.coords) for ring in (polygon.exterior, *polygon.interiors)]
        large = [ring for ring in rings if weighs(ring, zones)]
        if not large or large[0] is not rings[0]:
            continue
        thin = [simplified(ring, zones) for ring in large]
        thin = [np.round(ring * PER_DEG) / PER_DEG for ring in thin if len(ring) > 3]  # noqa: PLR2004
        if thin:
            kept.append(make_valid(Polygon(thin[0], thin[1:])))
    return [part for part in polygons(unary_union(kept)) if part.area > 0]


def weighs(ring: np.ndarray, zones: np.ndarray) -> bool:
    """Whether a ring is worth its characters where it lies."""
    side = tolerances(ring[:1], zones)[0] * ISLAND_SIDES
    return bool(Polygon(ring).area * np.cos(np.radians(ring[0, 1])) > side**2)


def encoded(ring: np.ndarray) -> str:
    """Latitude and longitude steps in 5-bit groups, low first, ``?`` for zero (Google's encoded polyline)."""
    counts = np.round(ring[:, ::-1] * PER_DEG).astype(int)
    said = []
    for step in np.diff(counts, axis=0, prepend=[[0, 0]]).ravel():
        number = ~(int(step) << 1) if step < 0 else int(step) << 1
        while number >= 32:  # noqa: PLR2004
            said.append(chr((32 | number & 31) + 63))
            number >>= 5
        said.append(chr(number + 63))
    return "".join(said)


def main() -> None:
    """``make_land.py package/land-10m.json``."""
    topology = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    zones = np.array([f["geometry"]["coordinates"] for f in json.loads(ZONES.read_text("utf-8"))["features"]])
    land = reduced(world(topology), zones)
    rings = [np.array(ring.coords) for polygon in land for ring in (polygon.exterior, *polygon.interiors)]
    rings.sort(key=lambda ring: -len(ring))
    said = {
        "source": "Natural Earth 1:10m land, public domain, from npm world-atlas 2.0.2 (ISC); deploy/land/make_land.py",
        "per_deg": PER_DEG,
        "rings": [encoded(ring) for ring in rings],
    }
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(json.dumps(said, separators=(",", ":")) + "\n", "utf-8")
    corners = sum(len(ring) for ring in rings)
    sys.stderr.write(f"{len(rings)} rings, {corners} corners, {TARGET.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
