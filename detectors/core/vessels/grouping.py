"""Sorted rows as groups: where each vessel's reports begin, and its k-th report of a batch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from detectors.core.vessels.columns import Rows


def turns(starts: Rows, sizes: Rows) -> Iterator[tuple[Rows, Rows]]:
    """For groups that begin at ``starts``: (the groups with a k-th member, its place) for k = 0, 1, ..."""
    order = np.argsort(-sizes, kind="stable")
    left = np.searchsorted(-sizes[order], -np.arange(int(sizes.max(initial=0))), side="left")
    for turn, size in enumerate(left.tolist()):
        yield order[:size], starts[order[:size]] + turn


def groups(rows: Rows) -> tuple[Rows, Rows]:
    """Starts and sizes of the runs of equal values in ``rows``, which is sorted."""
    starts = np.flatnonzero(np.append(True, rows[1:] != rows[:-1])) if len(rows) else np.zeros(0, np.intp)
    return starts, np.diff(np.append(starts, len(rows)))
