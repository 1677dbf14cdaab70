"""Ships that are slow for hours outside stop places: which open an alert, and when it ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

import msgspec

from detectors.core.alert import Alert, Severity
from detectors.core.engine.alert_writer import Emitted
from detectors.core.meeting_stage.slow_runs import HOUR, SlowRuns
from detectors.core.meeting_stage.writing import MeetingDetector, written
from detectors.core.protocol import Finding
from detectors.core.slow_ships import SlowShip


class Lingerer(msgspec.Struct, kw_only=True, gc=False):
    """A ship about which an alert is open."""

    ship: SlowShip
    """Its newest fact."""
    since: int
    """The step since which it is slow."""
    last: int
    """The newest step at which it was."""
    told: int
    """That in the newest revision."""
    replayed: bool
    alert: Alert | None = None


class LoiteringDetector(MeetingDetector, Protocol):
    """What the stage asks of ``loitering``."""

    def counts(self, ship: SlowShip) -> bool:
        """Whether alerts are made about such a ship."""

    def found(self, lingerer: Lingerer, step: int) -> Finding:
        """The finding that opens or updates."""

    def ended(self, lingerer: Lingerer, step: int, *, seen: bool) -> Finding:
        """The finding when it is under way, or no longer ``seen``."""


class Lingering:
    """See the module."""

    def __init__(self, detector: Any, severities: Mapping[str, Severity]) -> None:
        self.ships: dict[int, Lingerer] = {}
        """By MMSI."""
        self._detector: LoiteringDetector = detector
        self._severities = severities

    def judge(self, step: int, runs: SlowRuns, newest: Mapping[int, SlowShip]) -> Iterator[Emitted]:
        """Decides at a step, after the runs have taken its ships."""
        thresholds = self._detector.thresholds
        for row in runs.slow_since(step, round(thresholds.least_h * HOUR)):
            mmsi, since = int(row["mmsi"]), int(row["since"])
            ship, known = newest[mmsi], self.ships.get(mmsi)
            if known is not None and known.since == since:
                known.ship, known.last = ship, step
                known.replayed = known.replayed and ship.replayed
                if step - since >= 2 * (known.told - since):
                    yield self._report(known, step)
            elif known is None and self._detector.counts(ship) and len(self.ships) < thresholds.ships_most:
                known = Lingerer(ship=ship, since=since, last=step, told=step, replayed=ship.replayed)
                self.ships[mmsi] = known
                yield self._report(known, step)
        yield from self._ended(step, runs)

    def _ended(self, step: int, runs: SlowRuns) -> Iterator[Emitted]:
        for mmsi, known in sorted(self.ships.items()):
            row = runs.of(mmsi)
            if row is not None and int(row["since"]) == known.since and step - int(row["last"]) <= HOUR:
                continue
            del self.ships[mmsi]
            seen = row is not None and int(row["since"]) != known.since
            yield self._write(known, self._detector.ended(known, step, seen=seen))

    def _report(self, known: Lingerer, step: int) -> Emitted:
        known.told = step
        return self._write(known, self._detector.found(known, step))

    def _write(self, known: Lingerer, finding: Finding) -> Emitted:
        emitted = written(self._detector, finding, known.ship, known.alert, self._severities, replayed=known.replayed)
        known.alert = emitted.alert
        return emitted

    def restore(self, ships: Iterable[Lingerer]) -> None:
        """From a snapshot."""
        self.ships = {known.ship.mmsi: known for known in ships}
