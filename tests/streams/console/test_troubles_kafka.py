"""The red banner: detectors, ingest and notifier die, fall silent or take nothing, and the page says for how long.

The page is read in a real Chromium where it is installed, and through ``/api/health`` beside it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from detectors.core.alert import Alert, Vessel, encode
from detectors.core.ticks import FeedRules
from streams.broker import node
from streams.broker.clients import producer
from streams.console.serving import Console
from streams.messages import reference_records
from streams.messages.topics import ALERT_STATE, ALERTS, REFERENCE
from streams.settings.model import KafkaSettings, NotifySettings, WorkerSettings
from tests.ops.programs import Receiver
from tests.ops.programs import until as wait_for

from .browser import Tab, chromium, tab
from .test_console_kafka import Client

pytestmark = pytest.mark.broker
in_a_browser = pytest.mark.skipif(chromium() is None, reason="needs Chromium (apt-get install chromium)")
Make = Callable[..., Alert]
Write = Callable[..., None]
Start = Callable[..., Console]
Until = Callable[[Callable[[], Any]], Any]
SENTENCE = b"!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23\r\n"
SNAPSHOT_S, SILENT_S, PATIENCE_S = 0.5, 10.0, 300.0
ALARMS = "[...document.querySelectorAll('#alarms .alarm')].map((line) => line.innerText).join(' | ')"


class Processes:
    """A worker, an ingest that listens for datagrams, a notifier: as they are run."""

    def __init__(self, kafka: KafkaSettings, home: Path) -> None:
        self.port = node.free_port()
        self._environ = {
            **os.environ,
            "WAKEWATCH_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "WAKEWATCH_KAFKA_TOPIC_PREFIX": kafka.topic_prefix,
            "WAKEWATCH_KAFKA_PARTITIONS": str(kafka.partitions),
            "WAKEWATCH_WORKER_APP_ID": f"{kafka.topic_prefix}app",
            "WAKEWATCH_WORKER_DATA_DIR": str(home / "worker"),
            "WAKEWATCH_WORKER_SNAPSHOT_EVERY_S": str(SNAPSHOT_S),
            "WAKEWATCH_WORKER_SESSION_TIMEOUT_S": "6",
            "WAKEWATCH_FEED_FEED_SILENT_AFTER_S": str(SILENT_S),
        }
        self._home, self._all = home, list[subprocess.Popen[bytes]]()

    def start(self, *call: str) -> subprocess.Popen[bytes]:
        with (self._home / "processes.log").open("ab") as log:
            made = subprocess.Popen([sys.executable, "-m", *call], env=self._environ, stdout=log, stderr=log)
        self._all.append(made)
        return made

    def said(self) -> str:
        """On all outputs of all."""
        return (self._home / "processes.log").read_text(errors="replace")

    def worker(self) -> subprocess.Popen[bytes]:
        return self.start("streams.worker")

    def ingest(self) -> subprocess.Popen[bytes]:
        return self.start("streams", "ingest", f"udp://127.0.0.1:{self.port}")

    def heard(self) -> bool:
        """A ship is heard; always true."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as air:
            air.sendto(SENTENCE, ("127.0.0.1", self.port))
        return True

    def end(self) -> None:
        for process in self._all:
            process.kill()
            process.wait(20)


@pytest.fixture
def processes(kafka_settings: KafkaSettings, tmp_path: Path) -> Iterator[Processes]:
    made = Processes(kafka_settings, tmp_path)
    yield made
    made.end()


def settings(kafka: KafkaSettings) -> dict[str, Any]:
    worker = WorkerSettings(app_id=f"{kafka.topic_prefix}app", snapshot_every_s=SNAPSHOT_S)
    return {"worker": worker, "feed": FeedRules(feed_silent_after_s=SILENT_S)}


async def until(page: Tab, script: str, meanwhile: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := await page.evaluate(script)):
        assert time.monotonic() < deadline, (script, await page.evaluate("document.body.innerText"))
        meanwhile()
        await asyncio.sleep(0.2)
    return found


@in_a_browser
def test_a_dead_detector_a_silent_source_and_a_dead_ingest_are_red_with_a_running_age_until_they_are_well(
    write: Write, started: Start, processes: Processes, kafka_settings: KafkaSettings, tmp_path: Path
) -> None:
    write()
    worker, ingest = processes.worker(), processes.ingest()
    running = started(**settings(kafka_settings))
    quiet = f"{ALARMS} === '' && document.getElementById('state').innerText.includes('● connected')"

    async def look(page: Tab) -> None:
        await page.open(running.url)
        await page.until("document.readyState === 'complete'")
        await until(page, f"{quiet} && document.getElementById('clock').dateTime", processes.heard)
        worker.kill()
        said = await until(page, f"{ALARMS}.includes('No detector has processed') && {ALARMS}", processes.heard)
        assert "and give no alerts" in said and "No AIS is received" not in said
        assert "with faults" in await page.evaluate("document.getElementById('state').innerText")
        await until(page, f"{ALARMS} !== {json.dumps(said)}", processes.heard)  # the age runs
        processes.worker()
        await until(page, quiet, processes.heard)
        await until(page, f"{ALARMS}.includes('No AIS is received: the only source has been silent')", lambda: None)
        await until(page, quiet, processes.heard)
        ingest.kill()
        await until(page, f"{ALARMS}.includes('Ingest has written nothing from')", lambda: None)
        processes.ingest()
        await until(page, quiet, processes.heard)
        assert page.errors == []

    async def run() -> None:
        async with tab(tmp_path) as page:
            await look(page)

    asyncio.run(run())


def told(client: Client, kind: str) -> list[dict[str, Any]]:
    return [one for one in client.json("/api/health").get("troubles", ()) if one["kind"] == kind]


def test_of_two_targets_the_one_that_is_down_is_named_and_only_that(
    write: Write, make: Make, started: Start, until: Until, processes: Processes, kafka_settings: KafkaSettings
) -> None:
    write()
    receiver, down = Receiver(), f"http://127.0.0.1:{node.free_port()}"
    named = NotifySettings(alertmanager_url=down, webhook_url=receiver.url)
    call = ("streams", "notify", "--alertmanager-url", down, "--webhook-url", receiver.url)
    notify = processes.start(*call)
    client = Client(started(**settings(kafka_settings), notify=named))
    try:
        until(client.ready)
        until(lambda: "Notifier" not in str(client.json("/api/health")))
        wait_for(lambda: "open alerts restored" in processes.said(), PATIENCE_S, "the notifier")
        sender = producer(kafka_settings)
        raw, long_ago_ms = encode(make(id=os.urandom(16).hex())), int((time.time() - 90) * 1000)
        for topic in (ALERTS, ALERT_STATE):
            sender.send(kafka_settings.topic_prefix + topic, key=b"k", value=raw, timestamp_ms=long_ago_ms).get(30)
        wait_for(lambda: receiver.got, PATIENCE_S, "what the other target takes")
        found = until(lambda: told(client, "notifier"))
        words = ["Notifier: alertmanager has accepted no alerts"]
        until(lambda: [one["said"] for one in told(client, "notifier")] == words)
        assert found[0]["level"] == "alarm" and found[0]["for_ms"] > 60_000
        notify.send_signal(signal.SIGTERM)
        assert notify.wait(60) == 0
    finally:
        receiver.close()


def test_a_notifier_that_the_settings_name_and_that_does_not_run_is_an_alarm_after_a_minute(
    write: Write, make: Make, started: Start, until: Until, kafka_settings: KafkaSettings
) -> None:
    write(make())
    named = NotifySettings(webhook_url="http://127.0.0.1:1/hook")
    client = Client(started(**settings(kafka_settings), notify=named))
    until(client.ready)
    assert told(client, "notifier") == [], "it may be starting"
    found = wait_for(lambda: told(client, "notifier"), PATIENCE_S, "the alarm")
    assert found[0]["said"] == "Notifier: webhook has accepted no alerts"


def written(kafka: KafkaSettings, key: bytes, value: bytes | None, ago_s: float) -> None:
    sender = producer(kafka)
    at_ms = int((time.time() - ago_s) * 1000)
    sender.send(kafka.topic_prefix + REFERENCE, key=key, value=value, partition=0, timestamp_ms=at_ms).get(30)
    sender.close()


def test_imported_zones_are_drawn_and_half_an_import_and_an_old_list_are_said(
    write: Write, make: Make, started: Start, until: Until, kafka_settings: KafkaSettings
) -> None:
    write(make())
    client = Client(started(**settings(kafka_settings)))
    until(client.ready)
    assert "Rajin" in {zone["name"] for zone in client.json("/api/zones")}
    assert client.json("/api/health")["lists"] == {}
    zone = b'{"name":"Imported Bay","kind":"sanctioned","lat_deg":42.2,"lon_deg":130.3}'
    version = "0123456789abz"
    written(kafka_settings, f"{version}/zone/000000".encode(), zone, 800_000)
    head = reference_records.VersionHead(version=version, ships=0, lists={}, zones=1)
    written(kafka_settings, f"{version}/head".encode(), msgspec.json.encode(head), 800_000)
    until(lambda: told(client, "import"))
    assert told(client, "import")[0]["more"] == "; complete it with: wakewatch watchlist complete"
    assert "Imported Bay" not in str(client.json("/api/zones")), "not in force yet"
    written(kafka_settings, f"{version}/marked".encode(), b"{}", 800_000)
    until(lambda: [zone["name"] for zone in client.json("/api/zones")] == ["Imported Bay"])
    until(lambda: not told(client, "import"))
    assert client.json("/api/health")["lists"]["version"] == version
    (old,) = until(lambda: told(client, "lists"))
    assert (old["level"], old["for_ms"] > 700_000_000) == ("notice", True)
    written(kafka_settings, f"{version}/marked".encode(), b"{}", 0)
    until(lambda: not told(client, "lists"))


@in_a_browser
def test_the_search_finds_an_open_case_that_is_not_on_the_page(
    write: Write, make: Make, started: Start, tmp_path: Path
) -> None:
    """The page has the 200 newest cases for the record; a ship beyond them is open all the same."""
    crowd = [
        make(
            id=f"{number:032x}",
            severity="log",
            case_id=f"mmsi/{number}",
            subject=f"mmsi/{number}",
            mmsi=number,
            vessel=Vessel(name=f"SHIP {number}"),
            headline=f"SHIP {number} is open",
        )
        for number in range(205_000_000, 205_000_260)
    ]
    write(make("f", headline="THE ONE PAGE"), *crowd)
    running = started()

    async def run() -> None:
        async with tab(tmp_path) as page:
            await page.open(running.url)
            rows = "[...document.querySelectorAll('.case')]"
            await page.until(f"document.readyState === 'complete' && {rows}.length === 1")
            await page.evaluate(
                "(() => { const box = document.getElementById('find'); box.value = '205000000';"
                " box.dispatchEvent(new Event('input')); })()"
            )
            await page.until(f"{rows}.length === 1 && {rows}[0].dataset.case === 'mmsi/205000000'")
            await page.evaluate(
                "(() => { const box = document.getElementById('find'); box.value = 'ship is open';"
                " box.dispatchEvent(new Event('input')); })()"
            )
            await page.until(f"{rows}.length === 200 && document.body.innerText.includes('and 60 more matches')")
            assert "260" in await page.evaluate("document.getElementById('log-label').innerText")
            await page.evaluate(
                "(() => { const box = document.getElementById('find'); box.value = 'NOBODY';"
                " box.dispatchEvent(new Event('input')); })()"
            )
            await page.until("document.body.innerText.includes('No open case matches.')")
            assert page.errors == []

    asyncio.run(run())
