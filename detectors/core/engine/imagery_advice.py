"""Adds to alerts about listed ships which satellites pass next over where the ship can be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from detectors.core.alert import Alert
from detectors.core.orbits.choice import NextPasses, OrbitRecord
from detectors.core.orbits.model import Target
from detectors.core.reference import Reference, Zone
from detectors.core.units import DAY_MS, HOUR_MS, MINUTE_MS, rfc3339, unix_ms

IMAGERY: Final = "imagery"
"""The name in the details of an alert."""
_AGAIN_MS: Final = 10 * MINUTE_MS
_YOUNG_MS: Final = 7 * DAY_MS
_WEEK_MS: Final = 7 * DAY_MS
_REACH_LEAST_NM: Final = 2.0
_REACH_MOST_NM: Final = 300.0
_PLACE_NM: Final = 2.0
_ZONES_MOST: Final = 6


class ImageryAdvice:
    """The passes that alerts state. Without element sets it does nothing."""

    def __init__(self, reference: Reference) -> None:
        self.next = NextPasses()
        self.know(reference)

    def know(self, reference: Reference) -> None:
        """Other zones are in force."""
        self._zones: Mapping[str, Zone] = {zone.name: zone for zone in reference.zones}

    def take(self, record: OrbitRecord | None) -> None:
        """Other element sets are in force."""
        self.next = NextPasses(record)

    def advised(self, alert: Alert, former: Alert | None, now_ms: int, *, listed: bool) -> Alert:
        """The alert with the next passes; an ended one with none if it had some, so that orders are withdrawn."""
        ended = alert.status in {"closed", "retracted"}
        stated = former is not None and IMAGERY in former.details
        if ended or not listed or not self.next:
            return _with(alert, {"as_of": rfc3339(now_ms), "passes": []}) if stated else alert
        targets = list(self._targets(alert, now_ms))
        if not targets:
            return _with(alert, {"as_of": rfc3339(now_ms), "passes": []}) if stated else alert
        passes = self.next.after(now_ms, targets)
        oldest_h = max((abs(one.elements_age_h) for one in passes), default=0.0)
        return _with(
            alert,
            {
                "as_of": rfc3339(now_ms),
                "elements_age_h": oldest_h,
                "passes": msgspec.json.decode(msgspec.json.encode(passes)),
            },
        )

    def _targets(self, alert: Alert, now_ms: int) -> Iterator[Target]:
        details: Mapping[str, Any] = alert.details
        if alert.detector == "gap" and alert.position is not None and "v_max_kn" in details:
            at_rest = details.get("category") == "at_rest"
            silent_h = (now_ms - unix_ms(details["last_heard"])) / HOUR_MS
            if not at_rest and float(details["v_max_kn"]) * silent_h > _REACH_MOST_NM:
                return  # no image covers enough of it: ``port_proximity`` names the zones in it
            yield Target(
                name="its last place" if at_rest else "its reach",
                lat_deg=alert.position.lat_deg,
                lon_deg=alert.position.lon_deg,
                radius_nm=_PLACE_NM if at_rest else _REACH_LEAST_NM,
                since_ms=unix_ms(details["last_heard"]),
                growth_kn=0.0 if at_rest else float(details["v_max_kn"]),
            )
        elif alert.detector == "long_stay":
            lat_deg, lon_deg = details["lat_deg"], details["lon_deg"]
            yield Target(name="its place", lat_deg=lat_deg, lon_deg=lon_deg, radius_nm=_PLACE_NM, since_ms=0)
        elif alert.detector == "port_proximity" and details.get("reason") == "feasible_while_dark":
            named = dict.fromkeys([details["zone"], *(port["zone"] for port in details.get("feasible_ports", ()))])
            for name in [name for name in named if name in self._zones][:_ZONES_MOST]:
                zone = self._zones[name]
                yield Target(
                    name=name, lat_deg=zone.lat_deg, lon_deg=zone.lon_deg, radius_nm=zone.radius_nm, since_ms=0
                )

    def next_ms(self, alert: Alert, now_ms: int) -> int | None:
        """When to look again at what an open alert states; None: it states nothing, or only newer elements help."""
        due_ms = renewal_ms(alert)
        if due_ms is None:
            return None
        if alert.details[IMAGERY]["passes"]:
            return max(due_ms, now_ms + _AGAIN_MS)
        return now_ms + DAY_MS if self.next.any_fresh(now_ms) else None


def renewal_ms(alert: Alert) -> int | None:
    """When an alert is to state other passes: daily in the first week, then weekly; not before they are over."""
    imagery = alert.details.get(IMAGERY)
    if imagery is None:
        return None
    passes, as_of_ms = imagery["passes"], unix_ms(imagery["as_of"])
    young = as_of_ms - unix_ms(alert.episode_start) < _YOUNG_MS
    next_ms = as_of_ms + (DAY_MS if young else _WEEK_MS)
    return max(next_ms, unix_ms(passes[-1]["end"])) if passes else next_ms


def _with(alert: Alert, imagery: dict[str, Any]) -> Alert:
    return msgspec.structs.replace(alert, details={**alert.details, IMAGERY: imagery})
