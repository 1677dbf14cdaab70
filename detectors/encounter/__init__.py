"""Encounter: two ships stay beside each other outside the places where ships stop.

Claim. Two ships are stationary, drift or sail slowly near each other for hours: cargo or people could have been
transferred. It is apparent from their positions alone; what was done cannot be seen.

Why it matters. Cargo of sanctioned ships changes hands at sea: oil off the coasts of many countries, arms and coal in
the Yellow Sea and the Sea of Japan.

How it decides. Every ten minutes the positions of all slow ships outside ports are compared, of all partitions
(``detectors/core/meeting_stage``); each position is interpolated between two fixes to the same moment. Two ships are
together while their antennas are within ``near_m`` and half of both lengths, at most ``near_most_m``, and their
relative position changes by less than ``relative_kn``; they may sail at up to ``under_way_kn``. An alert opens after
``least_h``, or ``listed_least_h`` if one is listed, if they were seen together at ``share_seen`` of those moments. It
is updated when the time has doubled, and closes when they were not together for ``merged_within_h``, so meetings closer
in time are one alert. Courses over ground are not compared: below 1 kn they are noise. Silence of one ship ends nothing
before that time. Places in which ``stops_least`` ships lay for two hours within ``stops_days`` do not count, nor do
ports, nor ships with more than ``others_most`` others so near; areas of ``transfer_areas`` always count. Tugs, pilots,
rescue vessels, dredgers and other service vessels, bunker barges (also by habit: more than ``partners_most`` partners),
fishing pairs, pleasure craft, beacons on nets and two transponders of one ship open no alert; of these, a service
vessel beside a listed ship opens one for the record. Ships whose positions are inconsistent do not count. A draught
that has changed since they came together raises the severity by one step, also when it is stated up to
``merged_within_h`` after they parted. Hulls are alongside by the beams and the places of antennas that both state,
otherwise by their lengths.

When it is wrong. Ships that wait beside each other for a berth or a pilot, before the place is known as a stop place,
look the same. A barge in tow without a type looks like a transfer under way. Of ships that state no length, 100 m is
assumed. A transfer inside a roadstead that is known as a stop place is not seen, unless ``transfer_areas`` has it.

References. Global Fishing Watch, pipe-encounters, and Miller et al. 2018, Identifying global patterns of transshipment
behavior; OCIMF, Ship to Ship Transfer Guide. docs/ENCOUNTERS.md compares both definitions on the same tracks.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta

from detectors.core.alert import Fact
from detectors.core.geography.transfer_areas import TransferArea
from detectors.core.meeting_stage.meeting import HOUR, Limits, Meeting, Together
from detectors.core.meeting_stage.steps import judged_ms
from detectors.core.meeting_stage.writing import position_of, short_of, title_of
from detectors.core.protocol import Detector, Finding
from detectors.core.slow_ships import BIN_MS, SlowShip
from detectors.core.units import MINUTE_MS, duration_text, stamp
from detectors.encounter.wording import (
    details_of,
    draught_clause,
    draught_facts,
    evidence_of,
    service_fact,
    titled,
    where_and_since,
)

_STEP_MIN = BIN_MS // MINUTE_MS


class Encounter(Detector):
    """See the module."""

    name = "encounter"
    subject = "meeting"
    severities = {  # noqa: RUF012 - read only
        "encounter.unlisted": "log",
        "encounter.service": "log",
        "encounter.listed": "ticket",
        "encounter.sanctioned_zone": "page",
        "encounter.both_listed": "page",
    }

    class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Thresholds of ``encounter``."""

        least_h: Annotated[float, Meta(ge=0.5, le=24, description="Time for which two ships must stay together, h")] = (
            2.0
        )
        listed_least_h: Annotated[float, Meta(ge=0.5, le=24, description="... if one of them is listed, h")] = 1.0
        near_m: Annotated[
            float, Meta(ge=0, le=500, description="Distance of the antennas, beside half of both lengths, at most, m")
        ] = 150.0
        near_most_m: Annotated[
            float, Meta(ge=400, le=2000, description="Distance of the antennas in any case, at most, m")
        ] = 500.0
        relative_kn: Annotated[float, Meta(ge=0.1, le=2, description="Relative speed, less than, kn")] = 0.5
        under_way_kn: Annotated[float, Meta(ge=0, le=7.5, description="Speed of both over ground, at most, kn")] = 7.0
        share_seen: Annotated[
            float, Meta(ge=0.3, le=1, description="Share of 10-minute moments at which they were seen together")
        ] = 0.7
        merged_within_h: Annotated[
            float, Meta(ge=1, le=48, description="Meetings of the same ships closer in time are one, h")
        ] = 4.0
        partners_most: Annotated[
            int, Meta(ge=1, le=1000, description="A ship with more partners meets others as part of its work, ...")
        ] = 4
        partners_days: Annotated[int, Meta(ge=1, le=90, description="... within this time, days")] = 14
        others_most: Annotated[
            int, Meta(ge=1, le=50, description="Other ships as near as near_most_m: with more, it is a harbour or road")
        ] = 8
        stops_least: Annotated[
            int, Meta(ge=2, le=100, description="Ships that lay two hours in a cell of 0.01 degrees make a stop place")
        ] = 5
        stops_days: Annotated[int, Meta(ge=1, le=365, description="... within this time, days")] = 60
        transfer_areas: Annotated[
            tuple[str, ...],
            Meta(
                description="Areas that are never stop places, such as known areas of ship-to-ship transfers, each as "
                "'LAT LON RADIUS' in degrees and nautical miles"
            ),
        ] = ()
        ships_most: Annotated[
            int, Meta(ge=100, le=1_000_000, description="Maximum number of slow ships kept (about 1 kB each)")
        ] = 100_000
        pairs_most: Annotated[
            int, Meta(ge=100, le=1_000_000, description="Maximum number of pairs followed (about 3 kB each)")
        ] = 20_000
        places_most: Annotated[
            int, Meta(ge=100, le=10_000_000, description="Maximum number of cells with stops (about 0.5 kB each)")
        ] = 100_000
        waiting_most: Annotated[
            int,
            Meta(
                ge=1000,
                le=10_000_000,
                description="Maximum number of facts that wait for a partition that makes no progress (about 1 kB "
                "each); further ones become dead letters",
            ),
        ] = 400_000

        def __post_init__(self) -> None:
            """Raises ValueError on an area that cannot be read."""
            for text in self.transfer_areas:
                TransferArea.of(text)

    thresholds: Thresholds

    # -- decisions ------------------------------------------------------------------------------------------------

    def limits(self) -> Limits:
        """What counts as together."""
        t = self.thresholds
        return Limits(t.near_m, t.near_most_m, t.relative_kn, t.under_way_kn, t.share_seen)

    def least(self, *, listed: bool) -> int:
        """Steps for which two ships must stay together."""
        return round((self.thresholds.listed_least_h if listed else self.thresholds.least_h) * HOUR)

    def closes_after(self) -> int:
        """Steps after which an encounter is over."""
        return round(self.thresholds.merged_within_h * HOUR)

    @staticmethod
    def subject_of(meeting: Meeting) -> SlowShip:
        """The ship that the alert is about, from its first revision on: the listed one, or that of the lower MMSI."""
        if meeting.alert is not None:
            return meeting.other if meeting.alert.mmsi == meeting.other.mmsi else meeting.one
        return meeting.other if meeting.other.listed and not meeting.one.listed else meeting.one

    def partner_of(self, meeting: Meeting) -> SlowShip:
        """The other one."""
        return meeting.one if self.subject_of(meeting) is meeting.other else meeting.other

    # -- findings -------------------------------------------------------------------------------------------------

    def found(self, meeting: Meeting, time: Together, step: int, service: str) -> Finding:
        """Opens or updates."""
        about, partner, now_ms = self.subject_of(meeting), self.partner_of(meeting), judged_ms(step)
        details = details_of(meeting, time)
        least_min = self.least(listed=bool(about.listed or partner.listed)) * _STEP_MIN
        beside = "apparently alongside" if details.get("alongside") else "beside"
        lasted = duration_text(time.steps * BIN_MS)
        return Finding(
            action="open" if meeting.alert is None else "update",
            situation=_situation(about, partner, service),
            time_ms=now_ms,
            start_ms=time.since * BIN_MS,
            key=str(partner.mmsi),
            raised=bool(meeting.changes) and not service,
            headline=f"{titled(about, meeting)} {beside} {short_of(partner)} {lasted}{draught_clause(meeting)}"
            f"{where_and_since(about, time.since * BIN_MS, now_ms)}",
            listed=about.listed or partner.listed,
            why=(
                Fact(fact="time together", value=time.steps * _STEP_MIN, threshold=least_min, unit="min"),
                Fact(
                    fact="share of 10-minute moments at which they were seen together",
                    value=round(time.seen / (time.steps + 1), 2),
                    threshold=self.thresholds.share_seen,
                ),
                Fact(
                    fact="median distance of the antennas",
                    value=int(str(details["distance_m"])),
                    threshold=round(self.thresholds.near_most_m),
                    unit="m",
                ),
                *self._more_facts(meeting, service),
            ),
            would_change=(
                f"It closes when they were not together for {self.thresholds.merged_within_h:g} h",
                "A place where ships wait, or a service that one renders the other, explains it",
                "A satellite image of the place and time shows whether hulls and hoses touch",
            ),
            details=details,
            sentences=evidence_of(meeting),
            position=position_of(about),
        )

    def _more_facts(self, meeting: Meeting, service: str) -> Iterable[Fact]:
        """What is known beside time and distance."""
        yield from draught_facts(meeting)
        yield from service_fact(service, self.thresholds)
        zone = self.subject_of(meeting).zone or self.partner_of(meeting).zone
        if zone:
            yield Fact(fact="in a sanctioned zone", value=zone)

    def ended(self, meeting: Meeting, step: int) -> Finding:
        """Closes after they were apart, or not seen, for long enough."""
        about, partner, now_ms = self.subject_of(meeting), self.partner_of(meeting), judged_ms(step)
        steps = (meeting.last - meeting.since) * BIN_MS
        apart = Fact(
            fact="time not seen together",
            value=round((step - meeting.last) / HOUR, 1),
            threshold=self.thresholds.merged_within_h,
            unit="h",
        )
        words = f"{title_of(about)} no longer beside {short_of(partner)}, {duration_text(steps)} together"
        return self._end(meeting, "close", now_ms, f"{words}, until {stamp(meeting.last * BIN_MS, now_ms)}", apart)

    def withdrawn(self, meeting: Meeting, step: int, reason: str) -> Finding:
        """Retracts what turns out to be no meeting."""
        about, partner = self.subject_of(meeting), self.partner_of(meeting)
        words = f"{title_of(about)} beside {short_of(partner)}: {reason.replace('_', ' ')}"
        fact = Fact(fact="pairs of ships to which this applies", value=1, source=reason)
        return self._end(meeting, "retract", judged_ms(step), words, fact, reason=reason)

    def _end(
        self, meeting: Meeting, action: str, now_ms: int, words: str, fact: Fact, *, reason: str = "apart"
    ) -> Finding:
        alert, partner = meeting.alert, self.partner_of(meeting)
        assert alert is not None, "only an open encounter ends"
        listed = bool(meeting.one.listed or meeting.other.listed)
        time = Together(meeting.since, max(meeting.last, meeting.since), len(meeting.samples))
        return Finding(
            action="close" if action == "close" else "retract",
            situation="encounter.listed" if listed else "encounter.unlisted",
            severity_most=alert.severity,
            raised=bool(meeting.changes),
            time_ms=now_ms,
            key=str(partner.mmsi),
            headline=words,
            listed=self.subject_of(meeting).listed or partner.listed,
            why=(fact,),
            details={**details_of(meeting, time), "ended": reason},
            sentences=evidence_of(meeting),
            position=alert.position,
        )


def _situation(about: SlowShip, partner: SlowShip, service: str) -> str:
    if service:
        return "encounter.service"
    if about.listed and partner.listed:
        return "encounter.both_listed"
    if about.listed or partner.listed:
        return "encounter.sanctioned_zone" if about.zone or partner.zone else "encounter.listed"
    return "encounter.unlisted"
