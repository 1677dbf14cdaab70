"""The draughts that a ship states while it is beside another one, and after: whether they have changed.

A ship repeats its draught every six minutes, so what it states at a step of ten minutes counts as one report. A change
counts once most of the last five steps have it: 20 to 30 minutes after it was stated first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from detectors.core.vessels.draughts import STATED_MOST, DraughtChange, change_of

RUNS_MOST: Final = 24


class Stated(NamedTuple):
    """From a step on it stated this draught."""

    step: int
    draught_m: float


def stated(runs: Sequence[Stated], step: int, draught_m: float) -> list[Stated]:
    """The runs with another report, in any order; the oldest but one are dropped above RUNS_MOST."""
    made: list[Stated] = []
    for run in sorted((*(each for each in runs if each.step != step), Stated(step, draught_m))):
        if not made or made[-1].draught_m != run.draught_m:
            made.append(run)
    return made if len(made) <= RUNS_MOST else [made[0], *made[1 - RUNS_MOST :]]


def change_in(runs: Sequence[Stated], step: int) -> DraughtChange | None:
    """The change from the first five steps to the last five up to ``step``; None if there is none."""
    if len(runs) < 2 or step - runs[0].step < 2 * STATED_MOST:  # noqa: PLR2004 - two make a change
        return None
    first = runs[0].step
    return change_of(
        [_at(runs, first + number) for number in range(STATED_MOST)],
        [_at(runs, step - number) for number in range(STATED_MOST)][::-1],
    )


def _at(runs: Sequence[Stated], step: int) -> float:
    """What it stated at a step."""
    return next((run.draught_m for run in reversed(runs) if run.step <= step), runs[0].draught_m)
