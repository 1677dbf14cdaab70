"""Summaries of listed ships: who is told, how often, and what of it."""

import asyncio
import io

import numpy as np

from detectors.core.reference import ListedShip, Reference
from streams.ingest.model import SourceKind
from streams.messages.values import decoded
from streams.messages.vessel_summary import VesselSummary, listed_rows, summaries
from streams.pipeline.engines import restored
from streams.pipeline.replay import InProcessPipeline, ReplayPlan, play
from streams.reference import load_reference
from streams.reference.loading import make_reference
from streams.settings.model import Settings
from streams.worker.timelines import Timelines
from streams.worker.vessel_summaries import EVERY_S, LOOK_S, SummaryWriter

ANGARA = 273_999_001


def shown(feed: bytes, reference: Reference | None = None) -> InProcessPipeline:
    """One partition that has taken ``feed`` in."""
    pipeline = InProcessPipeline(Settings(), reference or load_reference(Settings().reference), 1)
    for _ in play(
        [io.BytesIO(feed)],
        ReplayPlan(source="feed", partitions=1, source_kind=SourceKind(replayed=True)),
        pipeline,
        Settings(),
    ):
        pass
    return pipeline


def test_a_listed_ship_is_told_once_a_minute_at_most_and_only_what_is_new(feed: bytes) -> None:
    lines = feed.splitlines(keepends=True)
    half = shown(b"".join(lines[: len(lines) // 2])).engines[0]
    whole = shown(feed).engines[0]
    now = [0.0]
    watch = SummaryWriter(0, lambda: now[0])
    ((key, value),) = watch.due(half)
    assert key == b"%d" % ANGARA and value is not None
    first = decoded(value, VesselSummary)
    assert (first.vessel.name, first.list, first.case_id, first.replayed) == ("ANGARA", "OFAC", "imo/9179842", True)
    assert first.last_heard <= first.clock and first.position is not None
    now[0] += LOOK_S
    assert watch.due(whole) == []  # there is news, and a minute has not gone
    now[0] += EVERY_S
    ((_, later),) = watch.due(whole)
    assert later is not None and decoded(later, VesselSummary).last_heard > first.last_heard
    now[0] += EVERY_S
    assert watch.due(whole) == []  # a minute has gone, and there is no news
    assert watch.due(half, last=True) != []


class Sent:
    """A topic that keeps what it is sent."""

    def __init__(self) -> None:
        self.keys: list[bytes] = []

    async def send(self, *, key: bytes, value: bytes | None, partition: int) -> None:
        self.keys.append(key)


def test_when_a_partition_is_let_go_all_that_is_new_is_written_also_within_the_minute(feed: bytes) -> None:
    lines = feed.splitlines(keepends=True)
    half, whole = (shown(b"".join(part)).engines[0] for part in (lines[: len(lines) // 2], lines))
    watch, topic = SummaryWriter(0, lambda: 0.0), Sent()
    asyncio.run(watch.tell(Timelines(half, lambda _: half), topic))
    asyncio.run(watch.tell(Timelines(whole, lambda _: whole), topic))
    assert len(topic.keys) == 1
    asyncio.run(watch.tell(Timelines(whole, lambda _: whole), topic, last=True))
    assert len(topic.keys) == 2


def test_one_that_is_listed_no_more_is_taken_back(feed: bytes) -> None:
    engine = shown(feed).engines[0]
    watch = SummaryWriter(0, lambda: 0.0)
    assert watch.due(engine)
    engine.adopt(Reference(version="none"))
    assert watch.due(engine, last=True) == [(b"%d" % ANGARA, None)]


def test_only_listed_ships_are_told(feed: bytes) -> None:
    two = Reference(
        version="two",
        ships=tuple(
            ListedShip(list="OWN", entry_id=str(mmsi), name=f"SHIP {mmsi}", mmsi=mmsi) for mmsi in (ANGARA, 205_000_001)
        ),
    )
    engine = shown(feed, two).engines[0]
    rows = listed_rows(engine)
    told = list(summaries(engine, rows))
    assert {one.mmsi for one in told} == {ANGARA, 205_000_001}
    assert len(rows) < np.count_nonzero(engine.fleet.core.mmsi[: engine.fleet.size])


def test_a_ship_that_another_list_does_not_name_is_told_as_gone_also_after_a_restart(feed: bytes) -> None:
    own = load_reference(Settings().reference)
    engine = shown(feed).engines[0]
    shards, manifest = [engine.shard(number) for number in range(engine.shard_count())], engine.manifest()
    without = make_reference([ship for ship in own.ships if ship.imo != 9179842], own.zones)
    woken = restored(Settings(), without, 0, shards, manifest)
    watch = SummaryWriter(0)
    assert watch.due(woken) == [(b"%d" % ANGARA, None)]
    assert watch.due(woken, last=True) == []
    watch = SummaryWriter(0)
    assert [key for key, value in watch.due(engine) if value] == [b"%d" % ANGARA]
    engine.adopt(without)
    assert watch.due(engine, last=True) == [(b"%d" % ANGARA, None)]
