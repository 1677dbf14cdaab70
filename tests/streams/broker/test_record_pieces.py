"""Shards of any size go through records of a bounded size; a missing, older or damaged piece is refused."""

import pytest

from streams.broker.record_pieces import PIECE_BYTES, StoredRecord, checked, count_of, joined_shard, pieces_of, verified
from streams.errors import StateError

BIG = bytes(range(256)) * (5 * PIECE_BYTES // 512)


def held(number: int, version: int, shard: bytes) -> dict[bytes, StoredRecord]:
    return {piece.key: StoredRecord(piece.value, dict(piece.headers)) for piece in pieces_of(number, version, shard)}


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, len(BIG)])
def test_a_shard_of_any_size_comes_back_from_records_of_a_bounded_size(size: int) -> None:
    records = held(7, 41, BIG[:size])
    assert joined_shard(records, 7, 41) == BIG[:size]
    assert len(records) == count_of(BIG[:size]) and max(len(one.value) for one in records.values()) <= PIECE_BYTES + 8


def test_pieces_of_a_longer_shard_that_was_there_before_do_no_harm() -> None:
    assert joined_shard(held(7, 41, BIG) | held(7, 42, b"short"), 7, 42) == b"short"


def test_a_missing_piece_and_one_of_another_version_are_torn() -> None:
    records, former = held(7, 41, BIG), held(7, 40, BIG)
    missing = {key: one for key, one in records.items() if key != b"shard/7/1"}
    for spoilt in (missing, records | {b"shard/7/1": former[b"shard/7/1"]}, former, {}):
        with pytest.raises(StateError, match="shard 7 is torn"):
            joined_shard(spoilt, 7, 41)


@pytest.mark.parametrize("key", [b"shard/7", b"shard/7/2"])
@pytest.mark.parametrize("at", [8, 1000, -1])
def test_a_flipped_bit_is_found(key: bytes, at: int) -> None:
    records = held(7, 41, BIG)
    value = bytearray(records[key].value)
    value[at] ^= 0x10
    with pytest.raises(StateError, match="shard 7 is damaged: its checksum is wrong"):
        joined_shard(records | {key: records[key]._replace(value=bytes(value))}, 7, 41)


def test_a_head_is_verified_and_one_from_before_there_were_checksums_is_taken() -> None:
    assert verified(StoredRecord(b"cut", dict(checked(b"cut"))), "the head") == b"cut"
    assert verified(StoredRecord(b"cut"), "the head") == b"cut"
    with pytest.raises(StateError, match="the head is damaged"):
        verified(StoredRecord(b"cuT", dict(checked(b"cut"))), "the head")
    old = {b"shard/0": StoredRecord((5).to_bytes(8, "little") + b"rows")}
    assert joined_shard(old, 0, 5) == b"rows"
