"""The fleet as bytes: shards of rows, and a manifest that says how to read them.

Columns are mapped by owner and name: a column that a snapshot does not know starts at its default; one whose type
or version changed needs a migration and stops here. The open alerts of a row travel in its shard.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from detectors.core.alert import Alert
from detectors.core.columns import Column, Column_
from detectors.core.fleet import SHARD_ROWS, Fleet
from detectors.core.sources import Source, SourceTable

FORMAT = 1
CORE = "core"


class SnapshotError(ValueError):
    """A snapshot that cannot be used; says why."""


class ColumnHead(msgspec.Struct, frozen=True):
    """A column as it was when written."""

    owner: str
    name: str
    dtype: str
    version: int


class OpenAlert(msgspec.Struct, frozen=True):
    """An open alert and where it belongs."""

    row: int
    key: str
    alert: Alert


class Shard(msgspec.Struct, frozen=True):
    """Rows as column slices in the manifest's order, and their open alerts."""

    rows: int
    columns: list[bytes]
    open: list[OpenAlert]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is not in shards."""

    format: int
    shard_rows: int
    rows: int
    reference: str
    columns: list[ColumnHead]
    sources: list[Source]
    source_alerts: list[OpenAlert]
    replayed: bool = False


def _columns(fleet: Fleet) -> list[tuple[str, Column, Column_]]:
    owners = [(CORE, fleet.core), *fleet.detectors.items()]
    return [(owner, column, values) for owner, columns in owners for column, values in columns.items()]


def _open(fleet: Fleet, rows: Iterable[int]) -> list[OpenAlert]:
    return [OpenAlert(r, key, a) for r in rows for (_, key), a in sorted(fleet.open_of(r).items())]


def write_shard(fleet: Fleet, number: int) -> bytes:
    """Shard ``number``, a copy."""
    rows = range(number * SHARD_ROWS, min(fleet.size, (number + 1) * SHARD_ROWS))
    slices = [values[rows.start : rows.stop].tobytes() for _, _, values in _columns(fleet)]
    with_alerts = sorted(r for r in fleet.open if r in rows) if len(fleet.open) < len(rows) else rows
    return msgspec.msgpack.encode(Shard(len(rows), slices, _open(fleet, with_alerts)))


def write_manifest(fleet: Fleet, sources: SourceTable, reference: str) -> bytes:
    """The manifest that goes with the shards as they are now."""
    heads = [ColumnHead(owner, c.name, v.dtype.str, c.version) for owner, c, v in _columns(fleet)]
    return msgspec.json.encode(
        Manifest(
            format=FORMAT,
            shard_rows=SHARD_ROWS,
            rows=fleet.size,
            reference=reference,
            columns=heads,
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
    if head.rows > len(fleet.core.mmsi):
        fleet.reserve(head.rows)
    _fill(fleet, head, parts)
    fleet.size = head.rows
    fleet.index = dict(zip(fleet.core.mmsi[: head.rows].tolist(), range(head.rows), strict=True))
    for part in parts:
        for entry in part.open:
            fleet.open.setdefault(entry.row, {})[entry.alert.detector, entry.key] = entry.alert
    return head


def _fill(fleet: Fleet, head: Manifest, parts: list[Shard]) -> None:
    places = {(h.owner, h.name): i for i, h in enumerate(head.columns)}
    for owner, column, values in _columns(fleet):
        place = places.get((owner, column.name))
        if place is None:
            continue  # a column that is new since: it keeps its default
        was = head.columns[place]
        if (was.dtype, was.version) != (values.dtype.str, column.version):
            raise SnapshotError(
                f"column {owner}.{column.name} is {values.dtype.str} v{column.version}, "
                f"the snapshot has {was.dtype} v{was.version}: it needs a migration"
            )
        if parts:
            values[: head.rows] = np.frombuffer(b"".join(p.columns[place] for p in parts), values.dtype)
