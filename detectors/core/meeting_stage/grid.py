"""Where slow ships were at the last steps, and which of them were near each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.meeting_stage.slow_runs import HOUR
from detectors.core.slow_ships import SlowShip

PLACE: Final = np.dtype([("mmsi", "<u4"), ("lat_deg", "<f8"), ("lon_deg", "<f8")])
STEPS_KEPT: Final = HOUR
"""For facts that come late."""

Places = npt.NDArray[np.void]


class SlowGrid:
    """By step, a row a ship, by MMSI."""

    def __init__(self) -> None:
        self.steps: dict[int, Places] = {}

    def add(self, step: int, ships: Mapping[int, SlowShip]) -> Places:
        """Adds ships at a step, by MMSI. Returns all that are known of it."""
        new = np.asarray([(m, ship.lat_deg, ship.lon_deg) for m, ship in sorted(ships.items())], PLACE)
        former = self.steps.get(step)
        if former is not None:
            kept = former[~np.isin(former["mmsi"], new["mmsi"])]
            new = np.sort(np.concatenate([kept, new]), order="mmsi")
        self.steps[step] = new
        return new

    def forget(self, step: int) -> None:
        """Forgets the steps that are too long before ``step``."""
        for old in [each for each in self.steps if each <= step - STEPS_KEPT]:
            del self.steps[old]

    def kept(self, number: int, shards: int) -> list[tuple[int, bytes]]:
        """The part of a shard, for a snapshot: ships by MMSI modulo ``shards``."""
        parts = ((step, places[places["mmsi"] % shards == number]) for step, places in sorted(self.steps.items()))
        return [(step, part.tobytes()) for step, part in parts if len(part)]

    def restore(self, parts: Iterable[tuple[int, bytes]]) -> None:
        """Loads what ``kept`` returned for all shards."""
        found: dict[int, list[Places]] = {}
        for step, content in parts:
            found.setdefault(step, []).append(np.frombuffer(content, PLACE))
        self.steps = {step: np.sort(np.concatenate(found[step]), order="mmsi") for step in sorted(found)}
