"""Dark gap: a ship that should be heard is not.

Claim. A vessel that was transmitting is silent, and an honest ship, heard as this one was, at this place, by this feed
as it hears now, would be as silent only once in many days. The alert opens while the vessel is still silent and says
how rare such a silence is.

Why it matters. Ships that carry arms or sanctioned oil switch AIS off. What is written only when a ship returns
is weeks late: ANGARA was found by satellite pictures. A fixed "no message for N hours" flags every ship that sails
out of range: on four days of one receiver 1,000 alerts a day, of which hardly any near enough to mean something.

How it decides. When slots of five minutes close, coverage (detectors/core/hearing) knows for each vessel missed how
many opportunities to be heard it has lost, and the chance that an honest vessel loses as many in a day. A gap needs a
chance below alpha, and min_silence_s in slots in which it could have been heard (20 min for listed vessels, 4 h at
rest). alpha follows from false_gaps_per_1000_vessel_days: as high as the vessels now heard under way in well-heard
water allow, and never above alpha_most; false_gaps_per_day is a cap. A quarter of alpha counts up to the second look,
and always on the fringe of what the feed hears. Of a vessel that may have moored it is asked that it would have been
heard at its berth by now (detectors/core/hearing/verdict.py; not of listed vessels). Silences of listed vessels teach
nothing of honest ones. A gap opens at the step by which every report in time would have come, if the vessel is still
silent, and never later than reported_within_s after its last report. Class B is left out unless listed. Where nothing
can be heard (the station is dead, the place is out of range, everybody around fell silent too) nothing is said: it is
counted as "cannot tell"; for a listed vessel it is said. The gap closes at the next report, with the distance covered
and the speed that it took.

When it is wrong. A ship that switches off just as everybody around her is lost is not found. A ship alone in water
where nobody else sails is judged by what ships elsewhere showed, shipped in detectors/core/hearing/priors.py; where few
are heard, or the feed is new, a silence must last longer. Small, local loss of a part of a receiver's water looks like
several ships going dark. Each partition knows of its own ships alone. deploy/ACCURACY.md has the figures.

References. ITU-R M.1371-5 (reporting intervals); Global Fishing Watch, AIS disabling (Welch et al. 2022);
Hammond and Peters 2012 (coverage).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from detectors.core import dark, unlisted
from detectors.core.alert import Alert, Fact
from detectors.core.geography.havens import once_heard, while_silent
from detectors.core.hearing.blocks import AT_REST, CLASS_B, SLOT_MS, UNDER_WAY
from detectors.core.hearing.coverage import GAIN_LEAST
from detectors.core.hearing.verdict import Rules, limits, rare
from detectors.core.protocol import Detector, Finding, Places, Step
from detectors.core.units import MS, NEVER_MS, STEP_MS, next_step, next_steps, rfc3339, spoken, unix_ms, zulu
from detectors.core.unlisted import SLOT_S, Limits, closed, ears, silence_of
from detectors.core.unlisted import alpha as alpha_of
from detectors.core.vessels.columns import Column
from detectors.core.vessels.ship import Ship

MIN_REPORTS: Final = 3

Bools = npt.NDArray[np.bool_]


class Gap(Detector):
    """See the module."""

    name = "gap"
    rule_version = 2
    needs_coverage = True
    columns = (
        Column("seen_to", "<i4"),  # the last slot heard before the silence that was told, or counted as "cannot tell"
        Column("told_step", "<i4"),  # the step at which that silence is a gap, if it lasts; 0 counted only; below: why
        Column("told_chance", "<f4"),
        Column("told_alpha", "<f4"),
        Column("told_habit", "<f2"),
        Column("told_missed", "<u2"),
        Column("told_peers", "<u2"),
        Column("told_kind", "u1"),
    )
    severities = {  # noqa: RUF012 - read only
        "gap.unlisted": "log",
        "gap.at_rest": "log",
        "gap.listed": "page",
        "gap.listed_unverified": "ticket",
        "gap.listed_unheard": "ticket",
    }

    class Thresholds(Limits, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Thresholds of ``gap``."""

        min_silence_listed_s: Annotated[
            float, Meta(ge=60, le=2_592_000, description="Shortest gap of a watchlisted ship, s")
        ] = 1200.0
        min_silence_at_rest_s: Annotated[
            float, Meta(ge=60, le=2_592_000, description="Shortest silence of a ship last heard at rest, s")
        ] = 14_400.0
        alpha_listed: Annotated[
            float, Meta(gt=0, le=1, description="The same for a watchlisted ship, whatever the others' number")
        ] = 0.5
        unheard_after_s: Annotated[
            float,
            Meta(ge=300, le=2_592_000, description="A listed ship silent so long that cannot be heard is a ticket, s"),
        ] = 21_600.0
        class_b: Annotated[bool, Meta(description="Also judge unlisted class B, which fades easily")] = False

    def listen(self, step: Step) -> None:
        """Counts silences of class A under way that come to min_silence_s and are no gaps: once each, by reason."""
        c, rows, mine = ears(step).strips, step.rows, self.state(step)
        long = (step.time_ms // SLOT_MS - 1 - c.slot[rows]) * SLOT_S >= self.thresholds.min_silence_s
        fresh = long & (c.kind[rows] == UNDER_WAY) & (mine.seen_to[rows] != c.slot[rows])
        if not fresh.any():
            return
        vague = rows[fresh & ~self._is_gap(step)]
        mine.seen_to[vague], mine.told_step[vague] = c.slot[vague], 0
        unheard = int((c.gain[vague] <= GAIN_LEAST).sum())
        step.cannot_tell += {"not_to_be_heard": unheard, "ordinary_here": len(vague) - unheard}

    def screen(self, step: Step) -> Places:
        """Of slots those whose silence is a gap and has not been told; all that is due; reports close."""
        if step.kind == "reports":
            return self.is_open(step).nonzero()[0]
        if step.kind == "slot":
            mine, rows = self.state(step), step.rows
            told = (mine.seen_to[rows] == ears(step).strips.slot[rows]) & (mine.told_step[rows] > 0)
            return np.flatnonzero(self._is_gap(step) & ~told)
        return np.flatnonzero(step.now.last_ms < step.time_ms)

    def due(self, step: Step) -> npt.NDArray[np.int64]:
        """When a listed ship's silence that begins now, and is no gap, is to be told all the same."""
        due_ms = next_steps(step.now.last_ms + int(self.thresholds.unheard_after_s * MS))
        return np.where((step.now.listed > 0) & step.now.vessel, due_ms, NEVER_MS)

    def _is_gap(self, step: Step) -> Bools:
        t, c, rows, core = self.thresholds, ears(step).strips, step.rows, step.fleet.core
        kind, listed = c.kind[rows], core.listed[rows] > 0
        needed_s = np.where(kind == AT_REST, t.min_silence_at_rest_s, t.min_silence_s)
        needed_s = np.where(listed, t.min_silence_listed_s, needed_s)
        judged = core.vessel[rows] & ((kind != CLASS_B) | listed | t.class_b)
        long = c.missed[rows].astype(np.int64) * SLOT_S >= needed_s
        likely = judged & long & (c.gain[rows] > GAIN_LEAST)
        if not likely.any():
            return np.asarray(likely)
        silence, alpha, rules = silence_of(step, rows), alpha_of(step, t), self._rules(step)
        soon = silence.age <= rules.within
        means = np.where(listed, (silence.chance < t.alpha_listed) & soon, rare(silence, alpha, rules))
        return np.asarray(likely & means)

    def _rules(self, step: Step) -> Rules:
        return unlisted.rules(self.thresholds, ears(step).listening.lateness_ms)

    def judge(self, step: Step, at: int) -> Iterable[Finding]:
        """A verdict at the end of slots; opens when its step has come; closes at a report."""
        if step.kind == "slot":
            self._tell(step, at)
            return []
        if step.kind != "reports":
            return self._silent(step, at)
        opened = [alert for key in ("", dark.UNHEARD) if (alert := self.opened(step, at, key)) is not None]
        return [self._heard(step, at, alert) for alert in opened]

    def _tell(self, step: Step, at: int) -> None:
        """Notes why a silence is a gap, and asks for the step at which it is one: no report in time comes later."""
        row, heard, mine = int(step.rows[at]), ears(step), self.state(step)
        c, listed = heard.strips, step.fleet.core.listed[row] > 0
        told_ms = next_step(int(step.time_ms[at]) + heard.listening.lateness_ms)
        mine.seen_to[row], mine.told_step[row] = c.slot[row], told_ms // STEP_MS
        mine.told_chance[row], mine.told_habit[row] = c.chance[row], c.habit[row]
        limit = limits(silence_of(step, step.rows[[at]]), alpha_of(step, self.thresholds), self._rules(step))[0]
        mine.told_alpha[row] = self.thresholds.alpha_listed if listed else limit
        mine.told_missed[row], mine.told_kind[row] = c.missed[row], c.kind[row]
        mine.told_peers[row] = min(dark.peers_heard(heard, closed(step), row), 65_535)
        self.arm_by(step, at, told_ms)

    def _silent(self, step: Step, at: int) -> Iterable[Finding]:
        """What was asked for is due, or the list has changed, and she is silent still."""
        if self.opened(step, at) is not None:
            return
        ship, mine, row, now_ms = step.ship(at), self.state(step), int(step.rows[at]), int(step.time_ms[at])
        same = ship.last_ms // SLOT_MS <= int(mine.seen_to[row])  # else it was an earlier silence
        soon = now_ms - ship.last_ms <= self.thresholds.reported_within_s * MS  # a quiet feed closes slots late
        told_ms = int(mine.told_step[row]) * STEP_MS if same and soon and mine.told_step[row] else NEVER_MS
        if told_ms <= now_ms:
            yield self._open(step, at, ship)
            return
        unheard_ms = NEVER_MS
        if ship.listed is not None and self.opened(step, at, dark.UNHEARD) is None:
            unheard_ms = ship.last_ms + int(self.thresholds.unheard_after_s * MS)
        if unheard_ms <= now_ms:
            yield dark.unheard(step.reference, ship, now_ms, int(self.thresholds.unheard_after_s))
            unheard_ms = NEVER_MS
        if (waits_ms := min(told_ms, unheard_ms)) < NEVER_MS:
            self.arm(step, at, waits_ms)

    def _open(self, step: Step, at: int, ship: Ship) -> Finding:
        mine, row, now_ms = self.state(step), int(step.rows[at]), int(step.time_ms[at])
        category = "at_rest" if int(mine.told_kind[row]) == AT_REST else "under_way"
        chance, alpha = (round(float(column[row]), 6) for column in (mine.told_chance, mine.told_alpha))
        silent = spoken(now_ms - ship.last_ms)
        peers, missed_s = int(mine.told_peers[row]), int(mine.told_missed[row]) * SLOT_S
        needed_s = int(self._needed_s(ship, category))
        return Finding(
            action="open",
            situation=self._situation(ship, category),
            time_ms=now_ms,
            start_ms=ship.last_ms,
            headline=f"{ship.title} silent {silent}{dark.whereabouts(ship)} since {zulu(ship.last_ms)}",
            why=(
                Fact(fact="chance of such a silence within a day, transmitting", value=chance, threshold=alpha),
                Fact(fact="silence while she could have been heard", value=missed_s, threshold=needed_s, unit="s"),
                Fact(fact="share of slots in which she was heard before", value=round(float(mine.told_habit[row]), 3)),
                Fact(fact="other vessels heard within 60 nm in these five minutes", value=peers),
            ),
            would_change=(
                "any report of the ship closes it",
                "a loss of reception around her that others show too would explain it",
            ),
            verification=dark.verified(ship),
            details=dark.silence_details(ship, category, (now_ms - ship.last_ms) // MS) | dark.heard_by(step, row)
            | {"p_silence": chance, "alpha": alpha, "peers_heard": peers}
            | while_silent(step.reference, ship, now_ms),
            sentences=(ship.sentence,) if ship.sentence else (),
        )  # fmt: skip

    def _needed_s(self, ship: Ship, category: str) -> float:
        t = self.thresholds
        unlisted_s = t.min_silence_at_rest_s if category == "at_rest" else t.min_silence_s
        return float(unlisted_s if ship.listed is None else t.min_silence_listed_s)

    def _heard(self, step: Step, at: int, opened: Alert) -> Finding:
        before, ship = step.ship_before(at), step.ship(at)
        dark_ms, category = ship.last_ms - before.last_ms, str(opened.details["category"])
        situation, key = self._situation(ship, category), dark.UNHEARD if category == "cannot_tell" else ""
        if ship.last_ms < unix_ms(opened.time):
            return dark.disproved(opened, before, ship, situation, key=key, line=step.lines(at))
        far_nm, speed_kn = dark.leg(before, ship, moved=bool(step.moved[at]))
        details = {
            **opened.details,
            "silent_for_s": dark_ms // MS,
            "reappeared_at": rfc3339(ship.last_ms),
            **({} if far_nm is None else {"distance_nm": far_nm}),
            **({} if speed_kn is None else {"implied_speed_kn": speed_kn}),
            **(once_heard(step.reference, before, ship) if far_nm is not None else {}),
        }
        return Finding(
            action="close",
            key=key,
            situation=situation,
            time_ms=ship.last_ms,
            headline=f"{ship.title} reappeared after {spoken(dark_ms)}{dark.on(far_nm)} {zulu(ship.last_ms)}",
            why=(Fact(fact="silence", value=dark_ms // MS, unit="s"), *opened.why[1:]),
            verification=dark.verified(ship),
            details=details,
            sentences=tuple(line for line in (before.sentence, step.lines(at)) if line),
        )

    def _situation(self, ship: Ship, category: str) -> str:
        if ship.listed is None or ship.misuse:
            return "gap.at_rest" if category == "at_rest" else "gap.unlisted"
        if category == "cannot_tell":
            return "gap.listed_unheard"
        return "gap.listed" if ship.support > 1 or ship.reports > MIN_REPORTS else "gap.listed_unverified"
