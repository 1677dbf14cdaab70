"""Published element sets of satellites in low orbits, and corners of published images of Sentinel-1."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from sgp4.api import Satrec

from detectors.core.orbits.model import ElementSet
from detectors.core.units import DAY_MS

TLE: Final = {
    "SENTINEL-1A": (
        "1 39634U 14016A   25129.48193779  .00000222  00000+0  56871-4 0  9990",
        "2 39634  98.1800 137.8668 0001386  90.8293 269.3066 14.59199646591170",
    ),
    "SENTINEL-1C": (
        "1 62261U 24235A   25129.51536752  .00000253  00000+0  63446-4 0  9992",
        "2 62261  98.1829 137.5961 0001392  88.7022 271.4337 14.59198094 22540",
    ),
    "SENTINEL-2A": (
        "1 40697U 15028A   25129.50835455  .00000166  00000+0  79966-4 0  9999",
        "2 40697  98.5697 205.1363 0001206 100.2938 259.8381 14.30809859516009",
    ),
    "SENTINEL-2C": (
        "1 60989U 24157A   25128.83710963  .00000169  00000+0  80975-4 0  9994",
        "2 60989  98.5628 204.5014 0001209  99.0707 261.0612 14.30824621 35166",
    ),
    "LANDSAT 9": (
        "1 49260U 21088A   25106.07240456  .00000957  00000-0  22241-3 0  9997",
        "2 49260  98.1921 177.4890 0001161  87.5064 272.6267 14.57121096188801",
    ),
    "HST": (
        "1 20580U 90037B   26070.18250526  .00008894  00000+0  29415-3 0  9990",
        "2 20580  28.4721  29.8149 0001855 140.1494 219.9238 15.29510230773544",
    ),
}
"""Of imaging satellites in sun-synchronous orbits, and of one in a low and little inclined orbit."""

S1A_2021: Final = (
    "1 39634U 14016A   21079.09896275 -.00000050  00000-0 -79699-6 0  9995",
    "2 39634  98.1819  88.1319 0001317  80.0185 280.1166 14.59198711370760",
)
S1A_2022: Final = (
    "1 39634U 14016A   22059.08188563  .00000057  00000+0  21846-4 0  9990",
    "2 39634  98.1819  68.1874 0001341  82.4703 277.6657 14.59199732421074",
)


class Corner(NamedTuple):
    """A place at an edge of a published image, and when it was imaged (zero Doppler), from its annotation."""

    tle: tuple[str, str]
    edge: str
    lat_deg: float
    lon_deg: float
    time: str
    days: int
    """To a time near the epoch of the elements at which Sentinel-1A flies the same track: it repeats in 12 days, and
    Sentinel-1B followed it by six."""
    seconds: float = 0.0
    """How much later Sentinel-1A flies the tracks of Sentinel-1B, by the times of their images."""


CORNERS: Final = (
    # S1A_IW_SLC__1SDH_20220414T102209_20220414T102236_042768_051AA4_E677
    Corner(S1A_2022, "near", 51.50723, -60.24827, "2022-04-14T10:22:11.755370+00:00", -48),
    Corner(S1A_2022, "near", 50.18854, -60.66459, "2022-04-14T10:22:33.807378+00:00", -48),
    # S1B_IW_GRDH_1SDV_20210401T052623_20210401T052648_026269_032297_ECC8
    Corner(S1A_2021, "near", 45.61297, 12.05225, "2021-04-01T05:26:48.793108+00:00", -6, 41.2),
    Corner(S1A_2021, "far", 46.61357, 8.87889, "2021-04-01T05:26:38.800972+00:00", -6, 41.2),
    Corner(S1A_2021, "far", 46.79376, 8.91589, "2021-04-01T05:26:35.799723+00:00", -6, 41.2),
)


def elements_of(name: str, lines: tuple[str, str]) -> ElementSet:
    """What the two lines say, read by the authors' own code."""
    read = Satrec.twoline2rv(*lines)
    a_day = 2 * math.pi / 1440
    return ElementSet(
        name=name,
        norad_id=read.satnum,
        epoch_ms=(read.jdsatepoch - 2440587.5) * DAY_MS + read.jdsatepochF * DAY_MS,
        mean_motion=read.no_kozai / a_day,
        eccentricity=read.ecco,
        inclination_deg=math.degrees(read.inclo),
        raan_deg=math.degrees(read.nodeo),
        pericenter_deg=math.degrees(read.argpo),
        mean_anomaly_deg=math.degrees(read.mo),
        bstar=read.bstar,
        mean_motion_dot=read.ndot / a_day * 1440,
        mean_motion_ddot=read.nddot / a_day * 1440**2,
    )


ELEMENTS: Final = {name: elements_of(name, lines) for name, lines in TLE.items()}
