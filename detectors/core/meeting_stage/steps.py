"""The steps of the stage: when the positions of a moment are judged, and which facts are known by then."""

from __future__ import annotations

from typing import Final

from detectors.core.slow_ships import BIN_MS, DraughtChanged, ListedSilence, SlowShip
from detectors.core.units import MINUTE_MS

JUDGED_AFTER_MS: Final = 15 * MINUTE_MS
"""A step is judged so long after its moment."""
FACT_AFTER_MS: Final = 5 * MINUTE_MS
"""A fact counts so long after its fix, if it has come by then: sources that are late by less change nothing."""
SILENCE_AFTER_MS: Final = 40 * MINUTE_MS
"""The same for silences, which are found by ticks."""


def judged_ms(step: int) -> int:
    """Event time at which a step is judged."""
    return step * BIN_MS + JUDGED_AFTER_MS


def first_judged(at_ms: int) -> int:
    """The first step that is judged at or after ``at_ms``."""
    return -((JUDGED_AFTER_MS - at_ms) // BIN_MS)


def step_of(fact: SlowShip | DraughtChanged | ListedSilence) -> int:
    """The step with which a fact is decided on."""
    if isinstance(fact, ListedSilence):
        return first_judged(max(fact.known_ms + SILENCE_AFTER_MS, fact.stamp_ms))
    counts = first_judged(max(fact.time_ms + FACT_AFTER_MS, fact.stamp_ms))
    return max(counts, fact.at_ms // BIN_MS) if isinstance(fact, SlowShip) else counts
