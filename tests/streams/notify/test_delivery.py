"""Delivery: to a real Alertmanager, and to a webhook that misbehaves."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stamina
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from detectors.core.alert import Alert, Evidence, Position
from detectors.core.units import rfc3339
from streams.errors import ConfigError
from streams.notify.core import NoticeRules, NoticeScheduler, Outgoing
from streams.notify.delivery import Delivery, Targets
from streams.notify.http import endpoint
from streams.notify.notices import Notice, firing
from streams.observability.metrics import Metrics

Make = Callable[..., Alert]
Until = Callable[[Callable[[], Any]], Any]


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=20):
        yield


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(CollectorRegistry())


def now_ms() -> int:
    return int(time.time() * 1000)


def sent(metrics: Metrics, target: str, outcome: str) -> float | None:
    return metrics.registry.get_sample_value("wakewatch_notifications_total", {"target": target, "outcome": outcome})


def to_webhook(url: str, metrics: Metrics, stopping: bool = False) -> Delivery:
    return Delivery(Targets(webhook=endpoint("notify.webhook_url", url)), metrics, lambda: stopping)


def to_alertmanager(url: str, metrics: Metrics) -> Delivery:
    return Delivery(Targets(alertmanager=endpoint("notify.alertmanager_url", url + "/")), metrics, lambda: False)


def test_an_alert_pages_once_at_once_and_resolves(
    alertmanager: Any, receiver: Any, make: Make, metrics: Metrics, until: Until
) -> None:
    delivery, notices = to_alertmanager(alertmanager.url, metrics), NoticeScheduler(NoticeRules(settle_s=0))
    position = Position(lat_deg=34.6, lon_deg=129.5, time="2024-02-04T04:12:00.000Z")
    opened = make(position=position)
    with capture_logs() as told:
        assert delivery.carry(notices.take(opened, now_ms()))
    held = until(alertmanager.alerts)
    assert held[0]["labels"]["alert_id"] == opened.id
    assert held[0]["annotations"]["summary"] == opened.headline
    assert held[0]["startsAt"] == opened.episode_start
    path, _, call = until(lambda: receiver.got)[0]
    assert path == "/page"
    assert call["groupLabels"] == {"case_id": "imo/9179842"}
    assert call["status"] == "firing"
    with capture_logs() as lines:
        assert delivery.carry(notices.due(now_ms() + 61_000))  # a repeat is no news
    assert delivery.carry(notices.take(make(revision=2, status="closed", position=position), now_ms()))
    until(lambda: len(receiver.got) == 2)
    assert receiver.got[1][2]["status"] == "resolved"
    assert alertmanager.alerts() == []
    assert sent(metrics, "alertmanager", "delivered") == 3
    assert [(line["event"], line["alert_id"], line["state"]) for line in told] == [("notified", opened.id, "firing")]
    assert lines == []


def test_eight_alerts_of_one_ship_are_one_page(
    alertmanager: Any, receiver: Any, make: Make, metrics: Metrics, until: Until
) -> None:
    delivery, notices = to_alertmanager(alertmanager.url, metrics), NoticeScheduler(NoticeRules())
    outgoing = Outgoing()
    for number in range(8):
        outgoing += notices.take(make(id=str(number) * 32, detector=f"rule{number}"), now_ms())
    assert delivery.carry(outgoing)
    assert len(until(lambda: len(alertmanager.alerts()) == 8 and alertmanager.alerts())) == 8
    until(lambda: receiver.got and len(receiver.got[-1][2]["alerts"]) == 8)
    assert {call[2]["groupKey"] for call in receiver.got} == {receiver.got[0][2]["groupKey"]}


def test_ten_thousand_silent_ships_of_a_region_are_a_handful_of_calls(
    alertmanager: Any, receiver: Any, make: Make, metrics: Metrics, until: Until
) -> None:
    delivery, notices = to_alertmanager(alertmanager.url, metrics), NoticeScheduler(NoticeRules())
    outgoing = []
    for number in range(10_000):
        position = Position(
            lat_deg=34 + number % 90 / 100, lon_deg=128 + number % 70 / 100, time="2024-02-04T04:12:00Z"
        )
        alert = make(id=f"{number:032x}", severity="ticket", case_id=f"mmsi/{number}", position=position)
        outgoing.append(notices.take(alert, now_ms()))
    whole = Outgoing(tuple(notice for one in outgoing for notice in one.notices))
    assert delivery.carry(whole)
    until(lambda: len(receiver.got) >= 1)
    assert len(receiver.got) <= 5
    assert len(alertmanager.alerts()) == 10_000


def test_an_alertmanager_that_is_away_is_waited_for(
    alertmanager: Any, make: Make, metrics: Metrics, until: Until
) -> None:
    delivery, notices = to_alertmanager(alertmanager.url, metrics), NoticeScheduler(NoticeRules())
    alertmanager.stop()
    rounds = []

    def stopping() -> bool:
        rounds.append(None)
        if len(rounds) == 3:
            alertmanager.start()
        return False

    delivery._stopping = stopping
    assert delivery.carry(notices.take(make(), now_ms()))
    assert until(alertmanager.alerts)
    assert (sent(metrics, "alertmanager", "retried") or 0) >= 2


def test_one_that_alertmanager_refuses_does_not_take_the_others_down(
    alertmanager: Any, make: Make, metrics: Metrics, until: Until
) -> None:
    delivery = to_alertmanager(alertmanager.url, metrics)
    good = [firing(make(id=str(n) * 32), now_ms(), 900) for n in range(5)]
    bad = Notice(labels={"not a name": "x"}, annotations={}, starts_at=rfc3339(0), ends_at=rfc3339(now_ms()))
    assert delivery.carry(Outgoing((*good[:2], bad, *good[2:])))
    assert until(lambda: len(alertmanager.alerts()) == 5)
    assert sent(metrics, "alertmanager", "refused") == 1
    assert delivery.failing == ""


def test_a_webhook_gets_each_revision_with_its_key(receiver: Any, make: Make, metrics: Metrics) -> None:
    delivery, alert = to_webhook(receiver.url + "/hook?token=x", metrics), make(revision=7)
    receiver.answers = [500, 503, 429]
    assert delivery.carry(Outgoing((), (alert,)))
    [(path, headers, body)] = receiver.got
    assert path == "/hook?token=x"
    assert headers["Idempotency-Key"] == f"{alert.id}/7"
    assert headers["Content-Type"] == "application/json"
    assert body["headline"] == alert.headline
    assert sent(metrics, "webhook", "retried") == 3


def test_what_a_webhook_refuses_for_good_is_counted_and_passed_over(
    receiver: Any, make: Make, metrics: Metrics
) -> None:
    receiver.answers = [400]
    assert to_webhook(receiver.url, metrics).carry(Outgoing((), (make(), make(revision=2))))
    assert [body["revision"] for _, _, body in receiver.got] == [2]
    assert sent(metrics, "webhook", "refused") == 1


def test_asked_to_stop_it_says_that_it_did_not_deliver(make: Make, metrics: Metrics) -> None:
    delivery = to_webhook("http://127.0.0.1:9", metrics, stopping=True)
    assert not delivery.carry(Outgoing((), (make(),)))
    assert "127.0.0.1" in delivery.failing


@pytest.mark.parametrize("url", ["nowhere", "ftp://host", "http://", "http://host:port", "http://me:pw@host"])
def test_a_wrong_url_is_one_line(url: str) -> None:
    with pytest.raises(ConfigError, match=r"notify\.webhook_url"):
        endpoint("notify.webhook_url", url)


def test_what_the_webhook_gets_is_signed(receiver: Any, make: Make, metrics: Metrics) -> None:
    delivery = Delivery(
        Targets(webhook=endpoint("notify.webhook_url", receiver.url), secret="s3cret"), metrics, lambda: False
    )
    assert delivery.carry(Outgoing((), (make(),)))
    stamp, _, given = receiver.got[0][1]["Wakewatch-Signature"].partition(",v1=")
    assert abs(int(stamp.removeprefix("t=")) - time.time()) < 60
    signed = f"{stamp.removeprefix('t=')}.".encode() + receiver.raw[0]
    assert given == hmac.new(b"s3cret", signed, hashlib.sha256).hexdigest()
    assert to_webhook(receiver.url, metrics).carry(Outgoing((), (make(),)))
    assert "Wakewatch-Signature" not in receiver.got[1][1]


def test_what_is_refused_for_good_is_buried(receiver: Any, make: Make, metrics: Metrics) -> None:
    buried: list[tuple[bytes, str]] = []
    receiver.answers = [400]
    delivery = Delivery(
        Targets(webhook=endpoint("notify.webhook_url", receiver.url)),
        metrics,
        lambda: False,
        bury=lambda raw, why: buried.append((raw, why)),
    )
    assert delivery.carry(Outgoing((), (make(),)))
    ((raw, why),) = buried
    assert json.loads(raw)["id"] == make().id
    assert "answered 400" in why
    letters = metrics.registry.get_sample_value("wakewatch_dead_letters_total", {"reason": "notification_refused"})
    assert letters == 1


def test_after_kill_9_of_alertmanager_what_is_open_is_there_again_and_told_at_most_twice(
    alertmanager: Any, receiver: Any, make: Make, metrics: Metrics, until: Until
) -> None:
    delivery, notices = to_alertmanager(alertmanager.url, metrics), NoticeScheduler(NoticeRules())
    alerts = [make(id=f"{n:032x}", case_id=f"mmsi/{n}") for n in range(4)]
    for alert in alerts:
        assert delivery.carry(notices.take(alert, now_ms()))
    until(lambda: len(receiver.got) == 4)
    alertmanager.kill()
    alertmanager.start()
    assert delivery.carry(notices.due(now_ms() + 61_000))
    # It has lost what it told (that is on disk every 15 minutes), and of what ended before it told it, it never tells.
    until(lambda: len(receiver.got) == 8)
    for alert in alerts:
        ended = make(id=alert.id, case_id=alert.case_id, revision=2, status="closed")
        assert delivery.carry(notices.take(ended, now_ms() + 62_000))
    until(lambda: sum(call["status"] == "resolved" for _, _, call in receiver.got) == 4)
    told = [(call["groupLabels"]["case_id"], call["status"]) for _, _, call in receiver.got]
    assert {case for case, _ in told} == {alert.case_id for alert in alerts}
    assert max(told.count(one) for one in told) <= 2


def test_an_outage_holds_back_only_unlisted_gaps_of_its_source_and_never_a_page(
    alertmanager: Any, make: Make, metrics: Metrics, until: Until
) -> None:
    def gap(digit: int, source: str, severity: str, **details: str) -> Alert:
        heard = Evidence(time="2024-02-04T04:12:00.000Z", source=source, sentence="!AIVDM", sha256="0" * 64)
        return make(id=str(digit) * 32, case_id=f"mmsi/{digit}", severity=severity, evidence=(heard,), details=details)

    outage = make(id="a" * 32, detector="feed_outage", severity="ticket", subject="source/pier", case_id="source/pier")
    held, other = gap(1, "pier", "ticket"), gap(2, "hill", "ticket")
    page, listed = gap(3, "pier", "page"), gap(4, "pier", "ticket", list="OFAC")
    posted = tuple(firing(alert, now_ms(), 900) for alert in (outage, held, other, page, listed))
    assert to_alertmanager(alertmanager.url, metrics).carry(Outgoing(posted))

    def inhibited() -> set[str]:
        return {one["labels"]["alert_id"] for one in alertmanager.alerts() if one["status"]["inhibitedBy"]}

    assert until(inhibited) == {held.id}
    assert len(alertmanager.alerts()) == 5
