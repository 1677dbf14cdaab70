"""What the proxy may damage: bytes of record batches that their checksum covers, wherever they lie."""

import struct

from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

from tests.chaos.proxy import Proxy, checked, frames

HEAD = b"\x02" * 40  # looks like magic numbers
COVERED_FROM = 21


def batch(*values: bytes, base_offset: int = 0) -> bytes:
    builder = DefaultRecordBatchBuilder(2, 0, False, -1, -1, -1, 1 << 20)
    for number, value in enumerate(values):
        assert builder.append(number, 1_700_000_000_000, b"key", value, []) is not None
    made = builder.build()
    return struct.pack(">q", base_offset) + bytes(made[8:])


def frame(payload: bytes) -> bytes:
    return struct.pack(">i", len(payload)) + payload


def test_frames_are_told_from_what_has_not_come_whole() -> None:
    whole = frame(b"abc") + frame(b"")
    assert frames(whole) == frames(whole + frame(b"abcdef")[:-1]) == frames(whole + b"\0\0") == len(whole)


def test_of_an_answer_the_bytes_are_found_that_a_checksum_covers() -> None:
    first, second = batch(b"x" * 50, b"\x02" * 30, base_offset=7), batch(b"y", base_offset=1 << 33)
    data = frame(HEAD + first + HEAD + second + HEAD)
    begin = 4 + len(HEAD)
    then = begin + len(first) + len(HEAD)
    assert list(checked(data)) == [
        range(begin + COVERED_FROM, begin + len(first)),
        range(then + COVERED_FROM, then + len(second)),
    ]


def test_every_flip_is_one_that_the_checksum_finds_and_nothing_else_changes() -> None:
    data = frame(HEAD + batch(b"x" * 5000, base_offset=7) + HEAD)
    begin, end = 4 + len(HEAD), len(data) - len(HEAD)
    proxy = Proxy(to_port=1, seed=1)
    try:
        assert proxy._damaged(data) == data
        proxy.damage(1e-4)
        spoilt = [proxy._damaged(data) for _ in range(40)]
    finally:
        proxy.close()
    assert sum(each != data for each in spoilt) > 5 and proxy.flipped > 5
    for each in spoilt:
        assert each[: begin + COVERED_FROM] == data[: begin + COVERED_FROM] and each[end:] == data[end:]
        assert DefaultRecordBatch(bytes(each[begin:end])).validate_crc() == (each == data)
