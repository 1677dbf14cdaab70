import random

import numpy as np

from detectors.core.ticks import FeedRules
from streams.errors import Reason
from streams.ingest.clock import WAITING_MOST, EventClock, Outcome, RefusedMessage, TimedMessage

HOUR, DAY, YEAR = 3_600_000, 86_400_000, 365 * 86_400_000
NOON = 1_700_000_000_000


def played(*heard: tuple[int, int]) -> tuple[list[tuple[int, int]], list[Reason], EventClock]:
    clock = EventClock(FeedRules())
    believed, refused = [], []
    for ordinal, (time_ms, mmsi) in enumerate(heard):
        for outcome in clock.admit(TimedMessage(NOON + time_ms, mmsi, ordinal, b"", (b"x",))):
            if isinstance(outcome, RefusedMessage):
                refused.append(outcome.reason)
            else:
                believed.append((outcome.time_ms - NOON, outcome.mmsi))
    return believed, refused, clock


TEN = [(i, i) for i in range(10)]


def test_one_forged_year_is_refused_when_the_clock_goes_on() -> None:
    believed, refused, clock = played(*TEN, (YEAR, 99), (9, 3), (20, 1))
    assert believed == [*TEN, (9, 3), (20, 1)]
    assert refused == [Reason.TIME_AHEAD]
    assert clock.clock_ms == NOON + 20


def test_one_vessel_alone_cannot_make_a_leap_however_often_it_says_so() -> None:
    believed, refused, clock = played(*TEN, *[(YEAR + i, 99) for i in range(3 * WAITING_MOST)], (30, 2))
    assert clock.clock_ms == NOON + 30
    assert len(believed) == 11
    assert set(refused) == {Reason.TIME_AHEAD}
    assert len(refused) == 3 * WAITING_MOST


def test_three_witnesses_make_a_leap_and_keep_their_order() -> None:
    after = [(90 * DAY, 1), (90 * DAY + 5, 2), (90 * DAY + 2, 3)]
    believed, refused, clock = played(*TEN, *after)
    assert (believed, refused) == ([*TEN, *after], [])
    assert clock.clock_ms == NOON + 90 * DAY + 5


def test_a_liar_among_the_witnesses_does_not_set_the_time() -> None:
    believed, refused, clock = played(*TEN, (YEAR, 99), (DAY, 1), (DAY + 1, 2), (DAY + 2, 3))
    assert clock.clock_ms == NOON + DAY + 2
    assert refused == [Reason.TIME_AHEAD]
    assert believed[10:] == [(DAY, 1), (DAY + 1, 2), (DAY + 2, 3)]


def test_a_feed_of_one_ship_needs_only_that_ship() -> None:
    assert played((0, 1), (DAY, 1))[0] == [(0, 1), (DAY, 1)]


def test_a_leap_after_which_nothing_else_would_be_believed_needs_a_second_report() -> None:
    reports = [(0, 1), (90 * DAY, 1), (90 * DAY + 9, 1)]
    assert played(*reports[:2])[0] == reports[:1]
    assert played(*reports)[0] == reports
    assert played((0, 1), (YEAR, 1), (9, 1))[:2] == ([(0, 1), (9, 1)], [Reason.TIME_AHEAD])


def test_late_passes_with_its_own_time_and_a_day_back_is_refused() -> None:
    believed, refused, clock = played((0, 1), (-HOUR, 2), (-DAY - 1, 3))
    assert believed == [(0, 1), (-HOUR, 2)]
    assert refused == [Reason.TIME_BEHIND]
    assert clock.clock_ms == NOON


def test_a_wrong_first_time_does_not_make_the_rest_of_a_file_old() -> None:
    clock = EventClock(FeedRules())
    clock.prime({99: NOON + YEAR, **dict.fromkeys(range(5), NOON)})
    assert clock.admit(TimedMessage(NOON + YEAR, 99, 0, b"", (b"x",))) == []
    outcomes = clock.admit(TimedMessage(NOON + 1, 1, 1, b"", (b"y",)))
    assert [isinstance(outcome, RefusedMessage) for outcome in outcomes] == [True, False]


def test_what_nobody_confirms_is_given_up() -> None:
    _, _, clock = played(*TEN, (YEAR, 99), (5, 2))
    assert clock.waiting == 2
    assert [type(outcome) for outcome in clock.give_up()] == [RefusedMessage, TimedMessage]
    assert clock.waiting == 0


def test_who_is_remembered_is_bounded_however_many_are_heard() -> None:
    """A leap needs as many witnesses among ten vessels as among ten thousand."""
    clock = EventClock(FeedRules())
    for number in range(20_000):
        clock.admit(TimedMessage(NOON + number, number, number, b"", (b"x",)))
    assert len(clock._seen) <= 256


def test_one_by_one_and_many_at_once_the_same_vessels_are_in_view() -> None:
    draw = random.Random(7)
    front, heard = NOON, []
    for number in range(3000):
        front += draw.choice((0, 1000, 60_000)) if number % 500 else 2 * HOUR  # now and then few are in view
        late = draw.choice((0, 0, 1000, HOUR, 2 * HOUR))
        heard.append((front - late, draw.choice((draw.randrange(8), draw.randrange(5000)))))
    single, many, every = EventClock(FeedRules()), EventClock(FeedRules()), dict[int, int]()
    for begin in range(0, len(heard), 37):
        run = heard[begin : begin + 37]
        for ordinal, (time_ms, mmsi) in enumerate(run):
            single.admit(TimedMessage(time_ms, mmsi, ordinal, b"", (b"x",)))
            every[mmsi] = max(every.get(mmsi, 0), time_ms)
        times, mmsis = np.array(run, np.int64).T
        many.note_run(times, mmsis, [b""] * len(run))
        in_view = sum(time_ms >= single.known_ms - HOUR for time_ms in every.values())
        wanted = 3 if in_view >= 6 else max(1, -(-in_view // 2))
        assert single._needed() == many._needed() == wanted


WALL_MS = 1_709_510_400_000


def live(*heard: tuple[int, int]) -> tuple[EventClock, list[Outcome]]:
    """Messages of a live source by MMSI and seconds ahead of the wall clock, which stands still."""
    clock = EventClock(FeedRules())
    found: list[Outcome] = []
    for ordinal, (mmsi, ahead_s) in enumerate(heard):
        station = b"WRONG" if ahead_s > 600 else b"RIGHT"
        found += clock.admit(TimedMessage(WALL_MS + ahead_s * 1000, mmsi, ordinal, station, (b"x",)), WALL_MS)
    return clock, found


def test_a_live_source_does_not_begin_an_hour_ahead_because_one_station_does() -> None:
    clock, found = live((1, 3600), (2, 3601), (3, 3602), (4, 3603), (5, 0), (6, 1))
    assert clock.clock_ms == WALL_MS + 1000
    assert [isinstance(one, RefusedMessage) for one in found] == [True] * 4 + [False] * 2


def test_a_live_source_is_believed_where_the_wall_clock_is_wrong() -> None:
    clock, found = live((1, 7200), (2, 7201))
    assert found == [] and clock.clock_ms is None
    assert [isinstance(one, TimedMessage) for one in clock.give_up()] == [True, True]
    assert clock.clock_ms == WALL_MS + 7_201_000


def test_a_busy_live_source_is_believed_soon_where_the_wall_clock_is_wrong() -> None:
    clock, _ = live(*((n % 50, 7200) for n in range(1200)))
    assert clock.clock_ms == WALL_MS + 7_200_000
