"""Which cases the page shows: the filter of a request, checked, and whether a case matches it. No I/O.

| parameter | a case matches if |
|---|---|
| ``severity`` | it has this severity |
| ``status`` | ``open``, ``waiting`` (no decision yet), ``acknowledged``, ``false_alarm`` or ``closed`` |
| ``detector``, ``list``, ``zone``, ``source`` | one of its alerts has all of these; of an open case, an open one |
| ``assigned``, ``unassigned=1`` | this person works on it; no one does |
| ``area=W,S,E,N`` | its last position is in this box, degrees; west of east across 180 if W is greater than E |

A parameter that occurs more than once matches any of its values; different parameters must all match.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from detectors.core.alert import Alert, Position
from streams.console.cases import ENDED, URGENCY, CaseSummary
from streams.messages.feedback import NAME_MOST

STATUSES: Final = ("open", "waiting", "acknowledged", "false_alarm", "closed")
_OF_ALERTS: Final = ("detector", "list", "zone", "source")
_VALUES_MOST, _LENGTH_MOST = 20, 100
_CHOICES_MOST: Final = 200
_SIDES: Final = 4
_LON_MOST_DEG, _LAT_MOST_DEG = 180.0, 90.0


class FilterError(ValueError):
    """A filter that cannot be used; the text says what to change."""


class Query(Protocol):
    """The parameters of a request, as aiohttp has them."""

    def getall(self, key: str, default: list[str], /) -> list[str]:
        """All values of a parameter."""


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """A box, degrees; it crosses 180 if ``west_deg`` is greater than ``east_deg``."""

    west_deg: float
    south_deg: float
    east_deg: float
    north_deg: float

    def holds(self, position: Position) -> bool:
        """Whether a position is in it, its edges included."""
        if not self.south_deg <= position.lat_deg <= self.north_deg:
            return False
        if self.west_deg <= self.east_deg:
            return self.west_deg <= position.lon_deg <= self.east_deg
        return position.lon_deg >= self.west_deg or position.lon_deg <= self.east_deg


class CaseFilter(msgspec.Struct, frozen=True, kw_only=True):
    """The wanted cases; an empty field: any."""

    severity: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    detector: tuple[str, ...] = ()
    list: tuple[str, ...] = ()
    zone: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    assigned: tuple[str, ...] = ()
    """Names; an empty one: no one."""
    area: Area | None = None

    @property
    def active(self) -> bool:
        """Whether it leaves any case out."""
        return self != NO_FILTER

    def fits(self, alerts: Sequence[Alert]) -> bool:
        """Whether one of a case's alerts has the wanted detector, list, zone and source."""
        if not (self.detector or self.list or self.zone or self.source):
            return True
        opened = [alert for alert in alerts if alert.status not in ENDED]
        return any(self._fits(alert) for alert in opened or alerts)

    def _fits(self, alert: Alert) -> bool:
        return all(
            not wanted or not set(wanted).isdisjoint(values_of(alert, name))
            for name in _OF_ALERTS
            if (wanted := getattr(self, name)) is not None
        )

    def matches(self, case: CaseSummary) -> bool:
        """Whether a case has the wanted severity, status, person and place."""
        return (
            (not self.severity or case.severity in self.severity)
            and (not self.status or not set(self.status).isdisjoint(_statuses_of(case)))
            and (not self.assigned or case.assigned in self.assigned)
            and (self.area is None or (case.position is not None and self.area.holds(case.position)))
        )


NO_FILTER: Final = CaseFilter()


def filter_of(query: Query) -> CaseFilter:
    """The filter of a request. Raises FilterError."""
    unassigned = _values(query, "unassigned", ("1",))
    return CaseFilter(
        severity=_values(query, "severity", tuple(URGENCY)),
        status=_values(query, "status", STATUSES),
        detector=_values(query, "detector"),
        list=_values(query, "list"),
        zone=_values(query, "zone"),
        source=_values(query, "source"),
        assigned=(*_values(query, "assigned"), *("" for _ in unassigned)),
        area=_area(query.getall("area", [])),
    )


def _values(query: Query, name: str, allowed: Sequence[str] = ()) -> tuple[str, ...]:
    given = query.getall(name, [])
    if len(given) > _VALUES_MOST:
        raise FilterError(f"{name}: {_VALUES_MOST} values at most")
    for value in given:
        if allowed and value not in allowed:
            raise FilterError(f"{name}: use {', '.join(allowed)}")
        if not 0 < len(value) <= max(_LENGTH_MOST, NAME_MOST):
            raise FilterError(f"{name}: use 1 to {_LENGTH_MOST} characters")
    return tuple(sorted(set(given)))


def _area(given: list[str]) -> Area | None:
    if not given:
        return None
    wrong = FilterError("area: use one W,S,E,N in degrees, such as 128,33,132,36")
    parts = given[0].split(",")
    if len(given) > 1 or len(parts) != _SIDES or len(given[0]) > _LENGTH_MOST:
        raise wrong
    try:
        west, south, east, north = map(float, parts)
    except ValueError:
        raise wrong from None
    if not all(map(math.isfinite, (west, south, east, north))) or not south <= north:
        raise wrong
    if max(abs(west), abs(east)) > _LON_MOST_DEG or max(abs(south), abs(north)) > _LAT_MOST_DEG:
        raise wrong
    return Area(west_deg=west, south_deg=south, east_deg=east, north_deg=north)


def _statuses_of(case: CaseSummary) -> Iterator[str]:
    if not case.open:
        yield "closed"
        return
    yield "open"
    if case.waiting:
        yield "waiting"
    if case.word is not None:
        yield case.word.kind


def values_of(alert: Alert, name: str) -> set[str]:
    """The detector, lists, zones or sources of an alert."""
    if name == "detector":
        return {alert.detector}
    value = alert.details.get(name)
    found = {value} if isinstance(value, str) and value else set()
    if name == "source":
        found |= {piece.source for piece in alert.evidence}
        if alert.subject.startswith("source/"):
            found.add(alert.subject.removeprefix("source/"))
    return found


def occur(words: Sequence[str], alerts: Iterable[Alert]) -> bool:
    """Whether each of the words, in capitals, occurs in the public data of a case."""
    if not words:
        return True
    texts: set[str] = set()
    for alert in alerts:
        vessel = alert.vessel
        texts |= {alert.case_id, alert.headline, alert.detector, alert.subject, str(alert.mmsi or "")}
        if vessel is not None:
            texts |= {vessel.name or "", vessel.call_sign or "", f"IMO {vessel.imo}" if vessel.imo else ""}
    text = "\n".join(texts).upper()
    return all(word in text for word in words)


def less(total: Mapping[str, int], cases: Iterable[CaseSummary]) -> dict[str, int]:
    """By severity, how many of ``total`` are not among ``cases``."""
    shown = Counter[str](case.severity for case in cases)
    return {severity: count - shown[severity] for severity, count in total.items()}


def choices_of(alerts: Iterable[Alert]) -> dict[str, list[str]]:
    """What the alerts offer to filter by: names in order, at most _CHOICES_MOST of each."""
    found: dict[str, set[str]] = {name: set() for name in _OF_ALERTS}
    for alert in alerts:
        for name, held in found.items():
            held |= {value for value in values_of(alert, name) if len(value) <= _LENGTH_MOST}
    return {name: sorted(held)[:_CHOICES_MOST] for name, held in found.items()}
