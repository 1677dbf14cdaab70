"""Areas in which positions are unreliable at present, as the stage of places has found them.

They come back to the stage of vessels through the log, where they are in force from one record to another: so a replay
of the log, and a worker that starts again, come to the same alerts. A vessel is affected if its position is where the
displaced vessels were, or where they appear.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from detectors.core.alert import HEIGHT, Alert, Fact, Severity
from detectors.core.sphere import distance_nm
from detectors.core.units import MINUTE_MS, unix_ms
from detectors.core.vessels.ship import VesselState

INTERFERENCE: Final = "interference"
"""The detector whose alerts are areas."""
AREA, OTHERWISE = "area_alert", "severity_otherwise"
"""Details of an alert that an area limits: the id of the area's alert, and its severity without the area."""
DELAY_MS: Final = MINUTE_MS
_MARGIN_NM: Final = 5.0
"""Around the vessels that were displaced: others between them have not been displaced yet, or stay silent."""
_FALSE_MARGIN_NM: Final = 2.0
_FALSE_MOST_NM: Final = 20.0
"""Where vessels appear further apart than that, they show no place."""
_ENDED_KEPT: Final = 200
_DEGREE_NM: Final = 60.0
_LAST_MS: Final = 253_402_300_800_000  # the year 10000
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]


class AffectedArea(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="area"):
    """One revision of an area; degrees."""

    alert: Annotated[str, Meta(max_length=64)]
    """The id of its alert."""
    revision: Annotated[int, Meta(ge=1, le=2**31)]
    time_ms: Annotated[int, Meta(ge=0, lt=_LAST_MS)]
    """Event time of the revision, Unix ms."""
    since_ms: Annotated[int, Meta(ge=0, lt=_LAST_MS)] = 0
    """Its first displacement: positions before that are reliable."""
    south_deg: Latitude
    north_deg: Latitude
    west_deg: Longitude
    east_deg: Longitude
    """The bounds of where the vessels were; east is less than west across 180 E."""
    vessels: Annotated[int, Meta(ge=0, le=2**31)] = 0
    appear_lat_deg: Latitude | None = None
    appear_lon_deg: Longitude | None = None
    """The middle of where they appear, if that is one place."""
    appear_within_nm: Annotated[float, Meta(ge=0, le=100)] = 0.0
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

    def affects(self, lat_deg: float | None, lon_deg: float | None, fix_ms: int) -> bool:
        """Whether a fix is unreliable; also when the area has ended, for a vessel that was not heard since."""
        if lat_deg is None or lon_deg is None or fix_ms < self.since_ms or (self.ended and fix_ms > self.time_ms):
            return False
        return self.holds(lat_deg, lon_deg)

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
        since_ms=unix_ms(details["from"]),
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


class KeptAreas(msgspec.Struct, frozen=True, omit_defaults=True):
    """For a snapshot."""

    known: list[AffectedArea] = []
    waiting: list[AffectedArea] = []


class OpenAreas:
    """The areas in force, and the last ones that have ended: a vessel may not have been heard since.

    A revision comes into force DELAY_MS of event time after it was decided, with the first tick that has reached that.
    Until then it is under way from the stage of places, in a replay for no time and in a worker for about a second: so
    both bring it into force at the same tick. A worker that is far behind gets it later, with the next tick.
    """

    def __init__(self) -> None:
        self._known: dict[str, AffectedArea] = {}
        """By alert, also the last ones that have ended: a record may come again after that."""
        self._waiting: list[AffectedArea] = []

    def take(self, area: AffectedArea) -> None:
        """A revision, which may have come before."""
        known = self._known.get(area.alert)
        if (known is None or known.revision < area.revision) and area not in self._waiting:
            self._waiting.append(area)

    def __bool__(self) -> bool:
        return bool(self._known)

    def due(self, clock_ms: int) -> list[AffectedArea]:
        """Brings into force what is due at that event time, and returns it in order."""
        if not self._waiting:  # nearly always
            return []
        due = [area for area in self._waiting if area.time_ms + DELAY_MS <= clock_ms]
        self._waiting = [area for area in self._waiting if area.time_ms + DELAY_MS > clock_ms]
        due.sort(key=lambda area: (area.time_ms, area.alert, area.revision))
        for area in due:
            self._known.pop(area.alert, None)
            self._known[area.alert] = area
        ended = [each.alert for each in self._known.values() if each.ended]
        for alert in ended[:-_ENDED_KEPT]:
            del self._known[alert]
        return due

    def around(self, ship: VesselState) -> AffectedArea | None:
        """The area that affects a vessel: by its position, or, while it appears displaced, by the trusted one."""
        was = ship.trusted if ship.displaced else None
        for area in self._known.values():
            if area.affects(ship.lat_deg, ship.lon_deg, ship.fix_ms):
                return area
            if was is not None and area.affects(was.lat_deg, was.lon_deg, ship.fix_ms):
                return area
        return None

    def affect(self, lat_deg: float, lon_deg: float, fix_ms: int) -> bool:
        """Whether a fix is in one of them."""
        return any(area.affects(lat_deg, lon_deg, fix_ms) for area in self._known.values())

    def kept(self) -> KeptAreas:
        """For a snapshot."""
        return KeptAreas(list(self._known.values()), list(self._waiting))

    def restore(self, kept: KeptAreas) -> None:
        """From a snapshot."""
        self._known = {area.alert: area for area in kept.known}
        self._waiting = list(kept.waiting)


def limited(alert: Alert, area: AffectedArea | None, most: Severity) -> Alert:
    """The alert as it is in ``area``, at most of that severity; with None, and if it is not higher, unchanged."""
    if area is None or HEIGHT[alert.severity] <= HEIGHT[most]:
        return alert
    return msgspec.structs.replace(
        alert,
        severity=most,
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
