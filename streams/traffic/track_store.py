"""The kept points of all tracks: blocks in the order of arrival, the oldest dropped first.

Nothing is kept per vessel, so the memory is that of the points: ``blocks_most`` blocks of BLOCK points of POINT_BYTES.
A full block is sorted by vessel; a track is one slice of each.
"""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from streams.traffic.points import Points

BLOCK: Final = 1 << 16


class _Block(NamedTuple):
    points: Points
    """Sorted by vessel, then by time."""
    first_s: int
    last_s: int


class TrackStore:
    """See the module."""

    def __init__(self, points_most: int) -> None:
        self._blocks_most = max(1, -(-points_most // BLOCK))
        self._blocks: deque[_Block] = deque()
        self._open = Points.empty(BLOCK)
        self._fill = 0

    def __len__(self) -> int:
        return len(self._blocks) * BLOCK + self._fill

    @property
    def oldest_s(self) -> int | None:
        """Event time of the oldest point, Unix seconds; None if there is none."""
        held = [block.first_s for block in self._blocks]
        held += [int(self._open.time_s[: self._fill].min())] if self._fill else []
        return min(held, default=None)

    def add(self, points: Points) -> None:
        """Adds points; those of one vessel come in order of time."""
        done = 0
        while done < len(points.mmsi):
            count = min(BLOCK - self._fill, len(points.mmsi) - done)
            self._open.write(self._fill, points.take(slice(done, done + count)))
            done, self._fill = done + count, self._fill + count
            if self._fill == BLOCK:
                self._close()

    def forget(self, before_s: int) -> None:
        """Drops blocks that end before that time."""
        while self._blocks and self._blocks[0].last_s < before_s:
            self._blocks.popleft()

    def track(self, mmsi: int, from_s: int, to_s: int) -> Points:
        """The points of one vessel between two times, both included."""
        found = []
        for block in self._blocks:
            if block.first_s <= to_s and block.last_s >= from_s:
                held = block.points.mmsi
                wanted = held.dtype.type(mmsi)
                found.append(
                    block.points.take(
                        np.arange(np.searchsorted(held, wanted), np.searchsorted(held, wanted, side="right"))
                    )
                )
        opened = self._opened()
        found.append(opened.take(opened.mmsi == mmsi))
        track = Points.joined(found)
        track = track.take((track.time_s >= from_s) & (track.time_s <= to_s))
        return track.take(np.argsort(track.time_s, kind="stable"))

    def between(self, from_s: int, to_s: int) -> Points:
        """The points of all vessels between two times, both included, in no order."""
        found = [
            _within(block.points, from_s, to_s)
            for block in self._blocks
            if block.first_s <= to_s and block.last_s >= from_s
        ]
        return Points.joined([*found, _within(self._opened(), from_s, to_s)])

    def _opened(self) -> Points:
        return self._open.first(self._fill)

    def _close(self) -> None:
        order = np.lexsort((self._open.time_s, self._open.mmsi))
        points = self._open.take(order)
        self._blocks.append(_Block(points, int(points.time_s.min()), int(points.time_s.max())))
        if len(self._blocks) > self._blocks_most:
            self._blocks.popleft()
        self._fill = 0


def _within(points: Points, from_s: int, to_s: int) -> Points:
    chosen: npt.NDArray[np.bool_] = (points.time_s >= from_s) & (points.time_s <= to_s)
    return points.take(chosen)
