"""How much the silence of a listed vessel means, and the severity of its return.

Three levels. *Dark*: the chance is calibrated and small, and other vessels are heard around its last position: a page.
*Possible*: the silence is longer and its chance larger, or no other vessel is heard there, so the place may be out of
reception: a ticket. *Unheard*: a long silence without either, because the vessel left range as others do, or no vessel
is heard there any more: each has its own severity rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.alert import Alert, Fact
from detectors.core.coverage.reception_state import ReceptionState
from detectors.core.coverage.slot_blocks import AT_REST, SLOT_MS
from detectors.core.detector_input import DetectorInput
from detectors.core.gap_wording import SilenceVerdict, peers_heard
from detectors.core.protocol import Finding
from detectors.core.sphere import distance_nm
from detectors.core.units import DAY_MS, HOUR_MS, MS, NEVER_MS, STEP_MS
from detectors.core.vessels.past import AT_REST as LAY_STILL
from detectors.core.vessels.past import CANNOT_TELL, DARK, UNSURE, VERDICTS
from detectors.core.vessels.ship import VesselState
from detectors.core.vessels.silences import open_silence, verdict_of

SLOT_S: Final = SLOT_MS // MS
MIN_REPORTS: Final = 3
PEERS_MOST: Final = 65_535
LONG_MS: Final = 6 * HOUR_MS
"""A dark silence shorter than this has little meaning for the port after it."""
NO_LEVEL, POSSIBLE, PAGED = 0, 1, 2
"""Levels of a silence that continues; the higher includes the lower."""
MOVED_NM: Final = 2.0
"""A vessel that is heard again this far from where it was stationary has made a voyage unheard."""

Rows = npt.NDArray[np.intp]
Ints = npt.NDArray[np.integer]
Floats = npt.NDArray[np.float64]


class ListedSilenceLimits(NamedTuple):
    """Limits of ``gap`` for silences: chances, and seconds in which the vessel could have been heard."""

    alpha_listed: float
    alpha_possible: float
    page_s: float
    possible_s: float
    rest_s: float
    """For a vessel last heard at rest; the silence of a listed one is never a page."""
    unlisted_s: float
    peers_least: int
    heard_ahead_least_h: float
    heard_share_least: float

    def shown(self, reception: ReceptionState, rows: Rows, peers: int) -> bool:
        """Whether other vessels show that the one vessel in ``rows`` would be heard at its place and on its course."""
        return peers >= self.peers_least and bool(reception.coverage.heard_ahead_h(rows)[0] >= self.heard_ahead_least_h)

    def alpha_of(self, level: int) -> float:
        """The chance below which a listed vessel's silence has that level."""
        return self.alpha_listed if level == PAGED else self.alpha_possible


def levels(kind: Ints, missed: Ints, chance: Floats, limits: ListedSilenceLimits) -> npt.NDArray[np.uint8]:
    """The level of each silence of a listed vessel with other vessels heard around it; ``missed`` in slots."""
    at_rest, missed_s = kind == AT_REST, missed.astype(np.int64) * SLOT_S
    needed_s = np.where(at_rest, limits.rest_s, limits.possible_s)
    possible = (chance < limits.alpha_possible) & (missed_s >= needed_s)
    paged = ~at_rest & (chance < limits.alpha_listed) & (missed_s >= limits.page_s)
    return np.where(paged, PAGED, np.where(possible, POSSIBLE, NO_LEVEL)).astype(np.uint8)


def note_peers(step: DetectorInput, mine: Any, until_ms: int) -> None:
    """Notes how many others are heard around the last place of listed vessels, silent until ``until_ms``.

    Only slots that have surely closed before that moment count, for any places of ticks.
    """
    reception, closed, rows, core = step.reception, step.closed, step.rows, step.fleet.core
    assert reception is not None  # a step of a slot has both
    assert closed is not None
    slots = reception.own_slots(rows, core.last_ms[rows])
    now_ms = step.time_ms - reception.vessel_columns.behind[rows].astype(np.int64) * SLOT_MS
    counts = now_ms <= slots * SLOT_MS + until_ms - reception.listening.lateness_ms
    for at in np.flatnonzero(counts & (core.listed[rows] > 0) & core.vessel[rows]).tolist():
        row, slot = int(rows[at]), int(slots[at])
        known = int(mine.near_peers[row]) if mine.near_slot[row] == slot else 0
        mine.near_slot[row], mine.near_peers[row] = (
            slot,
            max(known, min(peers_heard(reception, closed, row), PEERS_MOST)),
        )
        mine.near_heard_share[row] = reception.vessel_columns.heard_share[row]


class JudgedSilence(NamedTuple):
    """The notes of ``gap``, in its columns, about the present silence of one vessel."""

    mine: Any
    row: int
    ship: VesselState
    limits: ListedSilenceLimits

    @property
    def verdict_ms(self) -> int:
        """When the first verdict applies; NEVER_MS if there is none."""
        return self._step_ms(int(self.mine.verdict_step[self.row]))

    @property
    def page_ms(self) -> int:
        """When a possible silence becomes dark."""
        return self._step_ms(int(self.mine.verdict_step[self.row]) and int(self.mine.page_step[self.row]))

    def _step_ms(self, step: int) -> int:
        earlier = self.ship.last_ms // SLOT_MS > int(self.mine.seen_to[self.row])  # the verdict on another silence
        return NEVER_MS if earlier or not step else step * STEP_MS

    @property
    def near_peers(self) -> int:
        """How many other vessels were heard around since, at most at once."""
        same = int(self.mine.near_slot[self.row]) >= self.ship.last_ms // SLOT_MS
        return int(self.mine.near_peers[self.row]) if same else 0

    @property
    def out_of_range(self) -> bool:
        """Whether it left reception: others still are where it was, or it was rarely heard there."""
        return self.near_peers > 0 or float(self.mine.near_heard_share[self.row]) < self.limits.heard_share_least

    def first(self) -> SilenceVerdict:
        """The first verdict."""
        mine, row, t = self.mine, self.row, self.limits
        level = POSSIBLE if mine.page_step[row] else int(mine.verdict_level[row])
        at_rest, peers, listed = int(mine.verdict_kind[row]) == AT_REST, int(mine.verdict_peers[row]), self.ship.listed
        alone = listed is not None and peers < t.peers_least and not at_rest
        verdict = CANNOT_TELL if alone else LAY_STILL if at_rest else DARK if level == PAGED else UNSURE
        of_listed_s = t.possible_s if level == POSSIBLE else t.page_s
        needed_s = t.rest_s if at_rest else t.unlisted_s if listed is None else of_listed_s
        return SilenceVerdict(
            chance=float(mine.verdict_chance[row]),
            alpha=float(mine.verdict_alpha[row]),
            heard_share=float(mine.verdict_heard_share[row]),
            missed_s=int(mine.verdict_missed[row]) * SLOT_S,
            needed_s=int(needed_s),
            peers=peers,
            verdict=verdict,
            situation=situation_of(
                self.ship, verdict, out_of_range=float(mine.verdict_heard_share[row]) < t.heard_share_least
            ),
        )

    def second(self) -> SilenceVerdict:
        """The verdict that it has become dark."""
        mine, row, t = self.mine, self.row, self.limits
        return self.first()._replace(
            chance=float(mine.page_chance[row]),
            alpha=t.alpha_listed,
            missed_s=int(mine.page_missed[row]) * SLOT_S,
            needed_s=int(t.page_s),
            peers=int(mine.page_peers[row]),
            verdict=DARK,
            situation=situation_of(self.ship, DARK),
        )


def situation_of(ship: VesselState, verdict: int, *, out_of_range: bool = False) -> str:
    """Names the severity rule of a silence."""
    if ship.listed is None or ship.misuse:
        return "gap.at_rest" if verdict == LAY_STILL else "gap.unlisted"
    if verdict == DARK:
        return "gap.listed" if ship.support > 1 or ship.reports > MIN_REPORTS else "gap.listed_unverified"
    if verdict == CANNOT_TELL:
        return "gap.listed_out_of_range" if out_of_range else "gap.listed_unheard"
    return "gap.listed_at_rest" if verdict == LAY_STILL else "gap.listed_possible"


def is_dark(alert: Alert) -> bool:
    """Whether a gap alert is dark."""
    return verdict_of(alert) == DARK


def absence(step: DetectorInput, at: int, ship: VesselState, silent_ms: int, any_silence_d: float) -> str:
    """The kind of silence from which a vessel has returned: a key of ``listing.ABSENCES``."""
    row, since_ms = int(step.rows[at]), ship.appeared_ms
    ended = next((s for s in reversed(step.fleet.memory.silences(row)) if s.from_ms <= since_ms <= s.to_ms), None)
    verdict = silence_of(step.fleet.open_of(row)) if ended is None else ended.verdict
    if verdict == DARK:
        return "dark"
    if verdict == LAY_STILL and ended is not None and _moved_nm(ended.before, ship) > MOVED_NM:
        return "moved"
    if silent_ms >= any_silence_d * DAY_MS:
        return "long"
    if verdict in (LAY_STILL, UNSURE):
        return VERDICTS[verdict]
    return "out of range"


def came_dark(step: DetectorInput, at: int, within_h: float) -> bool:
    """Whether a silence of the vessel was dark, long, and ended in the last hours."""
    past, now_ms = step.fleet.memory.silences(int(step.rows[at])), int(step.time_ms[at])
    return any(
        s.verdict == DARK and s.to_ms - s.from_ms >= LONG_MS and now_ms - s.to_ms <= within_h * HOUR_MS for s in past
    )


def silence_of(open_alerts: Mapping[tuple[str, str], Alert]) -> int | None:
    """The verdict on the present silence; None if there is none."""
    found = open_silence(open_alerts)
    return None if found is None else found.verdict


def last_inside(open_alerts: Mapping[tuple[str, str], Alert]) -> str | None:
    """The zone in which a silent vessel was last known; None if in none."""
    near = open_alerts.get(("port_proximity", ""))
    return str(near.details["zone"]) if near is not None and near.details.get("reason") == "inside" else None


def ordinary_port(open_alerts: Mapping[tuple[str, str], Alert]) -> str | None:
    """The zone in which an open ticket places a vessel; None if in none, or if that alert is a page."""
    near = open_alerts.get(("port_proximity", ""))
    return None if near is None or near.severity == "page" else last_inside(open_alerts)


def delisted_finding(ship: VesselState, opened: Alert, now_ms: int, version: str, situation: str) -> Finding:
    """The end of a hit: the list of that version has no entry about the vessel."""
    return Finding(
        action="close",
        situation=situation,
        time_ms=now_ms,
        headline=f"{ship.title}no longer listed by {opened.details['list']}",
        why=(Fact(fact="list version in force, without this vessel", value=version),),
        verification=opened.verification,
        details={**opened.details, "ended": "removed from the list", "list_version": version},
        sentences=(ship.sentence,) if ship.sentence else (),
    )


def _moved_nm(before: tuple[float, float] | None, ship: VesselState) -> float:
    if before is None or ship.lat_deg is None or ship.lon_deg is None:
        return 0.0
    return distance_nm(*before, ship.lat_deg, ship.lon_deg)
