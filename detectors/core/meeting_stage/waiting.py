"""Facts that wait for the step with which they count."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from detectors.core.meeting_stage.steps import step_of
from detectors.core.slow_ships import BIN_MS, DraughtChanged, ListedSilence, SlowShip

Fact = SlowShip | DraughtChanged | ListedSilence


class Waited(NamedTuple):
    """The facts of one step."""

    ships: dict[int, dict[int, SlowShip]]
    """By the step of their moment and MMSI."""
    draughts: list[DraughtChanged]
    """In order of time."""
    silences: list[ListedSilence]


class WaitingFacts:
    """See the module."""

    def __init__(self) -> None:
        self._steps: dict[int, dict[tuple[object, int], Fact]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, fact: Fact) -> None:
        """Adds a fact, which may have come before."""
        facts = self._steps.setdefault(step_of(fact), {})
        before = len(facts)
        if isinstance(fact, SlowShip):
            facts.setdefault((fact.at_ms, fact.mmsi), fact)
        elif isinstance(fact, DraughtChanged):
            facts.setdefault(((fact.time_ms, fact.draught_m), fact.mmsi), fact)
        else:
            facts.setdefault((fact.alert, fact.revision), fact)
        self._count += len(facts) - before

    def first(self, otherwise: int) -> int:
        """The first step with a fact, if it is before ``otherwise + 1``."""
        return min(min(self._steps, default=otherwise + 1), otherwise + 1)

    def take(self, step: int) -> Waited:
        """The facts that count with a step."""
        facts = self._steps.pop(step, {})
        self._count -= len(facts)
        ships: dict[int, dict[int, SlowShip]] = {}
        draughts: list[DraughtChanged] = []
        silences: list[ListedSilence] = []
        for fact in facts.values():
            if isinstance(fact, SlowShip):
                ships.setdefault(fact.at_ms // BIN_MS, {})[fact.mmsi] = fact
            elif isinstance(fact, DraughtChanged):
                draughts.append(fact)
            else:
                silences.append(fact)
        draughts.sort(key=lambda fact: (fact.time_ms, fact.mmsi, fact.draught_m))
        return Waited(ships, draughts, silences)

    def kept(self, number: int, shards: int) -> list[Fact]:
        """Those of a shard, for a snapshot: by MMSI modulo ``shards``."""
        return [fact for facts in self._steps.values() for fact in facts.values() if fact.mmsi % shards == number]

    def restore(self, facts: Iterable[Fact]) -> None:
        """From a snapshot."""
        for fact in facts:
            self.add(fact)
