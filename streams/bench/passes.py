"""The cost of saying which satellites pass over the reach of silent ships."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
import typer

from detectors.core.orbits.ground_tracks import Satellites
from detectors.core.orbits.model import ElementSet, Sensor, Target
from detectors.core.orbits.search import find_passes
from detectors.core.orbits.sensors import SENSORS
from detectors.core.units import DAY_MS, HOUR_MS
from streams.bench.frame import Figure, Measured, Row, cpu_of

_START_MS: Final = 1_746_748_800_000  # 9 May 2025
_LEO: Final = ElementSet(
    name="S",
    norad_id=1,
    epoch_ms=_START_MS,
    mean_motion=14.592,
    eccentricity=0.00014,
    inclination_deg=98.18,
    raan_deg=0.0,
    pericenter_deg=90.0,
    mean_anomaly_deg=0.0,
    bstar=5e-5,
)
_SILENT_H: Final = 24
_SPEED_KN: Final = 12.0
_FIRST: Final = 5
_LAT_MOST: Final = 60.0


def run(
    alerts: Annotated[int, typer.Option(help="Number of silent ships.", min=1)] = 1000,
    satellites: Annotated[int, typer.Option(help="Number of satellites.", min=1, max=500)] = 20,
    days: Annotated[int, typer.Option(help="How far ahead, days.", min=1, max=10)] = 3,
) -> Measured:
    """Find passes over the reach of ships that fell silent within a day, one alert after another.

    Example: wakewatch bench passes --alerts 1000
    """
    pairs, targets = _pairs(satellites), _targets(alerts)
    to_ms = _START_MS + days * DAY_MS
    rows = []
    for name, most in (("all passes", None), (f"the first {_FIRST} of each alert", _FIRST)):
        ready = Satellites(pairs)
        _, tracks_s = cpu_of(lambda ready=ready: list(ready.blocks(_START_MS, to_ms - 1)))  # type: ignore[misc]
        count, cpu_s = cpu_of(lambda ready=ready, most=most: _count(ready, targets, to_ms, most))  # type: ignore[misc]
        figures = (Figure("CPU s", tracks_s + cpu_s), Figure("of it tracks", tracks_s), Figure("passes", count))
        rows.append(Row(name, figures))
    return Measured(
        input=f"{alerts:,} alerts, {satellites} satellites in sun-synchronous orbits, {days} days",
        rows=tuple(rows),
        notes=(f"silent for up to {_SILENT_H} h at {_SPEED_KN:g} kn, reach at most 300 nm; half radar, half optical",),
    )


def _pairs(count: int) -> list[tuple[ElementSet, Sensor]]:
    """Satellites spread over orbital planes, alternately with the first two sensors."""
    return [
        (
            msgspec.structs.replace(
                _LEO, name=f"S{n}", norad_id=n + 1, raan_deg=n * 137.5 % 360, mean_anomaly_deg=n * 77.0 % 360
            ),
            SENSORS[n % 2],
        )
        for n in range(count)
    ]


def _targets(count: int) -> list[Target]:
    chosen = random.Random(1)  # noqa: S311 - places, not secrets
    return [
        Target(
            name=str(n),
            lat_deg=chosen.uniform(-_LAT_MOST, _LAT_MOST),
            lon_deg=chosen.uniform(-180, 180),
            radius_nm=0.0,
            since_ms=_START_MS - chosen.randrange(_SILENT_H * HOUR_MS),
            growth_kn=_SPEED_KN,
            most_nm=300.0,
        )
        for n in range(count)
    ]


def _count(satellites: Satellites, targets: Sequence[Target], to_ms: int, most: int | None) -> int:
    return sum(len(find_passes(satellites, [target], _START_MS, to_ms, most)) for target in targets)
