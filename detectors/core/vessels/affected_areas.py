"""Areas in which positions are unreliable at present, as the stage of places has found them.

They come back to the stage of vessels through the log, where they are in force from one record to another: so a replay
of the log, and a worker that starts again, come to the same alerts. A vessel is affected if its position is where the
displaced vessels were, or where they appear.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from detectors.core.alert import Alert, Fact
from detectors.core.sphere import distance_nm
from detectors.core.units import unix_ms
from detectors.core.vessels.ship import VesselState

INTERFERENCE: Final = "interference"
"""The detector whose alerts are areas."""
AREA, OTHERWISE = "area_alert", "severity_otherwise"
"""Details of an alert that an area limits: the id of the area's alert, and its severity without the area."""
_MARGIN_NM: Final = 5.0
"""Around the vessels that were displaced: others between them have not been displaced yet, or stay silent."""
_FALSE_MARGIN_NM: Final = 2.0
_FALSE_MOST_NM: Final = 20.0
"""Where vessels appear further apart than that, they show no place."""
_ENDED_KEPT: Final = 1000
_DEGREE_NM: Final = 60.0


class AffectedArea(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="area"):
    """One revision of an area; degrees."""

    alert: str
    """The id of its alert."""
    revision: int
    time_ms: int
    """Event time of the revision, Unix ms."""
    south_deg: float
    north_deg: float
    west_deg: float
    east_deg: float
    """The bounds of where the vessels were; east is less than west across 180 E."""
    vessels: int = 0
    appear_lat_deg: float | None = None
    appear_lon_deg: float | None = None
    """The middle of where they appear, if that is one place."""
    appear_within_nm: float = 0.0
    ended: bool = False

    def holds(self, lat_deg: float, lon_deg: float) -> bool:
        """Whether a position there is unreliable."""
        if self.appear_lat_deg is not None and self.appear_lon_deg is not None:
            far_nm = distance_nm(self.appear_lat_deg, self.appear_lon_deg, lat_deg, lon_deg)
            if far_nm <= self.appear_within_nm + _FALSE_MARGIN_NM:
                return True
        nearest_lat = min(max(lat_deg, self.south_deg), self.north_deg)
        if abs(lat_deg - nearest_lat) * _DEGREE_NM > _MARGIN_NM:
            return False
        wide, off = (self.east_deg - self.west_deg) % 360, (lon_deg - self.west_deg) % 360
        nearest_lon = lon_deg if off <= wide else self.east_deg if off - wide < 360 - off else self.west_deg
        return distance_nm(nearest_lat, nearest_lon, lat_deg, lon_deg) <= _MARGIN_NM

    def fact(self) -> Fact:
        """For the alerts that it limits."""
        return Fact(
            fact="vessels displaced from this area: position unreliable here", value=self.vessels, source=self.alert
        )


def area_of(alert: Alert) -> AffectedArea | None:
    """The area that an alert of INTERFERENCE is about; None for other alerts."""
    if alert.detector != INTERFERENCE:
        return None
    details: Mapping[str, Any] = alert.details
    bounds = {name: details["area"][name] for name in ("south_deg", "north_deg", "west_deg", "east_deg")}
    lat_deg, lon_deg, within_nm = _appearing([(each["lat_deg"], each["lon_deg"]) for each in details["vessels"]])
    return AffectedArea(
        alert=alert.id,
        revision=alert.revision,
        time_ms=unix_ms(alert.time),
        vessels=details["vessels_total"],
        appear_lat_deg=lat_deg,
        appear_lon_deg=lon_deg,
        appear_within_nm=within_nm,
        ended=alert.status in {"closed", "retracted"},
        **bounds,
    )


def _appearing(places: Sequence[tuple[float, float]]) -> tuple[float | None, float | None, float]:
    """The place from which the furthest of the places is nearest, of those that are one of them; and how far that is.

    With at most 50 vessels in an alert, all pairs are compared.
    """
    far = [max(distance_nm(*here, *there) for there in places) for here in places]
    within_nm = round(min(far, default=_FALSE_MOST_NM + 1), 1)
    if within_nm > _FALSE_MOST_NM:
        return None, None, 0.0
    return *places[far.index(min(far))], within_nm


class OpenAreas:
    """The areas in force."""

    def __init__(self) -> None:
        self._known: dict[str, AffectedArea] = {}
        """By alert, also the last ones that have ended: a record may come again after that."""

    def take(self, area: AffectedArea) -> bool:
        """Adopts a revision. False if it, or a later one, was known."""
        known = self._known.pop(area.alert, None)
        news = known is None or known.revision < area.revision
        self._known[area.alert] = area if known is None or news else known
        ended = [each.alert for each in self._known.values() if each.ended]
        for alert in ended[:-_ENDED_KEPT]:
            del self._known[alert]
        return news

    def around(self, ship: VesselState) -> AffectedArea | None:
        """The area that affects a vessel: by its position, or, while it appears displaced, by the trusted one."""
        fixes = [(ship.lat_deg, ship.lon_deg)]
        if ship.displaced and ship.trusted is not None:
            fixes.append(ship.trusted[:2])
        for area in self._known.values():
            if not area.ended and any(
                lat is not None and lon is not None and area.holds(lat, lon) for lat, lon in fixes
            ):
                return area
        return None

    def kept(self) -> list[AffectedArea]:
        """For a snapshot."""
        return list(self._known.values())

    def restore(self, areas: Iterable[AffectedArea]) -> None:
        """From a snapshot."""
        self._known = {area.alert: area for area in areas}


def limited(alert: Alert, area: AffectedArea | None) -> Alert:
    """The alert as it is in ``area``; with None, and if it is ``log`` anyway, unchanged."""
    if area is None or alert.severity == "log":
        return alert
    return msgspec.structs.replace(
        alert,
        severity="log",
        why=(*alert.why, area.fact()),
        details={**alert.details, AREA: area.alert, OTHERWISE: alert.severity},
    )


def unlimited(alert: Alert) -> Alert:
    """The alert as it would be in no area."""
    by = alert.details.get(AREA)
    if by is None:
        return alert
    return msgspec.structs.replace(
        alert,
        severity=alert.details[OTHERWISE],
        why=tuple(fact for fact in alert.why if fact.source != by),
        details={name: value for name, value in alert.details.items() if name not in {AREA, OTHERWISE}},
    )
