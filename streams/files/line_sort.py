"""Sorts lines by a number in bounded memory: sorted runs in temporary files, then one merge of all of them.

The sort is stable: lines of one number keep their order, so the result is the same for the same input. The files have
no names: they vanish with the process, however it ends.
"""

from __future__ import annotations

import shutil
import struct
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import IO, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from streams.errors import WakewatchError

Ints = npt.NDArray[np.int64]
RUN_BYTES: Final = 64 << 20
"""Text of a run: this and about as much again is held in memory."""
RUNS_MOST: Final = 200
"""Runs merged at once; each has a block in memory, and a file."""
BLOCK_BYTES: Final = 256 << 10
_HEAD: Final = struct.Struct("<qq")
_PER_LINE: Final = 32
"""Bytes beside each line's text, at most."""
_GB: Final = 1 << 30


class KeyedLines(NamedTuple):
    """Lines without ends, each with the number by which it is sorted and one that only stays with it."""

    keys: Ints
    marks: Ints
    lines: list[bytes]

    def part(self, begin: int, end: int | None = None) -> KeyedLines:
        """Some lines next to each other."""
        return KeyedLines(self.keys[begin:end], self.marks[begin:end], self.lines[begin:end])

    def ordered(self) -> KeyedLines:
        """The same, sorted."""
        order = np.argsort(self.keys, kind="stable")
        return KeyedLines(self.keys[order], self.marks[order], [self.lines[row] for row in order.tolist()])


def joined(parts: Sequence[KeyedLines]) -> KeyedLines:
    """One after another."""
    lines = [line for part in parts for line in part.lines]
    empty = [np.zeros(0, np.int64)]
    return KeyedLines(
        np.concatenate([*empty, *(part.keys for part in parts)]),
        np.concatenate([*empty, *(part.marks for part in parts)]),
        lines,
    )


def needed_bytes(size: int, lines: int) -> int:
    """Bytes on disk, at most, while lines of ``size`` bytes in all are sorted."""
    # Merging all runs into one needs the room of both.
    return (2 if size >= RUNS_MOST * RUN_BYTES else 1) * (size + _PER_LINE * lines)


def refuse_without_space(size: int) -> None:
    """Raises WakewatchError if the temporary folder cannot hold ``size`` bytes."""
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if size > free:
        need = f"{size / _GB:.1f} GB in {folder}, where {free / _GB:.1f} GB are free"
        raise WakewatchError(f"sorting by time needs {need}: set TMPDIR to a folder with more space")


class LineSort:
    """``add`` all lines, then read ``sorted``."""

    def __init__(self) -> None:
        self._held: list[KeyedLines] = []
        self._held_bytes = 0
        self._runs: list[IO[bytes]] = []
        self._closing = ExitStack()

    def add(self, lines: KeyedLines, size: int) -> None:
        """Adds lines of ``size`` bytes in all."""
        self._held.append(lines)
        self._held_bytes += size
        if self._held_bytes >= RUN_BYTES:
            self._runs.append(self._written([self._taken()]))
            if len(self._runs) >= RUNS_MOST:
                one = self._written(_merged([_blocks(run) for run in self._runs]))
                for run in self._runs:
                    run.close()
                self._runs = [one]

    def sorted(self) -> Iterator[KeyedLines]:
        """All lines in order, in pieces; the temporary files are gone afterwards."""
        with self._closing:
            last = self._taken()
            yield from _merged([*(_blocks(run) for run in self._runs), iter([last])])

    def _taken(self) -> KeyedLines:
        held, self._held, self._held_bytes = self._held, [], 0
        return joined(held).ordered()

    def _written(self, pieces: Iterator[KeyedLines] | list[KeyedLines]) -> IO[bytes]:
        file = self._closing.enter_context(tempfile.TemporaryFile(prefix="wakewatch-sort-"))  # noqa: SIM115
        for piece in pieces:
            mean = sum(map(len, piece.lines)) // max(1, len(piece.lines)) + 1
            step = max(1, BLOCK_BYTES // mean)
            for begin in range(0, len(piece.lines), step):
                block = piece.part(begin, begin + step)
                text = b"\n".join(block.lines)
                file.write(_HEAD.pack(len(block.lines), len(text)))
                file.write(block.keys.tobytes() + block.marks.tobytes() + text)
        file.seek(0)
        return file


def _blocks(file: IO[bytes]) -> Iterator[KeyedLines]:
    while head := file.read(_HEAD.size):
        count, size = _HEAD.unpack(head)
        keys, marks = (np.frombuffer(file.read(8 * count), np.int64) for _ in range(2))
        yield KeyedLines(keys, marks, file.read(size).split(b"\n"))


def _merged(runs: list[Iterator[KeyedLines]]) -> Iterator[KeyedLines]:
    """Merges sorted runs; of equal keys, those of an earlier run come first.

    ``bound`` is the least last key of the blocks in memory: no later block has a lower one. At the bound itself, a run
    behind the one that has it must wait, for that one may have more.
    """
    heads = [(run, block) for run in runs if (block := next(run, None)) is not None and len(block.keys)]
    while heads:
        lasts = [int(block.keys[-1]) for _, block in heads]
        bound = min(lasts)
        at = lasts.index(bound)
        taken, left = [], []
        for number, (run, block) in enumerate(heads):
            end = int(np.searchsorted(block.keys, bound, side="right" if number <= at else "left"))
            taken.append(block.part(0, end))
            rest = block.part(end) if end < len(block.keys) else next(run, None)
            if rest is not None:
                left.append((run, rest))
        heads = left
        yield joined(taken).ordered()
