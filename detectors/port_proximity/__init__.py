"""Port proximity: a vessel in, near or bound for a sanctioned place, or dark for long enough to reach one.

Claim. A vessel is inside a zone, or on a course into a zone that it reaches within the zone's horizon, or reports it as
its destination; or a listed vessel has a dark gap that is long enough for a call there.

Why it matters. Listed vessels trade in order to call at sanctioned ports. Before the call the vessel can still be
observed.

How it decides. Sanctioned zones apply to every vessel, associated zones (ordinary ports on the same routes) to listed
vessels only; a zone applies between its dates. A vessel has one alert at a time, which names the nearest zone.
*Inside*: within the circle or polygon, until it has left by a tenth of its radius (for a polygon: of the radius of a
circle of the same area). *Closing*: the course leads through the zone at 3 kn or more, the arrival is within the
horizon, and for an unlisted vessel the destination names the zone or it is slowing down; a position beside a busy route
is not enough. *Destination*: the text names the zone by UN/LOCODE, alias or similar spelling (``RAJ1N``). A vessel that
falls silent inside leaves its alert open as "last known inside"; for an unlisted vessel the alert ends after a month,
otherwise every invented MMSI would stay for ever. While its position reports need an impossible speed
(``[fleet] track_most_kn``) the alert is held, states that positions are inconsistent, and does not page; a single false
position among others is ignored. *Feasible while dark*: a listed vessel has an open ``gap`` (also one of "cannot
tell"), and d(last position, zone) <= v_max * silence. When it is heard again, d(last, zone) + d(zone, next) <= v_max *
silence gives the longest possible call, or retracts the alert. v_max is the 95th percentile of its own speeds under
way, limited by its type; distances are great circles. ``confidence`` is the sanctioned share of the ports in reach;
below a setting the alert is for the record. When the zones change, a vessel that was last in a new zone, or can have
reached one while dark, is reported at once (``looked_back``; without a page if it has been silent for long), and alerts
about a zone that was removed or moved away close as ``withdrawn``. The ``severity`` of a zone applies to vessels inside
it (one unsupported report is a ticket at most) and limits that of other reasons. A listed vessel in an associated zone
is a ticket, and on its way there for the record; each is one step higher if the vessel was dark recently, is bound for
a sanctioned zone, or its list entry and the zone name the same programme.

When it is wrong. Destinations are typed by hand and can be false. A vessel on a course into a zone may turn at the next
waypoint. Positions of small ports are known to a mile or two. A feasible call need not have happened: a long silence
makes every port feasible, and great circles cross land, so that possible stays are too long.

References. Hagerstrand 1970 (space-time prism); UN/LOCODE; NGA World Port Index; US and EU sanctions programmes as
each zone states.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

import numpy as np
import numpy.typing as npt

from detectors.core.alert import Alert
from detectors.core.detector_input import DetectorInput
from detectors.core.detector_input import Places as At
from detectors.core.geography.approach import FEASIBLE, INSIDE, NONE, Speeds, ZoneApproach, hold, look_at, refuted
from detectors.core.geography.reachable_zones import reachable_zones_of
from detectors.core.geography.zone_columns import NO_ZONE, ZoneColumns
from detectors.core.inconsistent_positions import held
from detectors.core.listed_silences import came_dark
from detectors.core.protocol import Detector, Finding
from detectors.core.reference import Reference
from detectors.core.units import HOUR_MS, MINUTE_MS, MS, NEVER_MS, STEP_MS, next_steps, unix_ms
from detectors.core.vessels.columns import Column
from detectors.core.vessels.past import CANNOT_TELL
from detectors.core.vessels.ship import VesselState
from detectors.core.vessels.silences import seen_gap, verdict_of
from detectors.core.vessels.track import are_unsure
from detectors.port_proximity.dark_wording import DarkReachWording, heard_again
from detectors.port_proximity.screen import ZoneScreen, ZoneStandings
from detectors.port_proximity.thresholds import ProximityThresholds
from detectors.port_proximity.wording import ProximityWording, no_longer, situation_of, zone_words


class PortProximity(Detector):
    """See the module."""

    name = "port_proximity"
    unreliable_most = "log"
    judges_zones = True
    zone_columns = ("zone",)
    columns = (
        Column("zone", "<i2", NO_ZONE),
        Column("reason", "u1"),
        Column("held_ms", "<i8"),  # when it was last closing
        Column("fastest_kn", "<f4"),  # highest recent speed, with which slowing is compared
        Column("stage", "u1"),  # 1 when the alert rests on two reports
        Column("listed", "?"),
        Column("quiet", "?"),  # "silent since" has been reported
        Column("unsure", "?"),  # ... that its positions are inconsistent
    )
    severities = {  # noqa: RUF012 - read only
        "port_proximity.listed_inside": "page",
        "port_proximity.listed_in_port": "ticket",
        "port_proximity.listed_near_port": "log",
        "port_proximity.listed": "ticket",
        "port_proximity.unverified": "ticket",
        "port_proximity.inside": "ticket",
        "port_proximity.unlisted": "log",
        "port_proximity.feasible": "ticket",
        "port_proximity.feasible_faint": "log",
    }

    class Thresholds(ProximityThresholds, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Thresholds of ``port_proximity``."""

    def know(self, reference: Reference) -> None:
        """The zones, in columns."""
        super().know(reference)
        self.places = ZoneColumns(reference)
        self.zone_screen = ZoneScreen(self.places, self.thresholds.closing_least_kn)
        self.reachable_zones = reachable_zones_of(reference)
        self._numbers = {zone.name: number for number, zone in enumerate(reference.zones)}

    def screen_reports(self, step: DetectorInput) -> At:
        """Vessels near a zone or bound for one, and those whose open alert may change."""
        if not self.places.zones:
            return np.zeros(0, np.intp)
        own, now, rows = self.state(step), step.now, step.rows
        active = own.reason[rows] > NONE
        unsure = are_unsure(now) if active.any() else active
        standing = ZoneStandings(own.zone[rows], own.reason[rows], own.stage[rows], unsure & own.unsure[rows])
        wanted = self.zone_screen.near(step, standing) | self.zone_screen.renamed(step, active)
        if active.any():
            unsettled = ((own.stage[rows] == 0) & (now.support > 1)) | (unsure != own.unsure[rows])
            wanted |= active & (unsettled | own.quiet[rows] | (own.listed[rows] != (now.listed > 0)))
        return (wanted & now.vessel).nonzero()[0]

    def due(self, step: DetectorInput) -> npt.NDArray[np.int64]:
        """When silence in an open alert is to be reported, or a listed vessel can have reached a sanctioned zone."""
        due_ms = self.zone_screen.earliest_calls(step)
        active = (self.state(step).reason[step.rows] > NONE).nonzero()[0]
        if len(active):
            said_ms = next_steps(step.now.last_ms[active] + int(self.thresholds.silent_after_s * MS))
            due_ms[active] = np.minimum(due_ms[active], said_ms)
        return due_ms

    def note(self, step: DetectorInput) -> None:
        """Keeps the highest recent speed."""
        own = self.state(step)
        for places in step.in_turn():
            moved = places[step.moved[places]]
            sog_kn, rows = np.fmax(step.now.sog_kn[moved], np.float32(0)), step.rows[moved]
            own.fastest_kn[rows] = np.maximum(sog_kn, own.fastest_kn[rows] * np.float32(0.995))

    # -- judgement ------------------------------------------------------------------------------------------------

    def on_report(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Compares the vessel's place with what was reported."""
        return self._reported(step, at, self.opened(step, at))

    def when_due(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Reports a silence in a zone, and where a dark vessel could have been by now."""
        opened, reasons, row = self.opened(step, at), self.state(step).reason, int(step.rows[at])
        reason = reasons[row]
        if opened is not None and reason != FEASIBLE:
            yield from self._silent(step, at, opened)
            opened = None if reasons[row] == NONE else opened
        if reason != INSIDE:
            yield from self._feasible(step, at, opened)

    def screen_reference(self, step: DetectorInput) -> At:
        """Vessels with an open alert, listed ones, and those last known in a zone."""
        told = self.state(step).reason[step.rows] > NONE
        return np.flatnonzero(told | (step.now.listed > 0) | self.zone_screen.last_in(step))

    def on_reference(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Other zones or lists: whether the alert still holds, and the vessel was last in a zone that applies."""
        return self._look_back(step, at, self.opened(step, at))

    def _look_back(self, step: DetectorInput, at: int, opened: Alert | None) -> Iterable[Finding]:
        """Zones or lists changed: does the alert still hold, was the vessel last in a zone that now applies?"""
        own, row, ship, now_ms = self.state(step), int(step.rows[at]), step.ship(at), int(step.time_ms[at])
        said, start_ms = ZoneApproach(int(own.zone[row]), int(own.reason[row])), now_ms
        refused = refuted(self.places, self.reachable_zones, said, ship, now_ms, grace=self.thresholds.leave_factor)
        look = look_at(self.places, ship, now_ms, Speeds(self.thresholds.closing_least_kn, 0.0))
        entered = look.reason == INSIDE and (refused is not None or said.reason < INSIDE)
        if opened is not None and (refused or (entered and look.zone != said.zone)):
            yield self._closing_words(step, at, ship, opened, refused or "left")
            start_ms = max(now_ms, unix_ms(opened.episode_start) + 1)  # another id
            opened = None
        if refused:
            own.zone[row], own.reason[row], own.quiet[row] = NO_ZONE, NONE, False
        if not entered:
            if own.reason[row] != INSIDE:
                yield from self._feasible(step, at, opened, looks_back=True)
            return
        needed_ms, last_ms = int(self.thresholds.silent_after_s * MS), ship.last_ms
        quiet = step.silence_ms(at, last_ms) >= needed_ms
        own.zone[row], own.reason[row], own.held_ms[row], own.quiet[row] = look.zone, INSIDE, now_ms, quiet
        own.listed[row], own.stage[row], own.unsure[row] = ship.listed is not None, int(ship.support > 1), ship.unsure
        if not quiet:
            self.await_silence(step, at, last_ms, needed_ms)
        told = self._zone_wording(step, at, ship, look, silent_ms=now_ms - last_ms if quiet else 0)
        yield told._replace(looked_back=True).finding(opened, ship.sentence, start_ms)

    def _reported(self, step: DetectorInput, at: int, opened: Alert | None) -> Iterable[Finding]:
        own, row, ship, now_ms = self.state(step), int(step.rows[at]), step.ship(at), int(step.time_ms[at])
        if opened is not None and own.reason[row] == FEASIBLE:
            if not step.moved[at] or ship.unsure:
                yield from self._inconsistent(step, at, ship, opened)
                return  # its present place decides
            yield heard_again(self.reference, opened, (step.ship_before(at), ship), now_ms, step.lines(at))
            own.zone[row], own.reason[row], own.quiet[row], own.unsure[row], opened = NO_ZONE, NONE, False, False, None
        slow_kn = round(float(own.fastest_kn[row]) * self.thresholds.slowing_share, 1)
        seen = look_at(self.places, ship, now_ms, Speeds(self.thresholds.closing_least_kn, slow_kn))
        said = ZoneApproach(int(own.zone[row]), int(own.reason[row]))
        lately = now_ms - int(own.held_ms[row]) < self.thresholds.closing_held_min * MINUTE_MS
        look = hold(self.places, seen, said, ship, grace=self.thresholds.leave_factor, lately=lately)
        verified, listed = ship.support > 1, ship.listed is not None
        news = (look.zone, look.reason) != (said.zone, said.reason) or (opened is not None and own.quiet[row])
        news = news or (opened is not None and ((verified and not own.stage[row]) or listed != own.listed[row]))
        if look.reason > NONE and look.reason >= said.reason:
            own.held_ms[row] = now_ms
        if opened is not None and ship.unsure and (look.zone, look.reason) != (seen.zone, seen.reason):
            yield from self._inconsistent(step, at, ship, opened)
            return
        if not news and (opened is None or ship.unsure == bool(own.unsure[row])):
            return
        own.zone[row], own.reason[row], own.quiet[row], own.listed[row] = look.zone, look.reason, False, listed
        own.stage[row], own.unsure[row] = int(verified), ship.unsure
        if opened and look.zone != said.zone:
            yield self._closing_words(step, at, ship, opened, "left")
            opened = None
        if look.reason > NONE:
            self.arm_by(step, at, ship.last_ms + int(self.thresholds.silent_after_s * 1000))
            yield self._words(step, at, ship, look, opened)

    def _inconsistent(self, step: DetectorInput, at: int, ship: VesselState, opened: Alert) -> Iterable[Finding]:
        """The alert is held while positions are inconsistent, and states this once."""
        own, row = self.state(step), int(step.rows[at])
        if ship.unsure and not own.unsure[row]:
            own.unsure[row], own.stage[row] = True, 0
            what, situation = zone_words(opened, self.reference), situation_of(ship, int(own.reason[row]))
            yield held(ship, opened, what, int(step.time_ms[at]), situation=situation, sentence=step.lines(at))

    def _silent(self, step: DetectorInput, at: int, opened: Alert) -> Iterable[Finding]:
        own, row, ship, now_ms = self.state(step), int(step.rows[at]), step.ship(at), int(step.time_ms[at])
        inside, t, silent_ms = int(own.reason[row]) == INSIDE, self.thresholds, step.silence_ms(at, ship.last_ms)
        said_ms, ends_ms = t.said_ms(inside=inside), t.ends_ms(inside=inside, listed=ship.listed is not None)
        if silent_ms >= ends_ms:
            own.zone[row], own.reason[row], own.quiet[row], own.unsure[row] = NO_ZONE, NONE, False, False
            yield self._closing_words(step, at, ship, opened, "unknown")
            return
        if silent_ms >= said_ms and not own.quiet[row]:
            own.quiet[row] = True
            yield self._words(
                step, at, ship, ZoneApproach(int(own.zone[row]), INSIDE), opened, silent_ms=now_ms - ship.last_ms
            )
        if (again_ms := said_ms if silent_ms < said_ms else ends_ms) < NEVER_MS:
            self.await_silence(step, at, ship.last_ms, again_ms)

    def _feasible(
        self, step: DetectorInput, at: int, opened: Alert | None, *, looks_back: bool = False
    ) -> Iterable[Finding]:
        """A listed vessel that is dark and can have reached a sanctioned zone by now."""
        own, row, now_ms = self.state(step), int(step.rows[at]), int(step.time_ms[at])
        ship = step.ship(at).on_trusted_fix()
        allowed = self.reachable_zones.still_dark(ship, now_ms) if ship.listed is not None and not ship.misuse else None
        if allowed is None:
            return
        told = opened is not None and own.reason[row] == FEASIBLE
        gap = seen_gap(step.fleet.open_of(row), now_ms)
        dark = told or gap is not None
        clear = allowed.share >= self.thresholds.feasible_share_least  # otherwise no revision is needed
        grown = opened is None or not told or (clear and allowed.zones > int(opened.details["feasible_zones"]))
        grown = grown or (looks_back and allowed.is_news(opened))
        if allowed.zones and dark and grown:
            if opened is not None and not told:
                yield self._closing_words(step, at, ship, opened, "unknown")
                opened = None
            own.zone[row], own.reason[row] = self._numbers[allowed.calls[0].zone], FEASIBLE
            own.quiet[row] = own.listed[row] = own.stage[row] = True
            own.unsure[row] = ship.unsure
            unheard = gap is not None and verdict_of(gap) == CANNOT_TELL
            yield DarkReachWording(ship, self.places.zones[own.zone[row]], allowed, now_ms, unheard).finding(
                opened, self.thresholds.feasible_share_least
            )
        again_h = allowed.look_again_h(dark=dark)
        if again_h is not None:
            self.arm_by(step, at, max(now_ms + STEP_MS, ship.fix_ms + ceil(again_h * HOUR_MS)))

    def _words(
        self,
        step: DetectorInput,
        at: int,
        ship: VesselState,
        look: ZoneApproach,
        opened: Alert | None,
        *,
        silent_ms: int = 0,
    ) -> Finding:
        sentence = b"".join(step.evidence(at, ship))
        start_ms = int(step.time_ms[at])
        return self._zone_wording(step, at, ship, look, silent_ms=silent_ms).finding(opened, sentence, start_ms)

    def _zone_wording(
        self, step: DetectorInput, at: int, ship: VesselState, look: ZoneApproach, *, silent_ms: int = 0
    ) -> ProximityWording:
        now_ms, lately = int(step.time_ms[at]), came_dark(step, at, self.thresholds.out_of_dark_h)
        return ProximityWording.of(self.places, ship, look, now_ms, silent_ms=silent_ms)._replace(dark_lately=lately)

    def _closing_words(self, step: DetectorInput, at: int, ship: VesselState, opened: Alert, how: str) -> Finding:
        lines = step.evidence(at)
        return no_longer(ship, opened, how, int(step.time_ms[at]), reference=self.reference, sentences=lines)
