"""Detections for the ANGARA reconstruction: where it is in two images, among other ships, decoys, clouds and errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from detectors.core.reports import Batch
from streams.decode import decode
from streams.imagery.images import Contact, Image
from streams.scenario import Options
from streams.scenario.model import HOUR_MS, at

AT_FAR_MS: Final = at("2023-12-20 21:20")
"""A day into the long dark period."""
AT_YARD_MS: Final = at("2024-03-01 22:10")
"""Three weeks after it fell silent there."""
CLOUDED_MS: Final = at("2023-12-28 02:10")
WRONG_MS: Final = at("2024-02-07 06:00")
_TRACK_DEG: Final = 192.0
_SHIFT_S: Final = 850 / 7.6 * math.sin(math.radians(38))
_KM: Final = 1 / 111.2
_HALF_KM: Final = 100.0
SHIP: Final = "the ship"


def images(options: Options, lines: Sequence[bytes]) -> list[Image]:
    """Five images; ``lines``: the feed, of which the ships with AIS are shown."""
    draw = np.random.default_rng(options.seed)
    far, yard = (options.far.lat_deg, options.far.lon_deg), (options.yard.lat_deg, options.yard.lon_deg)
    at_far = [_contact(SHIP, far, (0.6, 0.4), 131.0), *_small(draw, far, 4)]
    at_yard = [_contact(SHIP, yard, (0.2, -0.1), 124.0), *_small(draw, yard, 4), *_shown(draw, lines, yard, AT_YARD_MS)]
    strait = (34.7, 129.2)
    return [
        _image("S1A-FAR", AT_FAR_MS, far, at_far),
        _image("S1A-YARD", AT_YARD_MS, yard, at_yard),
        _image("S2-CLOUDED", CLOUDED_MS, far, (), kind="optical", clouds=(_box(far, 150.0),)),
        # An hour and a half wrong: the ships with AIS are elsewhere by then.
        _image("S1A-WRONG-TIME", WRONG_MS + int(1.5 * HOUR_MS), strait, _shown(draw, lines, strait, WRONG_MS)),
        # 131 m too, but 500 nm away from where it can be an hour after it was last heard.
        _image("S1A-TOO-FAR", at("2023-12-19 16:20"), yard, [_contact("another", yard, (20.0, 30.0), 131.0)]),
    ]


def _contact(name: str, place: tuple[float, float], off_km: tuple[float, float], length_m: float) -> Contact:
    lat_deg = place[0] + off_km[0] * _KM
    lon_deg = place[1] + off_km[1] * _KM / math.cos(math.radians(place[0]))
    return Contact(id=name, lat_deg=float(lat_deg), lon_deg=float(lon_deg), length_m=length_m, confidence=0.9)


def _small(draw: np.random.Generator, place: tuple[float, float], count: int) -> list[Contact]:
    """Fishing boats, buoys and a ghost without AIS."""
    return [
        _contact(f"small {n}", place, (float(draw.uniform(-60, 60)), float(draw.uniform(-60, 60))), 25.0 + 6 * n)
        for n in range(count)
    ]


def _shown(
    draw: np.random.Generator, lines: Sequence[bytes], place: tuple[float, float], time_ms: int
) -> list[Contact]:
    """Ships with AIS as a radar shows them: shifted along its track if they sail, with an error of 60 m."""
    batch = _decoded(lines, time_ms)
    found = []
    for mmsi in sorted({*batch.reports["mmsi"].tolist()}):
        own = batch.reports[(batch.reports["mmsi"] == mmsi) & ~np.isnan(batch.reports["lat_deg"])]
        before, after = own[own["time_ms"] <= time_ms], own[own["time_ms"] > time_ms]
        if not len(before) or not len(after) or not own["moves"].all():
            continue
        times = own["time_ms"].astype(float)
        lat, lon = (float(np.interp(time_ms, times, own[name])) for name in ("lat_deg", "lon_deg"))
        dt_s = (after["time_ms"][0] - before["time_ms"][-1]) / 1000
        north = (after["lat_deg"][0] - before["lat_deg"][-1]) / _KM / dt_s
        east = (after["lon_deg"][0] - before["lon_deg"][-1]) / _KM * math.cos(math.radians(lat)) / dt_s
        look = math.radians(_TRACK_DEG + 90)
        along = -_SHIFT_S * (east * math.sin(look) + north * math.cos(look))
        track = math.radians(_TRACK_DEG)
        off = (along * math.cos(track) + draw.normal(0, 0.06), along * math.sin(track) + draw.normal(0, 0.06))
        shown = _contact(f"ais {mmsi}", (lat, lon), off, float(draw.uniform(60, 200)))
        if max(abs(lat - place[0]), abs(lon - place[1]) * math.cos(math.radians(lat))) < _HALF_KM * _KM * 0.95:
            found.append(shown)
    return found


def _decoded(lines: Sequence[bytes], time_ms: int) -> Batch:
    near = [
        line for line in lines if abs(int(line.split(b"c:", 1)[1].split(b",")[0].split(b"*")[0]) - time_ms) < HOUR_MS
    ]
    return decode(b"\n".join(near), "feed").batch


def _box(place: tuple[float, float], half_km: float) -> tuple[tuple[float, float], ...]:
    lat, lon = place
    up, side = half_km * _KM, half_km * _KM / math.cos(math.radians(lat))
    corners = ((lon - side, lat - up), (lon + side, lat - up), (lon + side, lat + up), (lon - side, lat + up))
    return (*corners, corners[0])


def _image(
    name: str,
    time_ms: int,
    place: tuple[float, float],
    contacts: Sequence[Contact],
    kind: str = "radar",
    clouds: tuple[tuple[tuple[float, float], ...], ...] = (),
) -> Image:
    return Image(
        id=name,
        sensor="Sentinel-1" if kind == "radar" else "Sentinel-2",
        kind=kind,  # type: ignore[arg-type]  # radar or optical
        time_ms=time_ms,
        footprint=_box(place, _HALF_KM),
        contacts=tuple(contacts),
        track_deg=_TRACK_DEG,
        looks="right",
        clouds=clouds,
    )
