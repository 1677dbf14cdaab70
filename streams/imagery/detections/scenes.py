"""What the names of scenes and sensors say: sensor, time, and for Sentinel-1 the satellite's course.

| name | what it says |
|---|---|
| ``S1A_IW_GRDH_1SDV_20200709T063331_20200709T063356_033373_03DDAA_4C6B`` | Sentinel-1A, begin and end |
| ``S2A_MSIL1C_20180904T110621_N0206_R137_T30UYD_20180904T133425`` | Sentinel-2A, begin of the datatake |
| ``VJ102DNB.A2022362.0154.021.2022362055600`` | VIIRS, begin of six minutes |
| ``LC08_L1TP_125052_20230101_20230110_02_T1`` | Landsat 8, the day only |
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, NamedTuple

from streams.imagery.matching.plane import EARTH_KM

_SENTINEL_1: Final = re.compile(r"S1([A-D])_(?:IW|EW|S[1-6]|WV)_\w{4}_\w{4}_(\d{8}T\d{6})_(\d{8}T\d{6})")
_SENTINEL_2: Final = re.compile(r"S2([A-D])_MSIL\w{2}_(\d{8}T\d{6})_")
_VIIRS: Final = re.compile(r"(?:VNP|VJ1|VJ2)\d\dDNB\w*\.A(\d{7})\.(\d{4})")
_LANDSAT: Final = re.compile(r"L[COTEM]0?([4-9])_L\w{3}_\d{6}_\d{8}")
_STAMP: Final = "%Y%m%dT%H%M%S"
_VIIRS_MIDDLE: Final = timedelta(minutes=3)
_SUFFIX: Final = re.compile(r"\.(?:SAFE|zip|tiff?|nc)$", re.IGNORECASE)

_EVENTS: Final = {
    "sar_sentinel1": "Sentinel-1",
    "sentinel1": "Sentinel-1",
    "eo_sentinel2": "Sentinel-2",
    "sentinel2": "Sentinel-2",
    "eo_landsat_8_9": "Landsat 8/9",
    "viirs": "VIIRS",
}
_RADAR: Final = re.compile(
    r"sentinel-?1|\bs1[a-d]?\b|\bsar\b|radar|iceye|capella|umbra|cosmo|\bcsk|\bcsg|terrasar|tandem|\bpaz\b|alos|palsar"
    r"|saocom|\brcm|nisar|kompsat-5|novasar|strix|risat|gaofen-3",
    re.IGNORECASE,
)
_OPTICAL: Final = re.compile(
    r"sentinel-?2|\bs2[a-d]?\b|landsat|viirs|\bdnb\b|noaa|npp|planet|dove|skysat|worldview|maxar|geoeye|pl[eé]iades|spot"
    r"|rapideye|blacksky|satellogic|jilin|modis|optical|sentinel-?3",
    re.IGNORECASE,
)
_INCLINATION_DEG: Final = 98.18
"""Of Sentinel-1, in an orbit of 98.6 minutes whose nodes are at 6 and 18 hours of local time."""
_GROUND_KM_S: Final = 2 * math.pi * EARTH_KM / (98.6 * 60)
_EARTH_KM_S: Final = 2 * math.pi * EARTH_KM / 86_164
_LATITUDE_MOST_DEG: Final = 70.0
"""Beyond it the local time does not say whether the satellite flies north."""
_ASCENDS_H, _NODE_ERROR_H = 18.0, 3.0
_DAY_H: Final = 24.0
_HOUR_MS: Final = 3_600_000


class Scene(NamedTuple):
    """What a scene's name says."""

    sensor: str
    begin_ms: int | None
    """None: the name has no time of day."""
    end_ms: int | None

    @property
    def middle_ms(self) -> int | None:
        """The middle of its time."""
        return None if self.begin_ms is None or self.end_ms is None else (self.begin_ms + self.end_ms) // 2


def plain(name: str) -> str:
    """A scene's name without the ending of a file."""
    return _SUFFIX.sub("", name.strip())


def scene_of(name: str) -> Scene | None:
    """What a name says; None for one of no known form."""
    if found := _SENTINEL_1.search(name):
        return Scene(f"Sentinel-1{found[1]}", _ms(found[2]), _ms(found[3]))
    if found := _SENTINEL_2.search(name):
        return Scene(f"Sentinel-2{found[1]}", _ms(found[2]), _ms(found[2]))
    if found := _VIIRS.search(name):
        middle = _ms(f"{found[1]}{found[2]}", "%Y%j%H%M", _VIIRS_MIDDLE)
        return Scene("VIIRS", middle, middle)
    if found := _LANDSAT.search(name):
        return Scene(f"Landsat {found[1]}", None, None)
    return None


def sensor_of(text: str) -> str:
    """A sensor's usual name: Skylight's ``sar_sentinel1`` is Sentinel-1."""
    return _EVENTS.get(text.strip().lower(), text.strip())


def kind_of(sensor: str) -> Literal["radar", "optical"]:
    """Whether a sensor is a radar. One that is not known counts as one: a radar's shift then only widens gates."""
    return "optical" if _OPTICAL.search(sensor) and not _RADAR.search(sensor) else "radar"


def course_of(sensor: str, lat_deg: float, lon_deg: float, time_ms: int) -> float | None:
    """Sentinel-1's course over the ground above a place: by local time, north in the evening, south in the morning.

    Right to 1 degree below ``_LATITUDE_MOST_DEG``. None for other sensors, near the poles, and at other times of day.
    """
    if not sensor.lower().startswith("sentinel-1") or abs(lat_deg) > _LATITUDE_MOST_DEG:
        return None
    local_h = (time_ms / _HOUR_MS + lon_deg / 360 * _DAY_H) % _DAY_H
    ascends = abs(local_h - _ASCENDS_H) < _NODE_ERROR_H
    if not ascends and abs(local_h - (_ASCENDS_H - _DAY_H / 2)) >= _NODE_ERROR_H:
        return None
    lat = math.radians(lat_deg)
    inertial = math.asin(math.cos(math.radians(_INCLINATION_DEG)) / math.cos(lat))
    east = _GROUND_KM_S * math.sin(inertial) - _EARTH_KM_S * math.cos(lat)
    north = _GROUND_KM_S * math.cos(inertial) * (1 if ascends else -1)
    return round(math.degrees(math.atan2(east, north)) % 360, 1)


def _ms(text: str, form: str = _STAMP, later: timedelta = timedelta()) -> int | None:
    """Unix ms of a time in a name; None if it is no time."""
    try:
        return int((datetime.strptime(text, form).replace(tzinfo=UTC) + later).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
