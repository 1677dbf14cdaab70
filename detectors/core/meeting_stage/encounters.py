"""Pairs of ships that stay together: which are followed, which open an alert, and when it ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Protocol

from detectors.core.alert import Severity
from detectors.core.engine.alert_writer import Emitted
from detectors.core.meeting_stage.hull_places import note_hulls, on_one_hull
from detectors.core.meeting_stage.kinds import excluded, service_of
from detectors.core.meeting_stage.meeting import (
    HOUR,
    Limits,
    Meeting,
    Together,
    added,
    limit_m,
    sample_of,
    steady,
    together,
)
from detectors.core.meeting_stage.writing import MeetingDetector, written
from detectors.core.protocol import Finding
from detectors.core.slow_ships import BIN_MS, DraughtChanged, SlowShip

UNSEEN_MOST: Final = HOUR
"""A pair without an alert is followed for so many steps without being near."""
_PARTNER_STEPS: Final = 3
_PART: Final = 8  # an eighth is forgotten at once
Key = tuple[int, int]


class EncounterDetector(MeetingDetector, Protocol):
    """What the stage asks of ``encounter``."""

    def limits(self) -> Limits:
        """What counts as together."""

    def least(self, *, listed: bool) -> int:
        """Steps for which two ships must stay together."""

    def closes_after(self) -> int:
        """Steps after which an encounter is over."""

    def found(self, meeting: Meeting, time: Together, step: int, service: str) -> Finding:
        """The finding that opens or updates."""

    def ended(self, meeting: Meeting, step: int) -> Finding:
        """The finding when they are no longer together."""

    def withdrawn(self, meeting: Meeting, step: int, reason: str) -> Finding:
        """The finding when they turn out to be no meeting."""

    def subject_of(self, meeting: Meeting) -> SlowShip:
        """The ship that the alert is about."""


class Encounters:
    """See the module. ``left_out`` counts pairs that are no meeting, once a step, by reason."""

    def __init__(self, detector: Any, severities: Mapping[str, Severity]) -> None:
        self.meetings: dict[Key, Meeting] = {}
        self.partners: dict[int, dict[int, int]] = {}
        """By MMSI of an unlisted ship, those with which it was together for half an hour, and the newest step."""
        self.left_out: Counter[str] = Counter()
        self._detector: EncounterDetector = detector
        self._severities = severities
        self._limits = detector.limits()
        self._touched: set[Key] = set()

    # -- input ----------------------------------------------------------------------------------------------------

    def near(self, one: SlowShip, other: SlowShip) -> None:
        """Two ships are near each other at a moment; ``one`` has the lower MMSI."""
        key, at = (one.mmsi, other.mmsi), sample_of(one, other)
        known = self.meetings.get(key)
        if at.apart_m > limit_m(one, other, self._limits):
            return
        reason = excluded(one, other)
        if reason and known is None:
            self.left_out[reason] += 1
            return
        if known is None:
            known = self.meetings[key] = Meeting(one=one, other=other, first_one=one, first_other=other)
        elif known.one.at_ms <= one.at_ms:
            known.one, known.other = one, other
        if (one.hull or other.hull) and not known.has(at.step):
            note_hulls(known, at)
        known.samples = added(known.samples, at)
        if known.draughts or one.draught_m != known.first_one.draught_m:
            _note_draught(known, one, at.step)
        if known.draughts or other.draught_m != known.first_other.draught_m:
            _note_draught(known, other, at.step)
        known.replayed = known.replayed and one.replayed and other.replayed
        self._touched.add(key)

    def note_draughts(self, told: Iterable[DraughtChanged]) -> None:
        """Ships state another draught: those that are together, or were within the time in which meetings are one."""
        by_ship: dict[int, list[Meeting]] = {}
        for fact in told:
            if not by_ship:
                for meeting in self.meetings.values():
                    for mmsi in meeting.key:
                        by_ship.setdefault(mmsi, []).append(meeting)
            for meeting in by_ship.get(fact.mmsi, ()):
                meeting.note_draught(fact.mmsi, -(-fact.time_ms // BIN_MS), fact.draught_m)

    def judge(self, step: int) -> Iterator[Emitted]:
        """Decides on the pairs that were near since the last call, and on those that may be over."""
        touched, self._touched = sorted(self._touched), set()
        for key in touched:
            yield from self._judge(self.meetings[key], step)
        for key, meeting in sorted(self.meetings.items()):
            if meeting.alert is not None:
                yield from self._laden(meeting, step)
            yield from self._over(key, meeting, step)
        yield from self._bounded(step)

    # -- decisions --------------------------------------------------------------------------------------------------

    def _judge(self, meeting: Meeting, step: int) -> Iterator[Emitted]:
        listed = bool(meeting.one.listed or meeting.other.listed)
        least = self._detector.least(listed=listed)
        time = together(meeting.samples, self._limits, min(least, _PARTNER_STEPS))
        if time is None:
            return
        self._note_partners(meeting, time.last)
        reason = excluded(meeting.one, meeting.other) or ("one_ship" if on_one_hull(meeting) else "")
        reason = reason or ("" if listed else self._service(meeting))
        if reason:
            self.left_out[reason] += 1
            if meeting.alert is not None:
                yield self._end(meeting, self._detector.withdrawn(meeting, step, reason))
            return
        if meeting.alert is None and time.steps >= least:
            meeting.since = time.since
            yield self._write(meeting, self._found(meeting, time, step))
        elif meeting.alert is not None and self._has_grown(meeting, time):
            since = Together(meeting.since, time.last, len([s for s in meeting.samples if s.step >= meeting.since]))
            yield self._write(meeting, self._found(meeting, since, step))

    def _found(self, meeting: Meeting, time: Together, step: int) -> Finding:
        meeting.told = time.last
        meeting.note_changes(step)
        return self._detector.found(meeting, time, step, self._service(meeting))

    @staticmethod
    def _has_grown(meeting: Meeting, time: Together) -> bool:
        """Whether it has lasted twice as long as when it was last reported."""
        return time.last - meeting.since >= 2 * (meeting.told - meeting.since)

    def _service(self, meeting: Meeting) -> str:
        """Why one of them meets others as part of its work; empty if none does."""
        for ship in (meeting.one, meeting.other):
            if not ship.listed and service_of(ship):
                return service_of(ship)
        many = [len(self.partners.get(ship.mmsi, ())) for ship in (meeting.one, meeting.other) if not ship.listed]
        return "many_partners" if max(many, default=0) > self._detector.thresholds.partners_most else ""

    def _note_partners(self, meeting: Meeting, last: int) -> None:
        for ship, other in ((meeting.one, meeting.other), (meeting.other, meeting.one)):
            if not ship.listed:
                self.partners.setdefault(ship.mmsi, {})[other.mmsi] = last

    def _laden(self, meeting: Meeting, step: int) -> Iterator[Emitted]:
        """Reports changes of draught that have not been reported yet."""
        if not meeting.note_changes(step):
            return
        seen = len([each for each in meeting.samples if each.step >= meeting.since])
        time = Together(meeting.since, max(meeting.last, meeting.since), seen)
        yield self._write(meeting, self._detector.found(meeting, time, step, self._service(meeting)))

    def _over(self, key: Key, meeting: Meeting, step: int) -> Iterator[Emitted]:
        if meeting.alert is None:
            if step - meeting.last > UNSEEN_MOST:
                del self.meetings[key]
            return
        moved = steady(meeting.samples, self._limits)
        if step - (moved[-1] if moved else meeting.last) > self._detector.closes_after():
            yield self._end(meeting, self._detector.ended(meeting, step))

    def _end(self, meeting: Meeting, finding: Finding) -> Emitted:
        del self.meetings[meeting.key]
        return self._write(meeting, finding)

    def _write(self, meeting: Meeting, finding: Finding) -> Emitted:
        emitted = written(
            self._detector,
            finding,
            self._detector.subject_of(meeting),
            meeting.alert,
            self._severities,
            replayed=meeting.replayed,
        )
        meeting.alert = emitted.alert
        return emitted

    # -- bounds -----------------------------------------------------------------------------------------------------

    def pass_day(self, step: int) -> list[int]:
        """Forgets partners of long ago. Returns the ships whose partners have changed."""
        since, changed = step - self._detector.thresholds.partners_days * 24 * HOUR, []
        for mmsi, partners in list(self.partners.items()):
            kept = {other: last for other, last in partners.items() if last > since}
            if len(kept) < len(partners):
                changed.append(mmsi)
                self.partners[mmsi] = kept
            if not kept:
                del self.partners[mmsi]
        return changed

    def _bounded(self, step: int) -> Iterator[Emitted]:
        """Facts can be invented: above a bound the pairs that were not near for longest are dropped."""
        most = self._detector.thresholds.pairs_most
        if len(self.partners) > 2 * most:
            for mmsi in sorted(self.partners, key=lambda each: max(self.partners[each].values()))[: most // _PART]:
                del self.partners[mmsi]
        if len(self.meetings) <= most:
            return
        quiet = sorted(self.meetings.values(), key=lambda each: (each.alert is not None, each.last, each.key))
        for meeting in quiet[: len(self.meetings) - most + most // _PART]:
            if meeting.alert is None:
                del self.meetings[meeting.key]
            else:
                yield self._end(meeting, self._detector.withdrawn(meeting, step, "limit_reached"))

    def open_alerts(self) -> int:
        """Number of open alerts."""
        return sum(meeting.alert is not None for meeting in self.meetings.values())

    def restore(self, meetings: Iterable[Meeting], partners: Iterable[tuple[int, dict[int, int]]]) -> None:
        """From a snapshot."""
        self.meetings = {meeting.key: meeting for meeting in meetings}
        self.partners = dict(partners)


def _note_draught(meeting: Meeting, ship: SlowShip, step: int) -> None:
    if ship.draught_m is not None:
        meeting.note_draught(ship.mmsi, step, ship.draught_m)
