"""What the banner says, and what it does not: from facts alone."""

from __future__ import annotations

import asyncio
import math

import pytest

from detectors.core.ticks import FeedRules, Tick
from detectors.core.units import DAY_MS
from streams.broker.disk import Disk
from streams.console.alert_table import AlertTable
from streams.console.health import Backlog, Facts, HealthLimits, Ticked, Trouble, troubles, worker_limit_ms
from streams.console.health_checks import HealthReport
from streams.console.hub import BLIND_MS, Hub
from streams.console.topic_reader import Updates
from streams.messages.reference_records import Unfinished

NOW = 1_800_000_000_000
RULES = FeedRules()


def found(**facts: object) -> list[Trouble]:
    return troubles(Facts(**facts), RULES, NOW)  # type: ignore[arg-type]


def waiting(for_s: int, moved_s: int, records: int = 7) -> Backlog:
    return Backlog(records=records, since_ms=NOW - for_s * 1000, moved_ms=NOW - moved_s * 1000)


def ticked(source: str, silent_s: int = 0, written_s: int = 1, **tick: object) -> dict[str, Ticked]:
    to_ms = NOW - written_s * 1000
    fields = {"from_ms": to_ms - 1000, "to_ms": to_ms, "heard_ms": to_ms - silent_s * 1000, "spacing_s": 0.5, **tick}
    return {source: Ticked(tick=Tick(source=source, **fields), written_ms=NOW - written_s * 1000)}  # type: ignore[arg-type]


def test_nothing_is_said_while_all_is_well() -> None:
    assert found() == []
    assert found(waiting={0: waiting(44, 30)}, ticks=ticked("a", silent_s=59), unsent={"webhook": waiting(39, 0)}) == []


def test_a_detector_that_takes_nothing_in_is_an_alarm_and_one_that_catches_up_a_notice() -> None:
    (stuck,) = found(waiting={0: waiting(150, 150), 1: waiting(140, 150)})
    assert (stuck.kind, stuck.level, stuck.for_ms) == ("worker", "alarm", 150_000)
    assert "No detector has processed the log" in stuck.said and "14 records are waiting" in stuck.more
    (behind,) = found(waiting={0: waiting(150, 10)})
    assert (behind.level, "catching up" in behind.more) == ("notice", True)


def test_one_partition_that_stands_still_is_named_though_the_others_move() -> None:
    (stuck,) = found(waiting={0: waiting(5, 5), 2: waiting(150, 150), 3: waiting(90, 5)})
    assert (stuck.level, "partition 2" in stuck.said, "; 7 records" in stuck.more) == ("alarm", True, True)


@pytest.mark.parametrize(
    ("ticks", "words", "for_s"),
    [
        (ticked("a", 120), "No AIS is received: the only source has been silent (a)", 120),
        ({**ticked("a", 120), **ticked("b", 90)}, "No AIS is received: all sources have been silent (a, b)", 90),
        ({**ticked("a", 120), **ticked("b")}, "Source a has been silent", 120),
        ({**ticked("a", written_s=45), **ticked("b")}, "Ingest has written nothing from a", 45),
        (
            ticked("a", heard_ms=None, from_ms=NOW - 200_000),
            "No AIS is received: the only source has been silent (a)",
            199,
        ),
    ],
)
def test_a_source_that_is_down_is_named_with_its_age(ticks: dict[str, Ticked], words: str, for_s: int) -> None:
    (one,) = found(ticks=ticks)
    assert (one.level, one.said, one.for_ms // 1000) == ("alarm", words, for_s)


@pytest.mark.parametrize(
    "ticks",
    [
        ticked("a", 120, replayed=True),
        ticked("a", 120, state="ended"),
        ticked("a", written_s=2 * 86_400),
        ticked("a", 119, spacing_s=6.0),
    ],
)
def test_a_recording_an_ended_file_one_taken_away_and_a_slow_source_are_not_down(ticks: dict[str, Ticked]) -> None:
    assert found(ticks=ticks) == []


def test_of_many_silent_sources_three_are_named() -> None:
    ticks = {name: one for letter in "abcdef" for name, one in ticked(letter, 100).items()}
    said = [one.said for one in found(ticks={**ticks, **ticked("g")})]
    assert len(said) == 4 and said[-1] == "3 more sources have been silent"


def test_only_the_target_that_takes_nothing_is_named() -> None:
    (one,) = found(unsent={"webhook": waiting(61, 61), "alertmanager": waiting(3, 3)})
    assert (one.level, one.said) == ("alarm", "Notifier: webhook has accepted no alerts")


def test_a_page_that_is_behind_says_so() -> None:
    (one,) = found(unread=waiting(11, 0))
    assert (one.kind, one.level) == ("console", "alarm")


def test_half_an_import_and_an_old_list() -> None:
    half = Unfinished(version="abc", began_ms=NOW - 61_000, whole=True, command="")
    (one,) = found(unfinished=half)
    assert (one.level, one.more) == ("alarm", "; complete it with: wakewatch watchlist complete")
    (one,) = found(lists_since_ms=NOW - 8 * DAY_MS)
    assert (one.kind, one.level) == ("lists", "notice")


def test_alarms_come_first_and_what_cannot_be_seen_is_said() -> None:
    said = found(unseen=("the sources (why)",), waiting={0: waiting(150, 150)})
    assert [one.level for one in said] == ["alarm", "notice"]


@pytest.mark.parametrize(("free", "said"), [(49, ["The disk of broker 2 is nearly full"]), (50, [])])
def test_a_disk_that_is_nearly_full_is_an_alarm(free: int, said: list[str]) -> None:
    one = found(disks=(Disk("1", "/a", 10**12, 10**11, 0), Disk("2", "/b", 1000, free, 0)))
    assert [(trouble.level, trouble.said) for trouble in one] == [("alarm", each) for each in said]


def test_a_kafka_that_answers_slowly_is_a_notice() -> None:
    (one,) = found(answer_ms=3100)
    assert (one.level, one.said) == ("notice", "Kafka needed 3.1 s to answer this console")
    assert found(answer_ms=1000) == []


def test_what_must_be_known_within_a_minute_is() -> None:
    limits, looks_ms = HealthLimits(), 3_000
    slowest = max(limits.worker_ms, limits.ingest_ms, limits.notifier_ms, limits.console_ms, limits.import_ms, BLIND_MS)
    assert slowest + looks_ms < 60_000


def test_the_limit_follows_the_snapshots() -> None:
    assert (worker_limit_ms(0.5), worker_limit_ms(30.0)) == (20_000, 45_000)


def test_what_the_banner_says_is_a_metric_and_unknown_is_not_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [1000.0]
    monkeypatch.setattr("streams.console.hub.time.monotonic", lambda: now_s[0])
    hub = Hub(AlertTable(reach_kn=0))
    half = Trouble(kind="import", level="alarm", said="", for_ms=46_000)
    full = Trouble(kind="disk", level="alarm", said="", for_ms=0)
    asyncio.run(hub.take_health(HealthReport(troubles=(half, full), zones=None, version=None, since_ms=0)))
    now_s[0] += 10
    assert (hub.trouble_s("import"), hub.trouble_s("worker"), hub.trouble_s("console")) == (56.0, 0.0, 0.0)
    assert hub.trouble_s("disk") > 0
    now_s[0] += 60
    assert math.isnan(hub.trouble_s("import")) and hub.trouble_s("console") == 70.0 and hub.behind


def test_that_kafka_is_slow_is_told_before_a_look_has_ended() -> None:
    hub = Hub(AlertTable(reach_kn=0))
    half = Trouble(kind="import", level="alarm", said="", for_ms=46_000)
    slow = Trouble(kind="kafka", level="notice", said="slow", for_ms=0)
    asyncio.run(hub.take_health(HealthReport(troubles=(half,), zones=None, version="v", since_ms=5)))
    for _ in range(2):
        asyncio.run(hub.take_health(HealthReport(troubles=(slow,), zones=None, version=None, since_ms=0, whole=False)))
    assert hub.trouble_s("import") >= 46 and hub.trouble_s("kafka") > 0
    assert hub.health().count(b'"slow"') == 1 and b'"version":"v"' in hub.health()


def test_a_page_whose_reading_hangs_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [1000.0]
    monkeypatch.setattr("streams.console.hub.time.monotonic", lambda: now_s[0])
    hub = Hub(AlertTable(reach_kn=0))
    asyncio.run(hub.take(Updates(state="following")))
    now_s[0] += 19
    assert not hub.behind
    now_s[0] += 1
    assert hub.behind and b"This page has been loading the alerts" in hub.health()
    asyncio.run(hub.take(Updates(state="following")))
    assert not hub.behind
