"""How an encounter is described: facts, details and evidence of its alert."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from msgspec.structs import replace

from detectors.core.alert import Fact
from detectors.core.headlines import at
from detectors.core.meeting_stage.hull_places import alongside, headings_of
from detectors.core.meeting_stage.meeting import HOUR, Meeting, Together
from detectors.core.meeting_stage.writing import described, short_of, title_of
from detectors.core.slow_ships import BIN_MS, SlowShip
from detectors.core.sphere import distance_nm
from detectors.core.units import MS, rfc3339, stamp
from detectors.core.vessels.draughts import ENCOUNTER

_SLOW_KN: Final = 1.0
SERVICES: Final = {
    "tug": "a tug",
    "dredger": "a dredger",
    "diving_vessel": "a diving vessel",
    "pilot": "a pilot vessel",
    "rescue_vessel": "a rescue vessel",
    "tender": "a tender",
    "service_vessel": "a service vessel",
    "law_enforcement": "a vessel of law enforcement",
    "medical_transport": "a medical transport",
    "bunker_barge": "a bunker barge, by its name",
    "many_partners": "a vessel that meets many others",
}
"""Why one of them meets others as part of its work."""


def where_and_since(ship: SlowShip, since_ms: int, now_ms: int) -> str:
    """The position and the beginning as clauses of a headline."""
    return f"{at(ship.lat_deg, ship.lon_deg)}, since {stamp(since_ms, now_ms)}"


def service_fact(service: str, thresholds: Any) -> Iterable[Fact]:
    """Why the alert is for the record only."""
    if service == "many_partners":
        days = thresholds.partners_days
        yield Fact(fact=f"one of them met more ships within {days} d than", value=thresholds.partners_most)
    elif service:
        yield Fact(fact="one of them is", value=SERVICES[service])


def details_of(meeting: Meeting, time: Together) -> dict[str, object]:
    """``details`` of the alert: both ships, the time and the distance."""
    counted = [each for each in meeting.samples if each.step >= time.since] or meeting.samples
    apart = sorted(each.apart_m for each in counted)
    first, last = counted[0], counted[-1]
    hours = max(1, last.step - first.step) / HOUR
    speed_kn = round(distance_nm(first.lat_deg, first.lon_deg, last.lat_deg, last.lon_deg) / hours, 1)
    hulls, headings = alongside(meeting.one, meeting.other), headings_of(meeting.one, meeting.other)
    return {
        "vessels": [
            {**described(ship), **_before(was, ship)}
            for ship, was in ((meeting.one, meeting.first_one), (meeting.other, meeting.first_other))
        ],
        "from": rfc3339(time.since * BIN_MS),
        "to": rfc3339(last.step * BIN_MS),
        "together_s": (last.step - time.since) * BIN_MS // MS,
        "distance_m": round(apart[len(apart) // 2]),
        "speed_kn": speed_kn,
        "under_way": speed_kn >= _SLOW_KN,
        **({} if hulls is None else {"alongside": hulls}),
        **({} if headings is None else {"headings": headings}),
        **({"draught_changes": list(_changes(meeting))} if meeting.changes else {}),
    }


def _changes(meeting: Meeting) -> Iterable[dict[str, object]]:
    for ship in (meeting.one, meeting.other):
        change = meeting.changes.get(ship.mmsi)
        if change is not None:
            yield {"mmsi": ship.mmsi, "before_m": change.before_m, "after_m": change.after_m}


def draught_facts(meeting: Meeting) -> Iterable[Fact]:
    """Each change of draught."""
    for ship in (meeting.one, meeting.other):
        change = meeting.changes.get(ship.mmsi)
        if change is not None:
            yield replace(change.fact(ENCOUNTER), source=short_of(ship))


def titled(ship: SlowShip, meeting: Meeting) -> str:
    """The ship in a headline: without its IMO number if there is a change of draught to be told."""
    return short_of(ship) if meeting.changes else title_of(ship)


def draught_clause(meeting: Meeting) -> str:
    """The first change of draught as a clause of a headline; empty without one."""
    for ship in (meeting.one, meeting.other):
        change = meeting.changes.get(ship.mmsi)
        if change is not None:
            return f", draught {change.before_m:g} to {change.after_m:g} m"
    return ""


def _before(was: SlowShip, ship: SlowShip) -> dict[str, object]:
    """What it stated when they came together, where that is no longer what it states."""
    pairs = (
        ("draught_before_m", was.draught_m, ship.draught_m),
        ("destination_before", was.destination, ship.destination),
    )
    return {name: before for name, before, now in pairs if before is not None and before != now}


def evidence_of(meeting: Meeting) -> tuple[bytes, ...]:
    """A report of each ship at the beginning, and the newest."""
    ships = (meeting.first_one, meeting.first_other, meeting.one, meeting.other)
    lines = dict.fromkeys(ship.sentence for ship in ships if ship.sentence)
    return tuple(line.encode("ascii", "replace") for line in lines)
