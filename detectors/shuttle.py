"""Shuttle: repeated dark legs that could each include the same two sanctioned places.

Claim. A vessel has disappeared and reappeared at least three times in ninety days, and in each of these dark legs it
could have called at both of the same two sanctioned zones of different countries.

Why it matters. ANGARA carried munitions from Rajin to Dunai at least eleven times. All that a receiver saw was a vessel
that disappeared off a headland and reappeared there days later. One such leg means little; the pattern does not.

How it decides. A leg is a silence that ``gap`` judged dark (for a listed vessel also "at rest" if it ended elsewhere),
from the last position before it to the first one after it. A leg can include a pair of zones P, Q when
d(last, P) + d(P, Q) + d(Q, next) <= v_max * T in one order or the other; v_max is the vessel's own, distances are great
circles. For an unlisted vessel the route past both must also take a quarter of the leg. Neighbouring zones cannot be
distinguished: the larger one names the pair, and all are in the details. The alert opens at the third leg, is updated
with each, and closes after ninety days without one, unless the vessel is silent then. A vessel that stays dark
throughout has no legs: ``port_proximity`` states how many round trips its silence allows.

When it is wrong. A long silence can include every pair, so the legs of a vessel that trades out of reach of this feed
look the same: check how long they are and what speed they need. Great circles cross land: possible stays are too long.

References. UN S/2024/215 (Panel of Experts, DPRK); Hagerstrand 1970 (space-time prism).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from detectors.core.alert import Alert, Fact
from detectors.core.detector_input import DetectorInput, Places
from detectors.core.geography import reach
from detectors.core.headlines import zone_label
from detectors.core.protocol import Detector, Finding
from detectors.core.reference import Reference, Zone
from detectors.core.sphere import Floats, unit_vectors
from detectors.core.units import DAY_MS, HOUR_MS, MS, NEVER_MS, hhmm_z, next_steps, rfc3339
from detectors.core.vessels.columns import Column
from detectors.core.vessels.past import AT_REST, CANNOT_TELL, DARK, PastSilence
from detectors.core.vessels.ship import VesselState
from detectors.core.vessels.silences import open_silence

NAMED_MOST: Final = 4
SIDE_BY_SIDE_NM: Final = 25.0
LEGS_TOLD_MOST: Final = 12
_DATE_LETTERS: Final = 10
_SANCTIONED: Final = "sanctioned"

Pair = tuple[int, int]


class DarkLeg(NamedTuple):
    """A dark leg: the fixes next to it as unit vectors, and the time between them."""

    silence: PastSilence
    last: Floats
    after: Floats
    hours: float
    v_max_kn: float
    """Its assumed maximum speed, or that shown by this leg itself."""


class Shuttle(Detector):
    """See the module."""

    name = "shuttle"
    unreliable_most = "log"
    columns = (
        Column("until_ms", "<i8"),  # when an open alert ends without a further leg
        Column("waits", "?"),  # its silence ended with a report without a position
    )
    severities = {"shuttle.listed": "ticket", "shuttle.unlisted": "log"}  # noqa: RUF012 - read only

    class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Thresholds of ``shuttle``."""

        legs_least: Annotated[int, Meta(ge=2, le=100, description="Number of dark legs that is a shuttle")] = 3
        within_d: Annotated[float, Meta(gt=0, le=3650, description="... within this time, days")] = 90.0
        leg_least_h: Annotated[float, Meta(ge=0.1, le=8760, description="Shortest dark leg, h")] = 2.0
        busy_share_least: Annotated[
            float,
            Meta(
                ge=0,
                le=1,
                description="For an unlisted vessel: least share of a leg that the route past both zones takes",
            ),
        ] = 0.25

    def know(self, reference: Reference) -> None:
        """The sanctioned zones, in columns."""
        super().know(reference)
        self._zones: tuple[Zone, ...] = tuple(z for z in reference.zones if z.kind == _SANCTIONED)
        lat, lon = ([getattr(z, name) for z in self._zones] for name in ("lat_deg", "lon_deg"))
        self._vectors = unit_vectors(np.asarray(lat, np.float64), np.asarray(lon, np.float64))

    def screen_reports(self, step: DetectorInput) -> Places:
        """First reports after a silence that may be a leg, and first positions if those reports had none."""
        if len(self._zones) < 2:  # noqa: PLR2004 - a pair
            return np.zeros(0, np.intp)
        dark_ms = step.time_ms - step.before.last_ms
        returned = (dark_ms >= int(self.thresholds.leg_least_h * HOUR_MS)) & (step.before.last_ms > 0)
        return np.flatnonzero(returned | (self.state(step).waits[step.rows] & step.moved))

    def due(self, step: DetectorInput) -> npt.NDArray[np.int64]:
        """When an open alert ends."""
        until_ms = self.state(step).until_ms[step.rows]
        return next_steps(np.where(until_ms > 0, until_ms, NEVER_MS))

    @property
    def _within_ms(self) -> int:
        return int(self.thresholds.within_d * DAY_MS)

    def on_report(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Counts legs when one has ended."""
        opened, row, ship = self.opened(step, at), int(step.rows[at]), step.ship(at)
        own, memory = self.state(step), step.fleet.memory
        if row not in memory:
            return []
        if own.waits[row] and step.moved[at] and ship.lat_deg is not None and ship.lon_deg is not None:
            memory.complete(row, (ship.lat_deg, ship.lon_deg))
            own.waits[row] = False
        elif memory.silences(row)[-1:] and memory.silences(row)[-1].to_ms == int(step.time_ms[at]):
            own.waits[row] = memory.silences(row)[-1].after is None
        else:
            return []
        return [] if own.waits[row] else self._counted(step, at, ship, opened)

    def when_due(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Ends an alert once no leg has followed for long enough."""
        opened, ship = self.opened(step, at), step.ship(at)
        own, row, now_ms = self.state(step), int(step.rows[at]), int(step.time_ms[at])
        until_ms = int(own.until_ms[row])
        if not until_ms or opened is None:
            return
        if now_ms < until_ms:  # checked for another reason: the list changed
            self.arm(step, at, until_ms)
        elif open_silence(step.fleet.open_of(row)) is not None:  # it may be on its next leg
            own.until_ms[row] = now_ms + self._within_ms
            self.arm(step, at, now_ms + self._within_ms)
        else:
            own.until_ms[row] = 0
            yield self._ended(step, at, ship, opened)

    # -- legs -----------------------------------------------------------------------------------------------------

    def _counted(self, step: DetectorInput, at: int, ship: VesselState, opened: Alert | None) -> Iterable[Finding]:
        row, now_ms = int(step.rows[at]), int(step.time_ms[at])
        listed = ship.listed is not None and not ship.misuse
        silences = [s for s in step.fleet.memory.silences(row) if now_ms - s.from_ms <= self._within_ms]
        legs = [leg for s in silences if (leg := self._leg(s, ship.v_max_kn, listed=listed)) is not None]
        if len(legs) < self.thresholds.legs_least:
            return
        held = [self._pairs(leg, listed=listed) for leg in legs]
        counts: dict[Pair, list[int]] = {}
        for number, pairs in enumerate(held):
            for pair in pairs:
                counts.setdefault(pair, []).append(number)
        enough = [pair for pair, numbers in counts.items() if len(numbers) >= self.thresholds.legs_least]
        newest = [pair for pair in enough if counts[pair][-1] == len(legs) - 1]
        if not newest:
            return
        most = max(len(counts[pair]) for pair in newest)
        ways = {
            pair: round(sum(held[number][pair] for number in counts[pair]) / most, 1)
            for pair in newest
            if len(counts[pair]) == most
        }
        ranked = self._ranked(ways)
        self.state(step).until_ms[row] = now_ms + self._within_ms
        self.arm(step, at, now_ms + self._within_ms)
        yield self._words(step, at, [legs[number] for number in counts[ranked[0]]], ranked, opened)

    def _leg(self, silence: PastSilence, v_max_kn: float, *, listed: bool) -> DarkLeg | None:
        """The leg of a silence; None if it is not one."""
        if silence.before is None or silence.after is None or silence.verdict == CANNOT_TELL:
            return None
        hours = (silence.to_ms - silence.fix_ms) / HOUR_MS
        if hours < self.thresholds.leg_least_h or (silence.verdict != DARK and not listed):
            return None
        last, after = reach.fix(*silence.before), reach.fix(*silence.after)
        moved_nm = float(reach.apart_nm(last, after[:, None])[0])
        if silence.verdict == AT_REST and reach.apparently_stayed(hours, moved_nm):
            return None
        return DarkLeg(silence, last, after, hours, max(v_max_kn, round(moved_nm / hours, 1)))

    def _ranked(self, ways: dict[Pair, float]) -> list[Pair]:
        """The shortest way first; of zones side by side, which cannot be distinguished, the larger ones."""
        alike_nm = min(ways.values()) + SIDE_BY_SIDE_NM

        def rank(pair: Pair) -> tuple[bool, float, float, Pair]:
            alike = ways[pair] <= alike_nm
            size_nm = sum(self._zones[number].radius_nm for number in pair)
            return not alike, -size_nm if alike else 0.0, ways[pair], pair

        return sorted(ways, key=rank)

    def _pairs(self, leg: DarkLeg, *, listed: bool) -> dict[Pair, float]:
        """The pairs of zones of two countries, in force then, that a leg could include: numbers and way, nm.

        For an unlisted ship only pairs whose way takes a good part of the leg: a long silence includes every pair.
        """
        date = rfc3339(leg.silence.to_ms)[:_DATE_LETTERS]
        zones = self._zones
        found = reach.pairs(leg.last, leg.after, self._vectors, hours=leg.hours, v_max_kn=leg.v_max_kn)
        least_nm = 0.0 if listed else round(self.thresholds.busy_share_least * leg.hours * leg.v_max_kn, 1)
        return {
            (one, other): way
            for (one, other), way in zip(found.at.tolist(), found.way_nm.tolist(), strict=True)
            if way >= least_nm
            and (zones[one].country is None or zones[one].country != zones[other].country)
            and all((zones[n].from_date or "") <= date <= (zones[n].to_date or date) for n in (one, other))
        }

    # -- wording --------------------------------------------------------------------------------------------------

    def _words(
        self, step: DetectorInput, at: int, legs: list[DarkLeg], ranked: list[Pair], opened: Alert | None
    ) -> Finding:
        ship, now_ms, t = step.ship(at), int(step.time_ms[at]), self.thresholds
        one, other = (self._zones[number] for number in ranked[0])
        days = round((now_ms - legs[0].silence.from_ms) / DAY_MS)
        told = [self._told(leg, ranked[0]) for leg in legs[-LEGS_TOLD_MOST:]]
        return Finding(
            action="update" if opened else "open",
            situation=_situation(ship),
            time_ms=now_ms,
            start_ms=legs[0].silence.from_ms,
            headline=f"{ship.title} {len(legs)} dark legs in {days} d, could include {zone_label(one)} and "
            f"{zone_label(other)}",
            why=(
                Fact(fact="dark legs that could include both zones", value=len(legs), threshold=t.legs_least),
                Fact(fact="time since the first of these legs began", value=days, threshold=t.within_d, unit="d"),
                Fact(fact="shortest of these legs", value=round(min(leg.hours for leg in legs), 1), unit="h"),
                Fact(fact="assumed highest speed", value=ship.v_max_kn, unit="kn", source="its own reports"),
                Fact(fact="other pairs of zones that as many legs could include", value=len(ranked) - 1),
            ),
            would_change=(
                "A late position that leads elsewhere removes that leg",
                f"{t.within_d:g} days without another dark leg close it",
            ),
            verification="corroborated" if ship.support > 1 or len(legs) > t.legs_least else "unverified",
            details={
                "between": [one.name, other.name],
                "pairs": [[self._zones[n].name for n in pair] for pair in ranked[:NAMED_MOST]],
                "legs": len(legs),
                "days": days,
                "v_max_kn": ship.v_max_kn,
                "leg_list": told,
            },
            sentences=(step.lines(at),),
        )

    def _told(self, leg: DarkLeg, pair: Pair) -> dict[str, object]:
        silence, vectors = leg.silence, self._vectors[:, list(pair)]
        trips = reach.round_trips(leg.last, leg.after, vectors, hours=leg.hours, v_max_kn=leg.v_max_kn)
        way_nm = self._pairs(leg, listed=True)[pair]
        return {
            "from": rfc3339(silence.from_ms),
            "to": rfc3339(silence.to_ms),
            "hours": round(leg.hours, 1),
            "vanished": list(silence.before or ()),
            "reappeared": list(silence.after or ()),
            "needed_kn": round(way_nm / leg.hours, 1),
            "round_trips_at_most": trips,
        }

    def _ended(self, step: DetectorInput, at: int, ship: VesselState, opened: Alert) -> Finding:
        now_ms = int(step.time_ms[at])
        return Finding(
            action="close",
            situation=_situation(ship),
            time_ms=now_ms,
            headline=f"{ship.title} no dark leg for {self.thresholds.within_d:g} d, {hhmm_z(now_ms)}",
            why=(Fact(fact="time without a dark leg", value=self._within_ms // MS, unit="s"), *opened.why[:1]),
            verification=opened.verification,
            details={**opened.details, "ended": "no further leg"},
        )


def _situation(ship: VesselState) -> str:
    return "shuttle.listed" if ship.listed is not None and not ship.misuse else "shuttle.unlisted"
