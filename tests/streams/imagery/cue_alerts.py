"""Alerts about a silent listed ship, with real passes over its reach, as the engine writes them."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from detectors.core.alert import Alert, Fact, Position, Vessel
from detectors.core.orbits.ground_tracks import Satellites
from detectors.core.orbits.model import Pass, Sensor, Target
from detectors.core.orbits.search import find_passes
from detectors.core.orbits.sensors import sensor_of
from detectors.core.units import DAY_MS, rfc3339
from tests.detectors.orbits.published import ELEMENTS

START_MS: Final = int(ELEMENTS["SENTINEL-1A"].epoch_ms)
SATELLITES: Final = Satellites([(one, sensor) for one in ELEMENTS.values() if (sensor := sensor_of(one))])
WIDE: Final = Satellites([(ELEMENTS["SENTINEL-1A"], Sensor(name="wide", kind="radar", look="nadir", far_km=1500.0))])
"""It covers whole targets at once."""


def passes_over(lat_deg: float, lon_deg: float, radius_nm: float, name: str = "reach") -> list[Pass]:
    """The first three within three days."""
    target = Target(name=name, lat_deg=lat_deg, lon_deg=lon_deg, radius_nm=radius_nm, since_ms=START_MS)
    return find_passes(SATELLITES, [target], START_MS, START_MS + 3 * DAY_MS, most=3)


def whole_over(lat_deg: float, lon_deg: float, radius_nm: float) -> list[Pass]:
    """The first that covers all of it."""
    target = Target(name="reach", lat_deg=lat_deg, lon_deg=lon_deg, radius_nm=radius_nm, since_ms=START_MS)
    found = find_passes(WIDE, [target], START_MS, START_MS + 3 * DAY_MS)
    return [one for one in found if one.covers == 1][:1]


def alert_of(passes: list[Pass], lat_deg: float = 42.4, lon_deg: float = 131.5, **changes: Any) -> Alert:
    """A gap of a listed ship with these passes."""
    made = Alert(
        id="ab" * 16,
        revision=2,
        status="updated",
        detector="gap",
        rule_version=1,
        severity="page",
        subject="mmsi/273999001",
        case_id="imo/9179842",
        mmsi=273_999_001,
        vessel=Vessel(name="ANGARA", imo=9_179_842, call_sign="UX999", flag="RU", ship_type=79, length_m=128),
        episode_start=rfc3339(START_MS - 3_600_000),
        time=rfc3339(START_MS),
        position=Position(lat_deg=lat_deg, lon_deg=lon_deg, time=rfc3339(START_MS - 3_600_000)),
        headline="ANGARA (IMO 9179842) silent 60 min, since 1030Z, listed: OFAC",
        why=(
            Fact(fact="silence", value=3600, threshold=1200, unit="s"),
            Fact(fact="other vessels heard within 60 nm", value=8, source="angara"),
        ),
        details={
            "last_heard": rfc3339(START_MS - 3_600_000),
            "v_max_kn": 11.9,
            "feasible_ports": [{"zone": "Rajin", "distance_nm": 88.0}],
            "imagery": {"elements_age_h": 1.5, "passes": msgspec.to_builtins(passes)},
        },
    )
    return msgspec.structs.replace(made, **changes)
