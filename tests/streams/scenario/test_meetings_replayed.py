"""The scenario of meetings through the whole pipeline: one alert for each transfer, and none about innocent ships."""

import io
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from typing import NamedTuple

import pytest

from detectors.core.alert import Alert, encode
from detectors.core.engine.alert_writer import Emitted
from streams.ingest.core import Ingest, SourceKind
from streams.messages.log_records import partition_of
from streams.pipeline.replay import InProcessPipeline, RefusalPlace, ReplayPlan, play
from streams.reference.loading import load_reference
from streams.scenario import Options, ScenarioTruth, scenario
from streams.scenario.meetings.sea import RELAY
from streams.scenario.verdict import excesses, verdicts
from streams.settings.model import Settings

SETTINGS = Settings()
REFERENCE = load_reference(SETTINGS.reference)
FIRST = Options(seed=1)
SECOND = Options(seed=2, mmsi=518_999_004, imo=9_161_003, name="LADY R")
"""Other numbers, another place, another listed ship."""
OPTIONS = {"first": FIRST, "second": SECOND, **{f"seed {n}": Options(seed=n) for n in (3, 4, 5)}}
SEVERAL = (5, pytest.param(2, marks=pytest.mark.full))
STAGES = {"encounter", "loitering"}
LATE = rf"\s:{RELAY},".encode()


class Played(NamedTuple):
    truths: tuple[ScenarioTruth, ...]
    alerts: list[Alert]
    refused: list[RefusalPlace]


@cache
def played(name: str, partitions: int = 1, tick_ms: int | None = None, batch: int | None = None) -> Played:
    made = scenario("meetings", OPTIONS[name])
    pipeline = InProcessPipeline(SETTINGS, REFERENCE, partitions)
    kind = SourceKind(replayed=True, tick_ms=tick_ms, batch=batch)
    plan = ReplayPlan(source="feed", partitions=partitions, source_kind=kind)
    items = list(play([io.BytesIO(b"\n".join(made.lines) + b"\n")], plan, pipeline, SETTINGS))
    alerts = [item.alert for item in items if isinstance(item, Emitted)]
    return Played(made.truths, alerts, [item for item in items if isinstance(item, RefusalPlace)])


def stated(alerts: list[Alert]) -> list[bytes]:
    """Alerts about what slow ships do, in the order of their times."""
    mine = sorted((a for a in alerts if a.detector in STAGES), key=lambda a: (a.time, a.id, a.revision))
    return [encode(alert) for alert in mine]


def encounters(alerts: list[Alert]) -> set[tuple[str, int | None]]:
    return {(alert.id, alert.mmsi) for alert in alerts if alert.detector == "encounter"}


CASES = [
    ("first", 1),
    ("first", 5),
    ("second", 1),
    *(pytest.param(f"seed {n}", 4, marks=pytest.mark.full) for n in (3, 4, 5)),
]


@pytest.mark.parametrize(("name", "partitions"), CASES)
def test_each_transfer_is_one_alert_and_nothing_else_is_reported(name: str, partitions: int) -> None:
    story = played(name, partitions)
    assert [v.truth.kind for v in verdicts(story.truths, story.alerts) if v.alert is None] == []
    assert [(e.truth.kind, e.alert.headline) for e in excesses(story.truths, story.alerts)] == []
    wanted = {t.mmsi for t in story.truths if any(e.detector == "encounter" for e in t.expected)}
    found = encounters(story.alerts)
    assert len(found) == len(wanted) == 5 and {mmsi for _, mmsi in found} == wanted
    assert story.refused == []


@pytest.mark.parametrize("partitions", SEVERAL)
def test_the_alerts_are_the_same_at_any_number_of_partitions(partitions: int) -> None:
    assert stated(played("first", partitions).alerts) == stated(played("first").alerts)


@pytest.mark.parametrize("batch", [50, pytest.param(997, marks=pytest.mark.full)])
def test_the_size_of_batches_changes_nothing(batch: int) -> None:
    assert stated(played("first", 1, None, batch).alerts) == stated(played("first").alerts)


def test_ticks_as_of_a_live_source_change_nothing() -> None:
    assert stated(played("first", 2, 10_000).alerts) == stated(played("first").alerts)


def test_partners_of_a_transfer_are_on_different_partitions() -> None:
    truths = played("first").truths
    pairs = [(t.mmsi, truths[n + 1].mmsi) for n, t in enumerate(truths) if t.kind.startswith(("alongside", "under"))]
    assert len(pairs) == 5
    for partitions in (2, 5):
        assert any(partition_of(one or 0, partitions) != partition_of(other or 0, partitions) for one, other in pairs)


def test_a_transfer_over_midnight_is_reported_on_the_day_after_it_began() -> None:
    story = played("first")
    (over,) = [t for t in story.truths if t.kind == "alongside_midnight"]
    days = {
        (a.episode_start[:10], a.time[:10]) for a in story.alerts if a.detector == "encounter" and a.mmsi == over.mmsi
    }
    assert days == {("2024-04-02", "2024-04-03")}


def test_one_ship_is_heard_ninety_seconds_late_and_nobody_else() -> None:
    arrived = list(arrivals())
    assert [ms for ms, _ in arrived] == sorted(ms for ms, _ in arrived)
    assert len([line for _, line in arrived if line.startswith(LATE)]) > 500


def by_two_sources(partitions: int) -> list[Alert]:
    """As two live sources, of which one is late: what arrives in a minute is given to each, and then the wall clock."""
    pipeline = InProcessPipeline(SETTINGS, REFERENCE, partitions)
    live = SourceKind(live=True)
    sources = {late: Ingest(f"late {late}", partitions, SETTINGS.ingest, SETTINGS.feed, live) for late in (False, True)}
    alerts: list[Emitted] = []
    for minute, arrived in groupby(arrivals(), lambda each: each[0] // 60_000):
        given: dict[bool, list[bytes]] = {False: [], True: []}
        for _, line in arrived:
            given[line.startswith(LATE)].append(line + b"\n")
        now_ms = (minute + 1) * 60_000
        for late, source in sources.items():
            alerts += pipeline.take([*source.feed(b"".join(given[late]), now_ms), *source.clock(now_ms)])
    return [emitted.alert for emitted in [*alerts, *pipeline.finish()]]


def arrivals() -> Iterator[tuple[int, bytes]]:
    """Each line with the time at which it arrives, which for the others is that in its tag block."""
    for line in scenario("meetings", FIRST).lines:
        yield int(line.split(b"c:", 1)[1][:13]) + (90_000 if line.startswith(LATE) else 0), line


@pytest.mark.parametrize("partitions", [1, pytest.param(4, marks=pytest.mark.full)])
def test_a_late_feed_of_its_own_gives_the_same_encounters(partitions: int) -> None:
    alerts, wanted = by_two_sources(partitions), played("first")
    assert [v.truth.kind for v in verdicts(wanted.truths, alerts) if v.alert is None] == []
    assert encounters(alerts) == encounters(wanted.alerts)
