"""A recording beside a live feed: each alert is replayed when what it follows from is, and only then."""

from collections.abc import Iterator

import msgspec
import numpy as np
import pytest

from detectors.core.alert import Alert
from detectors.core.engine.engine import Engine
from detectors.core.reports import Batch
from detectors.core.sources import SOURCES_MOST, SourceTable
from detectors.core.testing import Report, Story, beside, engine, log, revive, voyage
from detectors.core.ticked_source import TickedSource
from detectors.core.ticks import FeedRules, Tick

HOUR = 3600.0
LIVE, TAPED = 667_001_001, 667_001_003
"""Listed vessels: one is heard by a live source, the other in a recording."""
RECORDINGS = {"live": False, "tape": True}


def of(source: str, story: Story) -> Story:
    return [msgspec.structs.replace(said, source=source) for said in story]


def peers(source: str, first: int, lat_deg: float, hours: float) -> list[Story]:
    times = np.arange(10, hours * HOUR, 60.0)
    return [of(source, voyage(first + n, times, (lat_deg + 0.02 * n, 128.0))) for n in range(8)]


def story(hours: float = 8) -> Story:
    """Both listed vessels fall silent after four hours among eight others, and are heard again after seven."""
    away = [t for t in np.arange(5, hours * HOUR, 60.0) if not 4 * HOUR < t < 7 * HOUR]
    return beside(
        of("live", voyage(LIVE, away, (34.0, 128.0))),
        of("tape", voyage(TAPED, away, (44.0, 128.0))),
        *peers("live", 205_000_000, 34.0, hours),
        *peers("tape", 206_000_000, 44.0, hours),
    )


def records(told: Story, order: tuple[str, str], *, batch: int = 50) -> Iterator[Batch | Tick]:
    """The log of both sources: every tick is one of each, in this order."""
    for item in log(told, batch=batch, tick_s=10.0):
        if isinstance(item, Tick):
            yield from (msgspec.structs.replace(item, source=name, replayed=RECORDINGS[name]) for name in order)
        else:
            yield item


def played(told: Story, order: tuple[str, str], *, restart_every: int = 0, batch: int = 50) -> list[Alert]:
    playing: Engine = engine()
    found: list[Alert] = []
    for number, item in enumerate(records(told, order, batch=batch)):
        if isinstance(item, Batch):
            playing.sources.mark(item.source, replayed=RECORDINGS[item.source])
            found += [emitted.alert for emitted in playing.apply(item)]
        else:
            found += [emitted.alert for emitted in playing.tick(item)]
        if restart_every and number % restart_every == 0:
            playing = revive(playing)
    return found


@pytest.mark.parametrize("order", [("live", "tape"), ("tape", "live")])
def test_a_live_page_is_live_whichever_source_ticked_last(order: tuple[str, str]) -> None:
    found = played(story(), order)
    assert {alert.detector for alert in found if alert.mmsi == LIVE} >= {"gap", "watchlist"}
    assert {(alert.mmsi, alert.replayed) for alert in found} == {(LIVE, False), (TAPED, True)}
    assert {alert.severity for alert in found if not alert.replayed} >= {"page"}


def test_neither_batches_nor_restarts_change_it() -> None:
    told = story()
    undisturbed = played(told, ("live", "tape"))
    assert played(told, ("live", "tape"), restart_every=50, batch=7) == undisturbed


def test_an_outage_is_that_of_its_source() -> None:
    playing = engine()
    first = Tick(source="", from_ms=0, to_ms=1, heard_ms=1, spacing_s=1.0)
    hole = Tick(source="", from_ms=1, to_ms=10**7, heard_ms=1, spacing_s=1.0)
    for tick in (first, hole):
        for name, recorded in RECORDINGS.items():
            found = playing.tick(msgspec.structs.replace(tick, source=name, replayed=recorded))
            assert {emitted.alert.replayed for emitted in found} == ({recorded} if tick is hole else set())


def test_a_vessel_that_both_hear_is_judged_by_the_report_and_a_silence_of_it_is_live() -> None:
    table = SourceTable(FeedRules())
    live, tape = (1 << table.mark(name, replayed=recorded) for name, recorded in RECORDINGS.items())
    assert [table.are_replayed(mask) for mask in (live, tape, live | tape, 0)] == [False, True, False, False]


def test_what_began_live_is_told_to_its_end() -> None:
    first, then = story(), 8 * HOUR
    told = [said for said in first if said.mmsi != LIVE or said.at_s < 4 * HOUR]
    told += of("tape", [Report(at_s=then, mmsi=LIVE, lat_deg=34.5, lon_deg=128.0)])
    gap = [a for a in played(told, ("live", "tape")) if a.detector == "gap" and a.mmsi == LIVE]
    assert [alert.status for alert in gap][-1] == "closed"
    assert not any(alert.replayed for alert in gap)


def test_bindings_are_those_of_their_source() -> None:
    playing = engine()
    statics = [
        Report(
            at_s=60.0 * n,
            mmsi=LIVE + n % 2 * 2,
            type=5,
            imo=(9_074_729, 9_161_003)[n % 2],
            name="X",
            source="tape" if n % 2 else "live",
        )
        for n in range(10)
    ]
    for item in records(statics, ("live", "tape"), batch=1):
        if isinstance(item, Batch):
            playing.sources.mark(item.source, replayed=RECORDINGS[item.source])
            playing.apply(item)
        else:
            playing.tick(item)
    assert {(told.source, told.replayed) for told in playing.drain_bindings()} == {("live", False), ("tape", True)}


def test_a_snapshot_from_before_holds_for_all_its_sources() -> None:
    table = SourceTable(FeedRules())
    table.restore([TickedSource(name="a"), TickedSource(name="b", replayed=False)], replayed=True)
    assert [source.replayed for source in table.sources] == [True, False]


def test_past_the_most_sources_one_live_source_decides_for_those_that_share_a_number() -> None:
    table = SourceTable(FeedRules())
    for number in range(SOURCES_MOST):
        table.mark(f"s{number}", replayed=True)
    last = table.mark("one more", replayed=False)
    assert table.mark("another", replayed=True) == last == SOURCES_MOST - 1
    assert not table.are_replayed(1 << last)
