"""The external sort is the stable sort, for any size of runs and blocks."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import WakewatchError
from streams.files import line_sort
from streams.files.line_sort import KeyedLines, LineSort, refuse_without_space


@given(
    st.lists(st.integers(0, 9), max_size=120),
    st.lists(st.integers(0, 120), max_size=9),
    st.integers(1, 60),
    st.integers(1, 40),
    st.integers(2, 5),
)
def test_any_lines_in_any_runs(keys: list[int], cuts: list[int], run: int, block: int, runs: int) -> None:
    lines = [b"%d" % number for number in range(len(keys))]
    edges = sorted({0, len(keys), *(cut for cut in cuts if cut < len(keys))})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_sort, "RUN_BYTES", run)
        patch.setattr(line_sort, "BLOCK_BYTES", block)
        patch.setattr(line_sort, "RUNS_MOST", runs)
        sort = LineSort()
        for begin, end in pairwise(edges):
            part = np.array(keys[begin:end], np.int64)
            sort.add(KeyedLines(part, part * 2, lines[begin:end]), sum(map(len, lines[begin:end])))
        pieces = list(sort.sorted())
    taken = [row for piece in pieces for row in zip(piece.keys, piece.marks, piece.lines, strict=True)]
    assert taken == [(keys[n], 2 * keys[n], lines[n]) for n in sorted(range(len(keys)), key=keys.__getitem__)]


def test_too_little_space_is_said_with_what_to_do() -> None:
    refuse_without_space(1)
    with pytest.raises(WakewatchError, match=r"needs 1048576\.0 GB in .*: set TMPDIR"):
        refuse_without_space(1 << 50)
