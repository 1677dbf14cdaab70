"""What is sent, and when: the notifier's core without any I/O."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core.alert import Alert, Evidence, Fact, Position
from detectors.core.units import rfc3339, unix_ms
from streams.messages.feedback import Feedback
from streams.notify.core import NOTHING, NoticeRules, NoticeScheduler, Outgoing
from streams.notify.notices import Notice, annotations_of, area_of, firing, labels_of, resolved

NOW = unix_ms("2024-02-04T05:12:30.000Z")
S = 1000
Make = Callable[..., Alert]


def state(notice: Notice, now_ms: int) -> tuple[str, str]:
    return notice.labels["severity"], "resolved" if unix_ms(notice.ends_at) <= now_ms else "firing"


def states(outgoing: Outgoing, now_ms: int) -> list[tuple[str, str]]:
    return [state(notice, now_ms) for notice in outgoing.notices]


def test_a_notice_has_few_labels_and_its_text_in_annotations(make: Make) -> None:
    alert = make(
        position=Position(lat_deg=34.6, lon_deg=129.5, time="2024-02-04T04:12:00.000Z"),
        why=(Fact(fact="silence", value=7200, threshold=3600, unit="s"),),
        would_change=("any report closes it",),
        details={"zone": "Rajin", "list": "OFAC", "matched_on": ["imo"]},
    )
    notice = firing(alert, NOW, 900)
    assert notice.labels == {
        "alertname": "gap",
        "severity": "page",
        "alert_id": alert.id,
        "case_id": "imo/9179842",
        "area": "30N125E",
        "zone": "Rajin",
        "list": "OFAC",
    }
    assert notice.annotations["summary"] == alert.headline
    assert notice.annotations["description"].startswith(
        "silence: 7200 s (threshold 3600 s)\nwould change it: any report"
    )
    assert notice.starts_at == alert.episode_start
    assert notice.ends_at == rfc3339(NOW + 900 * S)
    assert set(json.loads(msgspec.json.encode(notice))) == {"labels", "annotations", "startsAt", "endsAt"}


def test_an_outage_and_the_gaps_that_it_explains_are_labelled_with_the_source(make: Make) -> None:
    outage = make(detector="feed_outage", subject="source/pier", case_id="source/pier", mmsi=None)
    assert labels_of(outage)["source"] == "pier"
    heard = Evidence(time="2024-02-04T04:12:00.000Z", source="pier", sentence="!AIVDM", sha256="0" * 64)
    assert labels_of(make(evidence=(heard,)))["source"] == "pier"
    assert "source" not in labels_of(make(detector="watchlist", evidence=(heard,)))
    assert "source" not in labels_of(make())


def test_an_alert_about_an_area_is_labelled_by_its_centre_and_has_no_vessel_and_no_source(make: Make) -> None:
    subject, time = "place/36.5N027.0E", "2024-02-04T04:12:00.000Z"
    about = {"subject": subject, "case_id": subject, "mmsi": None, "vessel": None}
    centre = Position(lat_deg=36.9, lon_deg=27.5, time=time)
    details = {"vessels": [{"mmsi": 1, "list": "OFAC"}], "sources": ["pier"]}
    labels = labels_of(make(detector="interference", position=centre, details=details, **about))
    assert (labels["area"], labels["case_id"]) == ("35N025E", subject) and not {"source", "list", "zone"} & set(labels)


@pytest.mark.parametrize(
    ("lat_deg", "lon_deg", "area"),
    [
        (34.6, 129.5, "30N125E"),
        (-0.1, -0.1, "05S005W"),
        (0, 0, "00N000E"),
        (90, 180, "90N180E"),
        (-90, -180, "90S180W"),
    ],
)
def test_an_area_is_a_cell_of_five_degrees(make: Make, lat_deg: float, lon_deg: float, area: str) -> None:
    assert area_of(make(position=Position(lat_deg=lat_deg, lon_deg=lon_deg, time="2024-02-04T04:12:00.000Z"))) == area


def test_forged_text_stays_text_and_short(make: Make) -> None:
    nasty = make(details={"zone": "\x1b[2J{{ .Labels }}" + "x" * 500}, why=(Fact(fact="x" * 5000, value=1),))
    assert len(labels_of(nasty)["zone"]) == 64
    assert "\x1b" not in labels_of(nasty)["zone"]
    assert len(annotations_of(nasty)["description"]) == 2000


@given(start=st.integers(0, 2**41), end=st.integers(0, 2**41), now=st.integers(0, 2**41))
def test_an_end_never_precedes_its_start_nor_lies_ahead(start: int, end: int, now: int) -> None:
    alert = Alert(
        id="0" * 32,
        revision=2,
        status="closed",
        detector="gap",
        rule_version=1,
        severity="page",
        subject="",
        case_id="s",
        headline="h",
        episode_start=rfc3339(start),
        time=rfc3339(end),
    )
    notice = resolved(alert, {}, now)
    assert unix_ms(notice.starts_at) <= unix_ms(notice.ends_at) <= now


def test_log_and_recordings_notify_nobody(make: Make) -> None:
    notices = NoticeScheduler(NoticeRules())
    assert notices.take(make(severity="log"), NOW) == Outgoing()
    assert notices.take(make(id="1" * 32, replayed=True), NOW) == Outgoing()
    assert notices.due(NOW + 999 * S) == Outgoing()


def test_a_dry_run_may_include_recordings(make: Make) -> None:
    notices = NoticeScheduler(NoticeRules(include_replayed=True))
    assert len(notices.take(make(replayed=True), NOW).notices) == 1


def test_a_second_copy_and_an_older_revision_are_dropped(make: Make) -> None:
    notices = NoticeScheduler(NoticeRules())
    first, second = make(), make(revision=2, status="updated", headline="still silent")
    assert len(notices.take(first, NOW).notices) == 1
    assert notices.take(first, NOW) == Outgoing()
    assert notices.take(second, NOW).revisions == (second,)
    assert notices.take(first, NOW) == Outgoing()


def test_an_open_alert_is_repeated_until_it_ends(make: Make) -> None:
    notices = NoticeScheduler(NoticeRules(resend_every_s=60))
    notices.take(make(), NOW)
    assert notices.due(NOW + 59 * S).notices == ()
    assert states(notices.due(NOW + 60 * S), NOW + 60 * S) == [("page", "firing")]
    assert notices.due(NOW + 61 * S).notices == ()
    ended = notices.take(make(revision=2, status="closed"), NOW + 90 * S)
    assert states(ended, NOW + 90 * S) == [("page", "resolved")]
    assert notices.due(NOW + 999 * S) == Outgoing()
    assert notices.open == 0


def test_a_repeat_comes_long_before_the_alert_lapses() -> None:
    assert NoticeRules(resend_every_s=60).lapse_s == 900
    assert NoticeRules(resend_every_s=3600).lapse_s == 4 * 3600


def test_an_end_right_after_the_beginning_waits_so_that_somebody_hears_of_it(make: Make) -> None:
    notices = NoticeScheduler(NoticeRules(settle_s=10))
    notices.take(make(), NOW)
    assert notices.take(make(revision=2, status="closed"), NOW + S).notices == ()
    assert notices.settling
    assert notices.due(NOW + 9 * S).notices == ()
    assert states(notices.due(NOW + 10 * S), NOW + 10 * S) == [("page", "resolved")]
    assert not notices.settling


def test_what_waits_goes_out_when_we_leave(make: Make) -> None:
    notices = NoticeScheduler(NoticeRules())
    notices.take(make(), NOW)
    notices.take(make(revision=2, status="retracted"), NOW)
    assert states(notices.flush(NOW), NOW) == [("page", "resolved")]
    assert notices.flush(NOW) == Outgoing()


def test_a_ticket_that_becomes_a_page_ends_as_a_ticket(make: Make) -> None:
    notices = NoticeScheduler(NoticeRules(settle_s=10))
    notices.take(make(severity="ticket"), NOW)
    later = NOW + 60 * S
    changed = notices.take(make(revision=2, status="updated", severity="page"), later)
    assert states(changed, later) == [("page", "firing"), ("ticket", "resolved")]


def test_one_that_becomes_log_ends(make: Make) -> None:
    notices = NoticeScheduler(NoticeRules())
    notices.take(make(severity="ticket"), NOW)
    changed = notices.take(make(revision=2, status="updated", severity="log"), NOW + 60 * S)
    assert states(changed, NOW + 60 * S) == [("ticket", "resolved")]
    assert changed.revisions == ()


def test_after_a_restart_what_was_open_is_repeated_and_its_end_goes_out(make: Make) -> None:
    notices = NoticeScheduler(NoticeRules())
    notices.restore(make(revision=3, status="updated"), NOW)
    notices.restore(make(id="1" * 32), NOW)
    notices.restore(make(id="1" * 32, revision=2, status="closed"), NOW)
    notices.restore(make(id="2" * 32, severity="log"), NOW)
    assert states(notices.due(NOW), NOW) == [("page", "firing")]
    stale = notices.take(make(revision=2, status="updated"), NOW)
    assert stale.notices == ()
    assert len(stale.revisions) == 1
    later = NOW + 20 * S
    assert states(notices.take(make(revision=4, status="closed"), later), later) == [("page", "resolved")]


def test_the_end_of_one_that_we_never_saw_open_goes_out_too(make: Make) -> None:
    ended = NoticeScheduler(NoticeRules()).take(make(revision=4, status="closed"), NOW)
    assert states(ended, NOW) == [("page", "resolved")]


def test_back_to_a_page_before_its_end_went_out_it_stays_lit(make: Make) -> None:
    notices, board = NoticeScheduler(NoticeRules()), Board()
    for revision, severity in enumerate(["page", "ticket", "page"], 1):
        board.post(notices.take(make(revision=revision, severity=severity), NOW))
    later = NOW + 10 * S
    board.post(notices.due(later))
    assert board.firing(later) == {(make().id, "page")}


@dataclass
class Board:
    """What Alertmanager would show: the newest end by label set."""

    ends: dict[str, int] = field(default_factory=dict)

    def post(self, outgoing: Outgoing) -> None:
        for notice in outgoing.notices:
            self.ends[json.dumps(notice.labels, sort_keys=True)] = unix_ms(notice.ends_at)

    def firing(self, now_ms: int) -> set[tuple[str, str]]:
        shown = [json.loads(labels) for labels, end in self.ends.items() if end > now_ms]
        return {(labels["alert_id"], labels["severity"]) for labels in shown}


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.sampled_from(["updated", "updated", "closed", "retracted"]),
            st.sampled_from(["page", "ticket", "log"]),
            st.integers(0, 30),
            st.integers(1, 2),
        ),
        max_size=30,
    )
)
def test_the_board_shows_exactly_what_is_open(story: list[tuple[int, str, str, int, int]]) -> None:
    notices, board, now, newest = NoticeScheduler(NoticeRules(resend_every_s=20)), Board(), NOW, dict[str, Alert]()
    for number, status, severity, seconds, copies in story:
        now += seconds * S
        board.post(notices.due(now))
        former = newest.get(str(number) * 32)
        if former is not None and former.status in {"closed", "retracted"}:
            continue
        alert = Alert(
            id=str(number) * 32,
            revision=former.revision + 1 if former else 1,
            status=status if former else "opened",
            detector="gap",
            rule_version=1,
            severity=severity,
            subject="s",
            case_id="s",
            headline="h",
            episode_start=rfc3339(NOW),
            time=rfc3339(now),
        )  # type: ignore[arg-type]
        newest[alert.id] = alert
        for _ in range(copies):
            board.post(notices.take(alert, now))
    now += 10 * S
    board.post(notices.due(now))
    wanted = {(a.id, a.severity) for a in newest.values() if a.status in {"opened", "updated"} and a.severity != "log"}
    assert board.firing(now) == wanted


def said_of(alert: Alert, revision: int = 1) -> Feedback:
    return Feedback(
        alert_id=alert.id,
        revision=revision,
        kind="acknowledged",
        case_id=alert.case_id,
        detector="gap",
        by="Kim",
        time=rfc3339(NOW),
    )


def test_an_acknowledged_case_stays_quiet_until_it_changes(make: Make) -> None:
    notices, board = NoticeScheduler(NoticeRules(settle_s=0)), Board()
    one, other, third = make(), make(id="1" * 32, detector="watchlist"), make(id="2" * 32, case_id="mmsi/1")
    for alert in (one, other, third):
        board.post(notices.take(alert, NOW))
    ended = notices.heard(said_of(one), NOW + S)
    board.post(ended)
    assert {notice.annotations["summary"] for notice in ended.notices} == {f"acknowledged by Kim: {one.headline}"}
    assert {id_[0] for id_, _ in board.firing(NOW + 2 * S)} == {"2"}
    board.post(notices.take(one, NOW + 3 * S))  # the worker wrote it twice
    board.post(notices.due(NOW + 200 * S))  # nothing of it is repeated
    assert {id_[0] for id_, _ in board.firing(NOW + 200 * S)} == {"2"}
    board.post(notices.take(make(revision=2, status="updated"), NOW + 201 * S))
    assert {id_[0] for id_, _ in board.firing(NOW + 202 * S)} == {one.id[0], "2"}


def test_an_acknowledged_case_stays_quiet_when_only_its_satellite_passes_are_renewed(make: Make) -> None:
    notices, board = NoticeScheduler(NoticeRules(settle_s=0)), Board()
    one = make()
    board.post(notices.take(one, NOW))
    board.post(notices.heard(said_of(one), NOW + S))
    board.post(notices.take(make(revision=2, status="updated", same_as=1), NOW + 2 * S))
    board.post(notices.take(make(revision=3, status="updated", same_as=1), NOW + 3 * S))
    assert not board.firing(NOW + 4 * S)
    board.post(notices.take(make(revision=4, status="updated"), NOW + 5 * S))
    assert board.firing(NOW + 6 * S)
    again = NoticeScheduler(NoticeRules())
    again.heard(said_of(one), NOW)
    again.restore(make(revision=3, status="updated", same_as=1), NOW)
    assert not again.open
    late = NoticeScheduler(NoticeRules(settle_s=0))
    late.take(make(revision=3, status="updated", same_as=1), NOW)
    assert late.heard(said_of(one), NOW + S).notices  # what was said of the first is said of the third


def test_a_word_on_what_has_changed_since_does_not_hide_the_change(make: Make) -> None:
    notices, board = NoticeScheduler(NoticeRules(settle_s=0)), Board()
    for revision in (1, 2):
        board.post(notices.take(make(revision=revision, status="opened" if revision == 1 else "updated"), NOW))
    board.post(notices.heard(said_of(make(), revision=1), NOW + S))
    assert board.firing(NOW + 2 * S)


def test_what_was_acknowledged_before_a_restart_is_not_restored(make: Make) -> None:
    notices = NoticeScheduler(NoticeRules())
    notices.heard(said_of(make()), NOW)
    notices.restore(make(), NOW)
    assert notices.due(NOW + 100 * S) == NOTHING


def test_what_came_and_went_while_we_were_away_is_one_digest(make: Make) -> None:
    notices, written = NoticeScheduler(NoticeRules()), NOW - 7200 * S
    still_open = make(id="f" * 32)
    notices.restore(still_open, NOW)
    outgoing = NOTHING
    for number in range(40):
        for revision, status in ((1, "opened"), (2, "closed")):
            alert = make(id=f"{number:032x}", revision=revision, status=status, headline=f"ship {number}")
            outgoing += notices.take(alert, NOW, written)
    assert outgoing.notices == ()
    assert len(outgoing.revisions) == 80  # the webhook is a record: it gets all of them
    assert [n.labels["alert_id"] for n in notices.due(NOW + S).notices] == ["f" * 32]
    (digest,) = notices.due(NOW + 6 * S).notices
    assert digest.labels == {"alertname": "backlog", "severity": "ticket"}
    assert digest.annotations["summary"] == "40 alerts opened and closed without a notification (40 page)"
    assert digest.annotations["description"].splitlines()[-1].startswith("and 30 more")
    assert notices.due(NOW + 12 * S).notices == ()


def test_what_is_recent_in_a_backlog_is_told_at_once(make: Make) -> None:
    assert states(NoticeScheduler(NoticeRules()).take(make(), NOW, NOW - 600 * S), NOW) == [("page", "firing")]
