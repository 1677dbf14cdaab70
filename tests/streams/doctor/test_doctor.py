"""The doctor against a real Kafka, a real worker and a real ingest: what is wrong is said, with what to do."""

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from typer.testing import CliRunner

from detectors.core.ticks import Tick
from streams.broker import node
from streams.broker.clients import admin
from streams.cli import build
from streams.doctor import DoctorFinding, examine, log
from streams.doctor.findings import ok, span
from streams.doctor.local import local_findings
from streams.doctor.reading import Newest, SnapshotSummary
from streams.doctor.reference import reference_findings
from streams.doctor.services import service_findings
from streams.doctor.sources import sources_finding
from streams.messages.topics import TABLE, create_missing
from streams.observability.metrics_server import serve
from streams.reference import read_reference
from streams.settings.model import (
    ConsoleSettings,
    IngestSettings,
    KafkaSettings,
    NotifySettings,
    ReferenceSettings,
    Settings,
    WorkerSettings,
)

PATIENCE_S = 60.0


def now_ms() -> int:
    return int(time.time() * 1000)


def said(settings: Settings, later_s: float = 0) -> dict[str, DoctorFinding]:
    found = list(examine(settings, now_ms() + int(later_s * 1000), limit_s=PATIENCE_S * 10))
    return {finding.name: finding for finding in found}


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.2)


@pytest.fixture
def made(kafka_settings: KafkaSettings) -> Settings:
    """Topics are there, nothing runs."""
    client = admin(kafka_settings)
    create_missing(client, kafka_settings)
    client.close()
    ports = [node.free_port() for _ in range(3)]
    return Settings(
        kafka=kafka_settings,
        worker=WorkerSettings(
            app_id=f"{kafka_settings.topic_prefix}app", metrics_port=ports[0], snapshot_every_s=0.5, session_timeout_s=6
        ),
        ingest=IngestSettings(metrics_port=ports[1]),
        console=ConsoleSettings(port=ports[2]),
    )


def environ(settings: Settings, home: Path) -> dict[str, str]:
    kafka, worker = settings.kafka, settings.worker
    return {
        **os.environ,
        "WAKEWATCH_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "WAKEWATCH_KAFKA_TOPIC_PREFIX": kafka.topic_prefix,
        "WAKEWATCH_KAFKA_PARTITIONS": str(kafka.partitions),
        "WAKEWATCH_WORKER_APP_ID": worker.app_id,
        "WAKEWATCH_WORKER_DATA_DIR": str(home / "worker"),
        "WAKEWATCH_WORKER_METRICS_PORT": str(worker.metrics_port),
        "WAKEWATCH_WORKER_SNAPSHOT_EVERY_S": str(worker.snapshot_every_s),
        "WAKEWATCH_WORKER_SESSION_TIMEOUT_S": str(worker.session_timeout_s),
        "WAKEWATCH_INGEST_METRICS_PORT": str(settings.ingest.metrics_port),
    }


class Running:
    """Ingest (listening for datagrams) and one worker."""

    def __init__(self, settings: Settings, home: Path) -> None:
        where = environ(settings, home)
        self._port = node.free_port()
        listens = f"udp://127.0.0.1:{self._port}"
        wakewatch = [sys.executable, "-c", "from streams.cli import main; main()"]
        calls = ([sys.executable, "-m", "streams.worker"], [*wakewatch, "ingest", listens])
        self._all = [subprocess.Popen(call, env=where, stderr=subprocess.DEVNULL) for call in calls]

    def __enter__(self) -> "Running":
        return self

    def say(self) -> None:
        """A ship is heard."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as air:
            air.sendto(b"!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23\r\n", ("127.0.0.1", self._port))

    def sound(self, settings: Settings) -> bool:
        """Whether nothing is wrong, the log being written."""
        self.say()
        found = said(settings)
        return found["log"].verdict == "ok" and "wrong" not in {finding.verdict for finding in found.values()}

    def verdicts(self, settings: Settings) -> dict[str, str]:
        """What is said while a ship is heard."""
        self.say()
        return {name: finding.verdict for name, finding in said(settings).items()}

    def __exit__(self, *_: object) -> None:
        for process in self._all:
            process.send_signal(signal.SIGTERM)
        assert [process.wait(30) for process in self._all] == [0, 0]


@pytest.mark.broker
def test_a_system_that_runs_is_sound_and_one_that_stopped_is_not(made: Settings, tmp_path: Path) -> None:
    before = said(made)
    asked = ("kafka", "topics", "rights", "log", "workers", "state", "histories", "areas", "meetings")
    assert {name: before[name].verdict for name in asked} == {
        "kafka": "ok",
        "topics": "ok",
        "rights": "ok",
        "log": "warn",
        "workers": "wrong",
        "state": "ok",
        "histories": "ok",
        "areas": "ok",
        "meetings": "ok",
    }
    assert before["log"].remedy.startswith("add a feed")
    assert before["ingest"].verdict == before["worker"].verdict == "wrong"
    with Running(made, tmp_path) as running:
        until(lambda: running.sound(made))
        sound = {
            "watchlist": "warn",
            "zones": "ok",
            "kafka": "ok",
            "topics": "ok",
            "rights": "ok",
            "log": "ok",
            "disk": "ok",
            "sources": "ok",
            "ingest": "ok",
            "workers": "ok",
            "state": "ok",
            "histories": "ok",
            "areas": "ok",
            "meetings": "ok",
            "worker": "ok",
            "console": "ok",
            "traffic": "ok",
            "notification": "warn",
        }
        until(lambda: running.verdicts(made) == sound)
    after = said(made, later_s=900)
    assert after["workers"].said == f"no worker runs in group {made.worker.app_id}"
    assert "written for 15 min" in after["log"].said


@pytest.mark.broker
def test_the_state_of_another_app_and_topics_of_another_shape_are_wrong(made: Settings, tmp_path: Path) -> None:
    with Running(made, tmp_path) as running:
        until(lambda: running.sound(made))
    other = msgspec.structs.replace(made, worker=WorkerSettings(app_id="somebody-else"))
    found = said(other)
    assert f"ais.fleet.v1 contains the state of {made.worker.app_id}" in found["state"].said
    assert f"ais.histories.v1 contains the state of {made.worker.app_id}" in found["histories"].said
    assert f"ais.areas.v1 contains the state of {made.worker.app_id}" in found["areas"].said
    assert f"ais.meetings.v1 contains the state of {made.worker.app_id}" in found["meetings"].said
    wider = msgspec.structs.replace(made, kafka=msgspec.structs.replace(made.kafka, partitions=5))
    assert said(wider)["topics"].verdict == "wrong"
    assert "partitions is 4, expected 5" in said(wider)["topics"].said


@pytest.mark.broker
def test_the_command_prints_lines_and_json_and_exits_with_1(kafka_settings: KafkaSettings) -> None:
    where = ["doctor", "--bootstrap-servers", kafka_settings.bootstrap_servers]
    env = {"WAKEWATCH_KAFKA_TOPIC_PREFIX": kafka_settings.topic_prefix}
    shown = CliRunner().invoke(build(), where, env=env)
    assert shown.exit_code == 1
    assert "-> create them: `wakewatch topics create`" in shown.stdout
    told = CliRunner().invoke(build(), [*where, "--json"], env=env)
    assert told.exit_code == 1
    by_name: dict[str, Any] = {finding["name"]: finding for finding in json.loads(told.stdout)}
    assert by_name["topics"]["verdict"] == "wrong"
    assert f"{len(TABLE)} are missing" in by_name["topics"]["said"]


def test_a_silent_source_is_named_though_the_log_is_written() -> None:
    def tick(source: str, heard_ago_s: float, **more: Any) -> Tick:
        to_ms = more.pop("to_ms", 1_000_000_000)
        return Tick(source=source, from_ms=to_ms - 1000, to_ms=to_ms, heard_ms=to_ms - int(heard_ago_s * 1000), **more)

    now = 1_000_002_000
    rules = Settings().feed
    well = {
        "pier": tick("pier", 2),
        "hill": tick("hill", 300, spacing_s=60),
        "old.nmea": tick("old.nmea", 1, state="ended"),
    }
    found = sources_finding(well, rules, now)
    assert found is not None
    assert (found.verdict, found.said) == ("ok", "2 heard: hill, pier")
    found = sources_finding({**well, "pier": tick("pier", 500, lateness_s=600.0)}, rules, now)
    assert found is not None
    assert (found.verdict, found.said) == ("ok", "2 heard: hill, pier (up to 10 min late)"), "it arrives out of order"
    found = sources_finding({**well, "pier": tick("pier", 600), "gone": tick("gone", 0, to_ms=1)}, rules, now)
    assert found is not None
    assert (found.verdict, found.said) == ("warn", "1 of 2 silent: pier for 10 min")
    assert sources_finding({"day": tick("day", 2, replayed=True)}, rules, now) is None
    found = sources_finding({**well, "pier": tick("pier", 2, other_share=0.75)}, rules, now)
    assert found is not None
    assert (found.verdict, found.said) == ("warn", "1 of 2 sources send mostly lines that are not AIS: pier 75%")
    found = sources_finding({"pier": tick("pier", 600, other_share=1.0)}, rules, now)
    assert found is not None
    assert found.said == "1 of 1 silent: pier for 10 min (its lines are not AIS)"
    assert found.verdict == "wrong", "nothing is heard at all"


def test_wrong_settings_are_said_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "wakewatch.toml"
    file.write_text("[kafka]\npartitons = 4\nreplication = 0\n")
    result = CliRunner().invoke(build(), ["doctor", "--settings", str(file)])
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert len(lines) == 2
    assert "did you mean kafka.partitions?" in lines[0]
    assert all(line.startswith("wrong  settings") for line in lines)


@pytest.mark.parametrize(
    ("fine", "verdict", "said"), [(True, "ok", "is ready: following"), (False, "wrong", "is not ready: behind")]
)
def test_a_console_is_asked_and_that_none_runs_is_no_fault(fine: bool, verdict: str, said: str) -> None:
    with serve("127.0.0.1", 0, CollectorRegistry(), lambda: (fine, "following" if fine else "behind")) as console:
        settings = Settings(console=ConsoleSettings(port=console.port, hosts=("console.example",)))
        found = {finding.name: finding for finding in service_findings(settings)}["console"]
    assert (found.verdict, said in found.said) == (verdict, True)
    found = {finding.name: finding for finding in service_findings(settings)}["console"]
    assert (found.verdict, "not running" in found.said) == ("ok", True)


@pytest.mark.parametrize(
    ("fine", "verdict", "said"), [(True, "ok", "is ready: following"), (False, "warn", "is not ready: reading the log")]
)
def test_the_traffic_process_is_asked_and_that_none_runs_is_no_fault(fine: bool, verdict: str, said: str) -> None:
    with serve("127.0.0.1", 0, CollectorRegistry(), lambda: (fine, said.split(": ")[1])) as traffic:
        settings = Settings(console=ConsoleSettings(traffic_url=f"http://127.0.0.1:{traffic.port}"))
        found = {finding.name: finding for finding in service_findings(settings)}["traffic"]
    assert (found.verdict, said in found.said) == (verdict, True)
    found = {finding.name: finding for finding in service_findings(settings)}["traffic"]
    assert (found.verdict, "not running" in found.said) == ("ok", True)
    wrong = Settings(console=ConsoleSettings(traffic_url="ftp://x"))
    assert {finding.name: finding.verdict for finding in service_findings(wrong)}["traffic"] == "wrong"


@pytest.mark.parametrize(("connected_s", "took_s"), [(3.0, 0.1), (2.0, 3.0)])
def test_a_kafka_that_answers_late_is_told(connected_s: float, took_s: float) -> None:
    assert log._answers("here answers, 1 broker", 2.0, 0.9).verdict == "ok"
    late = log._answers("here answers, 1 broker", connected_s, took_s)
    assert (late.verdict, late.said) == ("warn", "here answers, 1 broker, after 3.0 s")


def test_a_log_that_grows_while_it_is_asked_about_was_not_recreated(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine seconds pass between two questions, and the worker saves its state meanwhile."""
    ends = itertools.count(100)
    cut = SnapshotSummary(offset=0, at_ms=now_ms(), app=Settings().worker.app_id)
    monkeypatch.setattr(log, "consumer", lambda *_, **__: SimpleNamespace(close=lambda: None))
    monkeypatch.setattr(log, "images_finding", lambda *_: None)
    monkeypatch.setattr(log, "newest", lambda *_: Newest(ends={0: next(ends)}, at_ms=now_ms()))
    monkeypatch.setattr(log, "newest_head", lambda *_: {0: cut._replace(offset=next(ends) - 1)})
    monkeypatch.setattr(log, "disk_findings", lambda *_: [])
    monkeypatch.setattr(log, "oldest_ms", lambda *_: None)
    monkeypatch.setattr(log, "tail", lambda *_: [])
    monkeypatch.setattr(log, "_workers", lambda *_: ok("workers", ""))
    found = {finding.name: finding for finding in log._flow(None, Settings(), now_ms())}
    assert {name: found[name].verdict for name in ("state", "histories", "areas", "meetings")} == {
        "state": "ok",
        "histories": "ok",
        "areas": "ok",
        "meetings": "ok",
    }


def test_what_does_not_answer_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(log._QUICK, "bootstrap_timeout_ms", 300)
    gone = node.free_port()
    settings = Settings(
        kafka=KafkaSettings(bootstrap_servers=f"127.0.0.1:{gone}"),
        notify=NotifySettings(
            alertmanager_url=f"http://127.0.0.1:{gone}", webhook_url=f"http://127.0.0.1:{gone}/hook", metrics_port=gone
        ),
    )
    found = said(settings)
    assert {name for name, finding in found.items() if finding.verdict == "wrong"} == {
        "kafka",
        "notifier",
        "alertmanager",
        "webhook",
    }
    assert all(finding.remedy for finding in found.values() if finding.verdict != "ok")


@pytest.mark.parametrize(
    ("urls", "verdict"), [("", "warn"), ("json://127.0.0.1:1/ json://127.0.0.1:2/", "ok"), ("nosuch://x", "wrong")]
)
def test_apprise_counts_as_a_target(urls: str, verdict: str) -> None:
    settings = Settings(notify=NotifySettings(apprise_urls=urls))
    found = {finding.name: finding.verdict for finding in service_findings(settings)}
    assert found["apprise" if urls else "notification"] == verdict
    assert len({"apprise", "notification"} & found.keys()) == 1


def test_an_old_list_and_a_list_that_cannot_be_read(tmp_path: Path) -> None:
    listed = tmp_path / "ships.csv"
    listed.write_text("list,entry_id,name,imo\nOWN,1,ANGARA,9179842\nOWN,2,NOBODY,1\n")
    os.utime(listed, (time.time() - 30 * 86_400,) * 2)
    settings = Settings(reference=ReferenceSettings(watchlists=(str(listed),)))
    loaded = read_reference(settings.reference)
    lists = reference_findings(settings, loaded, now_ms(), asks=False)
    found = {finding.name: finding for finding in lists}
    assert "30 d old" in found["watchlist"].said
    assert found["lists"].said.startswith("1 entries are skipped")
    listed.unlink()
    found = {finding.name: finding for finding in local_findings(settings)}
    assert found["lists"].verdict == "wrong"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (90, "90 s"), (300, "5 min"), (10_800, "3 h"), (1e6, "12 d")]
)
def test_spans_are_told_in_whole_units(seconds: float, words: str) -> None:
    assert span(seconds) == words
