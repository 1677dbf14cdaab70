"""Identity change: an IMO number is reported under another MMSI.

Claim. A vessel, known by its IMO number, transmits under an MMSI that is new for it; or two MMSIs report one IMO number
from positions that one vessel cannot reach in the time.

Why it matters. The first digits of an MMSI give the flag. A reflagged vessel has another MMSI and, for a system that
uses MMSIs only, no history. Laundered identities change often, and a number reported from two places is used by a
vessel that does not own it. This detector keeps the case of a vessel together: its former MMSIs, flags and open alerts.

How it decides. Workers publish once an hour which MMSI reports which IMO number; the bindings of all partitions are
processed in order of event time. An MMSI that is new to an IMO number opens an alert, which is ``unverified`` until the
number is reported again. It is ``frequent`` at ``changes_least`` changes in 90 days, ``listed`` if the vessel is on a
watchlist, and ``shared`` if its position and that of another MMSI are further apart than ``apart_kn`` allows: possible
identity misuse. It closes when nothing has changed for ``settles_after_h``.

When it is wrong. Vessels are sold and reflagged lawfully every day, so a change alone is ``log``. A crew that mistypes
the number reports another vessel's. A number that more than ``placeholder_over`` MMSIs report is the default of some
device, and gives no alerts. Two transponders of one vessel share a number and a place.

References. UN S/2021/777 (identity laundering); C4ADS, Unmasked (2021): three changes in 90 days; IMO A.1117(30).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from detectors.core.alert import Fact
from detectors.core.identities.binding import AGAIN, Binding
from detectors.core.imo_stage.holders import Holder, ImoShip
from detectors.core.protocol import Detector, Finding
from detectors.core.sphere import distance_nm
from detectors.core.units import DAY_MS, HOUR_MS, next_step
from detectors.identity_change.wording import (
    TENTHS,
    WOULD_CHANGE,
    Change,
    details_of,
    flag_facts,
    headline,
    latest,
    reason_of,
    sentences_of,
    title,
    verification_of,
)

CHANGES_WITHIN_D = 90
_CHANGES_MOST = 100  # remembered per IMO number: the maximum of ``changes_least``


class IdentityChange(Detector):
    """See the module."""

    name = "identity_change"
    subject = "imo"
    severities = {  # noqa: RUF012 - read only
        "identity_change.new_mmsi": "log",
        "identity_change.frequent": "ticket",
        "identity_change.listed": "ticket",
        "identity_change.shared": "ticket",
    }

    class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Thresholds of ``identity_change``."""

        changes_least: Annotated[
            int, Meta(ge=2, le=100, description="Number of changes in 90 days that is frequent (C4ADS: 3)")
        ] = 3
        apart_kn: Annotated[
            float,
            Meta(ge=10, le=1000, description="Two positions that need more than this speed are not one vessel, kn"),
        ] = 60.0
        apart_nm: Annotated[float, Meta(ge=0.1, le=1000, description="... if they are further apart than this, nm")] = (
            5.0
        )
        settles_after_h: Annotated[
            float, Meta(ge=1, le=87_600, description="A change closes after this time without further changes, h")
        ] = 720.0
        placeholder_over: Annotated[
            int,
            Meta(
                ge=2,
                le=1000,
                description="An IMO number reported by more MMSIs than this is a placeholder and gives no alerts",
            ),
        ] = 8
        holders_most: Annotated[
            int, Meta(ge=2, le=1000, description="Maximum number of MMSIs kept for an IMO number")
        ] = 16
        ships_most: Annotated[
            int, Meta(ge=100, le=10_000_000, description="Maximum number of IMO numbers kept (about 1 kB each)")
        ] = 500_000
        holders_in_all_most: Annotated[
            int,
            Meta(
                ge=100,
                le=100_000_000,
                description="Maximum number of MMSIs kept in all (about 1 kB each, 3 kB with an open alert)",
            ),
        ] = 2_000_000

    thresholds: Thresholds

    # -- decisions ------------------------------------------------------------------------------------------------

    def judge_binding(self, ship: ImoShip, told: Binding) -> Iterable[Finding]:
        """The findings for a binding; ``ship`` is as it was before. A finding's key is the MMSI that it is about."""
        mine = ship.holder(told.mmsi)
        others = [holder for holder in ship.holders if holder is not mine]
        if not others or len(others) >= self.thresholds.placeholder_over:
            return
        apart = [holder for holder in others if self._apart_nm(told, holder.newest) is not None]
        if mine is None:
            yield self._new(ship, told, others, apart)
            return
        place_in_line = ship.holders.index(mine)
        before = [holder for holder in apart if ship.holders.index(holder) < place_in_line]
        supported = mine.alert is not None and mine.alert.verification == "unverified" and told.statements >= AGAIN
        if supported or (before and reason_of(mine) != "shared"):
            yield self._revised(ship, mine, told, others, before)
        for holder in apart:
            if holder not in before and reason_of(holder) != "shared":
                yield self._revised(ship, holder, told, others, [mine])

    def recent(self, ship: ImoShip, told: Binding) -> list[int]:
        """The changes of the last 90 days, ``told`` included as the latest; the very first MMSI does not count."""
        since_ms = told.last_ms - CHANGES_WITHIN_D * DAY_MS
        changes = [at for at in ship.changes if at > since_ms] + ([told.last_ms] if ship.holders else [])
        return changes[-_CHANGES_MOST:]

    def settles_ms(self, time_ms: int) -> int:
        """When an alert that was written at ``time_ms`` closes if nothing is added."""
        return next_step(time_ms + int(self.thresholds.settles_after_h * HOUR_MS))

    def settled(self, ship: ImoShip, holder: Holder) -> Finding | None:
        """The finding if nothing was added for long; None while two places still contradict each other."""
        alert = holder.alert
        if alert is None or self._is_contradicted(ship, holder):
            return None
        return Finding(
            action="close",
            situation=f"{self.name}.{alert.details['reason']}",
            time_ms=holder.settles_ms,
            key=str(holder.newest.mmsi),
            headline=f"{title(holder.newest)} still under MMSI {holder.newest.mmsi}, no further change",
            listed=holder.newest.listed,
            why=(Fact(fact="time since the last change", value=self.thresholds.settles_after_h, unit="h"),),
            verification=alert.verification,
            details={**alert.details, "ended": "settled"},
        )

    def _is_contradicted(self, ship: ImoShip, holder: Holder) -> bool:
        since_ms = holder.settles_ms - int(self.thresholds.settles_after_h * HOUR_MS)
        lately = [h.newest for h in ship.holders if h.newest.last_ms > since_ms]
        own = holder.newest
        return own in lately and any(self._apart_nm(own, other) is not None for other in lately if other is not own)

    def _changes(self, ship: ImoShip, now_ms: int) -> int:
        return sum(at > now_ms - CHANGES_WITHIN_D * DAY_MS for at in ship.changes)

    def _apart_nm(self, told: Binding, other: Binding) -> float | None:
        """The distance of two holders, if no ship can cover it in the time between their positions."""
        if told.lat_deg is None or told.lon_deg is None or other.lat_deg is None or other.lon_deg is None:
            return None
        nm = round(distance_nm(told.lat_deg, told.lon_deg, other.lat_deg, other.lon_deg), TENTHS)
        hours = abs(told.fix_ms - other.fix_ms) / HOUR_MS
        return nm if nm > self.thresholds.apart_nm and nm > self.thresholds.apart_kn * hours else None

    # -- wording --------------------------------------------------------------------------------------------------

    def _new(self, ship: ImoShip, told: Binding, others: Sequence[Holder], apart: Sequence[Holder]) -> Finding:
        changes = len(self.recent(ship, told))
        reason = "listed" if told.listed else "new_mmsi"
        if changes >= self.thresholds.changes_least:
            reason = "frequent"
        if apart:
            reason = "shared"
        return self._finding("open", Change(told, told, others, apart, reason, changes))

    def _revised(
        self, ship: ImoShip, mine: Holder, told: Binding, others: Sequence[Holder], apart: Sequence[Holder]
    ) -> Finding:
        """The alert about ``mine`` after ``told``, which is of its own MMSI or of one that contradicts it."""
        own = told if told.mmsi == mine.newest.mmsi else mine.newest
        former = [holder for holder in ship.holders if holder.newest.mmsi != own.mmsi]
        reason = "shared" if apart else (reason_of(mine) or "new_mmsi")
        changes = self._changes(ship, told.last_ms)
        return self._finding("update" if mine.alert else "open", Change(own, told, former, apart, reason, changes))

    def _finding(self, action: Literal["open", "update"], change: Change) -> Finding:
        told = change.told
        return Finding(
            action=action,
            situation=f"{self.name}.{change.reason}",
            time_ms=told.last_ms,
            start_ms=told.last_ms,
            key=str(change.own.mmsi),
            headline=headline(change),
            listed=change.own.listed,
            why=tuple(self._why(change)),
            would_change=WOULD_CHANGE,
            verification=verification_of(change.own),
            details=details_of(change),
            sentences=sentences_of(told),
        )

    def _why(self, change: Change) -> Iterable[Fact]:
        own, told = change.own, change.told
        yield Fact(fact="IMO", value=own.imo, source="AIS message 5")
        for holder in change.apart:
            other = told if holder.newest.mmsi == told.mmsi else holder.newest
            here = own if other.mmsi != own.mmsi else told
            far_nm = self._apart_nm(here, other) or self._apart_nm(told, holder.newest) or 0.0
            within_nm = round(self.thresholds.apart_kn * abs(here.fix_ms - other.fix_ms) / HOUR_MS, TENTHS)
            yield Fact(
                fact=f"distance to the position of MMSI {other.mmsi}", value=far_nm, threshold=within_nm, unit="nm"
            )
        last = latest(change.former)
        yield Fact(fact="MMSI", value=own.mmsi, threshold=last.mmsi, source="threshold: the previous one")
        yield from flag_facts(own, last)
        if last.name and own.name and last.name != own.name:
            yield Fact(fact="name", value=own.name, threshold=last.name, source="threshold: the previous one")
        least = self.thresholds.changes_least
        yield Fact(fact="changes in 90 days", value=change.changes, threshold=least, source="C4ADS 2021")
        yield Fact(fact="times that this MMSI reported the IMO number", value=own.statements, threshold=AGAIN)
