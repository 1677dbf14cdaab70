"""Cuts stored data into records of a bounded size, each with a checksum, and joins them again.

A shard may have any size: a shard longer than PIECE_BYTES is cut, and its pieces have their own keys. Each piece begins
with the version of its shard (the input offset at which it was cut), so that pieces of two versions are never joined.
Records from before there were checksums have no headers: they are one piece each, and are not verified.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from streams.errors import StateError

PIECE_BYTES: Final = 1 << 20
"""A broker takes 1 MiB and more in a record (``message.max.bytes``); ours are set to 4 MiB."""
_VERSION_BYTES: Final = 8
_CRC: Final = "crc32"
_PIECES: Final = "pieces"

Headers = list[tuple[str, bytes]]


class StoredRecord(NamedTuple):
    """A record of the fleet log."""

    value: bytes
    headers: Mapping[str, bytes] = {}


class RecordPiece(NamedTuple):
    """A record to be written."""

    key: bytes
    value: bytes
    headers: Headers


def checked(value: bytes) -> Headers:
    """The headers of a record that is not cut up."""
    return [(_CRC, b"%08x" % zlib.crc32(value))]


def count_of(shard: bytes) -> int:
    """Number of records for a shard."""
    return max(1, -(-len(shard) // PIECE_BYTES))


def pieces_of(number: int, version: int, shard: bytes) -> Iterator[RecordPiece]:
    """The records of a shard, at least one."""
    count = count_of(shard)
    for place in range(count):
        value = _stamp(version) + shard[place * PIECE_BYTES : (place + 1) * PIECE_BYTES]
        yield RecordPiece(_key(number, place), value, [*checked(value), (_PIECES, b"%d" % count)])


def joined_shard(held: Mapping[bytes, StoredRecord], number: int, version: int) -> bytes:
    """The shard of that version. Raises StateError when a piece is missing, of another version, or damaged."""
    pieces = [_piece(held, number, version, 0)]
    pieces += [_piece(held, number, version, place) for place in range(1, _count(pieces[0], number))]
    return b"".join(piece.value[_VERSION_BYTES:] for piece in pieces)


def verified(held: StoredRecord, what: str) -> bytes:
    """Its value. Raises StateError if it is not what was written."""
    told = held.headers.get(_CRC)
    if told is not None and told != b"%08x" % zlib.crc32(held.value):
        raise StateError(f"{what} is damaged: its checksum is wrong")
    return held.value


def headers_of(found: Sequence[tuple[str, bytes]] | None) -> dict[str, bytes]:
    """Headers in the form of Kafka's client."""
    return dict(found or ())


def _piece(held: Mapping[bytes, StoredRecord], number: int, version: int, place: int) -> StoredRecord:
    piece = held.get(_key(number, place))
    if piece is None or piece.value[:_VERSION_BYTES] != _stamp(version):
        raise StateError(f"shard {number} is torn")
    verified(piece, f"shard {number}")
    return piece


def _count(first: StoredRecord, number: int) -> int:
    told = first.headers.get(_PIECES, b"1")
    if not told.isdigit():
        raise StateError(f"shard {number} is damaged: its header gives {told[:20]!r} pieces")
    return int(told)


def _key(number: int, place: int) -> bytes:
    return b"shard/%d/%d" % (number, place) if place else b"shard/%d" % number


def _stamp(version: int) -> bytes:
    return version.to_bytes(_VERSION_BYTES, "little")
