"""The next passes that are worth telling about targets, of the element sets in force."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
import numpy as np
from msgspec import Meta

from detectors.core.orbits.ground_tracks import Satellites
from detectors.core.orbits.model import ElementSet, Pass, Sensor, Target
from detectors.core.orbits.propagation import why_unusable
from detectors.core.orbits.search import AGE_MOST_D, find_passes
from detectors.core.orbits.sensors import sensor_of
from detectors.core.units import DAY_MS, HOUR_MS, rfc3339

HORIZON_MS: Final = 72 * HOUR_MS
PASSES: Final = 3
ELEMENTS_MOST: Final = 500
"""Their tracks over the horizon, 80 MB, are kept between searches; more would be worked out again for each."""
_LOOKED_AT: Final = 24
"""Of each kind: some are at night."""


class OrbitRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Element sets with the sensors to use: a record of the log, in force from there on."""

    given_ms: Annotated[int, Meta(ge=0, lt=253_402_300_800_000)] = 0
    """Event time from which on they are used, Unix ms."""
    elements: Annotated[tuple[ElementSet, ...], Meta(max_length=ELEMENTS_MOST)]
    sensors: Annotated[tuple[Sensor, ...], Meta(max_length=500)]

    def __post_init__(self) -> None:
        """Raises ValueError (msgspec: ValidationError) for elements that cannot be propagated."""
        for one in self.elements:
            if why := why_unusable(one):
                raise ValueError(f"{one.name}: {why}")


_shared: list[tuple[OrbitRecord, tuple[Satellites, Satellites]]] = []
"""Of the engines of a process, each of which gets the same record: their tracks are worked out and kept once."""
_SHARED_MOST: Final = 2


def _kinds(record: OrbitRecord) -> tuple[Satellites, Satellites]:
    """The satellites that image without an order, and those that can be pointed."""
    for known, made in _shared:
        if (known.elements, known.sensors) == (record.elements, record.sensors):
            return made
    found = [(one, sensor_of(one, record.sensors)) for one in record.elements]
    pairs = [(one, sensor) for one, sensor in found if sensor is not None]
    fixed, agile = (Satellites([pair for pair in pairs if pair[1].pointable == pointable]) for pointable in (0, 1))
    _shared.append((record, (fixed, agile)))
    del _shared[:-_SHARED_MOST]
    return fixed, agile


class NextPasses:
    """Chooses passes. Imaging that needs no order counts before what could be pointed there."""

    def __init__(self, record: OrbitRecord | None = None) -> None:
        self.record = record
        self._kinds = _kinds(record) if record is not None else (Satellites([]), Satellites([]))
        self._epochs_ms = np.concatenate([kind.epoch_ms for kind in self._kinds])

    def __bool__(self) -> bool:
        return any(kind.pairs for kind in self._kinds)

    def any_fresh(self, now_ms: int) -> bool:
        """Whether any elements can be used within HORIZON_MS."""
        age_ms = AGE_MOST_D * DAY_MS
        fresh = (self._epochs_ms + age_ms >= now_ms) & (self._epochs_ms - age_ms <= now_ms + HORIZON_MS)
        return bool(fresh.any())

    def after(self, now_ms: int, targets: Sequence[Target]) -> list[Pass]:
        """At most PASSES within HORIZON_MS, by time; the first that needs no order is among them.

        By day only, for what needs the sun. Elements that are too old for a pass are not used.
        """
        if not self.any_fresh(now_ms):
            return []
        now = rfc3339(now_ms)[: len("2024-03-01T10:00:00")]
        sure, pointable = (
            [
                one
                for one in find_passes(kind, targets, now_ms, now_ms + HORIZON_MS, _LOOKED_AT)
                if one.daylight is not False and one.begin >= now  # not one that has begun
            ]
            for kind in self._kinds
        )
        first = sure[:1]
        rest = sorted([*sure[1:], *pointable], key=lambda one: (one.begin, one.satellite, one.target))
        chosen = [*first, *rest[: PASSES - len(first)]]
        return sorted(chosen, key=lambda one: (one.begin, one.satellite, one.target))
