"""The fleet as bytes: shards of rows, and a manifest that describes them.

A shard holds the records of its rows, table by table, as they are in memory; the manifest names the columns. A table
with the same columns is copied as a whole. Otherwise columns are mapped by owner and name: a column that is missing in
the snapshot starts at its default; a changed type or version needs a migration (``migrations``) and raises
SnapshotError, as does an unknown column, because a newer version wrote it. Columns of a removed detector are ignored.
The open alerts of a row are in its shard.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from detectors.core.alert import Alert
from detectors.core.coverage.reception_state import ReceptionState
from detectors.core.engine import migrations
from detectors.core.engine.migrations import FLEET_FORMAT
from detectors.core.engine.stored_tables import SnapshotError, TableHead, head_of, records_of, reject_unknown
from detectors.core.identities.list_change import Numbered
from detectors.core.orbits.choice import OrbitRecord
from detectors.core.sources import SourceTable
from detectors.core.ticked_source import TickedSource
from detectors.core.vessels.affected_areas import KeptAreas
from detectors.core.vessels.capacity import FleetFull
from detectors.core.vessels.fleet import SHARD_ROWS, Fleet
from detectors.core.vessels.row_bytes import RowBytesError

__all__ = ["CELLS_SHARD", "FIRST_ROWS", "SnapshotError"]

CELLS_SHARD = 0
FIRST_ROWS = 1
"""The first shard of rows."""


class OpenAlert(msgspec.Struct, frozen=True):
    """An open alert and where it belongs."""

    row: int
    key: str
    alert: Alert


class FleetShard(msgspec.Struct, frozen=True):
    """Records of rows in each table, as the manifest describes them, their open alerts, and what is remembered."""

    rows: int
    records: list[bytes]
    open: list[OpenAlert]
    memory: list[tuple[int, bytes]] = []
    dropped: bytes = b""
    """Records of the dropped vessels in the slots of the same numbers."""
    heard: bytes = b""
    """Coverage data of these rows."""
    pending: bytes = b""
    """Reports of them in slots that are not closed."""
    recent: list[tuple[int, bytes]] = []
    """Recent fixes of the listed vessels among them."""
    voyages: list[tuple[int, bytes]] = []
    """What these have stated about their voyages."""


class FleetManifest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is not in shards."""

    format: int
    shard_rows: int
    rows: int
    reference: str
    """Its version; further below, the meaning of the numbers of its entries and zones."""
    tables: list[TableHead]
    sources: list[TickedSource]
    source_alerts: list[OpenAlert]
    replayed: bool = False
    crowding: FleetFull | None = None
    dropped: TableHead | None = None
    """The layout of the dropped vessels in shards."""
    numbered: Numbered = Numbered()
    areas: KeptAreas = KeptAreas()
    orbits: OrbitRecord | None = None
    ended_revisions: dict[str, int] = {}
    """Of ended alerts that satellite images have revised."""
    coverage: bytes = b""


def _open(fleet: Fleet, rows: Iterable[int]) -> list[OpenAlert]:
    return [OpenAlert(r, key, a) for r in rows for (_, key), a in sorted(fleet.open_of(r).items())]


def write_shard(fleet: Fleet, reception: ReceptionState, number: int) -> bytes:
    """Shard ``number`` of rows, a copy; they are counted from 0."""
    rows = range(number * SHARD_ROWS, max(number * SHARD_ROWS, min(fleet.size, (number + 1) * SHARD_ROWS)))
    records = [table.records[rows.start : rows.stop].tobytes() for table in fleet.tables]
    dropped = fleet.dropped.table.records[: len(fleet.dropped)][number * SHARD_ROWS : (number + 1) * SHARD_ROWS]
    with_alerts = sorted(r for r in fleet.open if r in rows) if len(fleet.open) < len(rows) else rows
    heard, pending = reception.cut(rows.start, rows.stop)
    packed = fleet.memory.within(rows), dropped.tobytes(), heard, pending
    of_listed = fleet.recent.within(rows), fleet.voyages.within(rows)
    return msgspec.msgpack.encode(FleetShard(len(rows), records, _open(fleet, with_alerts), *packed, *of_listed))


def write_manifest(
    fleet: Fleet,
    reception: ReceptionState,
    sources: SourceTable,
    reference: str,
    *,
    crowding: FleetFull | None,
    numbered: Numbered,
    orbits: OrbitRecord | None = None,
) -> bytes:
    """The manifest that goes with the shards as they are now."""
    return msgspec.json.encode(
        FleetManifest(
            format=FLEET_FORMAT,
            shard_rows=SHARD_ROWS,
            rows=fleet.size,
            reference=reference,
            tables=[head_of(table) for table in fleet.tables],
            sources=sources.sources,
            source_alerts=_open(fleet, sorted(r for r in fleet.open if r < 0)),
            replayed=sources.replayed,
            crowding=crowding,
            dropped=head_of(fleet.dropped.table),
            numbered=numbered,
            areas=fleet.areas.kept(),
            orbits=orbits,
            ended_revisions=fleet.ended_revisions,
            coverage=reception.keep(),
        )
    )


def version_of(manifest: bytes) -> str:
    """The version of the reference at the time of a snapshot. Raises SnapshotError if there is none."""
    try:
        return msgspec.json.decode(manifest, type=FleetManifest).reference
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SnapshotError(f"snapshot unreadable: {error}") from error


def source_alerts(head: FleetManifest) -> Iterable[tuple[int, list[tuple[tuple[str, str], Alert]]]]:
    """Open alerts about sources: (number of the source, its alerts by detector and key)."""
    found: dict[int, list[tuple[tuple[str, str], Alert]]] = {}
    for entry in head.source_alerts:
        found.setdefault(-1 - entry.row, []).append(((entry.alert.detector, entry.key), entry.alert))
    return found.items()


def read(fleet: Fleet, reception: ReceptionState, shards: Sequence[bytes], manifest: bytes) -> FleetManifest:
    """Fills an empty fleet. Raises SnapshotError if the bytes are not a complete snapshot."""
    try:
        former, head, cells, rows = _present(shards, manifest)
        parts = [msgspec.msgpack.decode(shard, type=FleetShard) for shard in rows]
    except msgspec.MsgspecError as error:
        raise SnapshotError(f"snapshot unreadable: {error}") from error
    if sum(part.rows for part in parts) != head.rows:
        raise SnapshotError(f"snapshot torn: {sum(p.rows for p in parts)} rows in shards, {head.rows} in the manifest")
    if any(len(part.records) != len(head.tables) for part in parts):
        raise SnapshotError(f"snapshot torn: a shard has not {len(head.tables)} tables")
    stored = [b"".join(part.records[number] for part in parts) for number in range(len(head.tables))]
    reject_unknown([head_of(table) for table in fleet.tables], head.tables)
    fleet.adopt(tuple(records_of(table, head.tables, head.rows, stored) for table in fleet.tables))
    _adopt_dropped(fleet, head, b"".join(part.dropped for part in parts))
    for part in parts:
        for entry in part.open:
            fleet.open.setdefault(entry.row, {})[entry.alert.detector, entry.key] = entry.alert
        _remember(fleet, part)
    _mark_open(fleet)
    fleet.areas.restore(head.areas)
    fleet.ended_revisions.update(head.ended_revisions)
    _read_coverage(reception, head, cells, parts)
    if former:  # everything is written in the present format with the next snapshot
        fleet.dirty[:] = True
    else:
        reception.cells_changed = False
    return head


def _present(shards: Sequence[bytes], manifest: bytes) -> tuple[bool, FleetManifest, bytes, Sequence[bytes]]:
    """A snapshot in the present format: whether it was migrated, the manifest, the cells, the shards of rows."""
    written = msgspec.json.decode(manifest, type=FleetManifest)
    if written.shard_rows != SHARD_ROWS:
        raise SnapshotError(f"snapshot of {written.shard_rows} rows a shard, expected {SHARD_ROWS}")
    try:
        found = migrations.apart(msgspec.to_builtins(written, builtin_types=(bytes,)), shards)
        present = migrations.migrated(found)
    except (ValueError, zlib.error) as error:
        raise SnapshotError(f"snapshot cannot be used: {error}") from error
    head = msgspec.convert(present.manifest, FleetManifest, builtin_types=(bytes,))
    return written.format != FLEET_FORMAT, head, present.cells, present.rows


def _read_coverage(reception: ReceptionState, head: FleetManifest, cells: bytes, parts: list[FleetShard]) -> None:
    """Restores coverage; without it coverage starts empty, and for about an hour no silence can be judged."""
    reception.admit(np.arange(head.rows), head.rows)
    if not head.coverage:
        return
    starts = [number * SHARD_ROWS for number in range(len(parts))]
    shards = [(start, start + p.rows, p.heard, p.pending) for start, p in zip(starts, parts, strict=True)]
    try:
        reception.restore(head.coverage, cells, shards)
    except ValueError as error:
        raise SnapshotError(str(error)) from error


def _remember(fleet: Fleet, part: FleetShard) -> None:
    try:
        fleet.memory.restore(part.memory)
        fleet.recent.restore(part.recent)
        fleet.voyages.restore(part.voyages)
    except RowBytesError as error:
        raise SnapshotError(f"snapshot unreadable: {error}") from error


def _adopt_dropped(fleet: Fleet, head: FleetManifest, stored: bytes) -> None:
    if head.dropped is not None:
        count = len(stored) // head.dropped.record_bytes
        fleet.adopt_dropped(records_of(fleet.dropped.table, [head.dropped], count, [stored]))


def _mark_open(fleet: Fleet) -> None:
    for name, columns in fleet.detectors.items():
        columns.open[: fleet.size], fleet.with_open[name] = False, 0
    for row, alerts in fleet.open.items():
        for detector, _ in alerts:
            if detector in fleet.detectors:
                fleet.mark_open(detector, row, is_open=True)
