"""Dark gap: a vessel that should be heard is silent.

Claim. A vessel that was transmitting is silent. An honest vessel that was heard as well as this one, at this place, by
this feed in its present condition, is silent for as long only once in many days. The alert opens while the vessel is
still silent, and states how rare such a silence is.

Why it matters. Vessels that carry arms or sanctioned oil switch AIS off. An alert that waits for the vessel to return
is weeks late: ANGARA was found on satellite images. A fixed rule such as "no message for N hours" reports every vessel
that leaves range: on four days of one receiver it gave 1,000 alerts per day, and almost none of them meant anything.

How it decides. Time is divided into slots of five minutes. When slots close, the coverage statistics
(detectors/core/coverage) give two numbers for each silent vessel: how many chances to be heard it has missed, and how
likely it is that an honest vessel misses as many within a day. A gap needs a likelihood below alpha, and
min_silence_s in slots in which the vessel could have been heard (20 min for listed vessels, 4 h at rest). Alpha follows
from false_gaps_per_1000_vessel_days: it is as high as the vessels now under way in well-covered water allow, and never
above alpha_most; false_gaps_per_day limits the total. Until second_look_s, and always at the edge of coverage, only a
quarter of alpha counts. A vessel that may have moored must also have missed the reports that it would have sent at its
berth (core/coverage/rare_silences.py; not for listed vessels). Silences of listed vessels are not used to learn what is
usual. A gap opens when every report that is in time would have arrived, if the vessel is still silent, and at most
reported_within_s after its last report. Class B vessels are judged only if listed. Where the feed cannot hear (the
station has failed, the place is out of range, all vessels nearby are silent too) there is no alert: the silence counts
as "cannot tell". For a listed vessel that is an alert too. The next report closes the gap, with the distance covered
and the speed needed.

When it is wrong. A vessel that switches off just when all vessels around it are lost is not found. A vessel alone where
no others sail is judged by the behaviour of vessels elsewhere (core/coverage/priors.py). Where few vessels are heard,
or the feed is new, a silence must last longer. Loss of a small part of a receiver's area looks like several vessels
going dark. Each partition uses the statistics of its own vessels only. docs/ACCURACY.md has the figures.

References. ITU-R M.1371-5 (reporting intervals); Global Fishing Watch, AIS disabling (Welch et al. 2022);
Hammond and Peters 2012 (coverage).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from detectors.core import gap_wording
from detectors.core.alert import Alert
from detectors.core.coverage.coverage import GAIN_LEAST
from detectors.core.coverage.rare_silences import SilenceRules, limits, rare
from detectors.core.coverage.slot_blocks import AT_REST, CLASS_B, SLOT_MS, UNDER_WAY
from detectors.core.detector_input import DetectorInput, Places
from detectors.core.listed_silences import (
    NO_LEVEL,
    PAGED,
    POSSIBLE,
    JudgedSilence,
    is_dark,
    levels,
    note_peers,
    situation_of,
)
from detectors.core.listed_silences import ListedSilenceLimits as ListedLimits
from detectors.core.protocol import Detector, Finding
from detectors.core.units import MS, NEVER_MS, STEP_MS, next_step, next_steps
from detectors.core.vessels.columns import Column
from detectors.core.vessels.silences import verdict_of
from detectors.gap import unlisted
from detectors.gap.thresholds import GapThresholds
from detectors.gap.unlisted import SLOT_S, closed, reception, silence_of
from detectors.gap.unlisted import alpha as alpha_of

Levels = npt.NDArray[np.uint8]


class Gap(Detector):
    """See the module."""

    name = "gap"
    rule_version = 2
    columns = (
        Column(
            "seen_to", "<i4"
        ),  # the last slot heard before the silence that was reported, or counted as "cannot tell"
        Column(
            "verdict_step", "<i4"
        ),  # the step at which it is a gap, if it lasts; 0: only counted; the next columns give the reason
        Column("verdict_chance", "<f4"),
        Column("verdict_alpha", "<f4"),
        Column("verdict_heard_share", "<f2"),
        Column("verdict_missed", "<u2"),
        Column("verdict_peers", "<u2"),
        Column("verdict_kind", "u1"),
        Column(
            "verdict_level", "u1"
        ),  # of a listed vessel: the level at which that silence was reported (detectors.core.listed_silences)
        Column("page_step", "<i4"),  # the step at which a silence reported as possible is dark; 0 when it is not
        Column("page_chance", "<f4"),
        Column("page_missed", "<u2"),
        Column("page_peers", "<u2"),
        Column("near_slot", "<i4"),  # of a listed vessel: the last slot heard before the present silence
        Column("near_peers", "<u2"),  # ... and the most other vessels heard around it since
        Column("near_heard_share", "<f2"),  # ... and the share of slots in which it was heard before
    )
    severities = {  # noqa: RUF012 - read only
        "gap.unlisted": "log",
        "gap.at_rest": "log",
        "gap.listed": "page",
        "gap.listed_possible": "ticket",
        "gap.listed_at_rest": "ticket",
        "gap.listed_unverified": "ticket",
        "gap.listed_unheard": "ticket",
        "gap.listed_out_of_range": "log",
    }

    class Thresholds(GapThresholds, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Thresholds of ``gap``."""

    def listen(self, step: DetectorInput) -> None:
        """Counts silences of class A under way that reach min_silence_s and are not gaps: once each, by reason."""
        c, rows, mine = reception(step).vessel_columns, step.rows, self.state(step)
        note_peers(step, mine, int(self.thresholds.unheard_after_s * MS))
        long = (step.time_ms // SLOT_MS - 1 - c.slot[rows]) * SLOT_S >= self.thresholds.min_silence_s
        own_slots = reception(step).own_slots(rows, step.fleet.core.last_ms[rows])
        fresh = long & (c.kind[rows] == UNDER_WAY) & (mine.seen_to[rows] != own_slots)
        if not fresh.any():
            return
        fresh &= self._levels(step, rows) == NO_LEVEL
        vague = rows[fresh]
        mine.seen_to[vague], mine.verdict_step[vague] = own_slots[fresh], 0
        unheard = int((c.gain[vague] <= GAIN_LEAST).sum())
        step.cannot_tell += {"not_to_be_heard": unheard, "ordinary_here": len(vague) - unheard}

    def screen_reports(self, step: DetectorInput) -> Places:
        """Reports of vessels with an open gap: they close it."""
        return self.is_open(step).nonzero()[0]

    def on_report(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Closes at a report."""
        opened = self.opened(step, at)
        return [] if opened is None else [self._heard(step, at, opened)]

    def due(self, step: DetectorInput) -> npt.NDArray[np.int64]:
        """When a silence of a listed vessel that is not a gap is to be reported anyway."""
        due_ms = np.full(len(step.rows), NEVER_MS)
        listed = np.flatnonzero(step.now.listed)  # few: the others need no check
        if len(listed):
            asked_ms = next_steps(step.now.last_ms[listed] + int(self.thresholds.unheard_after_s * MS))
            due_ms[listed] = np.where(step.now.vessel[listed], asked_ms, NEVER_MS)
        return due_ms

    def _told(self, step: DetectorInput, rows: Places) -> Levels:
        """The level at which each silence was reported."""
        mine = self.state(step)
        told = (mine.seen_to[rows] == reception(step).own_slots(rows, step.fleet.core.last_ms[rows])) & (
            mine.verdict_step[rows] > 0
        )
        return np.where(told, mine.verdict_level[rows], NO_LEVEL).astype(np.uint8)

    def _levels(self, step: DetectorInput, rows: Places) -> Levels:
        """The level of each silence: PAGED (a gap) or NO_LEVEL if unlisted, otherwise by ``listed_silences``."""
        t, c, core = self.thresholds, reception(step).vessel_columns, step.fleet.core
        kind, listed = c.kind[rows], core.listed[rows] > 0
        needed_s = np.where(kind == AT_REST, t.min_silence_at_rest_s, t.min_silence_s)
        needed_s = np.where(listed, min(t.min_silence_listed_s, t.possible_after_s), needed_s)
        judged = core.vessel[rows] & ((kind != CLASS_B) | listed | t.class_b)
        long = c.missed[rows].astype(np.int64) * SLOT_S >= needed_s
        likely = judged & long & (c.gain[rows] > GAIN_LEAST)
        if not likely.any():
            return np.zeros(len(rows), np.uint8)
        silence, rules = silence_of(step, rows), self._rules(step)
        of_listed = levels(kind, c.missed[rows], silence.chance, self._limits())
        of_listed = np.where(silence.age <= rules.within, of_listed, NO_LEVEL)
        of_others = np.where(rare(silence, alpha_of(step, t), rules), PAGED, NO_LEVEL)
        return np.where(likely, np.where(listed, of_listed, of_others), NO_LEVEL).astype(np.uint8)

    def _limits(self) -> ListedLimits:
        t = self.thresholds
        return ListedLimits(
            t.alpha_listed,
            t.alpha_possible,
            t.min_silence_listed_s,
            t.possible_after_s,
            t.min_silence_at_rest_s,
            t.min_silence_s,
            t.peers_least,
            t.heard_ahead_least_h,
            t.heard_share_least,
        )

    def _rules(self, step: DetectorInput) -> SilenceRules:
        return unlisted.rules(self.thresholds, reception(step).listening.allowed_ms)

    def screen_slot(self, step: DetectorInput) -> Places:
        """Vessels whose silence is a gap, and has not been reported as one."""
        return np.flatnonzero(self._levels(step, step.rows) > self._told(step, step.rows))

    def on_slot(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Notes the verdict at the end of a slot; the gap opens when its step has come."""
        self._tell(step, at)
        return ()

    def when_due(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Opens a gap, or raises its level, while the vessel is still silent."""
        return self._silent(step, at) if step.now.last_ms[at] < step.time_ms[at] else ()

    def _tell(self, step: DetectorInput, at: int) -> None:
        """Notes why a silence is a gap, and schedules the step at which it is one: no report in time comes later."""
        rows, row, heard, mine = step.rows[[at]], int(step.rows[at]), reception(step), self.state(step)
        c, listed = heard.vessel_columns, step.fleet.core.listed[row] > 0
        peers, level = min(gap_wording.peers_heard(heard, closed(step), row), 65_535), int(self._levels(step, rows)[0])
        if listed and level == PAGED and not self._limits().shown(heard, rows, peers):
            long = int(c.missed[row]) * SLOT_S >= self.thresholds.possible_after_s
            level = POSSIBLE if long else NO_LEVEL
        told = int(self._told(step, rows)[0])
        if level <= told:
            return
        behind_ms = int(c.behind[row]) * SLOT_MS  # a slot of a slow source ends later than what was reported in it
        verdict_ms = next_step(int(step.time_ms[at]) - behind_ms + heard.listening.allowed_ms)
        mine.verdict_level[row] = level
        if told != NO_LEVEL:
            mine.page_step[row], mine.page_chance[row] = verdict_ms // STEP_MS, c.chance[row]
            mine.page_missed[row], mine.page_peers[row] = c.missed[row], peers
            self.arm_by(step, at, verdict_ms)
            return
        mine.seen_to[row], mine.verdict_step[row], mine.page_step[row] = (
            heard.own_slots(rows, step.fleet.core.last_ms[rows])[0],
            verdict_ms // STEP_MS,
            0,
        )
        mine.verdict_chance[row], mine.verdict_heard_share[row] = c.chance[row], c.heard_share[row]
        limit = limits(silence_of(step, rows), alpha_of(step, self.thresholds), self._rules(step))[0]
        mine.verdict_alpha[row] = self._limits().alpha_of(level) if listed else limit
        mine.verdict_missed[row], mine.verdict_kind[row], mine.verdict_peers[row] = c.missed[row], c.kind[row], peers
        self.arm_by(step, at, verdict_ms)

    def _silent(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """A scheduled check is due, or the list has changed, and the vessel is still silent."""
        ship, row, now_ms = step.ship(at), int(step.rows[at]), int(step.time_ms[at])
        opened = self.opened(step, at)
        noted = JudgedSilence(self.state(step), row, ship, self._limits())
        soon = now_ms - ship.last_ms <= self.thresholds.reported_within_s * MS  # a quiet feed closes slots late
        verdict_ms, page_ms = (noted.verdict_ms, noted.page_ms) if soon else (NEVER_MS, NEVER_MS)
        unheard_ms = ship.last_ms + int(self.thresholds.unheard_after_s * MS) if ship.listed is not None else NEVER_MS
        if verdict_ms <= now_ms and (opened is None or (gap_wording.is_vague(opened) and not noted.first().alone)):
            yield gap_wording.gap_finding(step, at, ship, noted.first(), opened)
            page_ms, unheard_ms = max(page_ms, now_ms + STEP_MS), NEVER_MS
        elif page_ms <= now_ms and (opened is None or not is_dark(opened)):
            yield gap_wording.gap_finding(step, at, ship, noted.second(), opened)
            unheard_ms = NEVER_MS
        elif unheard_ms <= now_ms and opened is None:
            why = gap_wording.ListedSilence(int(self.thresholds.unheard_after_s), noted.near_peers, noted.out_of_range)
            yield gap_wording.unheard_finding(step, ship, now_ms, why)
        waits = [ms for ms in (verdict_ms, page_ms, unheard_ms) if now_ms < ms < NEVER_MS]
        if waits:
            self.arm(step, at, min(waits))

    def _heard(self, step: DetectorInput, at: int, opened: Alert) -> Finding:
        before, ship = step.ship_before(at), step.ship(at)
        situation = situation_of(ship, verdict_of(opened), out_of_range=bool(opened.details.get("out_of_range")))
        if ship.last_ms < gap_wording.decided_ms(opened):
            return gap_wording.late_report_finding(opened, before, ship, situation, line=step.lines(at))
        return gap_wording.return_finding(step, at, opened, situation)
