"""How far out of order a source's messages arrive, learned from them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.source_changes import Outage
from detectors.core.sources import SourceTable
from detectors.core.ticks import FeedRules, Tick
from detectors.core.units import HOUR_MS, MS
from streams.ingest.arrival_order import ArrivalOrder
from streams.ingest.core import Ingest, SourceKind
from streams.messages.log_records import TickRecord
from streams.nmea.encoder import EncodedFix, position, sentences, tagged

LEAST_MS, MOST_MS = 30 * MS, 1800 * MS
NOW_MS = 1_709_510_400_000


def tagged_position(mmsi: int, time_ms: int) -> bytes:
    """A position with a tag block that has ``time_ms``."""
    (line,) = tagged(sentences(position(mmsi, EncodedFix(lat_deg=60.0, lon_deg=5.0))), time_ms, "HILL")
    return line


def test_a_feed_in_order_keeps_the_least_lateness() -> None:
    order = ArrivalOrder(FeedRules())
    order.note_many(np.zeros(1000, np.int64))
    assert order.tick(0) == LEAST_MS


def test_the_lateness_follows_most_of_the_messages() -> None:
    order = ArrivalOrder(FeedRules())
    order.note_many(np.linspace(0, 600 * MS, 10_000).astype(np.int64))
    assert order.tick(0) == 600 * MS


def test_a_few_late_copies_do_not_raise_it() -> None:
    order = ArrivalOrder(FeedRules())
    order.note_many(np.zeros(9_700, np.int64))
    order.note_many(np.full(300, 400 * MS))
    assert order.tick(0) == LEAST_MS


def test_what_is_later_than_the_bound_is_not_waited_for() -> None:
    order = ArrivalOrder(FeedRules())
    order.note_many(np.full(500, 40 * MS))
    order.note_many(np.full(5_000, 2 * HOUR_MS))
    assert order.tick(0) == 45 * MS


def test_a_few_messages_show_nothing() -> None:
    order = ArrivalOrder(FeedRules())
    for _ in range(10):
        order.note(300 * MS)
    assert order.tick(0) == LEAST_MS


def test_it_falls_again_when_the_feed_is_in_order() -> None:
    order = ArrivalOrder(FeedRules())
    order.note_many(np.full(1000, 300 * MS))
    assert order.tick(0) == 300 * MS
    for hour in range(1, 12):
        order.note_many(np.zeros(1000, np.int64))
        order.tick(hour * HOUR_MS)
    assert order.lateness_ms == LEAST_MS


@given(st.lists(st.integers(0, 3 * HOUR_MS), max_size=300), st.integers(1, 40))
def test_one_by_one_or_many_at_once_gives_the_same(lags_ms: list[int], at_once: int) -> None:
    single, many = ArrivalOrder(FeedRules()), ArrivalOrder(FeedRules())
    for lag_ms in lags_ms:
        single.note(lag_ms)
    for begin in range(0, len(lags_ms), at_once):
        many.note_many(np.array(lags_ms[begin : begin + at_once], np.int64))
    assert single.tick(0) == many.tick(0)
    assert LEAST_MS <= many.lateness_ms <= MOST_MS


def _shuffled(hours: int, block_ms: int) -> list[bytes]:
    """Ten vessels, each every 30 s, in blocks of ``block_ms`` whose lines are in no order."""
    draw = np.random.default_rng(5)
    times_ms = 1_709_510_400_000 + np.arange(hours * 120 * 10) * 3_000
    keys = times_ms // block_ms + draw.random(len(times_ms))
    return [tagged_position(257_000_000 + int(n) % 10, int(times_ms[n])) for n in np.argsort(keys)]


def _ticks(ingest: Ingest, lines: list[bytes]) -> list[Tick]:
    records = ingest.feed(b"\n".join(lines) + b"\n") + ingest.end()
    return [record.tick for record in records if isinstance(record, TickRecord)]


def test_a_recording_out_of_order_is_known_before_its_first_tick() -> None:
    ticks = _ticks(Ingest("hill", 1, source_kind=SourceKind(replayed=True)), _shuffled(3, 600 * MS))
    assert 300 <= (ticks[0].lateness_s or 0) <= 600
    assert not _outages(ticks)


def _outages(ticks: list[Tick]) -> list[Outage]:
    table = SourceTable(FeedRules())
    return [outage for tick in ticks for outage in table.apply(tick)]


def test_a_recording_in_order_states_no_lateness() -> None:
    lines = sorted(_shuffled(1, 1), key=lambda line: line[:40])
    assert {tick.lateness_s for tick in _ticks(Ingest("hill", 1, source_kind=SourceKind()), lines)} == {None}


def test_lines_one_by_one_give_the_same_ticks() -> None:
    lines = _shuffled(4, 600 * MS)
    kind = SourceKind(replayed=True)
    assert _ticks(Ingest("hill", 1, source_kind=kind, bulk_bytes=None), lines) == _ticks(
        Ingest("hill", 1, source_kind=kind), lines
    )


def test_a_live_source_out_of_order_is_not_down_while_its_lines_arrive() -> None:
    """Before anything is learned, event time stands still for minutes while older lines come."""
    ingest, begin_ms = Ingest("hill", 1, source_kind=SourceKind(live=True)), 1_709_510_400_000
    ticks: list[Tick] = []
    for second in range(300):
        time_ms = begin_ms - second * MS  # each a second older than the one before
        records = ingest.feed(tagged_position(257_000_000 + second % 5, time_ms) + b"\n", begin_ms + second * MS)
        records += ingest.clock(begin_ms + second * MS)
        ticks += [record.tick for record in records if isinstance(record, TickRecord)]
    assert ticks
    assert not _outages(ticks)
    for second in range(300, 1200):  # and then nothing comes: it is down
        records = ingest.clock(begin_ms + second * MS)
        ticks += [record.tick for record in records if isinstance(record, TickRecord)]
    assert [outage.kind for outage in _outages(ticks)] == ["began", "lasts"]


def _an_hour_late(silent_s: int, until_s: int) -> tuple[SourceTable, list[Outage]]:
    """A live source that sends nothing at first, and then every five seconds what was transmitted an hour ago."""
    ingest, table, found = Ingest("satellite", 1, source_kind=SourceKind(live=True)), SourceTable(FeedRules()), []
    for second in range(0, until_s, 5):
        wall_ms = NOW_MS + second * MS
        records = ingest.clock(wall_ms)
        if second >= silent_s:
            records += ingest.feed(tagged_position(257_000_000 + second % 7, wall_ms - HOUR_MS) + b"\n", wall_ms)
        for record in records:
            found += table.apply(record.tick) if isinstance(record, TickRecord) else []
    assert ingest.counts.rejected == {}
    return table, found


def test_a_live_source_that_is_hours_late_has_its_own_time_from_its_first_line() -> None:
    """It was silent at first, so that its time was the wall clock's: then it goes back."""
    table, found = _an_hour_late(20, 3600)
    assert found == []
    assert abs(NOW_MS + 3595 * MS - HOUR_MS - table.sources[0].heard_ms) <= 10 * MS


def test_a_live_source_that_was_down_from_its_start_is_heard_again_in_its_own_time() -> None:
    table, found = _an_hour_late(1000, 1800)
    assert [outage.kind for outage in found] == ["began", "lasts", "ended"]
    assert [outage.time_ms for outage in found] == sorted(outage.time_ms for outage in found)
    assert table.sources[0].watermark_ms < NOW_MS


def test_a_time_that_the_clock_will_refuse_shows_nothing_about_the_order() -> None:
    order = ArrivalOrder(FeedRules())
    order.prime([NOW_MS, NOW_MS + 10 * MS, NOW_MS + 1500 * MS, *(NOW_MS + n * 10 * MS for n in range(2, 200))])
    assert order.lateness_ms == LEAST_MS
