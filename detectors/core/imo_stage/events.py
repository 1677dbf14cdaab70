"""The pending events of the stage of IMO numbers, in the order of event time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from detectors.core.identities.binding import Binding, SeenUnder
from detectors.core.imo_stage.holders import Holder, ImoShip

_LOOK: Final = 0
_REPORT: Final = 1
_SEEN: Final = 0
_BINDING: Final = 1


class StageEvent(NamedTuple):
    """The order of its fields is the order of decisions.

    Reports within one tick may have the same stamp. They are processed in the order of their own times, so that the
    places of ticks do not matter: first the earlier holder, then when it was last heard, then the new holder.
    """

    at_ms: int
    what: int
    reported_ms: int
    """Event time of the report behind it; 0 for a check."""
    record: int
    imo: int
    mmsi: int


def event_of(record: Binding | SeenUnder) -> StageEvent:
    """The event of a record."""
    if isinstance(record, SeenUnder):
        reported_ms = record.noted_ms or min(record.heard_ms, record.stamp_ms)
        return StageEvent(record.stamp_ms, _REPORT, reported_ms, _SEEN, record.imo, record.mmsi)
    return StageEvent(record.stamp_ms, _REPORT, record.last_ms, _BINDING, record.imo, record.mmsi)


def look_at(ship: ImoShip, holder: Holder) -> StageEvent:
    """The check whether the alert about ``holder`` closes."""
    return StageEvent(holder.settles_ms, _LOOK, 0, 0, ship.imo, holder.newest.mmsi)


def checks(ships: Iterable[ImoShip]) -> list[StageEvent]:
    """The checks of all open alerts."""
    return [look_at(ship, holder) for ship in ships for holder in ship.holders if holder.alert is not None]
