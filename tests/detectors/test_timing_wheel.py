"""Wheel: rows come out by their due step, never late."""

import numpy as np

from detectors.core.units import NEVER_MS, STEP_MS
from detectors.core.vessels.timing_wheel import TimingWheel, WaitingRows


def rows(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.intp)


def due(*steps: int) -> np.ndarray:
    return np.array(steps, np.int64) * STEP_MS


def test_rows_come_out_when_their_step_has_come_and_once() -> None:
    wheel = TimingWheel()
    wheel.ask(rows(5, 3, 9), due(30, 10, 20))
    assert wheel.take(9 * STEP_MS).tolist() == []
    assert wheel.take(10 * STEP_MS).tolist() == [3]
    assert wheel.take(25 * STEP_MS).tolist() == [9]
    assert wheel.take(100 * STEP_MS).tolist() == [5]
    assert wheel.take(NEVER_MS).tolist() == []


def test_a_later_step_leaves_a_row_where_it_is_an_earlier_one_moves_it() -> None:
    wheel = TimingWheel()
    wheel.ask(rows(1, 2), due(20, 20))
    wheel.ask(rows(1, 2), due(90, 5))
    assert wheel.take(5 * STEP_MS).tolist() == [2]
    assert wheel.take(20 * STEP_MS).tolist() == [1]  # early: the caller puts it where it belongs
    wheel.ask(rows(1), due(90))
    assert wheel.take(89 * STEP_MS).tolist() == []
    assert wheel.take(90 * STEP_MS).tolist() == [1]


def test_a_row_that_went_back_to_a_slot_it_had_left_comes_out_once() -> None:
    wheel = TimingWheel()
    wheel.ask(rows(1), due(50))
    wheel.ask(rows(1), due(40))
    assert wheel.take(40 * STEP_MS).tolist() == [1]
    wheel.ask(rows(1), due(50))
    assert wheel.take(50 * STEP_MS).tolist() == [1]


def test_never_is_never() -> None:
    wheel = TimingWheel()
    wheel.ask(rows(0, 1), np.array([NEVER_MS, NEVER_MS]))
    assert wheel.take(NEVER_MS - STEP_MS).tolist() == []


def test_it_agrees_with_a_scan_over_all_rows() -> None:
    draw, wheel = np.random.default_rng(1), TimingWheel()
    wanted = np.full(300, NEVER_MS)
    for clock in range(0, 400, 3):
        some = draw.choice(300, 20, replace=False)
        wanted[some] = (clock + draw.integers(1, 120, 20)) * STEP_MS
        wheel.ask(some, wanted[some])
        out = wheel.take(clock * STEP_MS)
        ready = np.flatnonzero(wanted <= clock * STEP_MS)
        assert set(ready) <= set(out.tolist())
        wanted[ready] = NEVER_MS
        wheel.ask(out, wanted[out])


def test_rows_wait_for_the_clock_of_their_own_sources() -> None:
    waiting, clocks = WaitingRows(), {1: 0, 2: 0, 3: 0}
    masks = np.array([1, 2, 2, 3], np.uint64)
    waiting.put(rows(10, 20, 21, 30), masks, due(5, 5, 7, 5))
    assert waiting.take(clocks.__getitem__) == []
    clocks[2] = 5 * STEP_MS
    assert [part.tolist() for part in waiting.take(clocks.__getitem__)] == [[20, 21]]
    assert waiting.take(clocks.__getitem__) == []
