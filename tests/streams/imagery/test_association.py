from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.imagery.matching.association import Pairs, chances, one_to_one

pytest.importorskip("scipy", reason="needs scipy, the extra wakewatch[imagery]")

WEIGHTS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.floats(0.01, 100)), max_size=8, unique_by=lambda each: each[:2]
)


def pairs_of(rows: list[tuple[int, int, float]]) -> Pairs:
    ordered = sorted(rows)
    vessel, contact, weight = (np.array([row[at] for row in ordered]) for at in range(3))
    return Pairs(vessel.astype(np.int64), contact.astype(np.int64), weight.astype(np.float64))


def assignments(pairs: Pairs) -> list[tuple[int, ...]]:
    """All sets of pairs in which no vessel or contact is twice."""
    return [
        chosen
        for size in range(len(pairs.weight) + 1)
        for chosen in itertools.combinations(range(len(pairs.weight)), size)
        if len({int(pairs.vessel[at]) for at in chosen}) == size == len({int(pairs.contact[at]) for at in chosen})
    ]


def exact(pairs: Pairs, misses: np.ndarray) -> np.ndarray:
    total, sums = 0.0, np.zeros(len(pairs.weight))
    for chosen in assignments(pairs):
        used = {int(pairs.vessel[at]) for at in chosen}
        weight = np.prod([pairs.weight[at] for at in chosen]) * np.prod(
            [m for v, m in enumerate(misses) if v not in used]
        )
        total += weight
        sums[list(chosen)] += weight
    return sums / total


def test_two_vessels_and_one_contact() -> None:
    pairs = pairs_of([(0, 0, 9.0), (1, 0, 1.0)])
    assert chances(pairs, np.array([0.1, 0.5]), 1) == pytest.approx(exact(pairs, np.array([0.1, 0.5])), abs=1e-6)


@given(rows=WEIGHTS, misses=st.lists(st.floats(0.05, 1), min_size=4, max_size=4))
def test_chances_are_those_of_all_assignments(rows: list[tuple[int, int, float]], misses: list[float]) -> None:
    """Summed one by one. Pairs that belief propagation holds to be impossible are left out of the sums."""
    pairs = pairs_of(rows)
    found = chances(pairs, np.array(misses), 4)
    assert found == pytest.approx(exact(pairs, np.array(misses)), abs=0.02)
    assert np.all(np.bincount(pairs.vessel, found, 4) <= 1 + 1e-2)
    assert np.all(np.bincount(pairs.contact, found, 4) <= 1 + 1e-2)


@given(rows=WEIGHTS, least=st.sampled_from([0.0, 1.0, 50.0]))
def test_the_chosen_pairs_have_the_largest_sum(rows: list[tuple[int, int, float]], least: float) -> None:
    pairs = pairs_of(rows)
    chosen = tuple(np.flatnonzero(one_to_one(pairs, pairs.weight, least)).tolist())
    possible = [each for each in assignments(pairs) if all(pairs.weight[at] >= least for at in each)]
    assert chosen in possible
    assert sum(pairs.weight[list(chosen)]) == pytest.approx(max(sum(pairs.weight[list(each)]) for each in possible))
