"""Wording of ``drifting``: what the alert states when it opens and when it closes."""

from __future__ import annotations

from typing import Final, NamedTuple, Self

from detectors.core.alert import Alert, Fact
from detectors.core.detector_input import DetectorInput
from detectors.core.headlines import at as place_at
from detectors.core.protocol import Finding
from detectors.core.sphere import course, distance_nm
from detectors.core.units import MINUTE_MS, MS, duration_text, hhmm_z, rfc3339, stamp, unix_ms
from detectors.core.vessels.ship import VesselState
from detectors.drifting.runs import Drift, Runs, speed_kn
from detectors.drifting.thresholds import DriftingThresholds

MAKES_WAY: Final = "makes way"
STATIONARY: Final = "stationary"
SILENT: Final = "silent"
OTHER_STATUS: Final = "states another status"
STATUS_SAID: Final = {
    1: "states at anchor",
    2: "states not under command",
    3: "states restricted manoeuvrability",
    5: "states moored",
    6: "states aground",
    7: "states fishing",
    8: "states under way sailing",
}
"""``details.ended`` by navigational status."""
_DIGITS: Final = 4
_DEGREES: Final = 360


class MeasuredDrift(NamedTuple):
    """One drift in plain numbers."""

    since_ms: int
    lat_deg: float
    lon_deg: float
    heading_deg: int
    """When and where it began, and the heading then."""
    for_s: int
    metres: int
    speed_kn: float
    course_deg: int
    off_deg: int

    @classmethod
    def of(cls, drift: Drift, runs: Runs, place: int) -> Self:
        """The first of ``drift``, which is that at ``place`` in ``runs``."""
        return cls(
            int(runs.since_s[place]) * MS,
            round(float(runs.lat_deg[place]), _DIGITS),
            round(float(runs.lon_deg[place]), _DIGITS),
            int(runs.heading_deg[place]),
            int(drift.for_s[0]),
            int(drift.metres[0]),
            float(speed_kn(drift)[0]),
            int(drift.course_deg[0]) % _DEGREES,
            int(drift.off_deg[0]),
        )


def situation(ship: VesselState) -> str:
    """Names the severity rule."""
    return "drifting.listed" if ship.listed is not None and not ship.misuse else "drifting.unlisted"


def opening(step: DetectorInput, at: int, ship: VesselState, found: MeasuredDrift, t: DriftingThresholds) -> Finding:
    """The alert opens."""
    now_ms, heading = int(step.time_ms[at]), round(float(step.reports["heading_deg"][at])) % _DEGREES
    return Finding(
        action="open",
        situation=situation(ship),
        time_ms=now_ms,
        start_ms=found.since_ms,
        headline=f"{ship.title} apparently drifting{place_at(ship.lat_deg, ship.lon_deg)}, {hhmm_z(now_ms)}, "
        f"{found.speed_kn:.1f} kn {course(found.course_deg)}, heading {heading:03d}",
        why=(
            Fact(
                fact="least angle between heading and course made good",
                value=found.off_deg,
                threshold=t.off_least_deg,
                unit="degrees",
            ),
            Fact(fact="distance made good", value=found.metres, threshold=t.least_m, unit="m"),
            Fact(fact="... in this time", value=found.for_s, threshold=int(t.least_min * MINUTE_MS // MS), unit="s"),
            Fact(fact="heading when it began to drift", value=found.heading_deg, unit="degrees"),
            Fact(fact="heading now", value=heading, unit="degrees"),
            Fact(fact="navigational status reported", value=ship.status),
        ),
        would_change=(
            f"Making way for {t.way_least_min:g} min, or {t.stationary_h:g} h in one place, closes it",
            "The status at anchor, moored, not under command or restricted closes it",
            f"{t.ends_after_h:g} h of silence close it",
        ),
        verification="corroborated" if ship.support > 1 else "unverified",
        details={
            "from": rfc3339(found.since_ms),
            "from_lat_deg": found.lat_deg,
            "from_lon_deg": found.lon_deg,
            "speed_kn": found.speed_kn,
            "course_deg": found.course_deg,
            "heading_deg": heading,
            "distance_m": found.metres,
            **({"draught_m": ship.draught_m} if ship.draught_m is not None else {}),
            **({"destination": ship.destination} if ship.destination else {}),
        },
        sentences=(step.lines(at),),
    )


def closing(step: DetectorInput, at: int, ship: VesselState, opened: Alert, how: str, *, until_ms: int) -> Finding:
    """The alert closes; ``how`` is ``details.ended``, and ``until_ms`` when it was last known to drift."""
    now_ms = int(step.time_ms[at])
    lasted_ms = until_ms - unix_ms(opened.episode_start)
    drifted = duration_text(lasted_ms)
    ends = {
        MAKES_WAY: f"makes way again after drifting {drifted}",
        STATIONARY: f"stationary after drifting {drifted}",
        SILENT: f"last known drifting, silent since {stamp(ship.last_ms, now_ms)}",
    }
    nm = _way_nm(ship, opened)
    return Finding(
        action="close",
        situation=situation(ship),
        time_ms=now_ms,
        headline=f"{ship.title} {ends.get(how, f'{how} after drifting {drifted}')}"
        f"{place_at(ship.lat_deg, ship.lon_deg)}, {hhmm_z(now_ms)}",
        why=(
            Fact(fact="time from the beginning of the drift", value=lasted_ms // MS, unit="s"),
            *(() if nm is None else (Fact(fact="distance from where the alert opened", value=nm, unit="nm"),)),
        ),
        verification=opened.verification,
        details={**opened.details, "ended": how, "to": rfc3339(until_ms), "for_s": lasted_ms // MS},
        sentences=step.evidence(at, ship),
    )


def _way_nm(ship: VesselState, opened: Alert) -> float | None:
    if ship.lat_deg is None or ship.lon_deg is None or opened.position is None:
        return None
    return round(distance_nm(opened.position.lat_deg, opened.position.lon_deg, ship.lat_deg, ship.lon_deg), 1)
