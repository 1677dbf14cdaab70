"""Messages packed into records, per partition. Where records are cut carries no meaning."""

from __future__ import annotations

from typing import Final

import numpy as np

from streams.ingest.clock import Message
from streams.ingest.sentence import checksum
from streams.records import Record, Sentences, partition_of

_BYTES_MOST: Final = 512 * 1024
"""Cut before a record comes near a broker's usual limit of 1 MB."""
_CACHE_MOST: Final = 4096
_CACHE_MMSI_MOST: Final = 500_000


class _Pack:
    __slots__ = ("bytes", "from_ms", "lines", "ordinals", "to_ms")

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.ordinals: list[int] = []
        self.bytes = 0
        self.from_ms = 0
        self.to_ms = 0


class Packer:
    """Open packs of one source, one a partition. Full ones go to ``records``, which the caller empties."""

    def __init__(self, source: str, partitions: int, most: int) -> None:
        self._source = source
        self._partitions = partitions
        self._most = most
        self._packs = [_Pack() for _ in range(partitions)]
        self._partition_of: dict[int, int] = {}
        self._tags: dict[tuple[bytes, int], bytes] = {}
        self.records: list[Record] = []
        self.holds = 0
        """Sentences in open packs."""

    def add(self, message: Message) -> None:
        """Puts a message's sentences, next to each other, in its vessel's pack."""
        time_ms = message.time_ms
        partition = self._partition(message.mmsi)
        pack = self._packs[partition]
        if not pack.lines:
            pack.from_ms = pack.to_ms = time_ms
        elif time_ms > pack.to_ms:
            pack.to_ms = time_ms
        elif time_ms < pack.from_ms:
            pack.from_ms = time_ms
        tag = self._tag(message.station, time_ms)
        for part in message.parts:
            pack.lines.append(tag + part)
            pack.bytes += len(tag) + len(part)
            pack.ordinals.append(message.ordinal)
        self.holds += len(message.parts)
        if len(pack.lines) >= self._most or pack.bytes >= _BYTES_MOST:
            self._close(partition)

    def flush(self) -> None:
        """Closes all packs, in the order of their partitions."""
        if self.holds:
            for partition, pack in enumerate(self._packs):
                if pack.lines:
                    self._close(partition)

    def take(self) -> list[Record]:
        """The records closed since the last call."""
        taken, self.records = self.records, []
        return taken

    def _close(self, partition: int) -> None:
        pack = self._packs[partition]
        self._packs[partition] = _Pack()
        self.holds -= len(pack.lines)
        self.records.append(
            Sentences(
                partition=partition,
                source=self._source,
                value=b"\n".join(pack.lines),
                size=len(pack.lines),
                ordinals=np.array(pack.ordinals, np.int64),
                event_from_ms=pack.from_ms,
                event_to_ms=pack.to_ms,
            )
        )

    def _partition(self, mmsi: int) -> int:
        known = self._partition_of.get(mmsi)
        if known is None:
            if len(self._partition_of) >= _CACHE_MMSI_MOST:
                self._partition_of.clear()
            known = self._partition_of[mmsi] = partition_of(mmsi, self._partitions)
        return known

    def _tag(self, station: bytes, time_ms: int) -> bytes:
        key = (station, time_ms)
        known = self._tags.get(key)
        if known is None:
            if len(self._tags) >= _CACHE_MOST:
                self._tags.clear()
            body = b"s:%b,c:%d" % (station, time_ms)
            known = self._tags[key] = b"\\%b*%02X\\" % (body, checksum(body))
        return known
