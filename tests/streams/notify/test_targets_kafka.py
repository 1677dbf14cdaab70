"""One target that is away or mute holds up no other: real Kafka and Alertmanager, a webhook, the command itself."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from detectors.core.alert import Alert, encode
from streams.broker.clients import admin, producer
from streams.broker.node import free_port
from streams.errors import SinkError
from streams.messages.topics import ALERT_STATE, ALERTS, create_missing
from streams.notify import http as posting
from streams.settings.model import KafkaSettings
from tests.ops.programs import Alertmanager, Receiver, until

Make = Callable[..., Alert]
PATIENCE_S = 120.0


class Trickle:
    """Takes any connection and answers one byte in a while, for ever."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.asked = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            self.asked.set()
            threading.Thread(target=self._answer, args=(link,), daemon=True).start()

    def _answer(self, link: socket.socket) -> None:
        with link:
            try:
                link.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while True:
                    link.sendall(b"a")
                    time.sleep(0.05)
            except OSError:
                pass

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def trickle() -> Iterator[Trickle]:
    made = Trickle()
    yield made
    made.close()


def test_an_answer_of_one_byte_at_a_time_ends_at_the_deadline(trickle: Trickle) -> None:
    started = time.monotonic()
    with pytest.raises(SinkError, match="no complete answer within 1 s") as failed:
        posting.post(posting.endpoint("notify.webhook_url", trickle.url, timeout_s=1.0), b"{}", {})
    assert failed.value.retriable and time.monotonic() - started < 30


def test_a_wish_to_stop_shortens_the_wait(trickle: Trickle) -> None:
    started = time.monotonic()
    with pytest.raises(SinkError):
        posting.post(posting.endpoint("notify.webhook_url", trickle.url, timeout_s=300.0), b"{}", {}, lambda: True)
    assert time.monotonic() - started < 60


@pytest.fixture
def write(kafka_settings: KafkaSettings) -> Callable[..., None]:
    client = admin(kafka_settings)
    create_missing(client, kafka_settings)
    client.close()

    def write(*alerts: Alert) -> None:
        sender = producer(kafka_settings)
        for alert in alerts:
            for topic, key in ((ALERTS, alert.subject), (ALERT_STATE, alert.id)):
                sender.send(kafka_settings.topic_prefix + topic, key=key.encode(), value=encode(alert))
        sender.flush(20)
        sender.close()

    return write


class Notifier:
    """The command, as a process of its own."""

    def __init__(self, kafka: KafkaSettings, home: Path, alertmanager: str, webhook: str) -> None:
        self.port = free_port()
        self._log = (home / f"notify-{self.port}.log").open("w+")
        environ = {
            **os.environ,
            "WAKEWATCH_KAFKA_TOPIC_PREFIX": kafka.topic_prefix,
            "WAKEWATCH_WORKER_APP_ID": f"{kafka.topic_prefix}app",
            "WAKEWATCH_NOTIFY_TIMEOUT_S": "20",
            "WAKEWATCH_NOTIFY_RESEND_EVERY_S": "3600",
        }
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "streams",
                "notify",
                "--bootstrap-servers",
                kafka.bootstrap_servers,
                "--alertmanager-url",
                alertmanager,
                "--webhook-url",
                webhook,
                "--metrics",
                str(self.port),
            ],
            env=environ,
            stderr=self._log,
        )

    def get(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def end(self, sign: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(sign)
        code = self.process.wait(PATIENCE_S)
        self._log.close()
        return code


@pytest.fixture
def notify(kafka_settings: KafkaSettings, tmp_path: Path) -> Iterator[Callable[[str, str], Notifier]]:
    started: list[Notifier] = []

    def start(alertmanager: str, webhook: str) -> Notifier:
        started.append(Notifier(kafka_settings, tmp_path, alertmanager, webhook))
        until(lambda: "starting" not in (said := started[-1].get("/readyz")[1]) and said, PATIENCE_S)
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait(20)


def ids(receiver: Receiver) -> list[str]:
    return [call["id"] for _, _, call in receiver.got]


@pytest.mark.broker
def test_the_webhook_is_told_while_alertmanager_is_away_and_neither_is_told_twice(
    write: Callable[..., None], make: Make, notify: Any, alertmanager: Alertmanager
) -> None:
    webhook = Receiver()
    try:
        first = notify(alertmanager.url, webhook.url)
        assert first.get("/readyz") == (200, "alertmanager: delivering; webhook: delivering\n")
        alertmanager.stop()
        write(make(id="a" * 32))
        until(lambda: ids(webhook) == ["a" * 32], PATIENCE_S)
        _, said = until(lambda: (told := first.get("/readyz"))[0] == 503 and told, PATIENCE_S)
        assert said.startswith("alertmanager: not delivered for ") and "webhook: delivering" in said
        write(make(id="b" * 32))
        until(lambda: ids(webhook) == ["a" * 32, "b" * 32], PATIENCE_S)
        failing = until(lambda: 'wakewatch_notify_failing_seconds{target="webhook"} 0.0' in first.get("/metrics")[1])
        assert failing and 'notify_failing_seconds{target="alertmanager"} 0.0' not in first.get("/metrics")[1]
        first.end(signal.SIGKILL)  # each has its own place in the topic

        alertmanager.start()
        second = notify(alertmanager.url, webhook.url)
        write(make(id="c" * 32))
        held = until(lambda: len(found := alertmanager.alerts()) == 3 and found, PATIENCE_S)
        assert {one["labels"]["alert_id"][0] for one in held} == {"a", "b", "c"}
        until(lambda: ids(webhook)[-1] == "c" * 32, PATIENCE_S)
        assert ids(webhook) == ["a" * 32, "b" * 32, "c" * 32]
        assert second.end() == 0
    finally:
        webhook.close()


@pytest.mark.broker
def test_a_mute_alertmanager_holds_up_neither_the_webhook_nor_the_end(
    write: Callable[..., None], make: Make, notify: Any, trickle: Trickle
) -> None:
    webhook = Receiver()
    try:
        running = notify(trickle.url, webhook.url)
        write(make(id="a" * 32))
        until(lambda: trickle.asked.is_set() and ids(webhook) == ["a" * 32], PATIENCE_S)
        started = time.monotonic()
        assert running.end() == 0
        assert time.monotonic() - started < 18, "the deadline is 20 s, and a wish to stop comes before it"
    finally:
        webhook.close()
