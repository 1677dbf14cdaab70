"""The fleet as bytes: shards of rows, and a manifest that says how to read them.

A shard is the bytes of its rows' records as they lie in memory; the manifest names the columns in them. When a
snapshot has the very same columns it is copied in whole; else they are mapped by owner and name: a column that it does
not know starts at its default; one whose type or version changed needs a migration and stops here, as does one that we
do not know: a newer version wrote it. A detector that is gone takes its columns with it. The open alerts of a row
travel in its shard.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from detectors.core.alert import Alert
from detectors.core.columns import field
from detectors.core.fleet import SHARD_ROWS, Block, Fleet
from detectors.core.sources import Source, SourceTable

FORMAT = 2


class SnapshotError(ValueError):
    """A snapshot that cannot be used; says why."""


class ColumnHead(msgspec.Struct, frozen=True):
    """A column as it was when written."""

    owner: str
    name: str
    dtype: str
    version: int
    offset: int
    """Where it begins in a record."""


class OpenAlert(msgspec.Struct, frozen=True):
    """An open alert and where it belongs."""

    row: int
    key: str
    alert: Alert


class Shard(msgspec.Struct, frozen=True):
    """Records of rows, as the manifest describes them, and their open alerts."""

    rows: int
    records: bytes
    open: list[OpenAlert]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is not in shards."""

    format: int
    shard_rows: int
    rows: int
    reference: str
    record_bytes: int
    columns: list[ColumnHead]
    sources: list[Source]
    source_alerts: list[OpenAlert]
    replayed: bool = False


def _heads(fleet: Fleet) -> list[ColumnHead]:
    places: Mapping[str, tuple[Any, ...]] = fleet.kind.fields or {}
    return [ColumnHead(owner, c.name, c.dtype, c.version, places[field(owner, c.name)][1]) for owner, c in fleet.owned]


def _open(fleet: Fleet, rows: Iterable[int]) -> list[OpenAlert]:
    return [OpenAlert(r, key, a) for r in rows for (_, key), a in sorted(fleet.open_of(r).items())]


def write_shard(fleet: Fleet, number: int) -> bytes:
    """Shard ``number``, a copy."""
    rows = range(number * SHARD_ROWS, min(fleet.size, (number + 1) * SHARD_ROWS))
    records = fleet.table[rows.start : rows.stop].tobytes()
    with_alerts = sorted(r for r in fleet.open if r in rows) if len(fleet.open) < len(rows) else rows
    return msgspec.msgpack.encode(Shard(len(rows), records, _open(fleet, with_alerts)))


def write_manifest(fleet: Fleet, sources: SourceTable, reference: str) -> bytes:
    """The manifest that goes with the shards as they are now."""
    return msgspec.json.encode(
        Manifest(
            format=FORMAT,
            shard_rows=SHARD_ROWS,
            rows=fleet.size,
            reference=reference,
            record_bytes=fleet.kind.itemsize,
            columns=_heads(fleet),
            sources=sources.sources,
            source_alerts=_open(fleet, sorted(r for r in fleet.open if r < 0)),
            replayed=sources.replayed,
        )
    )


def source_alerts(head: Manifest) -> Iterable[tuple[int, list[tuple[tuple[str, str], Alert]]]]:
    """Open alerts about sources: (number of the source, its alerts by detector and key)."""
    found: dict[int, list[tuple[tuple[str, str], Alert]]] = {}
    for entry in head.source_alerts:
        found.setdefault(-1 - entry.row, []).append(((entry.alert.detector, entry.key), entry.alert))
    return found.items()


def read(fleet: Fleet, shards: Sequence[bytes], manifest: bytes) -> Manifest:
    """Fills an empty fleet. Raises SnapshotError when the bytes are not a snapshot of ours, whole."""
    try:
        head = msgspec.json.decode(manifest, type=Manifest)
        parts = [msgspec.msgpack.decode(shard, type=Shard) for shard in shards]
    except msgspec.MsgspecError as error:
        raise SnapshotError(f"snapshot unreadable: {error}") from error
    if head.format != FORMAT or head.shard_rows != SHARD_ROWS:
        raise SnapshotError(f"snapshot format {head.format}/{head.shard_rows}, expected {FORMAT}/{SHARD_ROWS}")
    if sum(part.rows for part in parts) != head.rows:
        raise SnapshotError(f"snapshot torn: {sum(p.rows for p in parts)} rows in shards, {head.rows} in the manifest")
    fleet.adopt(_records(fleet, head, parts))
    for part in parts:
        for entry in part.open:
            fleet.open.setdefault(entry.row, {})[entry.alert.detector, entry.key] = entry.alert
    _mark_open(fleet)
    return head


def _records(fleet: Fleet, head: Manifest, parts: list[Shard]) -> Block:
    """The shards' records in the fleet's own layout."""
    stored = b"".join(part.records for part in parts)
    if len(stored) != head.rows * head.record_bytes:
        raise SnapshotError(f"snapshot torn: {len(stored)} bytes for {head.rows} rows of {head.record_bytes}")
    mine = _heads(fleet)
    if head.columns == mine and head.record_bytes == fleet.kind.itemsize:
        return np.frombuffer(stored, fleet.kind)
    _refuse_unknown(mine, head.columns)
    known = {(h.owner, h.name): h for h in head.columns}
    records = fleet.blanks(head.rows)
    for column in mine:
        was = known.get((column.owner, column.name))
        if was is None:
            continue  # a column that is new since: it keeps its default
        if (was.dtype, was.version) != (column.dtype, column.version):
            raise SnapshotError(
                f"column {column.owner}.{column.name} is {column.dtype} v{column.version}, "
                f"the snapshot has {was.dtype} v{was.version}: it needs a migration"
            )
        kind = np.dtype(
            {"names": ["it"], "formats": [was.dtype], "offsets": [was.offset], "itemsize": head.record_bytes}
        )
        records[field(column.owner, column.name)] = np.frombuffer(stored, kind)["it"]
    return records


def _refuse_unknown(mine: Iterable[ColumnHead], stored: Iterable[ColumnHead]) -> None:
    known = {(column.owner, column.name) for column in mine}
    owners = {owner for owner, _ in known}
    for column in stored:
        if column.owner in owners and (column.owner, column.name) not in known:
            raise SnapshotError(
                f"column {column.owner}.{column.name} of the snapshot is unknown here: run the version that wrote it"
            )


def _mark_open(fleet: Fleet) -> None:
    for columns in fleet.detectors.values():
        columns.open[: fleet.size] = False
    for row, alerts in fleet.open.items():
        for detector, _ in alerts:
            if detector in fleet.detectors:
                fleet.detectors[detector].open[row] = True
