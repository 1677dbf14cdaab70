"""Which vessel is which contact, when each vessel is at most one contact and each contact at most one vessel.

Pairs come as a sparse list with weights: likelihoods against "that contact is something else". ``misses`` is the
weight of "the vessel is none of them". The exact chances need a sum over all assignments; belief propagation gives them
exactly where pairs form no rings, and closely elsewhere (Williams and Lau 2014, "Approximate evaluation of marginal
association probabilities with belief propagation"). It always converges.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from streams.imagery.matching.plane import Bools, Floats, Ints

_ROUNDS_MOST: Final = 200
_SETTLED: Final = 1e-9
_DIGITS: Final = 9
"""Chances are rounded before they are compared: the last digits of sums differ between processors."""
_LEAST: Final = 1e-12


class Pairs(NamedTuple):
    """Candidate pairs, by vessel and then contact. Arrays of shape (n,)."""

    vessel: Ints
    contact: Ints
    weight: Floats


def chances(pairs: Pairs, misses: Floats, contacts: int) -> Floats:
    """The chance of each pair, shape (n,). ``misses``: one value above 0 for each vessel."""
    if not len(pairs.weight):
        return np.zeros(0)
    missed = np.maximum(misses, _LEAST)
    back = np.ones(len(pairs.weight))
    for _ in range(_ROUNDS_MOST):
        forth = _share(pairs, back, missed)
        others = np.bincount(pairs.contact, forth, contacts)[pairs.contact] - forth
        former, back = back, 1 / (1 + np.maximum(others, 0.0))
        if np.max(np.abs(back - former)) < _SETTLED:
            break
    product = pairs.weight * back
    total = missed + np.bincount(pairs.vessel, product, len(misses))
    return np.asarray(np.round(product / total[pairs.vessel], _DIGITS))


def _share(pairs: Pairs, back: Floats, missed: Floats) -> Floats:
    """Weight of each pair against everything else that its vessel can be."""
    product = pairs.weight * back
    rest = np.bincount(pairs.vessel, product, len(missed))[pairs.vessel] - product
    return np.asarray(pairs.weight / (missed[pairs.vessel] + np.maximum(rest, 0.0)))


def one_to_one(pairs: Pairs, gains: Floats, least: float) -> Bools:
    """The pairs, each with a gain of at least ``least``, with the largest sum in which no vessel or contact is twice.

    Solved for each group of vessels and contacts that are connected by pairs, because a matrix of all of them would not
    fit into memory; equal sums are decided by the order of the pairs.
    """
    chosen = np.zeros(len(gains), bool)
    good = np.flatnonzero(gains >= least)
    if not len(good):
        return chosen
    group = _groups(pairs.vessel[good], pairs.contact[good])
    order = np.argsort(group, kind="stable")
    for part in np.split(good[order], np.flatnonzero(np.diff(group[order])) + 1):
        chosen[part if len(part) == 1 else part[_best(pairs, gains, part)]] = True
    return chosen


def _groups(vessel: Ints, contact: Ints) -> Ints:
    """For each pair the number of its group."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    first = int(vessel.max()) + 1
    size = first + int(contact.max()) + 1
    links = coo_array((np.ones(len(vessel)), (vessel, first + contact)), shape=(size, size))
    _, label = connected_components(links, directed=False)
    return np.asarray(label[vessel], np.int64)


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
