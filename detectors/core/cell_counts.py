"""What is counted in each cell of the sea: who was heard in a slot and who should have been."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.cells import Cells
from detectors.core.slots import CLASS_B, UNDER_WAY

FAST, SLOW = (float(np.exp(-5.0 / minutes)) for minutes in (5, 48 * 60))
"""What a slot leaves of the counts of now and of usually. Where nobody is, what was known of now stays."""
NUDGE: Final = 64  # expectations add up as integers, in 64ths

# Columns of Cells.values
HEARD_NOW, EXPECTED_NOW = 0, 1
PRESENT, HEARD = 2, 4  # class A, class B
BEGAN, LIKELY = 6, 9  # three kinds each
CELL_WIDTH: Final = 12

Places = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]


def add(
    cells: Cells, places: Places, heard: Bools, expected: npt.NDArray[np.int64], kind: npt.NDArray[np.uint8]
) -> None:
    """Takes in a slot: ``heard`` or not, of those that are at ``places``; ``expected`` in parts of NUDGE."""
    size, v = len(cells.keys), cells.values
    present = np.bincount(places, minlength=size)
    fast = np.where(present > 0, FAST, 1.0)
    v[:, HEARD_NOW] = v[:, HEARD_NOW] * fast + np.bincount(places[heard], minlength=size)
    v[:, EXPECTED_NOW] = v[:, EXPECTED_NOW] * fast + np.bincount(places, expected, minlength=size) / NUDGE
    v[:, PRESENT : HEARD + 2] *= SLOW
    for group, mine in ((0, kind == UNDER_WAY), (1, kind == CLASS_B)):
        v[:, PRESENT + group] += np.bincount(places[mine], minlength=size)
        v[:, HEARD + group] += np.bincount(places[mine & heard], minlength=size)
