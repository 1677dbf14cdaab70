"""Cases and lists from the topics: by the command and by the console, with the log as ingest writes it."""

from __future__ import annotations

import asyncio
import csv
import http.client
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from detectors.core.alert import Alert
from streams.broker.clients import admin, producer
from streams.broker.feedback_writing import write_feedback
from streams.console import case_export
from streams.console.serving import Console, console
from streams.errors import WakewatchError
from streams.export.from_kafka import StoppedError, case_files
from streams.ingest.core import Ingest, SourceKind
from streams.ingest.outbound import Sender, of_sentences, of_tick
from streams.messages import feedback
from streams.messages.log_records import Sentences
from streams.messages.topics import ALERT_STATE, ALERTS, create_missing
from streams.settings.console import ConsoleSettings
from streams.settings.model import KafkaSettings, Settings
from tests.streams.console.browser import Tab, chromium, tab

from .conftest import CASE, LISTED, command, unpacked

pytestmark = pytest.mark.broker
PATIENCE_S = 120.0
NOW_MS = 1_800_000_000_000


class Topics(NamedTuple):
    """Topics with the case."""

    kafka: KafkaSettings
    alerts: list[Alert]

    def run(self, *arguments: str) -> int:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("WAKEWATCH_KAFKA_TOPIC_PREFIX", self.kafka.topic_prefix)
            patch.setenv("WAKEWATCH_KAFKA_PARTITIONS", str(self.kafka.partitions))
            return command(*arguments, "--bootstrap-servers", self.kafka.bootstrap_servers)


@pytest.fixture
def topics(kafka_settings: KafkaSettings, recorded: Path) -> Topics:
    """The log, the alerts, and what a person stated about one of them."""
    made = admin(kafka_settings)
    create_missing(made, kafka_settings)
    made.close()
    client, settings = producer(kafka_settings), Settings()
    prefix, parts = kafka_settings.topic_prefix, kafka_settings.partitions
    sender = Sender("feed", "run", replayed=True, prefix=prefix)
    ingest = Ingest("feed", parts, settings.ingest, settings.feed, SourceKind(replayed=True))
    for record in [*ingest.feed((recorded / "feed.nmea").read_bytes()), *ingest.end()]:
        if isinstance(record, Sentences):
            letters = [of_sentences(record, sender, 0)]
        else:
            letters = [of_tick(record, number, sender, 0) for number in range(parts)]
        for letter in letters:
            client.send(letter.topic, letter.value, partition=letter.partition, headers=letter.headers).get(20)
    lines = (recorded / "alerts.jsonl").read_bytes().splitlines()
    alerts = [msgspec.json.decode(line, type=Alert) for line in lines]
    for alert, line in zip(alerts, lines, strict=True):
        client.send(prefix + ALERTS, line, key=alert.subject.encode())
        client.send(prefix + ALERT_STATE, line, key=alert.id.encode())
    client.send(prefix + ALERTS, lines[0], key=alerts[0].subject.encode())  # twice, as after a crash
    client.send(prefix + ALERTS, b"\xff not an alert", key=b"?")
    client.flush()
    client.close()
    said = feedback.about(alerts[0], "acknowledged", "Kim", "coast guard informed", "2024-03-01T15:00:00.000Z")
    write_feedback(kafka_settings, said)
    return Topics(kafka_settings, alerts)


def test_the_topics_give_what_the_files_give_and_the_feedback(topics: Topics, exported: Path, tmp_path: Path) -> None:
    one, again = tmp_path / "one.zip", tmp_path / "again.zip"
    assert topics.run("case", "export", CASE, "--out", str(one)) == 0
    assert topics.run("case", "export", CASE, "--out", str(again)) == 0
    assert one.read_bytes() == again.read_bytes()
    files, from_recording = unpacked(one), unpacked(exported)
    for name in ("alerts.csv", "track.geojson", "case.kml", "sentences.nmea"):
        assert files[name] == from_recording[name], name
    case = json.loads(files["case.json"])
    assert [(said["by"], said["note"]) for said in case["feedback"]] == [("Kim", "coast guard informed")]
    assert case["alerts"] == json.loads(from_recording["case.json"])["alerts"]
    assert [ship["mmsi"] for ship in case["log"]["ships"]] == [LISTED]
    assert b"coast guard informed" in files["report.html"]


def test_a_stop_ends_an_export_and_nothing_incomplete_is_given(topics: Topics) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedError):
        case_files(topics.kafka, Settings().fleet, CASE, NOW_MS, stop)
    with pytest.raises(WakewatchError, match="no case 'imo/1'"):
        case_files(topics.kafka, Settings().fleet, "imo/1", NOW_MS)


def test_alerts_are_printed_as_csv_and_geojson(topics: Topics, capsys: pytest.CaptureFixture[str]) -> None:
    assert topics.run("alerts", "--format", "csv", "--severity", "page") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out, newline="")))
    pages = [alert for alert in topics.alerts if alert.severity == "page"]
    assert [(row["alert_id"], row["status"]) for row in rows] == [(alert.id, alert.status) for alert in pages]
    assert topics.run("alerts", "--format", "geojson", "--open") == 0
    drawn = json.loads(capsys.readouterr().out)["features"]
    newest = {alert.id: alert for alert in topics.alerts}
    still = {alert.id for alert in newest.values() if alert.status in {"opened", "updated"}}
    assert {one["properties"]["alert_id"] for one in drawn} == still
    assert topics.run("alerts", "--format", "csv", "--detector", "flood") == 0
    said = capsys.readouterr()
    assert said.out.startswith('"alert_id"') and said.out.count("\n") == 1
    assert topics.run("alerts", "--format", "csv", "--follow") == 2
    assert "without --follow" in capsys.readouterr().err


class Client:
    """Asks the console."""

    def __init__(self, running: Console) -> None:
        self.port = running.port

    def ask(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path, headers={"Host": "localhost", **headers})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def until(self, holds: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + PATIENCE_S
        while not (found := holds()):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return found


@pytest.fixture
def client(topics: Topics) -> Iterator[Client]:
    settings = Settings(kafka=topics.kafka, console=ConsoleSettings(port=0))
    with console(settings, ()) as running:
        client = Client(running)
        client.until(lambda: client.ask("/readyz")[0] == 200)
        yield client


def test_the_console_gives_the_file_of_the_command(topics: Topics, client: Client, tmp_path: Path) -> None:
    out = tmp_path / "case.zip"
    assert topics.run("case", "export", CASE, "--out", str(out)) == 0
    status, headers, body = client.ask(f"/api/cases/{CASE}/export")
    assert (status, headers["Content-Type"]) == (200, "application/zip")
    assert headers["Content-Disposition"] == 'attachment; filename="case-imo-9179842.zip"'
    assert body == out.read_bytes()
    assert client.ask("/api/cases/imo/1/export")[0] == 404
    assert client.ask("/api/cases/..%2F..%2Fetc/export")[0] == 404
    assert client.ask(f"/api/cases/{'x/' * 400}/export")[0] == 404
    assert client.ask(f"/api/cases/{CASE}/export", **{"Sec-Fetch-Site": "cross-site"})[0] == 403
    assert client.ask(f"/api/cases/{CASE}")[0] == 200


def test_one_case_is_exported_at_a_time(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()
    whole = case_export.zip_of

    def slow(files: dict[str, bytes]) -> bytes:
        begun.set()
        assert go_on.wait(PATIENCE_S)
        return whole(files)

    monkeypatch.setattr(case_export, "zip_of", slow)
    answers: list[int] = []
    first = threading.Thread(target=lambda: answers.append(client.ask(f"/api/cases/{CASE}/export")[0]))
    first.start()
    assert begun.wait(PATIENCE_S)
    status, headers, said = client.ask(f"/api/cases/{CASE}/export")
    assert (status, headers["Retry-After"]) == (503, "5") and b"another case" in said
    assert client.ask("/api/alerts")[0] == 200
    go_on.set()
    first.join(PATIENCE_S)
    assert answers == [200] and client.ask(f"/api/cases/{CASE}/export")[0] == 200


def test_lists_are_those_of_the_same_question(client: Client) -> None:
    for query in ("", "?log=1", "?find=angara", "?find=nobody"):
        cases = json.loads(client.ask(f"/api/alerts{query}")[2])["cases"]
        status, headers, body = client.ask(f"/api/alerts.csv{query}")
        assert (status, headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
        rows = list(csv.DictReader(io.StringIO(body.decode(), newline="")))
        assert [row["case_id"] for row in rows] == [case["case_id"] for case in cases]
        status, headers, body = client.ask(f"/api/alerts.geojson{query}")
        assert (status, headers["Content-Type"]) == (200, "application/geo+json")
        assert [f["properties"]["headline"] for f in json.loads(body)["features"]] == [c["headline"] for c in cases]
        assert headers["Content-Disposition"] == 'attachment; filename="wakewatch-alerts.geojson"'
    (row,) = csv.DictReader(io.StringIO(client.ask("/api/alerts.csv")[2].decode(), newline=""))
    assert (row["feedback"], row["feedback_by"], row["imo"]) == ("acknowledged", "Kim", "9179842")


def faults(page: Tab) -> list[str]:
    """Errors of a page, apart from answers that it was asked to wait for."""
    return [error for error in page.errors if "503" not in error]


@pytest.mark.skipif(chromium() is None, reason="needs Chromium, which is not installed (apt-get install chromium)")
def test_a_person_saves_a_case_from_the_page(topics: Topics, tmp_path: Path) -> None:
    out, saved = tmp_path / "case.zip", tmp_path / "saved"
    assert topics.run("case", "export", CASE, "--out", str(out)) == 0
    settings = Settings(kafka=topics.kafka, console=ConsoleSettings(port=0))

    async def visit(url: str) -> Tab:
        async with tab(tmp_path) as page:
            await page.open(url)
            await page.until("document.querySelector('[data-export=zip]') !== null")
            await page.send("Page.setDownloadBehavior", behavior="allow", downloadPath=str(saved))
            await page.evaluate("document.querySelector('[data-export=zip]').click()")
            await page.until("/Saved|Not exported/.test(document.getElementById('detail').innerText)")
            assert "Not exported" not in await page.evaluate("document.getElementById('detail').innerText")
            while not (saved / "case-imo-9179842.zip").exists():
                await asyncio.sleep(0.05)
            return page

    with console(settings, ()) as running:
        client = Client(running)
        client.until(lambda: client.ask("/readyz")[0] == 200)
        page = asyncio.run(visit(f"{running.url}#case={CASE}"))
    assert (saved / "case-imo-9179842.zip").read_bytes() == out.read_bytes()
    assert faults(page) == []


@pytest.mark.skipif(chromium() is None, reason="needs Chromium, which is not installed (apt-get install chromium)")
def test_a_person_saves_the_list_that_is_shown(topics: Topics, client: Client, tmp_path: Path) -> None:
    saved = tmp_path / "saved"

    async def visit(url: str) -> None:
        async with tab(tmp_path) as page:
            await page.open(url)
            await page.until("document.querySelector('[data-export=csv]') !== null")
            await page.send("Page.setDownloadBehavior", behavior="allow", downloadPath=str(saved))
            for ending in ("csv", "geojson"):
                await page.evaluate(f"document.querySelector('[data-export={ending}]').click()")
                await page.until("/Saved/.test(document.getElementById('files').innerText)")
                while not (saved / f"wakewatch-alerts.{ending}").exists():
                    await asyncio.sleep(0.05)
            assert faults(page) == []

    asyncio.run(visit(f"http://127.0.0.1:{client.port}/"))
    query = "?log=0"
    for ending in ("csv", "geojson"):
        assert (saved / f"wakewatch-alerts.{ending}").read_bytes() == client.ask(f"/api/alerts.{ending}{query}")[2]
