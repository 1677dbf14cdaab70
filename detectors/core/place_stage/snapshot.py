"""How the stage of places is stored: a manifest in JSON, and shards in MessagePack."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

import msgspec

from detectors.core.displacements import Displacement
from detectors.core.engine.snapshot import SnapshotError
from detectors.core.half_degrees import Cell
from detectors.core.place_stage.area import Area
from detectors.core.place_stage.events import PlaceEvent

PLACES_FORMAT: Final = 1
"""To change it: write a golden snapshot with the version before (``python -m tests.detectors.golden_places``), and
convert as in ``imo_stage.migrations``."""
SHARDS: Final = 64
"""Of the most vessels and areas that are kept by default, a shard has 800 and 16: a megabyte; a copy takes 4 ms."""

_T = TypeVar("_T")


class PlaceShard(msgspec.Struct, frozen=True):
    """Vessels, areas and waiting facts of one shard."""

    vessels: list[Displacement]
    areas: list[Area]
    waiting: list[Displacement]


class PlaceManifest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is not in shards."""

    format: int
    heard: list[int]
    passed_ms: int


class Shards:
    """What is in which shard: a snapshot must not search everything for each. The number of shards is fixed."""

    def __init__(self) -> None:
        self.vessels: list[set[int]] = [set() for _ in range(SHARDS)]
        self.waits: list[set[PlaceEvent]] = [set() for _ in range(SHARDS)]
        self.areas: list[set[Cell]] = [set() for _ in range(SHARDS)]
        self._changed = [False] * SHARDS

    def put(self, mmsi: int) -> None:
        """A vessel is new or has changed."""
        self._touched(self.vessels, mmsi).add(mmsi)

    def remove(self, mmsi: int) -> None:
        """A vessel is forgotten."""
        self._touched(self.vessels, mmsi).discard(mmsi)

    def put_area(self, cell: Cell) -> None:
        """An area is new or has changed."""
        self._touched(self.areas, sum(cell)).add(cell)

    def remove_area(self, cell: Cell) -> None:
        """An area has ended."""
        self._touched(self.areas, sum(cell)).discard(cell)

    def wait(self, event: PlaceEvent) -> None:
        """A fact waits."""
        self._touched(self.waits, event.mmsi).add(event)

    def turn_of(self, event: PlaceEvent) -> None:
        """A fact waits no longer."""
        self._touched(self.waits, event.mmsi).remove(event)

    def _touched(self, kind: list[set[_T]], number: int) -> set[_T]:
        self._changed[number % SHARDS] = True
        return kind[number % SHARDS]

    def changed(self) -> list[int]:
        """Shards changed since ``mark_clean``."""
        return [number for number, changed in enumerate(self._changed) if changed]

    def mark_clean(self) -> None:
        """Everything so far is in a snapshot."""
        self._changed = [False] * SHARDS


def encoded(vessels: Iterable[Displacement], areas: Iterable[Area], waiting: Iterable[Displacement]) -> bytes:
    """A shard. Dictionaries keep their order: an alert that closes repeats the details of the one before."""
    return msgspec.msgpack.encode(PlaceShard([*vessels], [*areas], [*waiting]))


class _Format(msgspec.Struct, frozen=True):
    """The common part of every manifest."""

    format: int


def read(shards: Sequence[bytes], manifest: bytes) -> tuple[PlaceManifest, list[PlaceShard]]:
    """Reads a snapshot. Raises SnapshotError."""
    try:
        found = msgspec.json.decode(manifest, type=_Format).format
        if found != PLACES_FORMAT:
            raise SnapshotError(f"snapshot of format {found}, expected {PLACES_FORMAT}")
        head = msgspec.json.decode(manifest, type=PlaceManifest)
        return head, [msgspec.msgpack.decode(shard, type=PlaceShard) for shard in shards]
    except msgspec.MsgspecError as error:
        raise SnapshotError(f"snapshot unreadable: {error}") from error
