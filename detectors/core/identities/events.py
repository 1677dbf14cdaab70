"""What the stage of IMO numbers has to do, in the order of event time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from detectors.core.identities.binding import Binding, Seen
from detectors.core.identities.holders import Holder, ImoShip

LOOK: Final = 0
_SEEN: Final = 1
_BINDING: Final = 2


class Event(NamedTuple):
    """The order of its fields is the order of decisions."""

    at_ms: int
    what: int
    imo: int
    mmsi: int
    reported_ms: int
    """Event time of the report; 0 for a look."""


def event_of(record: Binding | Seen) -> Event:
    """When a record is taken up."""
    if isinstance(record, Seen):
        return Event(record.stamp_ms, _SEEN, record.imo, record.mmsi, record.heard_ms)
    return Event(record.stamp_ms, _BINDING, record.imo, record.mmsi, record.last_ms)


def look_at(ship: ImoShip, holder: Holder) -> Event:
    """When it is looked whether the alert about ``holder`` closes."""
    return Event(holder.settles_ms, LOOK, ship.imo, holder.newest.mmsi, 0)


def looks(ships: Iterable[ImoShip]) -> list[Event]:
    """Those of all open alerts."""
    return [look_at(ship, holder) for ship in ships for holder in ship.holders if holder.alert is not None]
