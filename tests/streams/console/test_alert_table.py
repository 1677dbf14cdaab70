"""The board: newest revisions, case by case, in bounded memory and in event time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from detectors.core.alert import Alert, Vessel, encode
from streams.console.alert_table import AlertTable, TableBounds
from streams.console.cases import CaseTimeline, Overview
from streams.messages.feedback import Feedback, about

from .conftest import position

Make = Callable[..., Alert]
T0 = datetime(2024, 2, 4, 5, 12, tzinfo=UTC)


def at(hours: float) -> str:
    return (T0 + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def board_of(*alerts: Alert, bounds: TableBounds | None = None) -> AlertTable:
    board = AlertTable(bounds)
    for alert in alerts:
        board.take(alert, encode(alert))
    return board


def seen(board: AlertTable, *, log: bool = False) -> Overview:
    return board.overview("following", log=log)


def story(board: AlertTable, case_id: str = "imo/9179842") -> CaseTimeline:
    found = board.story(case_id)
    assert found is not None
    return found


def test_a_ship_is_one_case_and_its_most_urgent_alert_speaks_for_it(make: Make) -> None:
    ticket = make("b", severity="ticket", detector="watchlist", headline="heard", time=at(3), episode_start=at(1))
    (case,) = seen(board_of(make("a"), ticket)).cases
    assert (case.severity, case.open, case.lead) == ("page", 2, "a" * 32)
    assert case.headline == make().headline
    assert (case.since, case.time) == (make().episode_start, at(3))


def test_page_comes_before_ticket_before_log_and_the_newest_first_in_each(make: Make) -> None:
    kinds = [("a", "ticket", 5), ("b", "page", 1), ("c", "page", 2), ("d", "log", 9), ("e", "ticket", 6)]
    board = board_of(*(make(i, severity=s, case_id=f"mmsi/{i}", time=at(h)) for i, s, h in kinds))
    assert [case.case_id[-1] for case in seen(board, log=True).cases] == ["c", "b", "e", "a", "d"]
    assert [case.case_id[-1] for case in seen(board).cases] == ["c", "b", "e", "a"]
    assert seen(board).open == {"page": 2, "ticket": 2, "log": 1}


def test_the_highest_revision_counts_whatever_comes_last(make: Make) -> None:
    closed = make(revision=3, status="closed", time=at(2))
    board = board_of(closed)
    assert not board.take(make(revision=2, status="updated"), b"")
    assert not board.take(closed, encode(closed))
    assert board.raw("a" * 32) == encode(closed)
    assert [one.revision for one in story(board).alerts[0].said] == [2, 3]


def test_a_former_revision_never_brings_an_unknown_alert_back(make: Make) -> None:
    board = AlertTable()
    board.recall(make())
    assert len(board) == 0


def test_a_closed_case_stays_a_day_of_event_time(make: Make) -> None:
    board = board_of(make(status="closed"), make("b", case_id="mmsi/2", time=at(23.9)))
    assert [case.open for case in seen(board).cases] == [1, 0]
    board.tell_time(int((T0 + timedelta(hours=24.1)).timestamp() * 1000), replayed=False)
    assert [case.case_id for case in seen(board).cases] == ["mmsi/2"]
    board.forget()
    assert ("a" * 32) not in board and board.story("imo/9179842") is None


def test_a_recording_neither_ages_nor_is_aged_by_a_live_feed(make: Make) -> None:
    live = make("b", case_id="mmsi/2", status="closed", time="2026-01-01T00:00:00.000Z")
    board = board_of(make(status="closed", replayed=True), live)
    board.forget()
    assert len(board) == 2
    assert (seen(board).clock.recorded, seen(board).clock.live) == (at(0), live.time)


def test_an_open_case_keeps_the_alerts_that_have_ended(make: Make) -> None:
    board = board_of(make("a", status="closed"), make("b", time=at(100)))
    board.forget()
    assert [line.id[0] for line in story(board).alerts] == ["b", "a"]


def test_a_case_holds_so_many_alerts_and_what_is_open_stays(make: Make) -> None:
    old = make("0", detector="watchlist", time=at(-1))
    closed = [make(f"{n:02x}", status="closed", time=at(n)) for n in range(1, 40)]
    board = board_of(old, *closed, bounds=TableBounds(alerts_a_case=10))
    board.forget()
    assert len(board) == 10 and old.id in board and closed[-1].id in board


def test_memory_is_bounded_and_what_is_for_the_record_goes_first(make: Make) -> None:
    page, first = make("a"), make("b", status="closed", case_id="mmsi/1", time=at(9))
    logs = [make(f"{n:04x}", severity="log", case_id=f"mmsi/{n}", time=at(1 + n / 100)) for n in range(500)]
    board = board_of(page, first, *logs, bounds=TableBounds(alerts_most=100))
    assert len(board) <= 100
    assert page.id in board and logs[-1].id in board and logs[0].id not in board
    assert seen(board).left_out >= 400
    assert seen(board, log=True).open == {"page": 1, "ticket": 0, "log": len(board) - 1}


def test_so_many_cases_are_shown_and_the_rest_is_counted(make: Make) -> None:
    pages = [make(f"{n:04x}", case_id=f"mmsi/{n}") for n in range(24)]
    logs = [make(f"f{n:03x}", severity="log", case_id=f"log/{n}") for n in range(14)]
    board = board_of(*pages, *logs, bounds=TableBounds(cases_shown=10))
    assert (len(seen(board).cases), seen(board).more) == (10, 14)
    assert (len(seen(board, log=True).cases), seen(board, log=True).more) == (20, 18)


def test_a_silence_runs_from_the_last_fix_to_where_she_reappeared(make: Make) -> None:
    back = position(42.7, 132.2, at(60))
    details = {**make().details, "reappeared_at": at(60)}
    board = board_of(make(), make(revision=2, status="closed", time=at(60), position=back, details=details))
    (dark,) = seen(board).cases[0].dark
    assert (dark.start, dark.end, dark.since, dark.until) == (make().position, back, make().episode_start, at(60))


def test_the_start_of_a_silence_is_learned_from_a_former_revision(make: Make) -> None:
    details = {**make().details, "reappeared_at": at(60)}
    board = board_of(
        make(revision=2, status="closed", time=at(60), details=details, position=position(42, 132, at(60)))
    )
    assert seen(board).cases[0].dark[0].start is None
    board.recall(make())
    assert seen(board).cases[0].dark[0].start == make().position


def test_a_ship_that_is_still_silent_has_a_reach(make: Make) -> None:
    (case,) = seen(board_of(make(details={**make().details, "v_max_kn": 18}))).cases
    assert (case.dark[0].start, case.dark[0].until, case.dark[0].reach_kn) == (make().position, None, 18.0)


@pytest.mark.parametrize("details", [{}, {"last_heard": 5}, {"last_heard": None}])
def test_a_gap_that_does_not_say_since_when_is_not_drawn(make: Make, details: dict[str, object]) -> None:
    assert seen(board_of(make(details=details))).cases[0].dark == ()


def test_an_alert_that_learns_who_she_is_moves_to_her_case(make: Make) -> None:
    board = board_of(make(case_id="mmsi/273999001"), make(revision=2, status="updated"))
    assert [case.case_id for case in seen(board).cases] == ["imo/9179842"]
    assert board.story("mmsi/273999001") is None


def test_a_time_that_is_none_is_refused(make: Make) -> None:
    with pytest.raises(ValueError, match="yesterday"):
        board_of(make(time="yesterday"))


def test_a_person_s_word_is_shown_until_the_alert_changes(make: Make) -> None:
    board = AlertTable()
    board.take(make(), b"1")
    board.hear(said(make(), by="Kim"))
    (case,) = board.overview("following", log=False).cases
    assert case.word is not None and (case.word.by, case.word.kind) == ("Kim", "acknowledged")
    story = board.story(case.case_id)
    assert story is not None and story.alerts[0].word == case.word
    board.take(make(revision=2, status="updated", same_as=1), b"2")
    (case,) = board.overview("following", log=False).cases
    assert case.word is not None  # only satellite passes were renewed
    board.take(make(revision=3, status="updated"), b"3")
    (case,) = board.overview("following", log=False).cases
    assert case.word is None  # it changed since: that is news to the person too


def said(alert: Alert, by: str) -> Feedback:
    return about(alert, "acknowledged", by, "seen on radar", "2024-02-04T05:30:00.000Z")


def test_of_what_happened_at_once_the_same_is_shown_every_time(make: Make) -> None:
    ids = [f"{n:02x}" for n in range(40)]
    alerts = [
        make(one, vessel=Vessel(name=f"SHIP {one}"), position=position(34.0, int(one, 16), at(0)), time=at(0))
        for one in ids
    ]
    told = [seen(board_of(*order)).cases[0] for order in (alerts, alerts[::-1])]
    assert told[0] == told[1]
    assert [line.alert_id[:2] for line in told[0].dark] == ["25", "26", "27"]
    assert told[0].vessel == Vessel(name="SHIP 27")
    assert told[0].position is not None and told[0].position.lon_deg == 0x27
