"""The console on a real Kafka: what is open is there, what is written arrives, forged text stays text."""

import asyncio
import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp.test_utils import make_mocked_request

from detectors.core.alert import Alert, Vessel, encode
from streams.broker.clients import producer
from streams.broker.feedback_writing import write_feedback
from streams.console import topic_reader
from streams.console.serving import Console, console
from streams.console.stop_places import StopPlacesLayer
from streams.errors import ConfigError
from streams.messages import feedback
from streams.messages.log_records import H_EVENT_TO, H_REPLAYED
from streams.messages.topics import SENTENCES
from streams.settings.model import ConsoleSettings, KafkaSettings, Settings

from .conftest import HOSTILE, position

pytestmark = pytest.mark.broker
Make = Callable[..., Alert]
Write = Callable[..., None]
Until = Callable[[Callable[[], Any]], Any]
Start = Callable[[], Console]


class Client:
    """Somebody who asks."""

    def __init__(self, running: Console) -> None:
        self._port = running.port

    def ask(self, path: str, host: str = "localhost", method: str = "GET") -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request(method, path, headers={"Host": host})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def json(self, path: str) -> Any:
        return json.loads(self.ask(path)[2])

    def ready(self) -> bool:
        return self.ask("/readyz")[0] == 200


class Follower:
    """Reads the server-sent events."""

    def __init__(self, running: Console) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
        self._connection.request("GET", "/api/events")
        self._answer = self._connection.getresponse()
        assert self._answer.getheader("Content-Type") == "text/event-stream"

    def next(self, name: str) -> Any:
        """The data of the next event of a name."""
        current = ""
        while line := self._answer.readline().decode().rstrip("\n"):
            pass
        while True:
            line = self._answer.readline().decode().rstrip("\n")
            if line.startswith("event: "):
                current = line.removeprefix("event: ")
            elif line.startswith("data: ") and current == name:
                return json.loads(line.removeprefix("data: "))

    def close(self) -> None:
        self._connection.close()


def gap_of_two_days(make: Make) -> tuple[Alert, Alert]:
    back = "2024-02-06T04:12:00.000Z"
    details = {**make().details, "reappeared_at": back}
    return make(), make(revision=2, status="closed", time=back, details=details, position=position(42.7, 132.2, back))


def test_what_is_open_is_shown_and_a_silence_has_both_its_ends(
    write: Write, make: Make, started: Start, until: Until
) -> None:
    opened, closed = gap_of_two_days(make)
    write(opened, closed, make("b", severity="log", case_id="mmsi/2"), make("c", severity="ticket", case_id="mmsi/3"))
    client = Client(started())
    until(client.ready)
    until(lambda: client.json("/api/alerts")["cases"][1]["dark"][0].get("from"))
    said = client.json("/api/alerts")
    assert said["open"] == {"page": 0, "ticket": 1, "log": 1}
    assert [(case["case_id"], case["open"]) for case in said["cases"]] == [("mmsi/3", 1), ("imo/9179842", 0)]
    dark = said["cases"][1]["dark"][0]
    assert (dark["from"]["lat_deg"], dark["to"]["lat_deg"]) == (34.6, 42.7)
    assert {case["case_id"] for case in client.json("/api/alerts?log=1")["cases"]} >= {"mmsi/2"}
    assert client.ask(f"/api/alerts/{'a' * 32}")[2] == encode(closed)
    told = client.json("/api/cases/imo/9179842")
    assert [one["revision"] for one in told["alerts"][0]["said"]] == [1, 2]


def test_a_new_revision_arrives_as_an_event_and_a_second_copy_of_it_does_not(
    write: Write, make: Make, started: Start, until: Until
) -> None:
    write(make())
    running = started()
    client = Client(running)
    until(client.ready)
    follower = Follower(running)
    try:
        assert follower.next("clock")["state"] == "following"
        write(b"no alert", make("b", time="yesterday"), make(), make(revision=2, status="updated"))
        assert follower.next("revision") == json.loads(encode(make(revision=2, status="updated")))
        assert client.json("/api/alerts")["cases"][0]["alerts"] == 1
        until(lambda: client.json("/api/alerts")["unreadable"] >= 2)
    finally:
        follower.close()


def test_what_a_person_says_of_an_alert_is_shown_and_the_process_is_measured(
    write: Write, make: Make, started: Start, until: Until, kafka_settings: KafkaSettings
) -> None:
    write(make())
    client = Client(started())
    until(client.ready)
    write_feedback(kafka_settings, feedback.about(make(), "acknowledged", "Kim", "seen on radar", make().time))
    told = until(lambda: client.json("/api/alerts")["cases"][0].get("word"))
    assert told == {"kind": "acknowledged", "by": "Kim", "note": "seen on radar", "time": make().time}
    _, headers, body = client.ask("/metrics")
    assert b"wakewatch_ready 1.0" in body and headers["Content-Type"].startswith("text/plain")


def test_time_is_that_of_the_log(
    write: Write, make: Make, started: Start, until: Until, kafka_settings: KafkaSettings
) -> None:
    write(make(replayed=True))
    client = Client(started())
    until(client.ready)
    assert client.json("/api/alerts")["clock"] == {"recorded": make().time}
    sender = producer(kafka_settings)
    headers = [(H_EVENT_TO, b"1707091200000"), (H_REPLAYED, b"1")]
    sender.send(kafka_settings.topic_prefix + SENTENCES, value=b"{}", headers=headers, partition=1).get(20)
    sender.close()
    until(lambda: client.json("/api/alerts")["clock"] == {"recorded": "2024-02-05T00:00:00.000Z"})


def test_forged_text_comes_as_json_and_the_page_runs_nothing_of_it(
    write: Write, make: Make, started: Start, until: Until
) -> None:
    write(make(vessel=Vessel(name=HOSTILE), headline=f"{HOSTILE} heard", details={"destination": "=CMD()"}))
    client = Client(started())
    until(client.ready)
    assert client.json("/api/alerts")["cases"][0]["vessel"]["name"] == HOSTILE
    for path in ("/", "/api/alerts", "/api/events?", "/api/cases/<script>", "/nowhere", "/healthz"):
        if path.startswith("/api/events"):
            continue  # never ends
        _, headers, body = client.ask(path)
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Type"].partition(";")[0] in {"text/html", "application/json", "text/plain"}
        assert "Set-Cookie" not in headers
        assert path != "/" or HOSTILE.encode() not in body


def test_it_answers_questions_only_and_to_this_machine_only(write: Write, started: Start) -> None:
    write()
    client = Client(started())
    assert client.ask("/healthz")[::2] == (200, b"alive\n")
    assert client.ask("/", host="evil.example")[0] == 421
    assert client.ask("/api/alerts", method="POST")[0] == 405
    assert client.ask(f"/api/alerts/{'0' * 32}")[0] == 404
    assert client.ask("/api/alerts/../../etc/passwd")[0] == 404
    assert {zone["name"] for zone in client.json("/api/zones")} >= {"Rajin", "Zhoushan"}


def test_a_reading_that_dies_of_a_fault_begins_again(
    write: Write, make: Make, started: Start, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, died = topic_reader._Reading.run, []

    def dies_once(self: topic_reader._Reading, *given: Any) -> None:
        if not died:
            died.append(True)
            raise TypeError("'<' not supported between instances of 'NoneType' and 'int'")
        run(self, *given)

    monkeypatch.setattr(topic_reader._Reading, "run", dies_once)
    write(make())
    client = Client(started())
    until(client.ready)
    assert died and client.json("/api/alerts")["open"]["page"] == 1


def test_a_missing_topic_or_a_taken_port_is_said_before_anything_starts(
    write: Write, started: Start, kafka_settings: KafkaSettings
) -> None:
    missing = Settings(kafka=KafkaSettings(bootstrap_servers=kafka_settings.bootstrap_servers, topic_prefix="none."))
    with pytest.raises(ConfigError, match="topics create"), console(missing, ()):
        pass
    write()
    taken = Settings(kafka=kafka_settings, console=ConsoleSettings(port=started().port))
    with pytest.raises(ConfigError, match="--port"), console(taken, ()):
        pass


def test_the_command_says_where_the_page_is_and_ends_with_sigterm(
    write: Write, make: Make, kafka_settings: KafkaSettings
) -> None:
    write(make())
    environ = {**os.environ, "WAKEWATCH_KAFKA_TOPIC_PREFIX": kafka_settings.topic_prefix}
    command = [str(Path(sys.executable).with_name("wakewatch")), "console", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--bootstrap-servers", kafka_settings.bootstrap_servers],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline()
        assert url.startswith("http://127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.stderr is not None and process.stderr.read() == ""
    finally:
        process.kill()
        process.communicate()


def test_stop_places_are_a_layer_and_a_missing_topic_is_one_line(
    write: Write, make: Make, started: Start, until: Until, kafka_settings: KafkaSettings
) -> None:
    write(make())
    client = Client(started())
    until(client.ready)
    answer, headers, body = client.ask("/api/stop-places")
    assert (answer, json.loads(body)) == (200, {"type": "FeatureCollection", "features": []})
    assert headers["Content-Type"].startswith("application/geo+json")
    other = msgspec.structs.replace(kafka_settings, topic_prefix="nothing.")
    layer = StopPlacesLayer(Settings(kafka=other))
    refused = asyncio.run(layer.layer(make_mocked_request("GET", "/api/stop-places")))
    assert refused.status == 503 and "nothing.ais.meetings.v1" in (refused.text or "")
