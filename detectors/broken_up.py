"""Broken up: the IMO number of a ship that was broken up is heard again.

Claim. A vessel reports the IMO number of a ship that, according to a list of broken-up ships, came to the breaker's
yard more than ``after_d`` days before.

Why it matters. An IMO number is never assigned twice. Vessels that hide have taken the numbers of broken-up ships of
their type and size (called zombie vessels), because such a number is in every register and has no owner who complains.

How it decides. By the IMO number that the vessel reports, the day of arrival at the yard in the list, and the time of
the report. Until ``after_d`` days after that day there is no alert: after its sale a ship sails to the yard, and its
transponder may work on the beach for weeks. Within ``yard_nm`` of the yard, if its place is known, the
alert is for the record: it may be the wreck. Elsewhere it is a ticket, and a page if the vessel is on a watchlist and
a second report agrees with the first. A vessel whose position is unknown or inconsistent is judged after
``position_wait_min``. One alert for each IMO number and MMSI: silence leaves it open; another IMO number for
``other_number_h``, or a list without the ship, closes it. Two vessels that share an MMSI take turns with two numbers:
that is one alert. When a list comes into force, all vessels in state are judged at once.

When it is wrong. A crew mistypes its number: one wrong number in ten has a right check digit. Lists contain errors,
their dates are often exact to the month only, and some ships that were sold for breaking have sailed on.

References. IMO Resolution A.1117(30); NGO Shipbreaking Platform, annual lists; UN S/2021/777 (identity laundering).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from detectors.core.alert import Alert, Fact
from detectors.core.detector_input import DetectorInput, Places
from detectors.core.headlines import at as place_at
from detectors.core.headlines import list_word
from detectors.core.identities.broken_up import ABSENT, BrokenUpShips, broken_up_of
from detectors.core.identities.listing import stated_identity
from detectors.core.identities.matching import contradictions
from detectors.core.protocol import Detector, Finding
from detectors.core.reference import ListedShip, Reference
from detectors.core.units import DAY_MS, HOUR_MS, MINUTE_MS, MS, hhmm_z, rfc3339, stamp
from detectors.core.vessels.columns import Column
from detectors.core.vessels.ship import VesselState

HEARD, AWAY, LISTED, SURE, WAITS = 1, 2, 4, 8, 16
"""What is said of a vessel: that it is heard, away from the yard, on a watchlist, by two reports; or not yet."""
_LASTING: Final = AWAY | SURE
_SURE_SUPPORT: Final = 2

Stages = npt.NDArray[np.uint8]


class BrokenUp(Detector):
    """See the module."""

    name = "broken_up"
    keeps_due = True
    judges_fleet = True
    columns = (
        Column("stage", "u1"),  # what is said of it; 0 nothing
        Column("imo", "<u4"),  # ... under which IMO number
        Column("since_s", "<u4"),  # ... since when, Unix s
        Column("left_s", "<u4"),  # since when it reports another number, Unix s; 0 if it does not
    )
    severities = {  # noqa: RUF012 - read only
        "broken_up.listed": "page",
        "broken_up.unlisted": "ticket",
        "broken_up.unverified": "ticket",
        "broken_up.at_yard": "log",
    }

    class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Thresholds of ``broken_up``."""

        after_d: Annotated[
            float, Meta(ge=0, le=3650, description="Time after arrival at the yard from which on it alerts, days")
        ] = 90.0
        yard_nm: Annotated[
            float, Meta(ge=0, le=500, description="Within this distance of the yard it is for the record, nm")
        ] = 30.0
        position_wait_min: Annotated[
            float, Meta(ge=0, le=1440, description="Longest wait for a position that is consistent, min")
        ] = 60.0
        other_number_h: Annotated[
            float, Meta(ge=0, le=8760, description="Time under another IMO number after which an alert ends, h")
        ] = 6.0

    def know(self, reference: Reference) -> None:
        """Takes the broken-up ships of ``reference``."""
        super().know(reference)
        self._ships: BrokenUpShips = broken_up_of(reference)

    # -- which ------------------------------------------------------------------------------------------------------

    def screen_reports(self, step: DetectorInput) -> Places:
        """Vessels of which something else is to be said than before."""
        own, rows = self.state(step), step.rows
        if not len(self._ships.ships):
            return np.flatnonzero(own.stage[rows])
        at = np.arange(len(rows))
        stages, said, left = self._stages(step, at, sure=np.ones(len(at), bool)), own.stage[rows], own.left_s[rows] > 0
        other = (said > 0) & (own.imo[rows] != step.now.imo)
        return np.flatnonzero(np.where(other, ~left, (stages != said) | left))

    def screen_reference(self, step: DetectorInput) -> Places:
        """The same, when another list is in force."""
        return self.screen_reports(step)

    def _stages(self, step: DetectorInput, at: Places, *, sure: npt.NDArray[np.bool_]) -> Stages:
        """What is to be said of the vessels at these places; ``sure``: whether their positions are consistent."""
        now, rows = step.now, step.rows[at]
        stages = np.zeros(len(at), np.uint8)
        ship = self._ships.find(now.imo[at])
        after_ms = int(self.thresholds.after_d * DAY_MS)
        found = np.flatnonzero((ship != ABSENT) & now.vessel[at])
        found = found[now.last_ms[at[found]] > self._ships.day_ms[ship[found]] + after_ms]
        if not len(found):
            return stages
        at, rows, ship, sure = at[found], rows[found], ship[found], sure[found]
        own, last_ms = self.state(step), now.last_ms[at]
        former = np.where(own.imo[rows] == now.imo[at], own.stage[rows], 0)
        seen = sure & (now.fix_ms[at] > 0)
        nm = self._ships.yard_nm(ship, now.lat_deg[at], now.lon_deg[at])
        away = ~self._ships.placed[ship] | (seen & (nm > self.thresholds.yard_nm))
        since_ms = np.where(former > 0, own.since_s[rows].astype(np.int64) * MS, last_ms)
        unplaced = ~seen & ~away & (former & HEARD == 0)
        waited = np.maximum(step.time_ms[at], last_ms) - since_ms >= self._wait_ms
        away |= unplaced & waited
        said = np.full(len(at), HEARD, np.uint8) | (former & _LASTING)
        said |= np.where(away, AWAY, 0).astype(np.uint8)
        said |= np.where((now.listed[at] > 0) & ~now.misuse[at], LISTED, 0).astype(np.uint8)
        said |= np.where(now.support[at] >= _SURE_SUPPORT, SURE, 0).astype(np.uint8)
        stages[found] = np.where(unplaced & ~waited, WAITS, said)
        return stages

    @property
    def _wait_ms(self) -> int:
        return int(self.thresholds.position_wait_min * MINUTE_MS)

    @property
    def _left_ms(self) -> int:
        return int(self.thresholds.other_number_h * HOUR_MS)

    # -- when -------------------------------------------------------------------------------------------------------

    def on_report(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Opens, updates, closes."""
        return self._judge(step, at)

    def when_due(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """The wait for a position has ended, or its entry on a watchlist has changed."""
        return self._judge(step, at)

    def on_reference(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Another list is in force."""
        return self._judge(step, at)

    def _judge(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        own, row, opened = self.state(step), int(step.rows[at]), self.opened(step, at)
        ship = step.ship(at)
        if opened and self._may_return(step, at, ship):
            return
        stage = int(self._stages(step, np.asarray([at]), sure=np.asarray([not ship.unsure]))[0])
        if not stage or own.imo[row] != (ship.imo or 0):
            if opened:
                yield self._close(step, at, ship, opened)
            own.stage[row], own.imo[row], own.since_s[row], opened = 0, 0, 0, None
        own.left_s[row] = 0
        if not stage:
            return
        if not own.stage[row]:
            own.since_s[row], own.imo[row] = ship.last_ms // MS, ship.imo
        said, own.stage[row] = int(own.stage[row]), stage
        if stage == WAITS:
            self.arm(step, at, int(own.since_s[row]) * MS + self._wait_ms)
        elif opened is None or stage != said:
            yield self._words(step, at, ship, opened, stage)

    def _may_return(self, step: DetectorInput, at: int, ship: VesselState) -> bool:
        """Whether the vessel reports another number than that of its alert, but not for long enough to end it."""
        own, row, now_ms = self.state(step), int(step.rows[at]), int(step.time_ms[at])
        if own.imo[row] == (ship.imo or 0) or self._ships.find(own.imo[row : row + 1])[0] == ABSENT:
            return False
        left_ms = int(own.left_s[row]) * MS or now_ms
        own.left_s[row] = left_ms // MS
        if now_ms - left_ms >= self._left_ms:
            return False
        self.arm(step, at, left_ms + self._left_ms)
        return True

    # -- words ------------------------------------------------------------------------------------------------------

    def _entry(self, ship: VesselState) -> tuple[ListedShip, int, float | None]:
        """The broken-up ship, the begin of its day at the yard, and the distance of the vessel from the yard, nm."""
        at = self._ships.find(np.asarray([ship.imo or 0]))
        entry, nm = self._ships.ships[int(at[0])], None
        if ship.lat_deg is not None and ship.lon_deg is not None and entry.yard_lat_deg is not None:
            nm = round(float(self._ships.yard_nm(at, np.asarray([ship.lat_deg]), np.asarray([ship.lon_deg]))[0]), 1)
        return entry, int(self._ships.day_ms[int(at[0])]), nm

    def _words(self, step: DetectorInput, at: int, ship: VesselState, opened: Alert | None, stage: int) -> Finding:
        entry, day_ms, nm = self._entry(ship)
        now_ms = int(step.time_ms[at])
        heard = "heard" if now_ms - ship.last_ms < HOUR_MS else f"last heard {stamp(ship.last_ms, now_ms)}"
        near = "" if stage & AWAY else ", near that yard"
        return Finding(
            action="update" if opened else "open",
            situation=_situation(stage),
            time_ms=now_ms,
            start_ms=now_ms,
            headline=f"{ship.title} {heard}, broken up on {entry.broken_up_on} according to {list_word(entry.list)}"
            f"{near}{place_at(ship.lat_deg, ship.lon_deg)}, {hhmm_z(ship.last_ms)}",
            why=tuple(self._reasons(step, ship, entry, day_ms=day_ms, yard_nm=nm)),
            would_change=(
                f"Another IMO number reported under this MMSI for {self.thresholds.other_number_h:g} h closes it",
                "A list without the ship, or with a later date, closes it",
            ),
            verification="corroborated" if stage & SURE else "unverified",
            details={
                "list": entry.list,
                "entry_id": entry.entry_id,
                "list_version": self.reference.version,
                "broken_up_on": entry.broken_up_on,
                "name_in_list": entry.name,
                **({"broken_up_at": entry.broken_up_at} if entry.broken_up_at else {}),
                **({"yard_distance_nm": nm} if nm is not None else {}),
                "at_yard": not stage & AWAY,
                "last_heard": rfc3339(ship.last_ms),
            },
            sentences=step.evidence(at, ship),
        )

    def _reasons(
        self, step: DetectorInput, ship: VesselState, entry: ListedShip, *, day_ms: int, yard_nm: float | None
    ) -> Iterable[Fact]:
        since_d = (ship.last_ms - day_ms) // DAY_MS
        by = f"{entry.list} {entry.entry_id}"
        yield Fact(
            fact="time from its arrival at the yard to this report",
            value=since_d,
            threshold=self.thresholds.after_d,
            unit="d",
            source=by,
        )
        heard_by = step.sources.name_of(ship.bound_by)
        yield Fact(
            fact="age of the report that states the IMO number",
            value=(ship.last_ms - ship.bound_ms) // MS,
            unit="s",
            source=f"AIS message 5 from {heard_by}" if heard_by else "AIS message 5",
        )
        yield Fact(fact="consistent reports received", value=ship.support, threshold=_SURE_SUPPORT)
        if yard_nm is not None:
            said = f"distance from the yard, {entry.broken_up_at}"
            yield Fact(fact=said, value=yard_nm, threshold=self.thresholds.yard_nm, unit="nm", source=by)
        elif entry.broken_up_at:
            yield Fact(fact="yard; the distance from it is unknown", value=entry.broken_up_at, source=by)
        if ship.name:
            yield Fact(fact="name reported, and name in the list", value=ship.name, threshold=entry.name, source=by)
        if against := contradictions(entry, stated_identity(ship)):
            yield Fact(fact="contradicts the list entry", value=", ".join(against), source=by)

    def _close(self, step: DetectorInput, at: int, ship: VesselState, opened: Alert) -> Finding:
        now_ms, former = int(step.time_ms[at]), int(self.state(step).imo[step.rows[at]])
        other = ship.imo is not None and ship.imo != former
        how = f"reports IMO {ship.imo} now" if other else f"IMO {former} no longer among broken-up ships"
        return Finding(
            action="retract" if other and opened.verification == "unverified" else "close",
            situation=f"{self.name}.unlisted",
            severity=opened.severity,
            time_ms=now_ms,
            headline=f"{ship.title.partition(' (IMO')[0]}: {how}, {hhmm_z(now_ms)}",
            why=(Fact(fact="IMO number reported before", value=former), *opened.why[:1]),
            verification=opened.verification,
            details={**opened.details, "ended": "identity changed" if other else "list changed"},
            sentences=step.evidence(at, ship),
        )


def _situation(stage: int) -> str:
    """Names the severity rule."""
    if not stage & AWAY:
        return "broken_up.at_yard"
    if not stage & SURE:
        return "broken_up.unverified"
    return "broken_up.listed" if stage & LISTED else "broken_up.unlisted"
