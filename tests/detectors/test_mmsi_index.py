"""MmsiIndex: what a dict would say."""

import numpy as np
import pytest

from detectors.core.vessels.index import ABSENT, MmsiIndex


@pytest.mark.parametrize("step", [1, 1000, 65_536])
def test_it_answers_as_a_dict_does(step: int) -> None:
    draw = np.random.default_rng(step)
    index, known = MmsiIndex(), {}
    mmsis = np.unique(200_000_000 + draw.integers(0, 5_000_000 // step, 6000) * step).astype(np.uint32)
    draw.shuffle(mmsis)
    for part in np.array_split(mmsis, 7):
        rows = np.arange(len(known), len(known) + len(part))
        index.add(part, rows)
        known.update(zip(part.tolist(), rows.tolist(), strict=True))
        asked = np.append(mmsis, draw.integers(1, 1 << 30, 500)).astype(np.uint32)
        assert index.find(asked).tolist() == [known.get(mmsi, ABSENT) for mmsi in asked.tolist()]
    assert len(index) == len(known)


def test_it_can_forget_some() -> None:
    index = MmsiIndex()
    mmsis = np.arange(200_000_000, 200_010_000).astype(np.uint32)
    index.add(mmsis, np.arange(len(mmsis)))
    index.rebuild(mmsis[::3], np.arange(len(mmsis))[::3])
    rows = index.find(mmsis)
    assert (rows[::3] == np.arange(len(mmsis))[::3]).all()
    assert (np.delete(rows, np.s_[::3]) == ABSENT).all()


def test_nobody_is_found_in_an_empty_one() -> None:
    assert MmsiIndex().find(np.array([1, 2], np.uint32)).tolist() == [ABSENT, ABSENT]
    assert not len(MmsiIndex().find(np.zeros(0, np.uint32)))
