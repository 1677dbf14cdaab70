"""The imaging satellites that we know, and which of them an element set is of.

Ground ranges are measured along the curved surface from the track below the satellite. Where an operator publishes
incidence angles, they follow from these and the height of the orbit (``ground_range_km``). What agile commercial
satellites can point at is bounded by the angles that their operators offer; it is generous, because such a pass is only
marked as one that could be ordered.

Numbers are from the catalogue of the US Space Force; a name decides where a constellation grows or a number is not
certain.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

from detectors.core.orbits.model import ElementSet, Sensor

_EARTH_KM: Final = 6371.0
_SUN_DEG: Final = 5.0  # a lower sun leaves too little light on water for ships to be recognised


def ground_range_km(height_km: float, incidence_deg: float) -> float:
    """From the place below a satellite to where its beam meets the ground at this angle from the vertical."""
    incidence = math.radians(incidence_deg)
    off_nadir = math.asin(_EARTH_KM / (_EARTH_KM + height_km) * math.sin(incidence))
    return _EARTH_KM * (incidence - off_nadir)


def _radar(
    name: str, height_km: float, angles_deg: tuple[float, float], *, swath_km: float, starts: tuple[str, ...] = ()
) -> Sensor:
    near_km, far_km = (round(ground_range_km(height_km, angle)) for angle in angles_deg)
    return Sensor(
        name=name,
        norad_ids=(),
        name_starts=starts,
        kind="radar",
        look="either",
        near_km=near_km,
        far_km=far_km,
        pointable=True,
        swath_km=swath_km,
    )


def _optical(name: str, far_km: float, *, swath_km: float, starts: tuple[str, ...]) -> Sensor:
    return Sensor(
        name=name,
        norad_ids=(),
        name_starts=starts,
        kind="optical",
        look="nadir",
        far_km=far_km,
        pointable=True,
        swath_km=swath_km,
        sun_least_deg=_SUN_DEG,
    )


SENSORS: Final[tuple[Sensor, ...]] = (
    # The edges of published scenes, at a height of 702 km. The nominal angles (30.9 to 46.0 degrees at 693 km) would
    # give 368 to 617 km.
    Sensor(
        name="Sentinel-1 IW",
        norad_ids=(39634, 62261, 66315),
        name_starts=("SENTINEL-1A", "SENTINEL-1C", "SENTINEL-1D"),
        kind="radar",
        look="right",
        near_km=366.0,
        far_km=627.0,
    ),
    Sensor(
        name="Sentinel-2 MSI",
        norad_ids=(40697, 42063, 60989),
        name_starts=("SENTINEL-2",),
        kind="optical",
        look="nadir",
        far_km=145.0,
        sun_least_deg=_SUN_DEG,
    ),
    Sensor(
        name="Landsat OLI",
        norad_ids=(39084, 49260),
        name_starts=("LANDSAT 8", "LANDSAT 9"),
        kind="optical",
        look="nadir",
        far_km=92.5,
        sun_least_deg=_SUN_DEG,
    ),
    _radar("RADARSAT Constellation", 593, (19, 58), swath_km=350, starts=("RCM-", "RCM ")),
    _radar("RADARSAT-2", 798, (20, 60), swath_km=500, starts=("RADARSAT-2",)),
    _radar("TerraSAR-X", 514, (15, 60), swath_km=100, starts=("TERRASAR", "TANDEM-X", "PAZ")),
    _radar("COSMO-SkyMed", 620, (20, 60), swath_km=100, starts=("COSMO-SKYMED", "CSG-")),
    _radar("SAOCOM", 620, (18, 50), swath_km=170, starts=("SAOCOM",)),
    _radar("ALOS PALSAR", 628, (8, 70), swath_km=350, starts=("ALOS-2", "ALOS-4")),
    _radar("KOMPSAT-5", 550, (20, 55), swath_km=100, starts=("KOMPSAT-5", "ARIRANG-5")),
    _radar("ICEYE", 550, (15, 35), swath_km=100, starts=("ICEYE",)),
    _radar("Capella", 525, (15, 50), swath_km=20, starts=("CAPELLA",)),
    _radar("Umbra", 530, (10, 60), swath_km=10, starts=("UMBRA",)),
    _radar("Synspective StriX", 560, (15, 45), swath_km=30, starts=("STRIX",)),
    _radar("QPS-SAR", 560, (15, 50), swath_km=14, starts=("QPS-SAR",)),
    _optical("Maxar WorldView", 620, swath_km=13, starts=("WORLDVIEW", "WV-", "GEOEYE", "LEGION")),
    _optical("Pleiades Neo", 620, swath_km=14, starts=("PLEIADES NEO", "PLEIADES-NEO", "PNEO")),
    _optical("Pleiades", 720, swath_km=20, starts=("PLEIADES",)),
    _optical("SPOT", 720, swath_km=60, starts=("SPOT 6", "SPOT 7", "SPOT-6", "SPOT-7")),
    _optical("Planet SkySat", 260, swath_km=6, starts=("SKYSAT",)),
)
"""In the order in which they are tried: a number anywhere counts more than a name."""


def sensor_of(elements: ElementSet, sensors: Sequence[Sensor] = SENSORS) -> Sensor | None:
    """The first sensor with the satellite's number, or else the first whose name fits; None: it images nothing."""
    numbered = (sensor for sensor in sensors if elements.norad_id in sensor.norad_ids)
    name = elements.name.upper()
    named = (sensor for sensor in sensors if any(name.startswith(start.upper()) for start in sensor.name_starts))
    return next(numbered, None) or next(named, None)


def with_own(own: Iterable[Sensor]) -> tuple[Sensor, ...]:
    """The user's sensors, which are tried first, and those of ours whose name is not among them."""
    first = tuple(own)
    names = {sensor.name for sensor in first}
    return (*first, *(sensor for sensor in SENSORS if sensor.name not in names))
