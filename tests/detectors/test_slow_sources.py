"""Sources of different delay in one log: whose time a vessel goes by, and for which slots reports count."""

from __future__ import annotations

import numpy as np

from detectors.core.coverage.reception_columns import ReceptionColumns
from detectors.core.coverage.reception_state import NOTED
from detectors.core.coverage.slots import SlotRecorder
from detectors.core.coverage.vessel_statistics import VESSEL
from detectors.core.reports import REPORT, STATIC, Batch
from detectors.core.sources import SourceTable
from detectors.core.testing import engine
from detectors.core.ticks import FeedRules, Tick
from detectors.core.units import HOUR_MS, MINUTE_MS

START_MS = 1_709_510_400_000
LATE_MS = 30_000
FAST, SLOW, OTHER = 1, 2, 4


def tick(source: str, to_ms: int, *, heard_ms: int | None = None, **more: object) -> Tick:
    return Tick(
        source=source,
        from_ms=START_MS,
        to_ms=to_ms,
        heard_ms=to_ms if heard_ms is None else heard_ms,
        spacing_s=1.0,
        **more,  # type: ignore[arg-type]
    )


def table(*ticks: Tick) -> SourceTable:
    made = SourceTable(FeedRules())
    for source in dict.fromkeys(each.source for each in ticks):
        made.apply(tick(source, START_MS + MINUTE_MS))
    for each in ticks:
        made.apply(each)
    return made


def test_a_vessel_of_two_sources_waits_for_the_slower_one() -> None:
    sources = table(tick("pier", START_MS + 3 * HOUR_MS), tick("satellite", START_MS + 2 * HOUR_MS))
    assert sources.clock_of(FAST) == START_MS + 3 * HOUR_MS - LATE_MS
    assert sources.clock_of(FAST | SLOW) == START_MS + 2 * HOUR_MS - LATE_MS
    masks = np.array([FAST, SLOW, FAST | SLOW], np.uint64)
    assert sources.clocks(masks).tolist() == [sources.clock_of(int(mask)) for mask in masks]


def test_a_quiet_source_that_reports_nothing_heard_is_not_slow() -> None:
    quiet = tick("hill", START_MS + 3 * HOUR_MS, heard_ms=START_MS + 3 * HOUR_MS - 50_000)
    sources = table(tick("pier", START_MS + 3 * HOUR_MS), quiet)
    assert sources.clock_of(FAST | SLOW) == START_MS + 3 * HOUR_MS - LATE_MS
    assert sources.sources[1].behind_ms == 0


def test_a_source_that_is_down_or_over_is_not_waited_for() -> None:
    down = tick("satellite", START_MS + 3 * HOUR_MS, heard_ms=START_MS + HOUR_MS)
    over = tick("recording", START_MS + HOUR_MS, state="ended")
    sources = table(tick("pier", START_MS + 3 * HOUR_MS), down, over)
    assert sources.clock_of(FAST | SLOW | OTHER) == START_MS + 3 * HOUR_MS - LATE_MS


def test_a_recording_never_holds_back_a_live_source() -> None:
    recorded = tick("recording", START_MS + HOUR_MS, replayed=True)
    sources = table(tick("pier", START_MS + 3 * HOUR_MS), recorded)
    assert sources.clock_of(FAST | SLOW) == START_MS + 3 * HOUR_MS - LATE_MS
    assert sources.clock_of(SLOW) == START_MS + HOUR_MS - LATE_MS


def test_a_source_further_behind_than_the_bound_is_not_waited_for() -> None:
    sources = table(tick("pier", START_MS + 9 * HOUR_MS), tick("archive", START_MS + 2 * HOUR_MS))
    assert sources.clock_of(FAST | SLOW) == START_MS + 9 * HOUR_MS - LATE_MS
    assert sources.sources[1].behind_ms == 0


def test_a_delay_is_counted_in_slots_and_small_changes_are_ignored() -> None:
    sources = table(tick("pier", START_MS + 2 * HOUR_MS), tick("satellite", START_MS + HOUR_MS - MINUTE_MS))
    assert sources.sources[1].behind_ms == HOUR_MS
    sources.apply(tick("satellite", START_MS + HOUR_MS + 2 * MINUTE_MS))
    assert sources.sources[1].behind_ms == HOUR_MS
    sources.apply(tick("satellite", START_MS + 2 * HOUR_MS - MINUTE_MS))
    assert sources.sources[1].behind_ms == 0


def test_a_source_out_of_order_holds_back_its_clock_and_the_slots() -> None:
    sources = table(tick("pier", START_MS + HOUR_MS), tick("hub", START_MS + HOUR_MS, lateness_s=600.0))
    assert sources.clock_of(SLOW) == START_MS + HOUR_MS - 10 * MINUTE_MS
    assert sources.slots_ms == START_MS + HOUR_MS - 10 * MINUTE_MS
    assert sources.lateness_ms == 10 * MINUTE_MS
    assert sources.clock_of(FAST) == START_MS + HOUR_MS - LATE_MS


def test_an_unrelated_source_changes_nothing_about_a_vessel_whose_source_falls_behind() -> None:
    ticks = [tick("hub", START_MS + n * HOUR_MS, lateness_s=None if n < 3 else 1800.0) for n in range(1, 4)]
    alone, beside = table(*ticks), table(*ticks, tick("pier", START_MS + 3 * HOUR_MS))
    assert alone.clocks(np.array([FAST], np.uint64)).tolist() == beside.clocks(np.array([FAST], np.uint64)).tolist()


def test_a_recording_that_began_first_does_not_tell_the_time_once_a_live_source_is_heard() -> None:
    recorded = tick("recording", START_MS + 20 * HOUR_MS, replayed=True, lateness_s=1800.0)
    sources = table(recorded, tick("pier", START_MS + HOUR_MS))
    assert sources.clock_ms == sources.slots_ms == START_MS + HOUR_MS - LATE_MS
    assert sources.lateness_ms == LATE_MS


def reports(time_ms: int, *mmsis: int) -> Batch:
    made = np.zeros(len(mmsis), REPORT)
    made["time_ms"], made["mmsi"], made["type"], made["static"], made["status"] = time_ms, mmsis, 1, -1, -1
    made["lat_deg"], made["lon_deg"], made["sog_kn"] = 60.0, 5.0, 10.0
    return Batch("x", made, np.zeros(0, STATIC), b"x")


def recorder(size: int) -> tuple[SlotRecorder, ReceptionColumns]:
    columns = ReceptionColumns((*VESSEL, *NOTED))
    columns.grow(size)
    return SlotRecorder(LATE_MS), columns


def test_no_slot_is_over_because_of_what_a_slow_source_reports() -> None:
    heard, columns = recorder(3)
    rows, last_ms = np.arange(2), np.zeros(2, np.int64)
    heard.take(columns, rows, reports(START_MS + 2 * HOUR_MS, 1, 2))
    front_ms = heard.front_ms
    early = reports(START_MS + HOUR_MS + 19 * MINUTE_MS, 3)
    heard.take_slow(columns, np.array([2]), early, HOUR_MS, last_ms[:1])
    assert heard.front_ms == front_ms
    assert columns.behind.tolist() == [0, 0, 12]


def test_a_late_copy_does_not_change_for_which_slots_a_vessel_was_heard() -> None:
    made = engine()
    made.tick(tick("pier", START_MS + 2 * HOUR_MS))
    made.tick(tick("satellite", START_MS + HOUR_MS))
    made.apply(reports(START_MS + HOUR_MS, 257_000_001)._replace(source="satellite"))
    columns = made.reception.vessel_columns
    assert columns.behind[0] == 12
    made.apply(reports(START_MS + 30 * MINUTE_MS, 257_000_001)._replace(source="pier"))
    assert columns.behind[0] == 12
    made.apply(reports(START_MS + 2 * HOUR_MS, 257_000_001)._replace(source="pier"))
    assert columns.behind[0] == 0
