"""Alerts to show: invented ones, and those of the reconstruction; topics to write them to."""

import io
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from detectors.core.alert import Alert, Position, Vessel, encode
from streams.broker.clients import admin, producer
from streams.console.serving import Console, console
from streams.messages.topics import ALERT_STATE, ALERTS, create_missing
from streams.pipeline.replay import InProcessPipeline, ReplayPlan, play
from streams.reference import load_reference
from streams.scenario import Options, scenario
from streams.settings.model import ConsoleSettings, KafkaSettings, Settings

PATIENCE_S = 300.0
HOSTILE = "<SCRIPT SRC=//X.CO>"
THINNED = 40
Make = Callable[..., Alert]
Write = Callable[..., None]


def position(lat_deg: float, lon_deg: float, time: str) -> Position:
    return Position(lat_deg=lat_deg, lon_deg=lon_deg, sog_kn=9.5, cog_deg=200.0, time=time)


@pytest.fixture(scope="session")
def make() -> Make:
    """An alert with some fields changed; ``id`` is filled up to 32 digits."""

    def make(id: str = "a", **changes: Any) -> Alert:
        fields: dict[str, Any] = {
            "revision": 1,
            "status": "opened",
            "detector": "gap",
            "rule_version": 1,
            "severity": "page",
            "subject": "mmsi/273999001",
            "case_id": "imo/9179842",
            "mmsi": 273_999_001,
            "vessel": Vessel(name="ANGARA", imo=9_179_842, flag="RU"),
            "headline": "ANGARA (IMO 9179842) silent 1 h, 34-36.0N 129-30.0E, since 0412Z, listed: OFAC",
            "episode_start": "2024-02-04T04:12:00.000Z",
            "time": "2024-02-04T05:12:00.000Z",
            "position": position(34.6, 129.5, "2024-02-04T04:12:00.000Z"),
            "details": {"last_heard": "2024-02-04T04:12:00.000Z", "silent_for_s": 3600},
        }
        return Alert(**{**fields, "id": (id * 32)[:32], **changes})

    return make


@pytest.fixture(scope="session")
def angara_alerts() -> list[Alert]:
    """What the detectors say of the reconstruction's last legs: hers whole, everybody else thinned."""

    def ms(text: str) -> int:
        return int(datetime.fromisoformat(text).timestamp() * 1000)

    first, last = ms("2023-12-18T00:00:00Z"), ms("2024-02-09T04:00:00Z")
    lines = [
        line
        for number, line in enumerate(scenario("angara", Options(vessels=0)).lines)
        if b",145CTV" in line or b"VDM,2," in line or number % THINNED == 0
        if first <= int(line.split(b"c:", 1)[1][:13]) < last
    ]
    settings = Settings()
    pipeline = InProcessPipeline(settings, load_reference(settings.reference), 1)
    recording = io.BytesIO(b"\n".join(lines) + b"\n")
    played = play([recording], ReplayPlan(source="angara", partitions=1), pipeline, settings)
    return [item.alert for item in played if hasattr(item, "alert")]


@pytest.fixture
def write(kafka_settings: KafkaSettings) -> Write:
    """Writes alerts as the worker does; bytes go out as they are."""
    client = admin(kafka_settings)
    create_missing(client, kafka_settings)
    client.close()

    def write(*alerts: Alert | bytes) -> None:
        sender = producer(kafka_settings)
        for alert in alerts:
            value = alert if isinstance(alert, bytes) else encode(alert)
            key, subject = (b"?", b"?") if isinstance(alert, bytes) else (alert.id.encode(), alert.subject.encode())
            sender.send(kafka_settings.topic_prefix + ALERTS, key=subject, value=value)
            sender.send(kafka_settings.topic_prefix + ALERT_STATE, key=key, value=value)
        sender.flush(20)
        sender.close()

    return write


@pytest.fixture
def started(kafka_settings: KafkaSettings) -> Iterator[Callable[..., Console]]:
    """Starts a console on a free port, with further settings; it ends with the test."""
    contexts = []

    def start(**more: Any) -> Console:
        settings = Settings(kafka=kafka_settings, console=ConsoleSettings(port=0, traffic_url=""), **more)
        context = console(settings, load_reference(settings.reference).zones)
        contexts.append(context)
        return context.__enter__()

    yield start
    for context in contexts:
        context.__exit__(None, None, None)


@pytest.fixture
def until() -> Callable[[Callable[[], Any]], Any]:
    """Waits for something to be true, and returns it."""

    def until(holds: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + PATIENCE_S
        while not (found := holds()):
            assert time.monotonic() < deadline, "it did not come about in time"
            time.sleep(0.05)
        return found

    return until
