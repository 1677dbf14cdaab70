"""What a listed vessel states about its voyage, as evidence in its open alert; never an alert by itself.

The draught is compared across silences that ``gap`` has judged and across stays, once they have ended: reports of the
draught come minutes after the first position. The distance to a reported destination is compared with the least one
since it was first reported.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from detectors.core.alert import Alert, Fact
from detectors.core.detector_input import DetectorInput, Places
from detectors.core.geography.gazetteer import gazetteer_of
from detectors.core.headlines import at as place_at
from detectors.core.headlines import port
from detectors.core.reference import Port, Reference
from detectors.core.sphere import distance_nm
from detectors.core.units import HOUR_MS, MS, STEP_MS, hhmm_z, rfc3339
from detectors.core.vessels.draughts import ACROSS, DRAUGHT_CHANGE, SILENCE, DraughtChange
from detectors.core.vessels.fleet import Fleet
from detectors.core.vessels.past import DARK, KINDS
from detectors.core.vessels.ship import VesselState
from detectors.core.vessels.voyage_statements import VoyageStatement
from detectors.watchlist.thresholds import WatchlistThresholds

AWAY: Final = "away_from_destination"
"""Key of ``details``."""
_VOYAGE_TYPE: Final = 5
_UNCERTAIN: Final = frozenset({"likeness"})
"""How a port must not have been recognised in a destination."""


class Interruption(NamedTuple):
    """A silence or a stay that has ended; times in Unix s."""

    kind: str
    """A key of ACROSS."""
    from_s: int
    to_s: int
    dark: bool
    """A silence that was judged dark."""


class VoyageNews(NamedTuple):
    """What has not been reported yet: for ``details``, and for the headline."""

    details: Mapping[str, Any]
    headline: str
    said: VoyageStatement
    """The statement of the vessel, once this is reported."""


def note(step: DetectorInput, reference: Reference) -> None:
    """Keeps what listed vessels state."""
    for at in _stating(step).tolist():
        row = int(step.rows[at])
        step.fleet.voyages.put(row, _after(step, at, step.fleet.voyages.of(row), reference))


def with_news(step: DetectorInput, open_: Any, reference: Reference, t: WatchlistThresholds) -> Places:
    """Reports after which there is something to report about a vessel with an open alert."""
    found, former = [], dict[int, VoyageStatement]()
    for at in _stating(step).tolist():
        row = int(step.rows[at])
        said = former[row] = _after(step, at, former.get(row) or step.fleet.voyages.of(row), reference)
        if open_[at] and _news_of(step, at, said, reference, t) is not None:
            found.append(at)
    return np.asarray(found, np.intp)


def _stating(step: DetectorInput) -> Places:
    if not step.stated.any():
        return np.zeros(0, np.intp)
    at = np.flatnonzero(step.stated & (step.now.listed > 0))
    return np.asarray(at[step.reports["type"][at] == _VOYAGE_TYPE])


def _after(step: DetectorInput, at: int, said: VoyageStatement, reference: Reference) -> VoyageStatement:
    time_s, draught_m = int(step.time_ms[at]) // MS, float(step.now.draught_m[at])
    if not math.isnan(draught_m):
        said = said.with_draught(time_s, draught_m)
    destination = bytes(step.now.destination[at])
    if not destination:
        return said
    return said.with_destination(time_s, destination, _distance_nm(step, at, destination, reference))


def _distance_nm(step: DetectorInput, at: int, destination: bytes, reference: Reference) -> float | None:
    bound_for, lat, lon = _port_of(destination, reference), float(step.now.lat_deg[at]), float(step.now.lon_deg[at])
    unsure = int(step.now.fix_ms[at]) < int(step.now.unsure_step[at]) * STEP_MS
    if bound_for is None or math.isnan(lat + lon) or unsure:
        return None
    return round(distance_nm(lat, lon, bound_for.lat_deg, bound_for.lon_deg), 1)


def _port_of(destination: bytes, reference: Reference) -> Port | None:
    named = gazetteer_of(reference).named(destination.decode("ascii", "replace"))
    return None if named is None or named.by in _UNCERTAIN else named.port


def news_in(step: DetectorInput, at: int, reference: Reference, t: WatchlistThresholds) -> VoyageNews | None:
    """What the statements of a vessel show that has not been reported; from now on it has."""
    row = int(step.rows[at])
    if row not in step.fleet.voyages:
        return None
    news = _news_of(step, at, step.fleet.voyages.of(row), reference, t)
    if news is not None:
        step.fleet.voyages.put(row, news.said)
    return news


def _news_of(
    step: DetectorInput, at: int, said: VoyageStatement, reference: Reference, t: WatchlistThresholds
) -> VoyageNews | None:
    now_ms, row = int(step.time_ms[at]), int(step.rows[at])
    changed = _changed(step.fleet, row, said, now_ms, t)
    if changed is not None:
        what, change = changed
        return VoyageNews(
            {DRAUGHT_CHANGE: change.details(what.kind, what.from_s * MS, what.to_s * MS, raised=what.dark)},
            f"draught {change.before_m:g} to {change.after_m:g} m across {ACROSS[what.kind]}",
            said._replace(told_s=what.to_s),
        )
    away = _away(step, at, said, reference, t)
    if away is None:
        return None
    bound_for = _port_of(said.destination, reference)
    label = "" if bound_for is None else port(bound_for.name, bound_for.country or None)
    return VoyageNews({AWAY: away}, f"sails away from its destination {label}", said._replace(away_told=True))


def _changed(
    fleet: Fleet, row: int, said: VoyageStatement, now_ms: int, t: WatchlistThresholds
) -> tuple[Interruption, DraughtChange] | None:
    """The newest interruption with a change of draught across it."""
    if len({stated.decimetres for stated in said.draughts}) < 2:  # noqa: PLR2004 - two make a change
        return None
    ended = [
        each
        for each in _interruptions(fleet, row)
        if said.told_s <= each.from_s
        and now_ms // MS - each.to_s <= t.draught_within_h * HOUR_MS // MS
        and each.to_s - each.from_s >= t.draught_break_least_h * HOUR_MS // MS
    ]
    for each in sorted(ended, key=lambda each: each.to_s, reverse=True):
        change = said.change_across(each.from_s, each.to_s - 1 if each.kind == SILENCE else each.from_s)
        if change is not None:
            return each, change
    return None


def _interruptions(fleet: Fleet, row: int) -> Iterable[Interruption]:
    if row not in fleet.memory:
        return
    for silence in fleet.memory.silences(row):
        yield Interruption(SILENCE, silence.from_ms // MS, silence.to_ms // MS, silence.verdict == DARK)
    for stay in fleet.memory.stays(row):
        yield Interruption(KINDS[stay.kind], stay.from_ms // MS, stay.to_ms // MS, dark=False)


def _away(
    step: DetectorInput, at: int, said: VoyageStatement, reference: Reference, t: WatchlistThresholds
) -> dict[str, object] | None:
    """How far it is from a destination to which it does not sail."""
    now_s = int(step.time_ms[at]) // MS
    if said.away_told or now_s - said.since_s < t.away_least_h * HOUR_MS // MS or said.nearest_nm <= t.away_least_nm:
        return None  # a vessel that has been there has often not changed it yet
    nm, bound_for = _distance_nm(step, at, said.destination, reference), _port_of(said.destination, reference)
    if nm is None or bound_for is None or nm - said.nearest_nm < t.away_least_nm:
        return None
    return {
        "destination": said.destination.decode("ascii", "replace"),
        "port": port(bound_for.name, bound_for.country or None),
        "since": rfc3339(said.since_s * MS),
        "nearest_nm": said.nearest_nm,
        "distance_nm": nm,
        "threshold_nm": t.away_least_nm,
    }


def headline(ship: VesselState, news: VoyageNews, now_ms: int) -> str:
    """The vessel and its news."""
    return f"{ship.title} {news.headline}{place_at(ship.lat_deg, ship.lon_deg)}, {hhmm_z(now_ms)}"


# -- in alerts ----------------------------------------------------------------------------------------------------


def kept(opened: Alert | None) -> dict[str, Any]:
    """What an open alert states already."""
    return (
        {} if opened is None else {key: opened.details[key] for key in (DRAUGHT_CHANGE, AWAY) if key in opened.details}
    )


def facts(details: Mapping[str, Any]) -> Iterable[Fact]:
    """What is in ``details``, for ``why``."""
    if (draught := details.get(DRAUGHT_CHANGE)) is not None:
        change = DraughtChange(float(draught["before_m"]), float(draught["after_m"]))
        yield change.fact(str(draught["across"]))
    if (away := details.get(AWAY)) is not None:
        yield Fact(
            fact=f"further from the reported destination {away['port']} than before",
            value=round(float(away["distance_nm"]) - float(away["nearest_nm"]), 1),
            threshold=float(away["threshold_nm"]),
            unit="nm",
            source="AIS message 5",
        )


def is_raised(details: Mapping[str, Any], *, sure: bool) -> bool:
    """Whether the draught changed in the dark; never if it is not ``sure`` that the vessel is the listed one."""
    return sure and bool(details.get(DRAUGHT_CHANGE, {}).get("raised", False))


def was_raised(opened: Alert) -> bool:
    """The same of an open alert."""
    return is_raised(opened.details, sure=opened.verification == "corroborated" and not opened.details.get("misuse"))
