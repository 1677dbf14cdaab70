"""However many IMO numbers are stated: the second stage stays bounded, shards small, and what it drops is closed."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from detectors.core.alert import Alert, encode
from detectors.core.identities.binding import Binding
from detectors.core.imo_number import is_imo_number
from detectors.core.imo_stage import shards
from detectors.core.imo_stage.histories import ImoHistories
from detectors.core.imo_stage.shards import FIRST, SHIPS_A_SHARD, Shards
from detectors.core.promises import PartitionWatermark
from detectors.core.reports import Batch
from detectors.core.testing import START_MS, Report, engine, log
from detectors.core.vessels.capacity import FleetRules

MINUTE_MS = 60_000


def bound(number: int, imo: int, mmsi: int) -> Binding:
    at_ms = START_MS + number * MINUTE_MS
    return Binding(
        imo=imo,
        mmsi=mmsi,
        first_ms=at_ms,
        last_ms=at_ms,
        stamp_ms=at_ms,
        source="pier",
        statements=2,
        support=5,
        name="ANGARA",
    )


def changing(ships: int) -> Iterator[Binding]:
    """Each states its number under one MMSI, then under another: every ship has an open alert."""
    for number in range(ships):
        for turn in range(2):
            yield bound(2 * number + turn, 1_000_000 + number, 205_000_000 + 2 * number + turn)


def histories(**thresholds: object) -> ImoHistories:
    return ImoHistories.build(1, {"identity_change": thresholds}, {})


def play(stage: ImoHistories, told: list[Binding]) -> list[Alert]:
    out: list[Alert] = []
    for one in told:
        stage.take(one)
        out += [e.alert for e in stage.take(PartitionWatermark(partition=0, heard_ms=one.stamp_ms))]
    return out


def again(stage: ImoHistories, **thresholds: object) -> ImoHistories:
    return histories(**thresholds).restore([stage.shard(n) for n in range(stage.shard_count())], stage.manifest())


def test_ships_with_open_alerts_are_bounded_too_and_whatever_is_dropped_is_closed() -> None:
    stage, told = histories(ships_most=100), list(changing(1000))
    alerts = play(stage, told)
    assert stage.ships <= 100
    opened, closed = ([a.id for a in alerts if a.status == status] for status in ("opened", "closed"))
    assert len(opened) == 1000 and set(closed) < set(opened) and len(set(closed)) == len(closed)
    assert stage.open_alerts() == {"identity_change": len(opened) - len(closed)}
    last = next(a for a in alerts if a.status == "closed")
    assert last.details["ended"] == "forgotten" and "no longer tracked" in last.headline and len(last.headline) <= 100
    rest, half = histories(ships_most=100), len(told) // 2
    cut = play(rest, told[:half])
    cut += play(again(rest, ships_most=100), told[half:])
    assert list(map(encode, cut)) == list(map(encode, alerts))


def test_ships_without_alerts_are_forgotten_before_those_with_one() -> None:
    stage = histories(ships_most=100)
    play(stage, list(changing(20)))
    play(stage, [bound(1000 + n, 2_000_000 + n, 300_000_000 + n) for n in range(500)])
    assert stage.ships <= 100 and stage.open_alerts() == {"identity_change": 20}


def test_a_number_under_too_many_mmsis_closes_what_is_open_about_those_dropped() -> None:
    stage = histories(holders_most=4, placeholder_over=100, changes_least=100)
    alerts = play(stage, [bound(n, 1_000_000, 205_000_000 + n) for n in range(50)])
    still = {a.id for a in alerts} - {a.id for a in alerts if a.status == "closed"}
    assert stage.open_alerts() == {"identity_change": len(still)} == {"identity_change": 4}


def test_the_changes_of_a_number_that_changes_for_ever_are_bounded() -> None:
    stage = histories()
    play(stage, [bound(n, 1_000_000, 205_000_000 + n) for n in range(500)])
    assert len(stage._ships[1_000_000].changes) == 100


def test_what_is_to_be_looked_at_is_bounded_by_what_is_known() -> None:
    """What was planned for alerts that were written again, or are about forgotten ships, is dropped long before."""
    stage = histories(ships_most=100)
    alerts = play(stage, list(changing(5000)))
    assert len([a for a in alerts if a.status == "opened"]) == 5000
    assert stage._order.pending < 2000


def test_numbers_of_vessels_that_were_dropped_are_forgotten_by_the_first_stage_too() -> None:
    playing, hour_s = engine(fleet=FleetRules(vessels_most=24)), 3600.0
    numbers = [imo for imo in range(9_000_000, 9_090_000) if is_imo_number(imo)][:6000]
    story = [
        Report(at_s=n * 20.0, mmsi=205_000_000 + n, type=5, imo=imo, name="ADLINA") for n, imo in enumerate(numbers)
    ]
    for item in log(story, batch=10, tick_s=hour_s):
        _ = playing.apply(item) if isinstance(item, Batch) else playing.tick(item)
    binding_writer = playing._facts.bindings
    assert playing.vessels <= 24 and len(binding_writer._rows) < 1200
    others = {imo: binding_writer.others(imo, 0).tolist() for imo in numbers[-24:]}
    binding_writer.index()
    assert {imo: binding_writer.others(imo, 0).tolist() for imo in numbers[-24:]} == others and any(others.values())


def test_shards_stay_small_split_one_at_a_time_and_lie_where_their_count_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "SHIPS_A_SHARD", 4)
    grown = Shards()
    for imo in range(1_000_000, 1_003_000):
        before, count = {n: frozenset(held) for n, held in enumerate(grown.numbers)}, len(grown)
        grown.mark_clean()
        grown.add(imo)
        grown.touch(imo)
        assert len(grown) - count in {0, 1}
        moved = {n for n, held in enumerate(grown.numbers) if held != before.get(n, frozenset())}
        assert moved <= set(grown.changed()) and len(grown.changed()) <= 3
    assert len(grown) == 3000 // 4
    assert max(map(len, grown.numbers)) <= 3 * 4
    again = Shards(len(grown))
    for imo in range(1_000_000, 1_003_000):
        again.add(imo)
    assert again.numbers == grown.numbers and again.changed() == []


def test_a_snapshot_of_few_shards_becomes_one_of_many() -> None:
    """As versions before wrote them: 64, whatever is in them."""
    stage = histories()
    few = FIRST * SHIPS_A_SHARD
    for number in range(few + 10):
        stage.take(bound(number, 1_000_000 + number, 205_000_000))
    stage.take(PartitionWatermark(partition=0, heard_ms=START_MS + (few + 10) * MINUTE_MS))
    assert stage.shard_count() == FIRST + 1
    assert again(stage).dirty() == []
    parts = [stage.shard(n) for n in range(stage.shard_count())]
    former = msgspec.msgpack.decode(parts[0]), msgspec.msgpack.decode(parts[FIRST])
    former[0]["ships"] += former[1]["ships"]
    older = histories().restore([msgspec.msgpack.encode(former[0]), *parts[1:FIRST]], stage.manifest())
    assert older.dirty() == [0, FIRST]
    assert [older.shard(n) for n in range(older.shard_count())] == parts
