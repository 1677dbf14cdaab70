"""Who is let through to people: the cap, quiet hours, and what small teams get."""

from collections.abc import Callable
from datetime import time

import pytest

from detectors.core.alert import Alert, Position
from detectors.core.units import rfc3339, unix_ms
from streams.cli.notify import _plan
from streams.errors import ConfigError
from streams.notify.apprise_messages import TICKETS_EVERY_MS, Apprise, Gathering
from streams.notify.core import NoticeRules, NoticeScheduler, Outgoing
from streams.notify.rate_cap import GateRules, Quiet, quiet_of
from streams.settings.model import NotifySettings, Settings
from tests.ops.programs import Receiver

Make = Callable[..., Alert]
S = 1000
NOON = unix_ms("2024-02-04T12:00:00.000Z")
NIGHT = unix_ms("2024-02-04T23:30:00.000Z")
MORNING = unix_ms("2024-02-05T06:00:00.000Z")


def flood(make: Make, count: int, severity: str = "page", first: int = 0) -> list[Alert]:
    return [
        make(
            id=f"{n:032x}",
            case_id=f"mmsi/{n}",
            severity=severity,
            headline=f"SHIP {n} silent",
            position=Position(lat_deg=5.0 * (n % 17), lon_deg=0, time=rfc3339(NOON)),
        )
        for n in range(first, first + count)
    ]


def take(notices: NoticeScheduler, alerts: list[Alert], at_ms: int) -> Outgoing:
    out = Outgoing()
    for alert in alerts:
        out += notices.take(alert, at_ms)
    return out


def summaries(outgoing: Outgoing) -> list[str]:
    return [notice.annotations["summary"] for notice in outgoing.news]


@pytest.mark.parametrize("severity", ["page", "ticket"])
def test_of_a_flood_four_groups_are_told_one_by_one_and_the_others_as_one(make: Make, severity: str) -> None:
    notices = NoticeScheduler(NoticeRules())
    out = take(notices, flood(make, 218, severity), NOON)
    groups = {n.labels["case_id"] if severity == "page" else n.labels["area"] for n in out.notices}
    assert len(groups) == 4
    assert len(out.revisions) == 218  # the webhook gets them all
    (more,) = notices.due(NOON + 6 * S).news
    held = 218 - len(out.notices)
    assert more.annotations["summary"].startswith(f"and {held} more {severity}s since 12:00Z")
    assert (more.labels["alertname"], more.labels["severity"]) == ("more", severity)
    assert f"and {held - 10} more" in more.annotations["description"]
    assert notices.due(NOON + 20 * S).news == ()  # nothing new: not said again


def test_what_comes_within_one_window_is_one_notification_and_the_next_window_is_another(make: Make) -> None:
    notices, told = NoticeScheduler(NoticeRules()), set()
    for second in range(0, 600, 10):
        out = take(notices, flood(make, 10, first=second * 10), NOON + second * S)
        out += notices.due(NOON + second * S)
        told |= {n.labels["case_id"] for n in out.news}
    assert 8 <= len(told) <= 10, told
    assert len({case for case in told if case.startswith("more/")}) == 2


def test_a_held_page_ends_unsaid_and_one_that_changes_later_is_told(make: Make) -> None:
    notices, alerts = NoticeScheduler(NoticeRules()), flood(make, 6)
    take(notices, alerts, NOON)
    later = NOON + 400 * S
    assert notices.take(make(id=alerts[4].id, case_id="mmsi/4", revision=2, status="closed"), later).notices == ()
    again = notices.take(make(id=alerts[5].id, case_id="mmsi/5", revision=2, status="updated"), later)
    assert [n.labels["case_id"] for n in again.news] == ["mmsi/5"]
    (end,) = notices.take(make(id=alerts[0].id, case_id="mmsi/0", revision=2, status="closed"), later).news
    assert unix_ms(end.ends_at) <= later


def test_more_of_a_case_that_is_lit_come_through(make: Make) -> None:
    notices = NoticeScheduler(NoticeRules())
    take(notices, flood(make, 8), NOON)
    assert notices.take(make(id="f" * 32, case_id="mmsi/0"), NOON).notices
    assert not notices.take(make(id="e" * 32, case_id="mmsi/7"), NOON).notices


def test_after_a_restart_a_flood_is_no_second_flood(make: Make) -> None:
    notices = NoticeScheduler(NoticeRules())
    for alert in flood(make, 500):
        notices.restore(alert, NOON)
    out = notices.due(NOON + 3600 * S)
    assert len([n for n in out.notices if n.labels["alertname"] == "gap"]) == 4
    assert len(out.notices) == 5


def test_pages_never_wait_for_a_flood_of_tickets(make: Make) -> None:
    notices = NoticeScheduler(NoticeRules())
    take(notices, flood(make, 500, "ticket"), NOON)
    assert [n.labels["severity"] for n in notices.take(make(), NOON).news] == ["page"]


def test_in_quiet_hours_tickets_wait_and_pages_do_not(make: Make) -> None:
    quiet = quiet_of("22:00-06:00", "UTC")
    notices = NoticeScheduler(NoticeRules(settle_s=0, rate_cap=GateRules(quiet=quiet)))
    lit, short = make(id="1" * 32, severity="ticket"), make(id="2" * 32, severity="ticket", headline="SHORT")
    assert take(notices, [lit, short], NIGHT).news == ()
    assert [n.labels["severity"] for n in notices.take(make(id="3" * 32), NIGHT).news] == ["page"]
    assert notices.take(make(id="2" * 32, severity="ticket", revision=2, status="closed"), NIGHT + 60 * S).news == ()
    assert notices.due(MORNING - S).news == ()
    said = summaries(notices.due(MORNING)) + summaries(notices.due(MORNING + 60 * S))
    assert said[0] == lit.headline
    assert "1 alerts opened and closed" in said[1]


def test_a_ticket_that_becomes_a_page_in_the_night_is_told(make: Make) -> None:
    notices = NoticeScheduler(NoticeRules(rate_cap=GateRules(quiet=quiet_of("22:00-06:00", "UTC"))))
    assert notices.take(make(severity="ticket"), NIGHT).news == ()
    assert [n.labels["severity"] for n in notices.take(make(revision=2), NIGHT).news] == ["page"]


def test_quiet_hours_go_by_the_clock_of_a_place() -> None:
    night = Quiet(time(22), time(6), "Asia/Tokyo")
    assert night.holds(unix_ms("2024-02-04T13:30:00.000Z")) and not night.holds(NIGHT)
    assert not quiet_of("", "UTC").holds(NIGHT)
    for hours, zone in (("25:00-06:00", "UTC"), ("22:00-06:00", "Atlantis/Port")):
        settings = Settings(notify=NotifySettings(quiet_hours=hours, quiet_zone=zone))
        with pytest.raises(ConfigError, match=r"notify\.quiet_hours"):
            _plan(settings, once=True)


def test_a_small_team_gets_a_message_a_case_at_once_and_tickets_together(make: Make) -> None:
    gathering, notices = Gathering(), NoticeScheduler(NoticeRules(settle_s=0))
    news = take(notices, [make(), make(id="1" * 32, detector="blip"), *flood(make, 30, "ticket")], NOON).news
    (page,) = gathering.take(news, NOON)
    assert page.title == make().headline and "wakewatch explain" in page.body
    assert gathering.due(NOON + TICKETS_EVERY_MS - 1) == []
    (tickets,) = gathering.due(NOON + TICKETS_EVERY_MS)
    assert tickets.title.endswith(" tickets") and "SHIP 0 silent" in tickets.body
    assert gathering.due(NOON + 10 * TICKETS_EVERY_MS) == []
    (end,) = gathering.take(notices.take(make(revision=2, status="closed"), NOON + S).news, NOON + S)
    assert end.title.startswith("CLOSED ")


def test_apprise_delivers_and_never_shows_an_address(make: Make, receiver: Receiver) -> None:
    with pytest.raises(ConfigError, match="address 1") as caught:
        Apprise("nothing://s3cret")
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in repr(NotifySettings(apprise_urls="tgram://s3cret/1"))
    services = Apprise(receiver.url.replace("http://", "json://"))
    (message,) = Gathering().take(NoticeScheduler(NoticeRules()).take(make(), NOON).news, NOON)
    services.send(message)
    ((_, _, body),) = receiver.got
    assert body["title"] == make().headline
