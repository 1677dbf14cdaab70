"""Wording of silences and returns: headlines, facts and details of ``gap`` alerts."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from detectors.core import headlines
from detectors.core.alert import Alert, Fact, Verification
from detectors.core.coverage.reception_state import ClosedBlock, ReceptionState
from detectors.core.coverage.slot_blocks import BASE
from detectors.core.detector_input import DetectorInput
from detectors.core.geography.reachable_zones import once_heard, while_silent
from detectors.core.protocol import Finding
from detectors.core.sphere import distance_nm, distances_nm, unit_vectors
from detectors.core.units import HOUR_MS, MS, duration_text, hhmm_z, rfc3339, stamp, unix_ms
from detectors.core.vessels.past import AT_REST, CANNOT_TELL, DARK, UNSURE, VERDICTS
from detectors.core.vessels.ship import VesselState

INTERVAL_A_S, INTERVAL_B_S, INTERVAL_REST_S = 10.0, 30.0, 180.0  # ITU-R M.1371
PEERS_NM: Final = 60.0
CHANCE_FACT: Final = "chance that a transmitting vessel is silent this long within a day"
"""``streams.messages.fact_wording`` and the console's page recognise it."""


def peers_heard(reception: ReceptionState, closed: ClosedBlock, row: int) -> int:
    """Other vessels heard since, in the slots that closed, within PEERS_NM of its last place.

    Few vessels close slots in blocks of up to two hours, in which the vessel itself may have been heard at first, and
    others not after it: neither shows that it could be heard now.
    """
    c = reception.vessel_columns
    later = c.slot[closed.heard] > c.slot[row]
    heard = closed.heard[later & (c.kind[closed.heard] < BASE)]
    here = unit_vectors(c.lat_deg[[row]].astype(np.float64), c.lon_deg[[row]].astype(np.float64))
    there = unit_vectors(c.lat_deg[heard].astype(np.float64), c.lon_deg[heard].astype(np.float64))
    return int((np.round(distances_nm(here, there), 1) <= PEERS_NM).sum())


def verified(ship: VesselState) -> Verification:
    """Whether more than one report supports the identity."""
    return "corroborated" if ship.support > 1 else "unverified"


def leg(before: VesselState, ship: VesselState, *, moved: bool) -> tuple[float | None, float | None]:
    """Distance covered in the dark, nm, and the speed over ground that it took, kn; None if a fix is missing."""
    if not moved or before.lat_deg is None or before.lon_deg is None or ship.lat_deg is None or ship.lon_deg is None:
        return None, None
    far_nm = round(distance_nm(before.lat_deg, before.lon_deg, ship.lat_deg, ship.lon_deg), 2)
    hours = (ship.fix_ms - before.fix_ms) / HOUR_MS
    return far_nm, round(far_nm / hours, 1) if hours > 0 else None


def heard_by(step: DetectorInput, row: int) -> dict[str, object]:
    """The source that hears the vessel, if there is only one: its outage explains the silence."""
    mask = int(step.fleet.core.sources[row])
    names = [source.name for number, source in enumerate(step.sources.sources) if mask >> number & 1]
    return {"source": names[0]} if len(names) == 1 else {}


def on(far_nm: float | None) -> str:
    """How far away the vessel was heard again, as a clause of a headline; empty if unknown."""
    return "" if far_nm is None else f", {far_nm:.0f} nm away"


def silence_details(ship: VesselState, category: str, silent_s: int) -> dict[str, object]:
    """How long it is silent, and how often it should be heard. ``category``: that of the verdict."""
    at_rest = category == "at_rest"
    interval_s = INTERVAL_REST_S if at_rest else INTERVAL_B_S if ship.class_b else INTERVAL_A_S
    return {
        "category": category,
        "last_heard": rfc3339(ship.last_ms),
        "silent_for_s": silent_s,
        "expected_interval_s": interval_s,
        **({} if ship.usual_s is None else {"usual_interval_s": ship.usual_s}),
    }


class SilenceVerdict(NamedTuple):
    """The verdict on a silence that has not ended: its numbers, and its name."""

    chance: float
    alpha: float
    heard_share: float
    missed_s: int
    needed_s: int
    peers: int
    verdict: int
    """As in ``detectors.core.vessels.past``."""
    situation: str

    @property
    def alone(self) -> bool:
        """No other vessel is heard nearby, so the silence cannot be judged."""
        return self.verdict == CANNOT_TELL

    @property
    def category(self) -> str:
        """As ``details`` of the alert."""
        return {CANNOT_TELL: "cannot_tell", AT_REST: "at_rest"}.get(self.verdict, "under_way")

    def why(self) -> tuple[Fact, ...]:
        """The numbers, in the order of weight."""
        chance, alpha = round(self.chance, 6), round(self.alpha, 6)
        return (
            Fact(fact=CHANCE_FACT, value=chance, threshold=alpha),
            Fact(
                fact="silence in which the feed could have heard it",
                value=self.missed_s,
                threshold=self.needed_s,
                unit="s",
            ),
            Fact(fact="share of 5-minute slots in which it was heard before", value=round(self.heard_share, 3)),
            Fact(fact="other vessels heard within 60 nm in the same 5 minutes", value=self.peers),
        )


_AFTER: Final = {DARK: "", AT_REST: " at rest", UNSURE: ", possibly dark", CANNOT_TELL: ", cannot tell if dark"}


def gap_finding(step: DetectorInput, at: int, ship: VesselState, told: SilenceVerdict, opened: Alert | None) -> Finding:
    """The finding for a significant silence: a new alert, or a revision of ``opened``."""
    now_ms = int(step.time_ms[at])
    silent = duration_text(now_ms - ship.last_ms)
    return Finding(
        action="update" if opened else "open",
        situation=told.situation,
        time_ms=now_ms,
        start_ms=ship.last_ms,
        headline=f"{ship.title} silent {silent}{_AFTER[told.verdict]}{headlines.at(ship.lat_deg, ship.lon_deg)}, "
        f"since {stamp(ship.last_ms, now_ms)}",
        why=told.why(),
        would_change=(
            "Any report from the vessel closes it",
            "If other vessels nearby fall silent too, a loss of reception explains it",
        ),
        verification=verified(ship),
        details=silence_details(ship, told.category, (now_ms - ship.last_ms) // MS)
        | heard_by(step, int(step.rows[at]))
        | {
            "verdict": VERDICTS[told.verdict],
            "p_silence": round(told.chance, 6),
            "alpha": round(told.alpha, 6),
            "peers_heard": told.peers,
        }
        | while_silent(step.reference, ship, now_ms),
        sentences=(ship.sentence,) if ship.sentence else (),
    )


def return_finding(step: DetectorInput, at: int, opened: Alert, situation: str) -> Finding:
    """The finding for the report that ends the silence."""
    before, ship = step.ship_before(at), step.ship(at)
    far_nm, speed_kn = leg(before, ship, moved=bool(step.moved[at]))
    silent_ms = ship.last_ms - before.last_ms
    details = {
        **opened.details,
        "silent_for_s": silent_ms // MS,
        "reappeared_at": rfc3339(ship.last_ms),
        **({} if far_nm is None else {"distance_nm": far_nm}),
        **({} if speed_kn is None else {"implied_speed_kn": speed_kn}),
        **(once_heard(step.reference, before, ship) if far_nm is not None else {}),
    }
    return Finding(
        action="close",
        situation=situation,
        time_ms=ship.last_ms,
        headline=f"{ship.title} reappeared after {duration_text(silent_ms)}{on(far_nm)}, {hhmm_z(ship.last_ms)}",
        why=(Fact(fact="silence", value=silent_ms // MS, unit="s"), *opened.why[1:]),
        verification=verified(ship),
        details=details,
        sentences=tuple(line for line in (before.sentence, step.lines(at)) if line),
    )


def is_vague(opened: Alert) -> bool:
    """Whether a gap alert is "cannot tell"; a verdict may still follow."""
    return opened.details.get("category") == "cannot_tell"


def decided_ms(opened: Alert) -> int:
    """Up to when the vessel was found silent. Images and element sets revise the alert at later times, as a slow feed
    is behind the clock of who tells them."""
    details = opened.details
    silent_ms = int(details["silent_for_s"]) * MS + MS - 1  # it is rounded down
    return min(unix_ms(opened.time), unix_ms(details["last_heard"]) + silent_ms)


def late_report_finding(
    opened: Alert, before: VesselState, ship: VesselState, situation: str, *, line: bytes
) -> Finding:
    """A report from before the gap opened has arrived later than the allowed lateness: retracts the gap."""
    silent_s = (ship.last_ms - before.last_ms) // MS
    return Finding(
        action="retract",
        situation=situation,
        time_ms=unix_ms(opened.time),
        headline=f"{ship.title} was heard at {stamp(ship.last_ms, unix_ms(opened.time))}, "
        "reported late: it was not silent",
        why=(Fact(fact="silence before the late report", value=silent_s, unit="s"), *opened.why),
        verification=verified(ship),
        details={
            **opened.details,
            "silent_for_s": silent_s,
            "reappeared_at": rfc3339(ship.last_ms),
            "reason": "late_report",
        },
        sentences=tuple(each for each in (before.sentence, line) if each),
    )


class ListedSilence(NamedTuple):
    """A silence of a listed vessel that is not a gap: when it is reported, s, and the vessels heard nearby."""

    after_s: int
    near: int
    """Other vessels heard since, at most at once."""
    out_of_range: bool
    """It has left the receivers' range, as others do; otherwise no vessel can be heard there."""


def unheard_finding(step: DetectorInput, ship: VesselState, now_ms: int, told: ListedSilence) -> Finding:
    """The finding for a long silence of a listed vessel that is not a gap."""
    after_s, near, out_of_range = told
    silent_s = (now_ms - ship.last_ms) // MS
    said = "out of receiver range" if out_of_range else "cannot tell if dark"
    return Finding(
        action="open",
        situation="gap.listed_out_of_range" if out_of_range else "gap.listed_unheard",
        time_ms=now_ms,
        start_ms=ship.last_ms,
        headline=f"{ship.title} no signal since {stamp(ship.last_ms, now_ms)}, {said}"
        f"{headlines.at(ship.lat_deg, ship.lon_deg)}",
        why=(
            Fact(fact="silence; this feed was unlikely to hear it", value=silent_s, threshold=after_s, unit="s"),
            Fact(fact="most other vessels heard within 60 nm of its last position since then", value=near),
        ),
        would_change=(
            "Any report from the vessel closes it",
            "Reports from other vessels in the area would allow a verdict",
        ),
        verification=verified(ship),
        details=silence_details(ship, "cannot_tell", silent_s)
        | {"verdict": VERDICTS[CANNOT_TELL], "out_of_range": out_of_range, "peers_heard": near}
        | while_silent(step.reference, ship, now_ms),
        sentences=(ship.sentence,) if ship.sentence else (),
    )
