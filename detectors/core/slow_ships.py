"""Slow ships outside ports: the reports of the stage of vessels to the stage of meetings (``meeting_stage``).

A day is divided into steps of ten minutes. When the position of a ship at such a moment lies between two of its fixes,
and it is slow, a fact states that position, interpolated. So two ships are compared at one moment, however often each
reports, and what a fact states does not depend on cuts of the input: no running value is kept for it.

Order. ``stamp_ms`` is as for displacements (``detectors/core/displacements.py``).
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from detectors.core.units import MINUTE_MS

BIN_MS: Final = 10 * MINUTE_MS
"""Positions are stated for whole multiples of this."""


class SlowShip(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Where a slow ship was at a whole multiple of BIN_MS. Times are event times, Unix ms; unknown: absent."""

    mmsi: int
    at_ms: int
    """The moment of the position."""
    time_ms: int
    """Time of the fix by which it is known."""
    stamp_ms: int
    """Its place in the order of all facts: see the module."""
    lat_deg: float
    lon_deg: float
    heading_deg: int | None = None
    status: int = -1
    imo: int | None = None
    name: str | None = None
    ship_type: int | None = None
    length_m: int | None = None
    hull: int = 0
    """From its antenna to its sides (``hulls``)."""
    draught_m: float | None = None
    destination: str | None = None
    came_from: str | None = None
    """Where it last called or stayed, in words."""
    left_ms: int | None = None
    """When it was last seen there."""
    listed: str | None = None
    """The list that names it."""
    listed_for: tuple[str, ...] = ()
    """Settings of the reasons for its listing."""
    zone: str | None = None
    """Of a listed ship: the sanctioned zone that it is in."""
    in_port_zone: bool = False
    """Whether it is in the zone of an ordinary port, which has alerts of its own about listed ships."""
    source: str = ""
    sentence: str = ""
    """The raw lines of that fix."""
    replayed: bool = False


class SlowShips(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag="slow"):
    """Slow ships that a partition has found together; about 300 bytes each."""

    ships: tuple[SlowShip, ...]


class DraughtChanged(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag="draught"):
    """A ship outside ports states a draught that differs from the one before. Times are event times, Unix ms."""

    mmsi: int
    time_ms: int
    """Time of the report."""
    stamp_ms: int
    """Its place in the order of all facts: see the module."""
    draught_m: float


SlowFact = SlowShips | DraughtChanged
"""What is written about ships that are slow, or were."""


class ListedSilence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag="silence"):
    """A revision of an alert ``gap`` about a listed ship, or the end of one. Times are event times, Unix ms."""

    alert: str
    """The id of that alert."""
    revision: int
    mmsi: int
    since_ms: int
    """Time of its last report before the silence."""
    known_ms: int
    """Event time of the revision."""
    stamp_ms: int
    """Its place in the order of all facts: see the module."""
    lat_deg: float
    """Its last fix; when it is heard again the first one after that."""
    lon_deg: float
    fix_ms: int
    state: Literal["silent", "heard", "retracted"] = "silent"
    v_max_kn: float = 0.0
    """The speed that it can be expected to keep; 0 unknown."""
    listed: str | None = None
    """The list that names it."""
    listed_for: tuple[str, ...] = ()
    """Settings of the reasons for its listing."""
    name: str | None = None
    imo: int | None = None
    ship_type: int | None = None
    sentence: str = ""
    """The raw line of the last fix."""
    replayed: bool = False
