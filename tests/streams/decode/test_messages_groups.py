"""Whose parts stand in one record: two stations or groups are never made one message, in columns or line by line."""

import pytest

from streams.decode import decode
from streams.decode.messages import read
from streams.nmea.checksum import checksum
from streams.nmea.encoder import Particulars, sentences, static

FIRST = sentences(static(273_222_000, Particulars(name="LADY R", destination="YOSU VIA RAJIN")), sequence=5)
SECOND = sentences(static(440_888_000, Particulars(name="HONEST SHIP", destination="BUSAN")), sequence=5)


def behind(tag: bytes, line: bytes) -> bytes:
    return b"\\%b*%02X\\%b" % (tag, checksum(tag), line) if tag else line


def made(first: bytes, second: bytes) -> int:
    value = b"\n".join([behind(first, FIRST[0]), behind(second, SECOND[1])])
    one_by_one, at_once = read(value, "pier", 0), decode(value, "pier")
    assert len(one_by_one.messages) == len(at_once.batch.reports)
    assert one_by_one.refused == at_once.refused
    return len(at_once.batch.reports)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (b"s:A,c:1700000000000", b"s:B,c:1700000000000"),
        (b"c:1700000000000", b"s:B,c:1700000000000"),
        (b"g:1-2-7,s:A,c:1700000000000", b"g:2-2-8"),
        (b"g:1-2-7,s:A,c:1700000000000", b"g:2-3-7"),
        (b"g:1-2-7,c:1700000000000", b"g:1-2-7,c:1700000000000"),
        (b"1G2:7,s:A,c:1700000000000", b"2G2:8,s:A,c:1700000000000"),
        (b"s:A,c:1700000000000", b"g:2-2-7,s:A,c:1700000000000"),
    ],
)
def test_tag_blocks_that_contradict_each_other_join_nothing(first: bytes, second: bytes) -> None:
    assert made(first, second) == 0


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (b"s:A,c:1700000000000", b"s:A,c:1700000000000"),
        (b"s:A,c:1700000000000", b"c:1700000000001"),
        (b"s:A,c:1700000000000", b""),
        (b"g:1-2-7,s:A,c:1700000000000", b"g:2-2-7"),
        (b"g:1-2-7,s:A,c:1700000000000", b"2G2:7"),
        (b"g:1-2-7,s:A,c:1700000000000", b""),
    ],
)
def test_tag_blocks_that_agree_or_say_nothing_join(first: bytes, second: bytes) -> None:
    assert made(first, second) == 1
