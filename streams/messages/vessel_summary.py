"""The values of the topic of vessel summaries: a listed ship as the worker knows it. Key: its MMSI.

It is read from the fleet's columns; the alerts contain the conclusions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec
import numpy as np

from detectors.core.alert import Alert, Position, Vessel
from detectors.core.engine.engine import Engine
from detectors.core.units import rfc3339
from detectors.core.vessels.ship import VesselState, read_ship

Hearing = Literal["source_up", "source_down"]


class VesselSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One listed ship, heard by this feed at some time."""

    mmsi: int
    case_id: str
    vessel: Vessel
    list: str
    """List of the entry that matches it best."""
    entry_id: str
    listed_name: str
    last_heard: str
    """Its last report of any kind, RFC 3339 UTC with milliseconds."""
    position: Position | None = None
    destination: str | None = None
    clock: str
    """Event time reached by the sources that hear it: ``clock`` - ``last_heard`` is its silence."""
    hearing: Hearing
    """Whether a source that hears it is up: if none is, its silence means nothing."""
    peers_heard: int | None = None
    """Other vessels heard around its last place, if an open gap states this."""
    cannot_tell: bool = False
    """An open gap states that this feed could not have heard it there."""
    replayed: bool = False
    """It follows from a recording."""

    @property
    def news(self) -> VesselSummary:
        """The reason to write it: all fields except the clock."""
        return msgspec.structs.replace(self, clock="")


def listed_rows(engine: Engine) -> list[int]:
    """Rows of the listed ships in this partition."""
    fleet = engine.fleet
    found: list[int] = np.flatnonzero(fleet.core.listed[: fleet.size]).tolist()
    return found


def summaries(engine: Engine, rows: list[int]) -> Iterator[VesselSummary]:
    """A summary of each of ``rows``, which are of listed ships."""
    core = engine.fleet.core
    for row in rows:
        ship = read_ship(core, row, engine.reference)
        if ship.listed is not None:
            found = engine.fleet.open.get(row, {})
            gap = found.get(("gap", ""))
            yield _summary(engine, ship, int(core.sources[row]), gap)


def _summary(engine: Engine, ship: VesselState, mask: int, gap: Alert | None) -> VesselSummary:
    assert ship.listed is not None
    up = any(source.down_since_ms is None for n, source in enumerate(engine.sources.sources) if mask >> n & 1)
    said = gap.details if gap is not None else {}
    peers = said.get("peers_heard")
    return VesselSummary(
        mmsi=ship.mmsi,
        case_id=ship.case_id,
        vessel=ship.vessel(),
        list=ship.listed.list,
        entry_id=ship.listed.entry_id,
        listed_name=ship.listed.name,
        last_heard=rfc3339(ship.last_ms),
        position=ship.position(),
        destination=ship.destination,
        clock=rfc3339(max(ship.last_ms, engine.sources.clock_of(mask))),
        hearing="source_up" if up else "source_down",
        peers_heard=peers if isinstance(peers, int) else None,
        cannot_tell=said.get("category") == "cannot_tell",
        replayed=engine.sources.are_replayed(mask),
    )
