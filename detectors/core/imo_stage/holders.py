"""The MMSIs that have stated an IMO number, as the second stage (``core.imo_stage``) remembers them."""

from __future__ import annotations

import msgspec

from detectors.core.alert import Alert, Fact, Position, Vessel
from detectors.core.identities.binding import Binding
from detectors.core.mid import flag_of
from detectors.core.protocol import Finding
from detectors.core.units import rfc3339


class Holder(msgspec.Struct, kw_only=True, gc=False):
    """An MMSI under which an IMO number was stated."""

    newest: Binding
    first_ms: int
    heard_ms: int = 0
    """Its newest report of any kind when another MMSI began to state the number; 0 if not known."""
    alert: Alert | None = None
    """The alert that it is new: open until it has settled."""
    settles_ms: int = 0


class ImoShip(msgspec.Struct, kw_only=True, gc=False):
    """The state of one IMO number. ``holders`` are in the order in which they were first heard."""

    imo: int
    holders: list[Holder] = []
    changes: list[int] = []
    """Event times at which another MMSI was new."""

    def holder(self, mmsi: int) -> Holder | None:
        """The holder with that MMSI."""
        return next((h for h in self.holders if h.newest.mmsi == mmsi), None)


def vessel_of(told: Binding) -> Vessel:
    """The vessel as in alerts."""
    return Vessel(
        name=told.name,
        imo=told.imo,
        call_sign=told.call_sign,
        flag=flag_of(told.mmsi),
        ship_type=told.ship_type,
        length_m=told.length_m,
    )


def position_of(told: Binding) -> Position | None:
    """The position as in alerts."""
    if told.lat_deg is None or told.lon_deg is None:
        return None
    return Position(lat_deg=told.lat_deg, lon_deg=told.lon_deg, time=rfc3339(told.fix_ms))


def closing_finding(holder: Holder, now_ms: int) -> Finding:
    """The end of the open alert about ``holder``, which is dropped to keep memory bounded."""
    alert, newest = holder.alert, holder.newest
    assert alert is not None, "nothing is open"
    who = f"{newest.name} (IMO {newest.imo})" if newest.name else f"IMO {newest.imo}"
    return Finding(
        action="close",
        situation=f"{alert.detector}.{alert.details['reason']}",
        time_ms=now_ms,
        key=str(newest.mmsi),
        headline=f"{who} no longer tracked under MMSI {newest.mmsi}: identity limit reached",
        listed=newest.listed,
        why=(Fact(fact="MMSI", value=newest.mmsi),),
        verification=alert.verification,
        details={**alert.details, "ended": "forgotten"},
    )
