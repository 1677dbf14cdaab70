"""How the histories are stored: a manifest in JSON, and shards in MessagePack."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from detectors.core.engine.snapshot import SnapshotError
from detectors.core.identities.binding import Binding, SeenUnder
from detectors.core.imo_stage.holders import ImoShip
from detectors.core.imo_stage.migrations import HISTORIES_FORMAT, StoredHistories, migrated


class ImoShard(msgspec.Struct, frozen=True):
    """Ships of one shard, and the bindings about them that wait."""

    ships: list[ImoShip]
    waiting: list[Binding | SeenUnder]


class ImoManifest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is not in shards."""

    format: int
    heard: list[int]
    passed_ms: int


class _Format(msgspec.Struct, frozen=True):
    """The common part of every manifest."""

    format: int


def read(shards: Sequence[bytes], manifest: bytes) -> tuple[ImoManifest, list[ImoShard]]:
    """Reads a snapshot of any format so far. Raises SnapshotError."""
    try:
        if msgspec.json.decode(manifest, type=_Format).format == HISTORIES_FORMAT:
            head = msgspec.json.decode(manifest, type=ImoManifest)
            return head, [msgspec.msgpack.decode(shard, type=ImoShard) for shard in shards]
        former = StoredHistories(msgspec.json.decode(manifest), [msgspec.msgpack.decode(shard) for shard in shards])
        stored = migrated(former)
        return msgspec.convert(stored.manifest, ImoManifest), msgspec.convert(stored.shards, list[ImoShard])
    except msgspec.MsgspecError as error:
        raise SnapshotError(f"snapshot unreadable: {error}") from error
    except ValueError as error:
        raise SnapshotError(f"snapshot of {error}") from error
