"""What was known at a moment is what a fresh table shows that was given only what had been stated by then."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.alert import Alert, Evidence, Vessel, encode
from detectors.core.units import HOUR_MS, rfc3339, unix_ms
from streams.console.alert_table import AlertTable
from streams.console.cases import CaseTimeline, Overview
from streams.console.filters import NO_FILTER, Area, CaseFilter
from streams.console.past.history import History, HistoryBounds, Place
from streams.console.past.marks import marks
from streams.console.past.moments import MomentError, moment_ms, reached
from streams.console.past.views import KnownWhen, Question, overview, story
from streams.messages.feedback import Feedback, about

from .conftest import position

Make = Callable[..., Alert]
T0 = datetime(2024, 2, 4, 5, 12, tzinfo=UTC)
T0_MS = int(T0.timestamp() * 1000)
QUARTERS = st.integers(-16, 500).map(lambda quarters: quarters / 4)
"""Hours after T0; revisions have such times too, so that some come at the very moment that is asked for."""
EVIDENCE = tuple(Evidence(time=T0.isoformat(), source="coast", sentence=f"!AIVDM{n}", sha256="0") for n in range(2))
FILTERS = st.sampled_from(
    (
        NO_FILTER,
        CaseFilter(status=("waiting",)),
        CaseFilter(severity=("log", "page"), list=("OFAC",)),
        CaseFilter(source=("coast",), assigned=("Lee", "")),
        CaseFilter(area=Area(west_deg=129, south_deg=30, east_deg=132, north_deg=40)),
    )
)
CASES = ("imo/9179842", "mmsi/2", "mmsi/3")


def at(hours: float) -> str:
    return rfc3339(T0_MS + round(hours * HOUR_MS))


def question(hours: float, known: KnownWhen = "then", **more: Any) -> Question:
    ms = T0_MS + round(hours * HOUR_MS)
    return Question(**{"at_ms": ms, "known": known, "clock": (ms, ms), "log": True, **more})


def history_of(*told: Alert | Feedback, bounds: HistoryBounds | None = None) -> History:
    history = History(bounds)
    for number, one in enumerate(told):
        if isinstance(one, Alert):
            history.take(one, Place(0, number))
        else:
            history.hear(one)
    return history


def cases(told: Overview) -> list[tuple[str, int, str]]:
    return [(one.case_id, one.open, one.headline) for one in told.cases]


# -- any sequence, in any order ---------------------------------------------------------------------------------------


@st.composite
def revisions(draw: st.DrawFn) -> list[Alert]:
    """Up to four alerts with up to five revisions each; times mostly rise, some go back."""
    made = []
    for number in range(draw(st.integers(1, 4))):
        replayed, detector = draw(st.booleans()), draw(st.sampled_from(("gap", "watchlist")))
        hours, start = draw(QUARTERS.filter(lambda hours: 0 <= hours < 60)), at(draw(st.sampled_from((-3, -0.5, 0))))
        for revision in range(1, draw(st.integers(1, 5)) + 1):
            hours += draw(st.sampled_from((-0.5, 0.0, 0.25, 3.0, 30.0)))
            status: Any = "opened" if revision == 1 else draw(st.sampled_from(("updated", "closed", "retracted")))
            back = {"reappeared_at": at(hours)} if status == "closed" else {}
            made.append(
                Alert(
                    id=f"{number:032x}",
                    revision=revision,
                    status=status,
                    detector=detector,
                    rule_version=1,
                    severity=draw(st.sampled_from(("page", "ticket", "log"))),
                    subject="mmsi/1",
                    case_id=draw(st.sampled_from(CASES)) if revision == 1 else draw(st.sampled_from(CASES[:2])),
                    mmsi=1,
                    vessel=draw(st.sampled_from((None, Vessel(name="ANGARA", imo=9_179_842)))),
                    episode_start=start,
                    time=at(hours),
                    position=draw(st.sampled_from((None, position(34.6, 129.5 + revision, at(hours - 1))))),
                    headline=f"alert {number} revision {revision}",
                    details={"last_heard": start, "v_max_kn": 12, "silent_for_s": 7, "list": "OFAC", **back},
                    evidence=EVIDENCE[: draw(st.integers(0, 2))],
                    replayed=replayed,
                    same_as=revision - 1 if revision > 1 and draw(st.booleans()) else None,
                )
            )
    return made


@st.composite
def everything(draw: st.DrawFn) -> tuple[list[Alert], list[Feedback]]:
    alerts = draw(revisions())
    words = []
    for number in range(draw(st.integers(0, 4))):
        kind: Any = draw(st.sampled_from(("acknowledged", "false_alarm", "withdrawn", "note", "assigned")))
        time = rfc3339(T0_MS + draw(st.integers(0, 100)) * HOUR_MS + number)
        words.append(
            about(
                draw(st.sampled_from(alerts)), kind, f"Kim {number}", "", time, to="Lee" if kind == "assigned" else ""
            )
        )
    return alerts, words


def fresh(alerts: Sequence[Alert], words: Sequence[Feedback], asked: Question, *, forget: bool = True) -> AlertTable:
    """A table that was given only what had been stated by the moment, in the order in which it was."""
    table = AlertTable()
    for replayed, ms in zip((False, True), asked.clock, strict=True):
        table.tell_time(ms, replayed=replayed)
    for alert in sorted(alerts, key=lambda one: (unix_ms(one.time), one.revision)):
        if unix_ms(alert.time) <= asked.at_ms:
            table.take(alert, encode(alert))
    recorded = {alert.id for alert in alerts if alert.replayed}
    for said in sorted(words, key=lambda one: one.time):
        if unix_ms(said.time) <= asked.at_ms and said.alert_id not in recorded:
            table.hear(said)
    if forget:
        table.forget()
    return table


@given(everything(), st.randoms(use_true_random=False), QUARTERS, st.booleans(), FILTERS)
def test_as_of_a_moment_is_a_fresh_table_of_what_was_stated_by_then(
    told: tuple[list[Alert], list[Feedback]], random: Any, hours: float, log: bool, wanted_cases: CaseFilter
) -> None:
    alerts, words = told
    delivered: list[Alert | Feedback] = [*alerts, *words, *random.sample(alerts, len(alerts) // 2)]
    random.shuffle(delivered)
    known = history_of(*delivered).known
    asked = question(hours, log=log, wanted=wanted_cases)
    wanted = fresh(alerts, words, asked).overview("following", log=log, wanted=asked.wanted)
    made = overview(known, asked)
    assert {name: getattr(made, name) for name in wanted.__struct_fields__} == {
        name: getattr(wanted, name) for name in wanted.__struct_fields__
    }
    for case_id in CASES:
        line, expected = story(known, asked, case_id), fresh(alerts, words, asked, forget=False).story(case_id)
        assert (line and [getattr(line, name) for name in CaseTimeline.__struct_fields__]) == (
            expected and [getattr(expected, name) for name in CaseTimeline.__struct_fields__]
        )


@given(everything(), QUARTERS)
def test_what_is_known_now_covers_the_moment_and_is_never_retracted(
    told: tuple[list[Alert], list[Feedback]], hours: float
) -> None:
    alerts, words = told
    asked = question(hours, "now")
    wanted = set()
    for alert_id in {alert.id for alert in alerts}:
        mine = sorted((one for one in alerts if one.id == alert_id), key=lambda one: one.revision)
        end_ms: float = float("inf")
        for one in reversed(mine):
            if one.status not in {"closed", "retracted"}:
                break
            end_ms = unix_ms(one.time)
        if mine[-1].status != "retracted" and unix_ms(mine[-1].episode_start) <= asked.at_ms < end_ms:
            wanted.add(mine[-1].case_id)
    assert {one.case_id for one in overview(history_of(*alerts, *words).known, asked).cases} == wanted


# -- one by one -------------------------------------------------------------------------------------------------------


def test_then_a_silence_was_open_and_now_it_is_known_where_it_ended(make: Make) -> None:
    opened = make(time=at(0))
    back = position(42.7, 132.2, at(48))
    details = {**make().details, "reappeared_at": at(48)}
    closed = make(revision=2, status="closed", time=at(48), position=back, details=details)
    known = history_of(opened, closed).known
    (then,) = overview(known, question(24)).cases
    assert (then.open, then.dark[0].until, then.position) == (1, None, opened.position)
    (now,) = overview(known, question(24, "now")).cases
    assert (now.open, now.dark[0].start, now.dark[0].end) == (0, opened.position, back)
    assert now.position == opened.position, "it had not come back yet"


def test_a_silence_that_was_not_stated_yet_is_known_now(make: Make) -> None:
    known = history_of(make(time=at(0), episode_start=at(-1))).known
    assert cases(overview(known, question(-0.5))) == []
    assert cases(overview(known, question(-0.5, "now"))) == [("imo/9179842", 1, make().headline)]
    assert cases(overview(known, question(-1.5, "now"))) == []


def test_a_retracted_alert_was_believed_then_and_is_not_now(make: Make) -> None:
    known = history_of(make(time=at(0)), make(revision=2, status="retracted", time=at(5))).known
    assert [one.open for one in overview(known, question(1)).cases] == [1]
    assert overview(known, question(1, "now")).cases == ()


def test_an_image_of_an_ended_silence_does_not_make_it_longer(make: Make) -> None:
    closed = make(revision=2, status="closed", time=at(2))
    known = history_of(make(time=at(0)), closed, make(revision=3, status="closed", time=at(60))).known
    assert len(overview(known, question(1, "now")).cases) == 1
    assert overview(known, question(30, "now")).cases == ()


def test_a_case_closed_days_before_is_not_listed_and_still_has_its_timeline(make: Make) -> None:
    known = history_of(make(time=at(0)), make(revision=2, status="closed", time=at(1))).known
    assert [one.open for one in overview(known, question(24)).cases] == [0]
    assert overview(known, question(26)).cases == ()
    found = story(known, question(26), "imo/9179842")
    assert found is not None and [one.revision for one in found.alerts[0].said] == [1, 2]
    assert story(known, question(-1), "imo/9179842") is None
    assert story(known, question(1), "imo/1") is None


def test_feedback_counts_from_its_own_time_and_not_for_a_recording(make: Make) -> None:
    live, recorded = make("a", time=at(0)), make("b", case_id="mmsi/2", time=at(0), replayed=True)
    words = [about(alert, "acknowledged", "Kim", "", at(2)) for alert in (live, recorded)]
    undone = about(live, "withdrawn", "Lee", "", at(4))
    known = history_of(live, recorded, undone, *words).known

    def said(hours: float, known_when: KnownWhen = "then") -> dict[str, str]:
        listed = overview(known, question(hours, known_when)).cases
        return {one.case_id: one.word.by for one in listed if one.word is not None}

    assert said(1) == {}
    assert said(3) == {"imo/9179842": "Kim"}
    assert said(5) == {}
    assert said(1, "now") == {"mmsi/2": "Kim"}, "what people have said since is known now"


def test_the_search_is_in_what_was_known(make: Make) -> None:
    known = history_of(
        make(time=at(0), vessel=Vessel(name="OLD"), headline="silent"), make(revision=2, time=at(2))
    ).known
    assert len(overview(known, question(1, words="old")).cases) == 1
    assert overview(known, question(1, words="angara")).cases == ()
    assert len(overview(known, question(3, words="angara")).cases) == 1


def test_a_box_on_the_map_holds_what_was_in_it_at_the_moment(make: Make) -> None:
    there, back = make(time=at(0)), position(42.7, 132.2, at(48))
    known = history_of(there, make(revision=2, status="closed", time=at(48), position=back)).known
    for lat, lon, found in ((34.6, 129.5, 1), (42.7, 132.2, 0)):
        box = Area(west_deg=lon - 1, south_deg=lat - 1, east_deg=lon + 1, north_deg=lat + 1)
        assert len(overview(known, question(24, "now", wanted=CaseFilter(area=box))).cases) == found


# -- moments ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2024-01-05T04:10:00Z", 1_704_427_800_000),
        ("2024-01-05T04:10:00.5Z", 1_704_427_800_500),
        ("2024-01-05T04:10:00.000999Z", 1_704_427_800_000),
        ("1970-01-01T00:00:00Z", 0),
    ],
)
def test_a_moment_is_read(text: str, ms: int) -> None:
    assert moment_ms("as_of", text) == ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "1704427800",
        "2024-01-05",
        "2024-01-05T04:10:00",
        "2024-01-05T04:10:00+00:00",
        "2024-01-05 04:10:00Z",
        "2024-02-30T00:00:00Z",
        "2024-01-05T24:10:00Z",
        "2024-01-05T04:10:60Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "\uff12024-01-05T04:10:00Z",
        "2024-01-05T04:10:00.Z",
        "2024-01-05T04:10:00Z\n",
        "2024-01-05T04:10:00.0000000001Z",
        "-2024-01-05T04:10:00Z",
        "2024-01-05T04:10:00Z" * 1000,
    ],
)
def test_what_is_no_moment_is_rejected_with_an_example(text: str) -> None:
    with pytest.raises(MomentError, match=r"^as_of: not a time; give RFC 3339 in UTC .* 2024-01-05T04:10:00Z$"):
        moment_ms("as_of", text)


def test_the_future_is_not_known() -> None:
    assert reached("as_of", 5, 5) == 5
    with pytest.raises(MomentError, match=r"as_of: in the future; event time here is 1970-01-01T00:00:00\.005Z"):
        reached("as_of", 6, 5)
    with pytest.raises(MomentError, match="no event time is known yet"):
        reached("as_of", 6, 0)


# -- marks ------------------------------------------------------------------------------------------------------------


def test_a_mark_is_where_something_opened_or_became_more_urgent(make: Make) -> None:
    told = [
        make(severity="ticket", time=at(0)),
        make(revision=2, severity="log", time=at(1)),
        make(revision=3, severity="ticket", time=at(2)),
        make(revision=4, severity="page", time=at(3)),
        make("b", case_id="mmsi/2", severity="log", time=at(1)),
    ]
    found = marks(history_of(*reversed(told)).known, T0_MS, T0_MS + 9 * HOUR_MS)
    assert [(one.time, one.severity) for one in found.marks] == [(at(0), "ticket"), (at(1), "log"), (at(3), "page")]
    assert found.total == {"page": 1, "ticket": 1, "log": 1}
    assert [one.time for one in marks(history_of(*told).known, T0_MS, T0_MS).marks] == [at(0)], "both ends count"


def test_marks_are_thinned_by_urgency_and_a_quiet_day_keeps_its_own(make: Make) -> None:
    pages = [make(f"{n:04x}", case_id=f"mmsi/{n}", time=at(n / 10)) for n in range(40)]
    crowd = [make(f"a{n:03x}", severity="ticket", case_id=f"mmsi/1{n}", time=at(n / 1000)) for n in range(900)]
    quiet = make("b", severity="ticket", case_id="mmsi/9", time=at(90))
    logs = [make(f"c{n:03x}", severity="log", case_id=f"mmsi/2{n}", time=at(n / 10)) for n in range(50)]
    found = marks(history_of(*logs, *crowd, quiet, *pages).known, 0, T0_MS + 999 * HOUR_MS, most=100)
    assert found.total == {"page": 40, "ticket": 901, "log": 50}
    assert len(found.marks) <= 100
    assert sum(one.severity == "page" for one in found.marks) == 40
    assert any(one.time == at(90) for one in found.marks)
    assert [one.time for one in found.marks] == sorted(one.time for one in found.marks)


def test_nothing_is_known_of_an_empty_log() -> None:
    known = History().known
    assert marks(known, 0, 1).marks == ()
    assert overview(known, question(0)).cases == overview(known, question(0, "now")).cases == ()
    assert overview(known, question(0)).known_from is None


# -- bounds -----------------------------------------------------------------------------------------------------------


def test_memory_is_bounded_and_what_is_left_is_answered_as_before(make: Make) -> None:
    told = []
    for number in range(60):
        one = make(f"{number:04x}", case_id=f"mmsi/{number}", time=at(number), headline=f"alert {number}")
        told += [msgspec.structs.replace(one, revision=n, time=at(number + n / 10)) for n in range(1, 8)]
        if number % 3:
            told.append(msgspec.structs.replace(one, revision=8, status="closed", time=at(number + 1)))
    told.sort(key=lambda one: one.time)
    whole, bounded = history_of(*told), history_of(*told, bounds=HistoryBounds(revisions_most=200))
    assert len(bounded) <= 200 < len(whole) and bounded.left_out == 0
    known_from = overview(bounded.known, question(60)).known_from
    assert known_from is not None and at(0) < known_from < at(50)
    begin_h = (unix_ms(known_from) - T0_MS) / HOUR_MS
    for hours in (begin_h, begin_h + 0.3, 50, 55, 61):
        mine, wanted = overview(bounded.known, question(hours)), overview(whole.known, question(hours))
        assert cases(mine) == cases(wanted) and mine.open == wanted.open
    assert overview(whole.known, question(60)).known_from == at(0.1)


def test_open_alerts_alone_can_fill_the_history_and_the_oldest_are_counted_out(make: Make) -> None:
    told = [make(f"{number:04x}", case_id=f"mmsi/{number}", time=at(number / 10)) for number in range(300)]
    history = history_of(*told, bounds=HistoryBounds(revisions_most=100))
    assert len(history) <= 100 and history.left_out > 0
    assert len(overview(history.known, question(40)).cases) == len(history)
    history.take(told[0])
    assert history.known.row(told[0].id, None) is not None


def test_what_was_asked_for_before_does_not_change_while_more_comes(make: Make) -> None:
    history = history_of(make(time=at(0)), bounds=HistoryBounds(revisions_most=50))
    known = history.known
    before = overview(known, question(99))
    for number in range(200):
        history.take(make(f"{number:04x}", case_id=f"mmsi/{number}", time=at(1 + number)))
    assert overview(known, question(99)).cases == before.cases


def test_a_change_is_told_with_the_time_from_which_it_counts(make: Make) -> None:
    history = history_of(make(time=at(5)), make("b", time=at(3)))
    assert history.changed_from() == unix_ms(at(3))
    history.take(make(time=at(5)))
    assert history.changed_from() is None
    history.hear(about(make(), "acknowledged", "Kim", "", at(9)))
    assert history.changed_from() == unix_ms(at(9))
