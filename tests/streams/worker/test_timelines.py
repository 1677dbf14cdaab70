"""Recordings beside live sources: each has its own time, in one partition and one snapshot."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from detectors.core.alert import Alert
from detectors.core.engine.engine import Engine
from detectors.core.reference import ListedShip, Reference
from streams.decode import decode
from streams.ingest.core import Ingest, SourceKind
from streams.messages.log_records import Record, Sentences, TickRecord
from streams.nmea.encoder import EncodedFix, position, sentences, tagged
from streams.pipeline.engines import engine_for
from streams.settings.model import Settings
from streams.worker.timelines import Timelines

THEN_MS, NOW_MS = 1_514_764_800_000, 1_767_225_600_000
LISTED = 273_000_001


def reference() -> Reference:
    return Reference(ships=(ListedShip(list="test", entry_id="x", name="EXAMPLE", mmsi=LISTED),), version="a")


def water(begin_ms: int, hours: int, dark_h: int) -> list[bytes]:
    """Twenty vessels heard every two minutes; the listed one falls silent after ``dark_h``."""
    lines = []
    for minute in range(0, hours * 60, 2):
        for number in range(20):
            mmsi = LISTED if number == 0 else 257_000_000 + number
            if number == 0 and minute >= dark_h * 60:
                continue
            fix = EncodedFix(
                lat_deg=60 + number / 100 + minute / 6000, lon_deg=5.0 + number % 6 / 50, sog_kn=10.0, cog_deg=0.0
            )
            lines += tagged(sentences(position(mmsi, fix)), begin_ms + minute * 60_000 + number * 1000, "HILL")
    return lines


def log_of(source: str, lines: Sequence[bytes], *, live: bool) -> list[Record]:
    ingest = Ingest(source, 1, source_kind=SourceKind(live=live, replayed=not live))
    return ingest.feed(b"\n".join(lines) + b"\n", NOW_MS) + ingest.end()


def fresh(in_force: Reference) -> Engine:
    return engine_for(Settings(), in_force, 0)


def give(timelines: Timelines, record: Record, *, replayed: bool) -> list[Alert]:
    if isinstance(record, TickRecord):
        engine = timelines.of(record.tick.source, replayed=replayed)
        found = engine.tick(record.tick, record.ordinal)
    else:
        assert isinstance(record, Sentences)
        engine = timelines.of(record.source, replayed=replayed)
        engine.sources.mark(record.source, replayed=replayed)
        found = engine.apply(decode(record.value, record.source, record.ordinals).batch)
    return [emitted.alert for emitted in found]


def revive(timelines: Timelines) -> Timelines:
    shards = [timelines.shard(number) for number in range(timelines.shard_count())]
    manifest = timelines.manifest()
    timelines.mark_clean()
    return Timelines(fresh(reference()), fresh).restore(shards, manifest)


@pytest.fixture(scope="module")
def recording() -> list[Record]:
    return log_of("old", water(THEN_MS, 20, 14), live=False)


@pytest.fixture(scope="module")
def feed() -> list[Record]:
    return log_of("pier", water(NOW_MS, 3, 2), live=True)


@pytest.fixture(scope="module")
def alone(recording: list[Record]) -> list[Alert]:
    timelines = Timelines(fresh(reference()), fresh)
    found = [alert for record in recording for alert in give(timelines, record, replayed=True)]
    assert timelines.recorded is None
    assert "gap" in {alert.detector for alert in found}
    return found


@pytest.mark.parametrize("every", [0, 7])
def test_a_recording_beside_a_live_feed_gives_what_it_gives_alone(
    recording: list[Record], feed: list[Record], alone: list[Alert], every: int
) -> None:
    """``every``: a snapshot after so many records, from which all goes on."""
    timelines = Timelines(fresh(reference()), fresh)
    live, found = list[Alert](), list[Alert]()
    for number in range(max(len(feed), len(recording))):
        if number < len(feed):
            live += give(timelines, feed[number], replayed=False)
        if number < len(recording):
            found += give(timelines, recording[number], replayed=True)
        if every and number % every == 0:
            timelines = revive(timelines)
    assert found == alone
    assert all(alert.replayed for alert in found)
    assert live and not any(alert.replayed for alert in live)
    apart = Timelines(fresh(reference()), fresh)
    assert live == [alert for record in feed for alert in give(apart, record, replayed=False)]


def test_shards_are_numbered_anew_when_a_recording_begins_and_all_are_written(
    recording: list[Record], feed: list[Record]
) -> None:
    timelines = Timelines(fresh(reference()), fresh)
    give(timelines, feed[0], replayed=False)
    timelines.mark_clean()
    before = timelines.shard_count()
    give(timelines, recording[0], replayed=True)
    assert timelines.shard_count() == 2 * before
    assert timelines.dirty() == list(range(2 * before))
    timelines.mark_clean()
    give(timelines, feed[1], replayed=False)
    assert all(number % 2 == 0 for number in timelines.dirty())


def test_a_recording_that_began_first_shares_the_engine(recording: list[Record], feed: list[Record]) -> None:
    timelines = Timelines(fresh(reference()), fresh)
    give(timelines, recording[0], replayed=True)
    give(timelines, feed[0], replayed=False)
    give(timelines, recording[1], replayed=True)
    assert timelines.recorded is None


def test_another_list_is_in_force_for_both(recording: list[Record], feed: list[Record]) -> None:
    timelines = Timelines(fresh(Reference(version="a")), fresh)
    give(timelines, feed[0], replayed=False)
    give(timelines, recording[0], replayed=True)
    timelines.adopt(reference())
    assert [engine.reference for engine in timelines.engines] == [reference()] * 2
    assert timelines.vessels == sum(engine.vessels for engine in timelines.engines)
    assert timelines.open_alerts().keys() <= {"watchlist", "gap"}
    assert timelines.tallies().types


def test_a_live_source_with_the_name_of_a_recording_is_live(recording: list[Record], feed: list[Record]) -> None:
    timelines = Timelines(fresh(reference()), fresh)
    give(timelines, feed[0], replayed=False)
    give(timelines, recording[0], replayed=True)
    assert timelines.of("old", replayed=True) is timelines.recorded
    assert timelines.of("old", replayed=False) is timelines.live
