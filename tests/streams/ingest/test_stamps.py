"""Times beside sentences and in cells: every form is the same moment, and what is doubtful is none."""

import pytest

from streams.errors import ConfigError
from streams.ingest.core import Ingest, SourceKind
from streams.ingest.framing import units
from streams.ingest.line_affixes import BareNumberTimes, affixes, doubt_in
from streams.ingest.stamps import StampError, StampRules, doubt, read_ms
from streams.messages.log_records import Sentences
from streams.nmea.epochs import epoch_ms

T_MS = 1_709_510_405_000  # 2024-03-04T00:00:05Z
BARE = b"!AIVDM,1,1,,A,133sVfPP00PD>hRMDH@jNOvN20S8,0*7F"
UTC = StampRules()


@pytest.mark.parametrize(
    "cell",
    [
        "1709510405",
        "1709510405.0",
        "1709510405000",
        "1709510405000000",
        "1709510405000000000",
        "20240304000005",
        "2024-03-04T00:00:05Z",
        "2024-03-04 00:00:05",
        "2024-03-04 00:00:05 GMT",
        "2024-03-04T01:00:05+01:00",
        "2024/03/04 00:00:05",
        "20240304T000005Z",
        "04.03.2024 00:00:05",
        "4 Mar 2024 00:00:05",
        "2024-03-04 01:00:05 +0100 (CET)",
        "2024-03-04 01:00:05 UTC+1",
        "2024-03-03 18:30:05 GMT-0530",
        "Mar 4 2024 01:00:05 GMT+0100 (Central European Standard Time)",
        "2024-03-04 01:00:05 Europe/Oslo",
    ],
)
def test_a_cell_says_the_moment_in_any_form(cell: str) -> None:
    assert read_ms(cell, UTC) == T_MS


def test_twelve_digits_are_milliseconds_before_september_2001() -> None:
    assert epoch_ms("946684800000") == 946_684_800_000


def test_a_date_in_numbers_needs_an_order() -> None:
    with pytest.raises(StampError, match="--dates dmy or --dates mdy"):
        read_ms("3/10/2024 6:00:00", UTC)
    october, march = (read_ms("3/10/2024 6:00:00 PM", StampRules(dates=order)) for order in ("dmy", "mdy"))
    assert (october, march) == (read_ms("2024-10-03 18:00", UTC), read_ms("2024-03-10 18:00", UTC))


def test_a_time_without_a_zone_is_read_by_the_one_that_is_given() -> None:
    oslo = StampRules(zone="Europe/Oslo")
    assert read_ms("2024-03-04 01:00:05", oslo) == T_MS
    assert read_ms("2024-07-04 02:00:05", oslo) == read_ms("2024-07-04T00:00:05Z", UTC)
    with pytest.raises(ConfigError, match="Mars/Base"):
        StampRules(zone="Mars/Base")


@pytest.mark.parametrize(
    "cell", ["", "tomorrow", "2024-13-01 00:00:00", "25:00:00", "99999999999999", "31/31/2024 1:00"]
)
def test_a_cell_that_is_no_time_is_refused(cell: str) -> None:
    with pytest.raises(StampError):
        read_ms(cell, StampRules(dates="dmy"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"2024-03-04T00:00:05.000Z ", b""),
        (b"[2024-03-04 00:00:05,000] ", b""),
        (b'2024-03-04T00:00:05.000Z,AIS,"UDP port:6039","', b'"'),
        (b"<13>1 2024-03-04T00:00:05Z host ais - - - ", b""),
        (b"Mon Mar  4 00:00:05 UTC 2024 ", b""),
        (b"1709510405 ", b""),
        (b"(1709510405.000000) ", b""),
        (b"1709510405000000000;", b""),
        (b"", b" ( MSG: 3, REPEAT: 0, MMSI: 230907000, signalpower: -44.0, ppm: 0, timestamp: 20240304000005)"),
        (b"", b",r003669946,1709510405"),
        (b"", b",1709510405"),
        (b"", b"\t2024-03-04T00:00:05Z"),
    ],
)
def test_what_stands_beside_a_sentence_gives_its_time(before: bytes, after: bytes) -> None:
    assert affixes(before, after, UTC).time_ms == T_MS


@pytest.mark.parametrize(
    "time",
    [
        "2024-03-04 10:00:00 EST",
        "2024-03-04 10:00:00 (CET)",
        "2024-03-04 10:00:00.250 MSK",
        "2024-03-04T10:00:00BST",
        "4 Mar 2024 10:00:00 AM EST",
        "Mon Mar  4 10:00:00 EST 2024",
        "20240304T100000 CEST",
        "2024-03-04 10:00:00 Europe/Nowhere",
    ],
)
def test_a_time_in_a_zone_that_letters_do_not_settle_is_refused_with_a_reason(time: str) -> None:
    rules = StampRules(near_ms=T_MS)
    assert affixes(f"{time} ".encode(), b"", rules).time_ms is None
    assert affixes(b"", f" {time}".encode(), rules).time_ms is None
    assert "which is not a known zone: name it, such as --time-zone America/New_York" in doubt(time.encode(), rules)
    if not time.startswith("Mon"):
        with pytest.raises(StampError, match="which is not a known zone"):
            read_ms(time, rules)


@pytest.mark.parametrize("zone", ["EST", "(EST)", "America/New_York"])
def test_letters_are_read_where_the_zone_that_is_given_uses_them(zone: str) -> None:
    rules = StampRules(zone="America/New_York")
    assert read_ms(f"2024-03-03 19:00:05 {zone}", rules) == T_MS
    with pytest.raises(StampError, match="is in EDT"):
        read_ms("2024-03-03 19:00:05 EDT", rules)
    twice = [read_ms(f"2024-11-03 01:30:00 {letters}", rules) for letters in ("EDT", "EST")]
    assert twice[1] - twice[0] == 3_600_000


@pytest.mark.parametrize(
    "between",
    [" PIER ", " ", " est-gw ais: ", " ESTONIA ", " -33.9 18.4 ", " +60.1,24.9 ", " (pier) ", " Zulu ", " GMTX "],
)
def test_other_words_after_a_time_are_no_zone(between: str) -> None:
    assert affixes(f"2024-03-04 00:00:05{between}".encode(), b"", UTC).time_ms == T_MS


def test_an_offset_that_no_zone_has_is_no_time() -> None:
    with pytest.raises(StampError, match="is not a time"):
        read_ms("2024-03-04 00:00:05 +33:00", UTC)


def test_syslog_lines_get_the_year_that_is_near() -> None:
    line = b"Mar  4 00:00:05 host ais[12]: "
    assert affixes(line, b"", UTC).time_ms is None
    assert affixes(line, b"", StampRules(near_ms=T_MS - 5000)).time_ms == T_MS


def test_a_small_number_beside_a_sentence_is_no_time() -> None:
    assert affixes(b"", b",100800000", UTC) == (b"", None, True)


def test_a_live_feed_with_a_count_of_samples_never_takes_it_for_time() -> None:
    """48,000 a second for a night: after 35 minutes the count has nine digits, after six hours it could be 2001."""
    judge, now_ms = BareNumberTimes(live=True), T_MS
    for second in range(0, 12 * 3600, 3):
        found = affixes(b"", b",%d" % (48_000 * second), UTC)
        assert judge.time_ms(found.time_ms, now_ms + second * 1000) is None


def test_a_live_feed_with_epochs_keeps_them_over_damage() -> None:
    judge = BareNumberTimes(live=True)
    said = [judge.time_ms(T_MS + n * 1000 if n % 10 else None, T_MS + n * 1000) for n in range(1, 200)]
    assert said.count(None) < 30


@pytest.mark.parametrize("cut", [17, 1 << 20])
def test_a_recording_with_a_count_of_samples_has_no_times(cut: int) -> None:
    data = b"\n".join(BARE + b",%d" % (48_000 * n) for n in range(1, 5000)) + b"\n"
    ingest = Ingest("rtl", 1, source_kind=SourceKind(replayed=True, batch=100))
    for at in range(0, len(data), cut):
        ingest.feed(data[at : at + cut])
    ingest.end()
    assert ingest.untimed
    assert ingest.counts.messages == 4999


@pytest.mark.parametrize(
    "line",
    [
        b'{"class":"AIS","rxuxtime":1709510405.0,"nmea":["%b"]}' % BARE,
        b'{"rxtime":"20240304000005","nmea":["%b"],"mmsi":205344990}' % BARE,
        b'{"timestamp":"2024-03-04T00:00:05Z","raw":"%b"}' % BARE,
        b"\\c:1709510405000000*00\\" + BARE,
    ],
)
def test_a_line_of_json_and_a_tag_block_in_microseconds_are_read(line: bytes) -> None:
    ingest = Ingest("x", 1)
    records = ingest.feed(line + b"\n") + ingest.end()
    assert [record.event_from_ms for record in records if isinstance(record, Sentences)] == [T_MS]


def test_json_that_is_no_receivers_is_left_alone() -> None:
    for line in (b'{"a":1}', b'{"nmea":', b"{", b'{"nmea":5}', b'{"nmea":["\xff!"]}', b"[1]"):
        assert units(line) == [line]


@pytest.mark.parametrize(
    "opening",
    [
        b"# made by a logger that says a lot about itself, more than sixty-four letters of it\n2024-03-04 10:00:00 EST "
        + BARE,
        BARE + b" 2024-03-04 10:00:00 EST\n" + BARE,
        BARE + b"\n2024-03-04 10:00:00 EST " + BARE,
    ],
)
def test_the_doubt_about_a_time_is_found_on_any_of_the_first_lines(opening: bytes) -> None:
    assert doubt_in(opening, UTC).startswith("'2024-03-04 10:00:00 EST' is in EST")


def test_times_that_are_read_are_not_in_doubt() -> None:
    assert not doubt_in(b"2024-03-04 10:00:00 " + BARE + b"\nno time at all\n" + BARE, UTC)
