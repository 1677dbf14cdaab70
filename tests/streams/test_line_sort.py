"""The external sort is the stable sort, for any size of runs and blocks."""

import os
from collections import deque
from collections.abc import Iterator
from itertools import pairwise
from typing import IO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import WakewatchError
from streams.files import line_sort
from streams.files.line_sort import KeyedLines, LineSort, needed_bytes, refuse_without_space


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


@given(st.integers(1, 400), st.integers(1, 30), st.integers(2, 6), st.integers(0, 40))
def test_the_files_never_need_more_than_is_asked_for(lines: int, run: int, runs: int, longest: int) -> None:
    """Each merge of all runs into one has both on disk for a while."""
    sizes: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_sort, "RUN_BYTES", run * 10)
        patch.setattr(line_sort, "RUNS_MOST", runs)
        sort, written, total = LineSort(), LineSort._written, 0

        def measured(self: LineSort, pieces: Iterator[KeyedLines] | list[KeyedLines]) -> IO[bytes]:
            one = written(self, pieces)
            sizes.append(sum(os.fstat(file.fileno()).st_size for file in [*self._runs, one]))
            return one

        patch.setattr(LineSort, "_written", measured)
        for number in range(lines):
            text = b"x" * (number * 7 % (longest + 1))
            sort.add(KeyedLines(np.array([number % 5]), np.array([0]), [text]), len(text) + 1)
            total += len(text) + 1
        needed = needed_bytes(total, lines)
        deque(sort.sorted(), maxlen=0)
    assert max(sizes, default=0) <= needed
    if total < runs * run * 10:
        assert needed == total + 32 * lines
