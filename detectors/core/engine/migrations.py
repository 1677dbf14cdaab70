"""Converts snapshots of former formats to the present one, one format at a time.

``FLEET_FORMAT`` is the number of the format in which the fleet is stored. ``MIGRATIONS`` has a function for each former
format, which makes a snapshot of the next one; ``migrated`` runs them in order. An additional column needs no
migration: it starts at its default.

To change the format: raise ``FLEET_FORMAT``, add one function here, and write a golden snapshot with the previous
version (``python -m tests.detectors.golden_snapshot``), which the tests read from then on.

Formats.
2: the cells of coverage are in the manifest.
3: they are the first shard.
4: columns have new names (``stated_imo`` for ``told_imo``, ``verdict_chance`` for ``told_chance``, ...).
5: the place of a fix that is held back is that of another track (``other_lat_deg``).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

FLEET_FORMAT: Final = 5

Json = dict[str, Any]


class StoredFleet(NamedTuple):
    """A snapshot before decoding: the manifest as JSON values, the shard of cells, and those of rows."""

    manifest: Json
    cells: bytes
    rows: Sequence[bytes]


def apart(manifest: Json, shards: Sequence[bytes]) -> StoredFleet:
    """A snapshot as stored. Raises ValueError if its format requires a shard of cells and there is none."""
    if manifest["format"] < _WITH_CELLS:
        return StoredFleet(manifest, b"", shards)
    if not shards:
        raise ValueError("it has no cells")
    return StoredFleet(manifest, shards[0], shards[1:])


def migrated(stored: StoredFleet) -> StoredFleet:
    """The snapshot in the present format. Raises ValueError for an unknown format."""
    while stored.manifest["format"] != FLEET_FORMAT:
        migrate = MIGRATIONS.get(stored.manifest["format"])
        if migrate is None:
            raise ValueError(f"format {stored.manifest['format']}, expected {FLEET_FORMAT}")
        stored = migrate(stored)
        stored.manifest["format"] += 1
    return stored


_WITH_CELLS: Final = 3
_CORE: Final = {"told_imo": "stated_imo", "told_ms": "stated_ms"}
_GAP: Final = {
    "near_habit": "near_heard_share",
    "told_habit": "verdict_heard_share",
    **{f"told_{what}": f"verdict_{what}" for what in ("chance", "alpha", "missed", "peers", "kind", "level", "step")},
}
_STRAYS: Final = {("core", name) for name in ("stray_lat_deg", "stray_lon_deg", "trusted_ms")}
_RECEPTION: Final = {"habit": "heard_share"}


def _cells_apart(stored: StoredFleet) -> StoredFleet:
    """2 to 3. The cells stay in the manifest: ``ReceptionState.restore`` takes them from there if there is no shard."""
    return stored


def _columns_renamed(stored: StoredFleet) -> StoredFleet:
    """3 to 4."""
    names: Mapping[str, Mapping[str, str]] = {"core": _CORE, "gap": _GAP}
    tables = [*stored.manifest["tables"], *filter(None, [stored.manifest.get("dropped")])]
    for column in (column for table in tables for column in table["columns"]):
        column["name"] = names.get(column["owner"], {}).get(column["name"], column["name"])
    coverage = stored.manifest.get("coverage")
    if coverage:
        stored.manifest["coverage"] = _reception_renamed(coverage)
    return stored


def _strays_dropped(stored: StoredFleet) -> StoredFleet:
    """4 to 5. A fix that is held back when the snapshot is taken, and the last one before it, are forgotten."""
    for table in [*stored.manifest["tables"], *filter(None, [stored.manifest.get("dropped")])]:
        table["columns"] = [column for column in table["columns"] if (column["owner"], column["name"]) not in _STRAYS]
    return stored


def _reception_renamed(coverage: bytes) -> bytes:
    kept = msgspec.msgpack.decode(zlib.decompress(coverage))
    kept["columns"] = [[_RECEPTION.get(name, name), dtype] for name, dtype in kept["columns"]]
    if "belated" in kept:
        kept["late_reports"] = kept.pop("belated")
    return zlib.compress(msgspec.msgpack.encode(kept), 1)


MIGRATIONS: Final[Mapping[int, Callable[[StoredFleet], StoredFleet]]] = {
    2: _cells_apart,
    3: _columns_renamed,
    4: _strays_dropped,
}
"""By the format that each converts."""
