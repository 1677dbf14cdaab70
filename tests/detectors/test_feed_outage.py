"""feed_outage: an interruption is for the record; what lasts or repeats is a ticket, but for a feed of one vessel."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import pytest

from detectors.core.alert import Alert
from detectors.core.engine.engine import Engine
from detectors.core.testing import engine, revive
from detectors.core.ticks import FeedRules, Tick
from detectors.core.units import DAY_MS, HOUR_MS
from streams.ingest.ticking import Ticker

NOON_MS = 1_700_000_000_000 // HOUR_MS * HOUR_MS
MINUTE, DAY = 60.0, 86_400.0


def heard(outages: Iterable[tuple[float, float]], until_s: float, every_s: float = 5) -> list[float]:
    """Seconds at which the source is heard: always but in these outages (begin, length)."""
    away = [(begin, begin + length) for begin, length in outages]
    times = [every_s * n for n in range(int(until_s / every_s))]
    return [t for t in times if not any(begin < t < end for begin, end in away)]


def ticks(times: Sequence[float], vessels: int) -> list[Tick]:
    ticker = Ticker("pier", 10_000, FeedRules(), replayed=True)
    found = []
    for number, second in enumerate(times):
        found += ticker.before(NOON_MS + int(second * 1000), 205_000_000 + number % vessels)
    return found + ticker.end(None)


def alerts(
    outages: Sequence[tuple[float, float]], until_s: float = 3 * DAY, vessels: int = 3, **thresholds: object
) -> list[Alert]:
    playing = engine(thresholds={"feed_outage": thresholds})
    given = ticks(heard(outages, until_s), vessels)
    return [emitted.alert for tick in given for emitted in playing.tick(tick)]


def plain(found: Iterable[Alert]) -> list[tuple[str, str]]:
    return [(alert.status, alert.severity) for alert in found]


SHORT = [("opened", "log"), ("closed", "log")]


def test_a_minute_or_two_is_for_the_record() -> None:
    assert plain(alerts([(3600, 110)])) == SHORT
    assert plain(alerts([(DAY * day, 110) for day in range(1, 5)], until_s=6 * DAY)) == 4 * SHORT


def test_what_lasts_a_quarter_of_an_hour_becomes_a_ticket_then_and_stays_one() -> None:
    found = alerts([(3600, 20 * MINUTE)])
    assert plain(found) == [("opened", "log"), ("updated", "ticket"), ("closed", "ticket")]
    assert len({alert.id for alert in found}) == 1
    assert found[1].details["silent_for_s"] == 15 * 60


@pytest.mark.parametrize(("length_s", "lasts"), [(895, False), (900, False), (905, True), (86_400, True)])
def test_the_line_is_drawn_at_the_same_length_whenever_it_is_looked_at(length_s: float, lasts: bool) -> None:
    found = alerts([(3600, length_s)])
    assert [alert.status for alert in found] == ["opened", *(["updated"] if lasts else []), "closed"]
    assert {alert.severity for alert in found[1:]} == {"ticket" if lasts else "log"}


def test_the_fourth_in_a_day_is_a_ticket_and_the_next_ones_are_not() -> None:
    found = alerts([(3600 * n, 110) for n in range(1, 11)])
    assert plain(found) == [*3 * SHORT, ("opened", "ticket"), ("closed", "ticket"), *6 * SHORT]
    assert "4 outages in 24 h" in found[6].headline


def test_a_feed_that_goes_on_failing_is_a_ticket_a_day() -> None:
    found = alerts([(1800.0 * n, 110) for n in range(1, 140)], until_s=3 * DAY)
    tickets = [alert for alert in found if alert.status == "opened" and alert.severity == "ticket"]
    assert len(tickets) == 3


def test_a_source_usually_silent_for_long_is_a_ticket_at_once_when_it_is_down() -> None:
    playing = engine()
    slow = ticks([100.0 * n for n in range(100)] + [10_000 + 7200.0], 3)
    found = [emitted.alert for tick in slow for emitted in playing.tick(tick)]
    assert plain(found) == [("opened", "ticket"), ("closed", "ticket")]


def test_a_feed_of_one_vessel_makes_no_tickets() -> None:
    found = alerts([(3600.0 * n, 50 * MINUTE) for n in range(1, 60)], vessels=1)
    assert plain(found) == 59 * SHORT
    assert all("one vessel" in alert.headline and len(alert.headline) <= 100 for alert in found)


def test_a_busy_feed_that_only_one_vessel_is_left_of_is_known_as_such_an_hour_later() -> None:
    playing = engine()
    busy, lone = [5.0 * n for n in range(720)], [3600 + 10.0 * n for n in range(720) if n % 120 < 100 or n < 360]
    ticker, given = Ticker("pier", 10_000, FeedRules(), replayed=True), []
    for number, second in enumerate(busy + lone):
        given += ticker.before(NOON_MS + int(second * 1000), number % 6 if number < len(busy) else 9)
    found = [emitted.alert for tick in given for emitted in playing.tick(tick)]
    assert found and {alert.severity for alert in found} == {"log"}
    assert all("one vessel" in alert.headline for alert in found)


def test_a_second_vessel_once_an_hour_makes_it_a_feed_again() -> None:
    playing, ticker, given = engine(), Ticker("pier", 10_000, FeedRules(), replayed=True), []
    for n in range(1000):
        given += ticker.before(NOON_MS + n * 10_000, 2 if n % 300 == 0 else 1)
    given += ticker.before(NOON_MS + 3 * HOUR_MS + DAY_MS, 1)
    found = [emitted.alert for tick in given for emitted in playing.tick(tick)]
    assert plain(found) == [("opened", "log"), ("updated", "ticket"), ("closed", "ticket")]


def test_the_thresholds_are_settings() -> None:
    assert plain(alerts([(3600, 110)], ticket_after_s=60.0)) == [("opened", "ticket"), ("closed", "ticket")]
    twice = alerts([(3600, 110), (7200, 110)], repeats=2, repeats_within_h=2.0)
    assert plain(twice) == [*SHORT, ("opened", "ticket"), ("closed", "ticket")]


@pytest.mark.parametrize("vessels", [1, 3])
def test_a_restart_between_any_two_ticks_changes_nothing(vessels: int) -> None:
    outages = [(3600.0 * n, 110 if n % 3 else 1200) for n in range(1, 12)]
    given = ticks(heard(outages, 13 * 3600.0, every_s=30), vessels)
    whole = engine()
    undisturbed = [emitted.alert for tick in given for emitted in whole.tick(tick)]
    playing: Engine = engine()
    restarted: list[Alert] = []
    for number, tick in enumerate(given):
        restarted += [emitted.alert for emitted in playing.tick(tick)]
        if number % 7 == 0:
            playing = revive(playing)
    assert restarted == undisturbed
    assert all(a.time <= b.time for a, b in pairwise(undisturbed))
