from functools import reduce
from operator import xor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import Reason
from streams.ingest.sentence import Bad, Parser, Sentence, Timing
from streams.nmea.checksum import checksum
from streams.nmea.epochs import epoch_ms
from streams.nmea.sentence import Group, Tag, clean_station, parse_tag

BARE = b"!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23"
MMSI = 227_006_760


def parsed(unit: bytes) -> Sentence:
    found = Parser().parse(unit)
    assert isinstance(found, Sentence), found
    return found


@given(st.binary(max_size=300))
def test_the_folded_checksum_is_the_xor_of_all_bytes(text: bytes) -> None:
    assert checksum(text) == reduce(xor, text, 0)


@given(st.binary(max_size=150))
def test_no_bytes_raise(unit: bytes) -> None:
    parser = Parser()
    parser.parse(unit)
    parser.parse(b"!AIVDM," + unit)
    parser.parse(b"\\" + unit + b"\\" + BARE)
    parser.parse(BARE + unit)
    parser.parse(b"$PGHP,1," + unit)


@given(st.integers(0, 2**30 - 1), st.integers(0, 3), st.integers(1, 27))
def test_the_mmsi_is_read_from_its_thirty_bits(mmsi: int, repeat: int, kind: int) -> None:
    bits = kind << 36 | repeat << 34 | mmsi << 4
    six = [bits >> shift & 63 for shift in range(36, -1, -6)]
    payload = bytes(value + (48 if value < 40 else 56) for value in six)
    assert Parser().mmsi(payload) == mmsi


def test_a_plain_sentence_is_read() -> None:
    sentence = parsed(BARE)
    assert (sentence.text, sentence.total, sentence.number, sentence.channel) == (BARE, 1, 1, b"A")
    assert Parser().mmsi(sentence.payload) == MMSI


@pytest.mark.parametrize("head", [b"2024-01-01 00:00:00 ", b"\x00\xff", b"c:123*53\\"])
def test_what_stands_before_a_sentence_is_passed_over(head: bytes) -> None:
    assert parsed(head + BARE).text == BARE


@pytest.mark.parametrize("talker", [b"AI", b"BS", b"AB", b"--", b"SA"])
@pytest.mark.parametrize("kind", [b"VDM", b"VDO"])
def test_any_talker_is_heard(talker: bytes, kind: bytes) -> None:
    body = talker + kind + BARE[6:-3]
    assert parsed(b"!%b*%02X" % (body, checksum(body))).payload == b"13HOI:0P0000VOHLCnHQKwvL05Ip"


@pytest.mark.parametrize(
    ("unit", "reason"),
    [
        (BARE[:-2] + b"24", Reason.CHECKSUM),
        (BARE[:-1], Reason.MALFORMED),
        (BARE[:20], Reason.MALFORMED),
        (b"!AIVDM,1,1,,B,,0*25", Reason.NO_MMSI),
        (b"!AIVDM", Reason.MALFORMED),
        (b"!AIVDM,9,0,,A,13HOI:0P,0*%02X" % checksum(b"AIVDM,9,0,,A,13HOI:0P,0"), Reason.MALFORMED),
    ],
)
def test_a_bad_sentence_has_a_reason(unit: bytes, reason: Reason) -> None:
    found = Parser().parse(unit)
    assert isinstance(found, Bad)
    assert found.reason == reason


@pytest.mark.parametrize("unit", [b"# !AIVDM,1,1,,A,x", b"$GPRMC,1", b"foobar", b"\\si:AISD*3F\\", b"!AIV"])
def test_other_lines_are_none_of_ours(unit: bytes) -> None:
    assert Parser().parse(unit) is None


def test_a_tag_block_gives_station_time_and_group() -> None:
    tag = parse_tag(b"g:1-2-1278,s:66,c:1661782369,n:7,T:x y*43")
    assert (tag.station, tag.time_ms, tag.group) == (b"66", 1_661_782_369_000, Group("1278", 1, 2))
    assert not parse_tag(b"c:1565218798*53").wrong


@pytest.mark.parametrize(
    ("field", "group"),
    [
        (b"g:1-2-77", Group("77", 1, 2)),
        (b"1G2:73874", Group("73874", 1, 2)),
        (b"g:3-2-77", None),
        (b"g:0-2-77", None),
        (b"g:1-2", None),
        (b"1G2", None),
        (b"g:", None),
    ],
)
def test_a_group_is_read_in_both_its_forms(field: bytes, group: Group | None) -> None:
    assert parse_tag(b"s:66," + field).group == group


@pytest.mark.parametrize("behind", [b"", b"$ARVSI,r003669945,1,120016.3,1234,-95,0*2B"])
def test_a_tag_block_that_opens_a_group_speaks_for_it(behind: bytes) -> None:
    found = Parser().parse(b"\\g:1-2-77,s:66,c:1661782369*00\\" + behind)
    assert found == Tag(b"66", 1_661_782_369_000, Group("77", 1, 2), wrong=True)


@pytest.mark.parametrize("text", [b"c:1565218798*00", b"c:1565218798", b"c:1565218798*A"])
def test_a_wrong_tag_block_is_noted_and_used(text: bytes) -> None:
    tag = parse_tag(text)
    assert tag.wrong
    assert tag.time_ms == 1_565_218_798_000


@pytest.mark.parametrize(
    ("text", "time_ms"),
    [
        ("1565218798", 1_565_218_798_000),
        ("1599239526500", 1_599_239_526_500),
        ("1420030798.25", 1_420_030_798_250),
        ("12415440354", None),
        ("99999999999999", None),
        ("-5", None),
        ("tomorrow", None),
    ],
)
def test_times_are_seconds_or_milliseconds_and_absurd_ones_say_nothing(text: str, time_ms: int | None) -> None:
    assert epoch_ms(text) == time_ms


@pytest.mark.parametrize(
    ("after", "station", "time_ms"),
    [
        (b",b003669794,1272412827", b"b003669794", 1_272_412_827_000),
        (b",d-109,S2105,t050056.00,T56.1,r003669946,1325394060,1325394001", b"r003669946", 1_325_394_060_000),
        (b",1429315200", b"", 1_429_315_200_000),
        (b"'", b"", None),
    ],
)
def test_what_loggers_append_is_read(after: bytes, station: bytes, time_ms: int | None) -> None:
    sentence = parsed(BARE + after)
    assert (sentence.text, sentence.tag.station, sentence.tag.time_ms) == (BARE, station, time_ms)


def test_a_pghp_line_gives_the_time_of_what_follows() -> None:
    found = Parser().parse(b"$PGHP,1,2010,6,11,11,46,11,390,231,45,992190934,1,2B*5B")
    assert found == Timing(1_276_256_771_390, b"992190934")
    assert Parser().parse(b"$PGHP,1,2010,6,11,11,46,11,390,231,45,992190934,1,2B*5C") is None


@given(st.binary(max_size=80))
def test_a_clean_station_can_stand_in_a_tag_block(name: bytes) -> None:
    assert not set(clean_station(name)) & set(b"\\,*\r\n!\x00") - set(b"!")
