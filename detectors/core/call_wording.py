"""Wording of a port call: its place, what was seen of it, and the confidence."""

from __future__ import annotations

from detectors.core.alert import Fact
from detectors.core.geography.harbours import Harbour
from detectors.core.sphere import place
from detectors.core.units import MS
from detectors.core.vessels.draughts import DRAUGHT_CHANGE
from detectors.core.vessels.fleet import Fleet
from detectors.core.vessels.past import KINDS, Stay
from detectors.core.vessels.ship import VesselState
from detectors.core.vessels.stationary import StationaryAt

ENTRY, STOP, EXIT = 1, 2, 4
"""Bits: the parts of a call that were seen."""


def here(ship: VesselState) -> StationaryAt | None:
    """The last known position, as if it had stopped there; None if unknown."""
    known = ship.lat_deg is not None and ship.lon_deg is not None
    return StationaryAt(ship.lat_deg, ship.lon_deg, ship.fix_ms) if known else None  # type: ignore[arg-type]  # known


def confidence(seen: int) -> int:
    """1 to 4: one more for each of entry, stop and exit."""
    return 1 + seen.bit_count()


def call(harbour: Harbour | None, where: tuple[float, float], seen: int) -> dict[str, object]:
    """The call as ``details`` of the alert; ``seen`` has the bits."""
    label: dict[str, object] = {}
    if harbour is not None:
        label = {"port": harbour.name, "port_distance_nm": harbour.distance_nm}
        label |= {"locode": harbour.locode} if harbour.locode else {}
    return {
        **label,
        "lat_deg": round(where[0], 4),
        "lon_deg": round(where[1], 4),
        "reason": "stop" if seen & STOP else "silence",
        "entry_seen": bool(seen & ENTRY),
        "stop_seen": bool(seen & STOP),
        "confidence": confidence(seen),
    }


def headline(
    ship: VesselState, harbour: Harbour | None, where: tuple[float, float], seen: int, *, quiet: bool, when: str
) -> str:
    """Which vessel stopped where and when, or was last known there; ``when``: that time as text."""
    if quiet:
        return f"{ship.title} last known at {place(*where) if harbour is None else harbour.label}, silent since {when}"
    what = "stopped" if seen & STOP else "heard again"
    return f"{ship.title} {what} {off(harbour, where)}, {when}"


def off(harbour: Harbour | None, where: tuple[float, float]) -> str:
    """``3 nm off ZHOUSHAN (CN)``, or a position."""
    return f"at {place(*where)}" if harbour is None else f"{harbour.distance_nm:.0f} nm off {harbour.label}"


def draught_across(fleet: Fleet, row: int, stay: Stay) -> tuple[tuple[Fact, ...], dict[str, object]]:
    """Facts and details of a change of draught across a stay that has ended; empty if there is none, or unknown."""
    said = fleet.voyages.of(row)
    change = said.change_across(stay.from_ms // MS, stay.from_ms // MS)
    if change is None:
        return (), {}
    kind = KINDS[stay.kind]
    return (change.fact(kind),), {DRAUGHT_CHANGE: change.details(kind, stay.from_ms, stay.to_ms)}
