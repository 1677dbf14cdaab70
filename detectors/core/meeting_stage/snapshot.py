"""How the stage of meetings is stored: a manifest in JSON, and shards in MessagePack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from detectors.core.engine.snapshot import SnapshotError
from detectors.core.meeting_stage.lingering import Lingerer
from detectors.core.meeting_stage.meeting import Meeting
from detectors.core.meeting_stage.silences import Silence
from detectors.core.slow_ships import DraughtChanged, ListedSilence, SlowShip

MEETINGS_FORMAT: Final = 2
"""To change it: write a golden snapshot with the version before (``python -m tests.detectors.golden_meetings``), and
convert as in ``imo_stage.migrations``."""
_READABLE: Final = (1, MEETINGS_FORMAT)
"""1: draughts, hulls and where ships came from were not kept; they begin as unknown."""
SHARDS: Final = 32
"""With 20,000 slow ships a shard has 200 kB."""


class MeetingShard(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the ships and places of one shard: by MMSI, of pairs by the lower one; by number of a cell."""

    waiting_ships: list[SlowShip]
    waiting_silences: list[ListedSilence]
    newest: list[SlowShip]
    places: list[tuple[int, bytes]]
    runs: bytes
    stops: list[tuple[int, list[tuple[int, int]]]]
    meetings: list[Meeting]
    partners: list[tuple[int, list[tuple[int, int]]]]
    lingering: list[Lingerer]
    silences: list[Silence]
    waiting_draughts: list[DraughtChanged] = []


class MeetingManifest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is not in shards."""

    format: int
    heard: list[int]
    judged: int
    """The last step that was judged."""
    day: int


class Changed:
    """Which shards have changed."""

    def __init__(self) -> None:
        self._shards = [False] * SHARDS

    def touch(self, number: int) -> None:
        """Something of this MMSI has changed."""
        self._shards[number % SHARDS] = True

    def all(self) -> None:
        """Anything may have changed."""
        self._shards = [True] * SHARDS

    def shards(self) -> list[int]:
        """Their numbers."""
        return [number for number, changed in enumerate(self._shards) if changed]

    def clear(self) -> None:
        """Everything so far is in a snapshot."""
        self._shards = [False] * SHARDS


class _Format(msgspec.Struct, frozen=True):
    """The common part of every manifest."""

    format: int


def read(shards: Sequence[bytes], manifest: bytes) -> tuple[MeetingManifest, list[MeetingShard]]:
    """Reads a snapshot. Raises SnapshotError."""
    try:
        found = msgspec.json.decode(manifest, type=_Format).format
        if found not in _READABLE:
            raise SnapshotError(f"snapshot of format {found}, expected {MEETINGS_FORMAT}")
        head = msgspec.json.decode(manifest, type=MeetingManifest)
    except msgspec.MsgspecError as error:
        raise SnapshotError(f"snapshot unreadable: {error}") from error
    return head, read_shards(shards)


def read_shards(shards: Sequence[bytes]) -> list[MeetingShard]:
    """Reads the shards of a snapshot. Raises SnapshotError."""
    try:
        return [msgspec.msgpack.decode(shard, type=MeetingShard) for shard in shards]
    except msgspec.MsgspecError as error:
        raise SnapshotError(f"snapshot unreadable: {error}") from error
