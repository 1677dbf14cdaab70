"""Cells: forgotten when nobody has been in them for long, and the same after a snapshot."""

from typing import Final

import numpy as np
import pytest

from detectors.core.coverage.cell_statistics import WIDTH
from detectors.core.coverage.cells import COARSE, FINE, FORGET_DAYS, NOBODY, SLOTS_A_DAY, Cells, spots_of

START: Final = 5_680_224
HERE, THERE = (spots_of(np.array([38.0]), np.array([lon_deg])) for lon_deg in (131.0, -40.0))


def met(cells: Cells, spots: np.ndarray, slot: int, count: float) -> None:  # type: ignore[type-arg]
    cells.pass_time(slot)
    places = cells.meet(spots)  # first: it makes room
    cells.values[0, places] += count


def test_a_cell_is_forgotten_when_nobody_has_been_there_for_sixty_days_and_no_sooner() -> None:
    cells = Cells(WIDTH)
    met(cells, HERE, START, 3.0)
    met(cells, THERE, START + 1, 5.0)
    met(cells, HERE, START + FORGET_DAYS * SLOTS_A_DAY, 4.0)
    assert len(cells.keys) == 4
    cells.pass_time(START + (FORGET_DAYS + 1) * SLOTS_A_DAY)
    assert (cells.find(THERE) == NOBODY).all() and len(cells.keys) == 2
    assert cells.values[0, cells.find(HERE)].ravel().tolist() == [7.0, 7.0]
    assert not cells.values[:, NOBODY].any()
    met(cells, THERE, START + (FORGET_DAYS + 1) * SLOTS_A_DAY, 1.0)
    assert cells.values[0, cells.find(THERE)].ravel().tolist() == [1.0, 1.0]


@pytest.mark.parametrize("restart_at", range(0, 200, 17))
def test_forgetting_goes_on_alike_after_a_restart(restart_at: int) -> None:
    """Snapshots between any two blocks, also where one has passed midnight and nothing was forgotten yet."""
    draw = np.random.default_rng(7)
    whole, restarted, slot = Cells(WIDTH), Cells(WIDTH), START
    for number in range(200):
        slot += int(draw.integers(1, SLOTS_A_DAY))
        spots = spots_of(draw.uniform(30, 40, 3), draw.uniform(130, 140, 3))
        met(whole, spots, slot, 1.0)
        met(restarted, spots, slot, 1.0)
        if number >= restart_at:
            again = Cells(WIDTH)
            again.frombytes(restarted.tobytes())
            restarted = again
    assert len(whole.keys) < 600
    for size in (FINE, COARSE):
        (keys, counts), (same_keys, same_counts) = whole.counts(size), restarted.counts(size)
        assert keys.tolist() == same_keys.tolist() and counts.tobytes() == same_counts.tobytes()


def test_what_is_no_snapshot_of_cells_is_refused() -> None:
    cells = Cells(WIDTH)
    met(cells, HERE, START, 1.0)
    for data in (b"", b"\xff", cells.tobytes()[:-1], b"\x94\x01\xc4\x01a\xc4\x00\xc4\x00"):
        with pytest.raises(ValueError, match=r"cells unreadable|buffer size|reshape"):
            Cells(WIDTH).frombytes(data)
