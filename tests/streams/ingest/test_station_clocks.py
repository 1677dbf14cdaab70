"""Stations whose clocks are wrong: found by comparison, corrected or refused, and stated in a tick."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core.units import HOUR_MS, MINUTE_MS, MS
from streams.ingest.core import Ingest, SourceKind
from streams.messages.log_records import Record, Sentences, TickRecord
from streams.nmea.encoder import EncodedFix, base_station, position, sentences, tagged
from streams.settings.model import IngestSettings

START_MS = 1_709_510_400_000


def sentence(number: int) -> bytes:
    """A position that no other number has."""
    fix = EncodedFix(lat_deg=60.0 + number / 10_000, lon_deg=5.0, second=number * 10 % 60)
    (line,) = sentences(position(257_000_000 + number % 20, fix))
    return line


def heard(number: int, station: str, ahead_ms: int = 0, every_ms: int = 10 * MS) -> bytes:
    """Transmission ``number`` as a station has it."""
    (line,) = tagged([sentence(number)], START_MS + number * every_ms + ahead_ms, station)
    return line


def played(
    lines: Sequence[bytes], *, station_clock: str = "correct", at_once: int = 0, live_from_ms: int | None = None
) -> tuple[Ingest, list[Record]]:
    """The lines through ingest; ``at_once`` lines a chunk, 0: all."""
    kind = SourceKind(live=live_from_ms is not None, replayed=live_from_ms is None)
    ingest = Ingest("coast", 1, IngestSettings(station_clock=station_clock), source_kind=kind)  # type: ignore[arg-type]
    records: list[Record] = []
    size = at_once or len(lines)
    for begin in range(0, len(lines), size):
        chunk = b"\n".join(lines[begin : begin + size]) + b"\n"
        records += ingest.feed(chunk, (live_from_ms or 0) + begin * 5 * MS)
    return ingest, records + ingest.end()


def statements(records: Sequence[Record]) -> list[dict[str, int]]:
    """What ticks state about wrong clocks, by station in seconds, whenever that changes."""
    found: list[dict[str, int]] = []
    for record in records:
        if isinstance(record, TickRecord) and record.tick.wrong_clocks is not None:
            stated = {clock.station: round(clock.ahead_s) for clock in record.tick.wrong_clocks}
            found += [stated] if stated != (found[-1] if found else {}) else []
    return found


def times_of(records: Sequence[Record], station: bytes) -> list[int]:
    """The times in the log of what a station received."""
    value = b"\n".join(record.value for record in records if isinstance(record, Sentences))
    lines = [line for line in value.split(b"\n") if line.startswith(b"\\s:" + station + b",c:")]
    return [int(line.split(b",c:")[1].split(b"*")[0]) for line in lines]


def three_stations(ahead_ms: int, count: int = 60) -> list[bytes]:
    return [
        line
        for number in range(count)
        for line in (heard(number, "PIER"), heard(number, "HILL"), heard(number, "ISLE", ahead_ms))
    ]


@pytest.mark.parametrize("ahead_ms", [HOUR_MS, -HOUR_MS, 3 * HOUR_MS, -9 * HOUR_MS, 2 * MINUTE_MS, -2 * MINUTE_MS])
def test_the_clock_that_differs_from_two_others_is_wrong(ahead_ms: int) -> None:
    _, records = played(three_stations(ahead_ms))
    assert statements(records) == [{"ISLE": ahead_ms // MS}]
    late = times_of(records, b"ISLE")[-10:]
    assert late == [START_MS + number * 10 * MS for number in range(50, 60)]


def test_sentences_of_a_wrong_clock_are_rejected_if_so_set() -> None:
    ingest, records = played(three_stations(-HOUR_MS), station_clock="reject")
    ticks = [record.tick for record in records if isinstance(record, TickRecord)]
    assert {clock.corrected for tick in ticks for clock in tick.wrong_clocks or ()} == {False}
    assert ingest.counts.rejected["station_clock"] >= 40  # type: ignore[index]
    counts = ingest.counts
    assert counts.sentences == counts.messages + counts.rejected_all


def test_stations_that_agree_are_left_alone() -> None:
    _, records = played(three_stations(3 * MS))
    assert statements(records) == []


def test_a_feed_that_is_only_late_is_not_a_wrong_clock() -> None:
    """The satellite passes on what it heard an hour ago, with the right times."""
    lines = [heard(n, "PIER") for n in range(720)]
    for n in range(360):
        lines.insert(2 * n + 361, heard(n, "SATELLITE"))
    _, records = played(lines)
    assert statements(records) == []


def test_base_stations_tell_which_of_two_clocks_is_right() -> None:
    lines = []
    for number in range(60):
        lines += [heard(number, "PIER", HOUR_MS), heard(number, "HILL")]
        if number % 5 == 0:
            at = (2024, 3, 4, 0, number * 10 // 60, number * 10 % 60)
            base = sentences(base_station(2_570_000 + number % 2, EncodedFix(lat_deg=60.0, lon_deg=5.0), at))
            lines += tagged(base, START_MS + number * 10 * MS, "HILL")
        lines += [heard(1000 + 3 * number + k, "PIER", HOUR_MS, 0) for k in range(3)]  # the busier one
    _, records = played(lines)
    assert statements(records)[-1] == {"PIER": 3600}


def test_base_stations_alone_show_a_wrong_clock() -> None:
    lines = []
    for number in range(40):
        at = (2024, 3, 4, 0, number // 60, number % 60)
        base = sentences(base_station(2_570_000 + number % 3, EncodedFix(lat_deg=60.0, lon_deg=5.0), at))
        lines += tagged(base, START_MS + number * MS + HOUR_MS, "HILL")
    _, records = played(lines)
    assert statements(records) == [{"HILL": 3600}]


def test_the_wall_clock_decides_for_a_live_source() -> None:
    lines = [line for n in range(60) for line in (heard(n, "PIER", -HOUR_MS), heard(n, "HILL"))]
    _, records = played(lines, at_once=2, live_from_ms=START_MS)
    assert statements(records) == [{"PIER": -3600}]


def test_a_clock_that_is_set_right_is_reported() -> None:
    lines = three_stations(HOUR_MS) + [
        line
        for number in range(60, 120)
        for line in (heard(number, "PIER"), heard(number, "HILL"), heard(number, "ISLE"))
    ]
    _, records = played(lines)
    assert statements(records) == [{"ISLE": 3600}, {}]
    assert times_of(records, b"ISLE")[-1] == START_MS + 119 * 10 * MS


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 90), st.sampled_from([HOUR_MS, -HOUR_MS, 90 * MS]))
def test_the_log_does_not_depend_on_how_the_input_is_cut(at_once: int, ahead_ms: int) -> None:
    lines = three_stations(ahead_ms, 40)
    whole, cut = played(lines)[1], played(lines, at_once=at_once)[1]

    def log(records: Sequence[Record]) -> tuple[bytes, list[object]]:
        value = b"\n".join(record.value for record in records if isinstance(record, Sentences))
        return value, [record.tick for record in records if isinstance(record, TickRecord)]

    assert log(whole) == log(cut)


def based(number: int, station: str, base: int, ahead_ms: int = 0, wrong_ms: int = 0) -> bytes:
    """Message ``number`` of a base station, whose clock is ``wrong_ms`` ahead, as a station has it."""
    at = datetime.fromtimestamp((START_MS + number * 10 * MS + wrong_ms) / MS, UTC)
    date = (at.year, at.month, at.day, at.hour, at.minute, at.second)
    bits = base_station(2_570_000 + base, EncodedFix(lat_deg=60.0, lon_deg=5.0), date)
    (line,) = tagged(sentences(bits), START_MS + number * 10 * MS + ahead_ms, station)
    return line


def test_one_wrong_base_station_does_not_make_a_station_wrong() -> None:
    lines = [based(0, "PIER", 1)] + [based(n, "PIER", 2, wrong_ms=-HOUR_MS) for n in range(1, 40)]
    assert statements(played(lines)[1]) == []


def test_a_forged_base_station_does_not_outweigh_the_wall_clock() -> None:
    lines = [based(0, "EVIL", 7, -HOUR_MS, -HOUR_MS)]
    lines += [line for n in range(1, 60) for line in (heard(n, "PIER"), heard(n, "EVIL", -HOUR_MS))]
    assert statements(played(lines, at_once=2, live_from_ms=START_MS)[1]) == [{"EVIL": -3600}]


def test_another_wrong_station_does_not_change_a_correction() -> None:
    lines = []
    for number in range(200):
        lines += [heard(number, "PIER"), heard(number, "DOCK"), heard(number, "HILL", HOUR_MS)]
        if number > 60:  # what PIER does not hear
            lines += [heard(1000 + number, "HILL", HOUR_MS), heard(1000 + number, "XRAY", -2 * HOUR_MS)]
    assert statements(played(lines)[1])[-1] == {"HILL": 3600, "XRAY": -7200}


def test_a_live_station_that_is_set_right_while_it_is_alone_is_not_corrected_any_longer() -> None:
    lines = [line for n in range(60) for line in (heard(n, "PIER"), heard(n, "HILL", HOUR_MS))]
    lines += [line for n in range(60, 120) for line in (heard(n, "HILL"),) * 2]
    _, records = played(lines, at_once=2, live_from_ms=START_MS)
    assert statements(records) == [{"HILL": 3600}, {}]


def test_a_correction_that_nothing_confirms_any_longer_ends() -> None:
    lines = three_stations(HOUR_MS) + [heard(n, "ISLE") for n in range(60, 60 + 8 * 360)]
    assert statements(played(lines)[1]) == [{"ISLE": 3600}, {}]


def test_after_an_hour_of_comparison_all_other_clocks_are_stated_to_be_right() -> None:
    """So that an alert from before a restart closes."""
    _, records = played(three_stations(0, 60 * 7), at_once=3, live_from_ms=START_MS)
    ticks = [record.tick for record in records if isinstance(record, TickRecord)]
    assert [tick.wrong_clocks for tick in ticks if tick.clocks_compared] == [()]


def test_an_equal_payload_hours_later_is_another_transmission_of_a_live_source() -> None:
    first = [line for n in range(30) for line in (heard(n, "PIER"),)]
    later = [heard(n, "HILL", 5 * HOUR_MS) for n in range(30)]
    ingest = Ingest("coast", 1, source_kind=SourceKind(live=True))
    records: list[Record] = []
    for number, line in enumerate(first + later):
        wall_ms = START_MS + number % 30 * 10 * MS + (5 * HOUR_MS if number >= 30 else 0)
        records += ingest.feed(line + b"\n", wall_ms) + ingest.clock(wall_ms)
    assert statements(records) == []


def test_a_recording_that_another_station_sends_again_does_not_make_a_clock_wrong() -> None:
    """The same messages come again every 1,507 s, with the time of then."""
    lines = []
    for copy in range(6):
        for number in range(120):
            (line,) = tagged([sentence(number)], START_MS + copy * 1_507_000 + number * 12_345, "AB"[copy % 2])
            lines.append(line)
    assert statements(played(lines)[1]) == []


def test_base_stations_of_another_year_do_not_make_a_clock_wrong() -> None:
    """A recording that was given other times: its base stations state when it was made."""
    lines = [based(number, "HILL", number % 3, wrong_ms=-3 * 365 * 24 * HOUR_MS) for number in range(200)]
    assert statements(played(lines)[1]) == []
