"""Which vessel is which contact, when each vessel is at most one contact and each contact at most one vessel.

Pairs come as a sparse list with weights: likelihoods against "that contact is something else". ``misses`` is the
weight of "the vessel is none of them". The chance of a pair is a sum over all assignments that have it. Belief
propagation gives it exactly where pairs form no rings (Williams and Lau 2014, "Approximate evaluation of marginal
association probabilities with belief propagation"), and it always converges. In a ring it is too sure of the better
pairs: two ships side by side are one. So pairs that matter are then summed exactly, group by group, as long as a group
has at most ``_SIDE_MOST`` vessels or contacts. A larger tangle keeps the approximation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from streams.imagery.matching.plane import Bools, Floats, Ints

_ROUNDS_MOST: Final = 200
_SETTLED: Final = 1e-9
_DIGITS: Final = 9
"""Chances are rounded before they are compared: the last digits of sums differ between processors."""
_LEAST: Final = 1e-12
_MATTERS: Final = 1e-4
"""A pair that is less likely than this joins no groups."""
_SIDE_MOST: Final = 10
"""Vessels or contacts of a group that is summed exactly: there are 2 ** 10 sets of them."""
_PAIRS_MOST: Final = 400
_ROOM: Final = 1e100


class Pairs(NamedTuple):
    """Candidate pairs, by vessel and then contact. Arrays of shape (n,)."""

    vessel: Ints
    contact: Ints
    weight: Floats


def chances(pairs: Pairs, misses: Floats, contacts: int) -> Floats:
    """The chance of each pair, shape (n,). ``misses``: one value above 0 for each vessel."""
    if not len(pairs.weight):
        return np.zeros(0)
    against = Pairs(pairs.vessel, pairs.contact, pairs.weight / np.maximum(misses, _LEAST)[pairs.vessel])
    found = _propagated(against, len(misses), contacts)
    good = np.flatnonzero(found >= _MATTERS)
    for part in _groups(against, good):
        small = min(len(np.unique(against.vessel[part])), len(np.unique(against.contact[part]))) <= _SIDE_MOST
        if 1 < len(part) <= _PAIRS_MOST and small:
            found[part] = _summed(against, part)
    return np.asarray(np.round(found, _DIGITS))


def one_to_one(pairs: Pairs, gains: Floats, least: float) -> Bools:
    """The pairs, each with a gain of at least ``least``, with the largest sum in which no vessel or contact is twice.

    Solved for each group of vessels and contacts that are connected by pairs, because a matrix of all of them would not
    fit into memory; equal sums are decided by the order of the pairs.
    """
    chosen = np.zeros(len(gains), bool)
    for part in _groups(pairs, np.flatnonzero(gains >= least)):
        chosen[part if len(part) == 1 else part[_best(pairs, gains, part)]] = True
    return chosen


def _propagated(pairs: Pairs, vessels: int, contacts: int) -> Floats:
    """Belief propagation, where every vessel's weight of being none of them is 1."""
    back = np.ones(len(pairs.weight))
    for _ in range(_ROUNDS_MOST):
        product = pairs.weight * back
        rest = np.bincount(pairs.vessel, product, vessels)[pairs.vessel] - product
        forth = pairs.weight / (1 + np.maximum(rest, 0.0))
        others = np.bincount(pairs.contact, forth, contacts)[pairs.contact] - forth
        former, back = back, 1 / (1 + np.maximum(others, 0.0))
        if np.max(np.abs(back - former)) < _SETTLED:
            break
    product = pairs.weight * back
    return np.asarray(product / (1 + np.bincount(pairs.vessel, product, vessels))[pairs.vessel])


def _summed(pairs: Pairs, part: Ints) -> Floats:
    """The exact chances of the pairs of one group, by the sets of contacts that the vessels before and after have.

    ``before[k][s]`` is the weight of all assignments of the first k vessels to exactly the contacts of set s. Vessels
    and contacts are alike here, so the smaller side makes the sets.
    """
    sides = [np.unique(side[part], return_inverse=True)[1] for side in (pairs.vessel, pairs.contact)]
    one, other = sides if sides[0].max() >= sides[1].max() else sides[::-1]
    weight, sets = pairs.weight[part], np.arange(1 << (int(other.max()) + 1))
    order = [np.flatnonzero(one == row) for row in range(int(one.max()) + 1)]

    def extended(held: Floats, row: Ints) -> Floats:
        following = held.copy()
        for at in row.tolist():
            free = sets[(sets >> other[at]) & 1 == 0]
            following[free | (1 << other[at])] += held[free] * weight[at]
        return np.asarray(following / max(following.max() / _ROOM, 1.0))

    start = np.where(sets == 0, 1.0, 0.0)
    before, after = [start], [start]
    for row in order[:-1]:
        before.append(extended(before[-1], row))
    for row in order[:0:-1]:
        after.append(extended(after[-1], row))
    found = np.zeros(len(part))
    for row, first, rest in zip(order, before, after[::-1], strict=True):
        # The weight of all that the others can have within the complement of a set, for every set.
        within = _subset_sums(rest)[sets[::-1]]
        none = float(first @ within)
        for at in row.tolist():
            free = sets[(sets >> other[at]) & 1 == 0]
            found[at] = float(first[free] @ within[free | (1 << other[at])]) * weight[at]
        found[row] /= none + found[row].sum()
    return found


def _subset_sums(values: Floats) -> Floats:
    """For every set the sum over its subsets."""
    sums = values.copy()
    step = 1
    while step < len(sums):
        view = sums.reshape(-1, 2, step)
        view[:, 1] += view[:, 0]
        step *= 2
    return sums


def _groups(pairs: Pairs, good: Ints) -> Iterator[Ints]:
    """The pairs ``good``, in groups that share no vessel and no contact."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not len(good):
        return
    vessel, contact = pairs.vessel[good], pairs.contact[good]
    first = int(vessel.max()) + 1
    size = first + int(contact.max()) + 1
    links = coo_array((np.ones(len(good)), (vessel, first + contact)), shape=(size, size))
    label = np.asarray(connected_components(links, directed=False)[1])[vessel]
    order = np.argsort(label, kind="stable")
    yield from np.split(good[order], np.flatnonzero(np.diff(label[order])) + 1)


def _best(pairs: Pairs, gains: Floats, part: Ints) -> Ints:
    """Which of these pairs to choose, as places in ``part``."""
    from scipy.optimize import linear_sum_assignment

    vessels, row = np.unique(pairs.vessel[part], return_inverse=True)
    contacts, column = np.unique(pairs.contact[part], return_inverse=True)
    table = np.zeros((len(vessels), len(contacts)))
    number = np.full(table.shape, -1)
    table[row, column], number[row, column] = gains[part], np.arange(len(part))
    best = number[linear_sum_assignment(table, maximize=True)]
    return np.asarray(best[best >= 0])
