"""Alerts of this stage: about one ship, as facts describe it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Protocol

from msgspec.structs import replace

from detectors.core.alert import HEIGHT, Alert, Position, Severity, Vessel
from detectors.core.engine.alert_writer import Emitted, composed
from detectors.core.listing_reasons import SEVERITIES, highest
from detectors.core.mid import flag_of
from detectors.core.protocol import Finding
from detectors.core.slow_ships import ListedSilence, SlowShip
from detectors.core.units import rfc3339

_NAME_LETTERS: Final = 20


class MeetingDetector(Protocol):
    """A detector whose subject is ``meeting``."""

    name: ClassVar[str]
    rule_version: ClassVar[int]
    severities: ClassVar[Mapping[str, Severity]]
    thresholds: Any


def severities_of(detectors: Mapping[str, MeetingDetector], given: Mapping[str, Severity]) -> dict[str, Severity]:
    """By situation and by reason for listing."""
    own = {name: height for one in detectors.values() for name, height in one.severities.items()}
    return {**SEVERITIES, **own, **given}


def written(
    detector: MeetingDetector,
    finding: Finding,
    about: SlowShip | ListedSilence,
    former: Alert | None,
    severities: Mapping[str, Severity],
    *,
    replayed: bool,
) -> Emitted:
    """The next revision of the alert about a ship."""
    own = severities[finding.situation]
    if finding.raised:
        own = next((more for more in HEIGHT if HEIGHT[more] == HEIGHT[own] + 1), own)
    severity = min(own, finding.severity_most, *_most(about, severities), key=HEIGHT.__getitem__)
    said = replace(finding, listed=finding.listed or about.listed)
    alert = composed(detector, said, f"mmsi/{about.mmsi}", former, severity)
    alert = replace(
        alert,
        case_id=f"imo/{about.imo}" if about.imo else f"mmsi/{about.mmsi}",
        mmsi=about.mmsi,
        vessel=vessel_of(about),
        position=finding.position,
        replayed=replayed and (former is None or former.replayed),
    )
    return Emitted(0, finding.time_ms, alert)


def _most(about: SlowShip | ListedSilence, severities: Mapping[str, Severity]) -> list[Severity]:
    """The upper limit by the reasons for which the ship is listed."""
    return [highest(about.listed_for, severities)] if about.listed_for else []


def vessel_of(ship: SlowShip | ListedSilence) -> Vessel:
    """The vessel as in alerts."""
    length_m = ship.length_m if isinstance(ship, SlowShip) else None
    return Vessel(name=ship.name, imo=ship.imo, flag=flag_of(ship.mmsi), ship_type=ship.ship_type, length_m=length_m)


def position_of(ship: SlowShip) -> Position:
    """Where the ship was at the moment of the fact."""
    return Position(lat_deg=ship.lat_deg, lon_deg=ship.lon_deg, time=rfc3339(ship.at_ms))


def title_of(ship: SlowShip | ListedSilence) -> str:
    """The vessel in a headline: ``ANGARA (IMO 9179842)``; never more than 34 characters."""
    imo = f" (IMO {ship.imo})" if ship.imo else ""
    return f"{short_of(ship)}{imo}"


def short_of(ship: SlowShip | ListedSilence) -> str:
    """Its name, or MMSI."""
    return ship.name[:_NAME_LETTERS] if ship.name else f"MMSI {ship.mmsi}"


def described(ship: SlowShip) -> dict[str, object]:
    """A ship in the details of an alert."""
    made = {
        "mmsi": ship.mmsi,
        "name": ship.name,
        "imo": ship.imo,
        "flag": flag_of(ship.mmsi),
        "ship_type": ship.ship_type,
        "length_m": ship.length_m,
        "list": ship.listed,
        "lat_deg": ship.lat_deg,
        "lon_deg": ship.lon_deg,
        "time": rfc3339(ship.at_ms),
        "heading_deg": ship.heading_deg,
        "draught_m": ship.draught_m,
        "destination": ship.destination,
        "came_from": ship.came_from,
        "left": None if ship.left_ms is None else rfc3339(ship.left_ms),
    }
    return {name: value for name, value in made.items() if value is not None}
