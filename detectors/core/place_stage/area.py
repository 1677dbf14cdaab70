"""An area of the third stage, and what the stage asks of its detector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Protocol

import msgspec

from detectors.core.alert import Alert, Severity
from detectors.core.displacements import Displacement
from detectors.core.half_degrees import Cell
from detectors.core.protocol import Finding
from detectors.core.units import MINUTE_MS

SLOW_MS: Final = 15 * MINUTE_MS
"""A fact that comes so much later than its time is of a slow source."""


class Area(msgspec.Struct, kw_only=True, gc=False):
    """Vessels displaced from places that are near each other, while the alert about them is open."""

    cell: Cell
    """The southernmost cell of an origin when it opened, of these the westernmost: it names the area."""
    members: dict[int, int] = {}
    """By MMSI, when its newest fact came."""
    last_ms: int = 0
    """When the newest fact came from it."""
    reported: int = 0
    """Number of vessels in the newest revision."""
    check_ms: int = 0
    """The step of the next check whether it closes."""
    alert: Alert | None = None


class PlaceDetector(Protocol):
    """A detector whose subject is ``place``."""

    name: ClassVar[str]
    rule_version: ClassVar[int]
    severities: ClassVar[Mapping[str, Severity]]
    thresholds: Any

    def opens(self, vessels: int) -> bool:
        """Whether so many vessels, displaced from one area within ``within_ms``, open an alert."""

    def has_grown(self, area: Area, vessels: int) -> bool:
        """Whether that number of vessels is worth another revision."""

    def found(self, area: Area, vessels: Sequence[Displacement], told: Displacement) -> Finding:
        """The finding that opens or updates; ``told`` is the fact that decided."""

    def settles_ms(self, last_ms: int) -> int:
        """When an area closes whose newest fact came at ``last_ms``."""

    def settled(self, area: Area) -> Finding:
        """The finding when that time has come."""

    def joined(self, area: Area, into: Area, time_ms: int) -> Finding:
        """The end of an area that has grown together with another."""

    def dropped(self, area: Area, time_ms: int) -> Finding:
        """The end of an area that is dropped to keep memory bounded."""


def seen_ms(told: Displacement) -> int:
    """When a fact counts: the time of the fix, or for a slow source when it came.

    Otherwise the area of a source that is hours behind would close as soon as it opens.
    """
    return told.time_ms if told.stamp_ms - told.time_ms <= SLOW_MS else told.stamp_ms
