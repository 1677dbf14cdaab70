"""Three sources of different times in one worker: a live receiver, a satellite an hour late, and a recording."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from detectors.core.alert import Alert
from streams.broker.reading import read
from streams.nmea.encoder import EncodedFix, position, sentences, tagged
from streams.settings.model import KafkaSettings
from tests.streams.worker.conftest import PATIENCE_S, StartWorker, make_topics

pytestmark = pytest.mark.broker

HOURS, DARK_FROM_H = 9, 5
HOUR_MS, MINUTE_MS = 3_600_000, 60_000
DARK, OVER_THE_HORIZON, RECORDED = 273_000_001, 273_000_002, 273_000_003
OTHERS = range(257_000_000, 257_000_030)
EVERY_MIN = 2


class Heard(NamedTuple):
    """A sentence and the event time at which it arrives, in minutes."""

    minute: int
    line: bytes


def line(mmsi: int, time_ms: int, minute: int, station: str) -> bytes:
    lat_deg = 60 + mmsi % 100 / 100 + minute / 6000
    fix = EncodedFix(lat_deg=lat_deg, lon_deg=5 + mmsi % 7 / 50, sog_kn=10.0, cog_deg=0.0, second=minute % 60)
    (made,) = tagged(sentences(position(mmsi, fix)), time_ms, station)
    return made


def shore(begin_ms: int, listed: Sequence[int]) -> list[Heard]:
    """Everyone every two minutes; the listed ones until they go dark or sail over the horizon."""
    return [
        Heard(minute, line(mmsi, begin_ms + minute * MINUTE_MS + number * 3_500, minute, "HILL"))
        for minute in range(0, HOURS * 60, EVERY_MIN)
        for number, mmsi in enumerate((*OTHERS, *listed))
        if mmsi in OTHERS or minute < DARK_FROM_H * 60
    ]


def satellite(begin_ms: int) -> list[Heard]:
    """One of the two listed vessels to the end, the other until it goes dark, and ten others; all an hour late."""
    return [
        Heard(minute + 60, line(mmsi, begin_ms + minute * MINUTE_MS + number * 9_000, minute, "SAT"))
        for minute in range(0, (HOURS - 1) * 60, 10)
        for number, mmsi in enumerate((OVER_THE_HORIZON, DARK, *OTHERS[:10]))
        if mmsi != DARK or minute < DARK_FROM_H * 60
    ]


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(type=kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


@pytest.fixture
def config(kafka_settings: KafkaSettings, tmp_path: Path) -> Path:
    listed = tmp_path / "own.csv"
    listed.write_text("name,mmsi\n" + "".join(f"SHIP {mmsi},{mmsi}\n" for mmsi in (DARK, OVER_THE_HORIZON, RECORDED)))
    path = tmp_path / "wakewatch.toml"
    path.write_text(
        f'[kafka]\nbootstrap_servers = "{kafka_settings.bootstrap_servers}"\npartitions = 1\n'
        f'topic_prefix = "{kafka_settings.topic_prefix}"\n[reference]\nwatchlists = ["{listed}"]\n'
    )
    return path


def wakewatch(config: Path, *call: str) -> list[str]:
    return [sys.executable, "-c", "from streams.cli import main; main()", *call, "--settings", str(config)]


def sentences_read(port: int) -> int:
    """How many sentences ingest has read, of all sources."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        return int(sum(float(n) for n in re.findall(rb"^wakewatch_sentences_total\{.*\} (.*)$", answer.read(), re.M)))


def send_in_order(heard: list[tuple[str, Heard]], udp: int, tcp: int, metrics: int) -> None:
    """Ten minutes of event time at once: each is read before the next is sent."""

    def listens() -> bool:
        try:
            return sentences_read(metrics) >= 0
        except OSError:
            return False

    until(listens)
    read_before = sentences_read(metrics)
    with socket.socket(type=socket.SOCK_DGRAM) as shore_out, socket.create_connection(("127.0.0.1", tcp)) as space:
        for begin in range(0, (HOURS + 1) * 60, 10):
            part = [(source, one.line) for source, one in heard if begin <= one.minute < begin + 10]
            for source, text in part:
                if source == "shore":
                    shore_out.sendto(text + b"\n", ("127.0.0.1", udp))
                else:
                    space.sendall(text + b"\n")
            read_before += len(part)
            until(lambda wanted=read_before: sentences_read(metrics) >= wanted)  # type: ignore[misc]


@pytest.fixture
def ingest(config: Path, tmp_path: Path) -> Iterator[tuple[int, int, int]]:
    """Ports of the receiver, the satellite feed and the metrics of an ingest that also reads the recording."""
    udp, tcp, metrics = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM), free_port(socket.SOCK_STREAM)
    with config.open("a") as file:
        file.write(f"[ingest]\nmetrics_port = {metrics}\n")
    call = wakewatch(config, "ingest", f"shore=udp://127.0.0.1:{udp}", f"satellite=tcp-listen://127.0.0.1:{tcp}")
    with subprocess.Popen(call, stderr=subprocess.PIPE) as process:
        yield udp, tcp, metrics
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, said.decode()


def alerts(kafka: KafkaSettings) -> list[Alert]:
    values = (record.value for record in read(kafka, "ais.alerts.v1"))
    return [msgspec.json.decode(value, type=Alert) for value in values if value]


def told(found: Sequence[Alert]) -> list[tuple[str, int, str, str]]:
    return sorted((alert.id, alert.revision, alert.status, alert.severity) for alert in found)


def test_each_source_has_its_own_time(
    kafka_settings: KafkaSettings, config: Path, tmp_path: Path, ingest: tuple[int, int, int], start_worker: StartWorker
) -> None:
    kafka = msgspec.structs.replace(kafka_settings, partitions=1)
    make_topics(kafka)
    recording, out = tmp_path / "old.nmea", tmp_path / "alone.jsonl"
    recording.write_bytes(b"\n".join(one.line for one in shore(1_514_764_800_000, [RECORDED])) + b"\n")
    subprocess.run(wakewatch(config, "replay", str(recording), "--alerts", str(out), "--partitions", "1"), check=True)
    alone = [msgspec.json.decode(each, type=Alert) for each in out.read_bytes().splitlines()]
    worker = start_worker(kafka, WAKEWATCH_REFERENCE_WATCHLISTS=str(tmp_path / "own.csv"))
    now_ms = int(time.time() * 1000)
    begin_ms = (now_ms - (HOURS + 3) * HOUR_MS) // HOUR_MS * HOUR_MS
    heard = [("shore", one) for one in shore(begin_ms, [DARK, OVER_THE_HORIZON])]
    heard = sorted([*heard, *(("satellite", one) for one in satellite(begin_ms))], key=lambda pair: pair[1].minute)
    half = len(heard) // 2
    udp, tcp, metrics = ingest
    send_in_order(heard[:half], udp, tcp, metrics)
    no_metrics = {**os.environ, "WAKEWATCH_INGEST_METRICS_PORT": "0"}
    subprocess.run(wakewatch(config, "ingest", f"file:{recording}"), check=True, capture_output=True, env=no_metrics)
    send_in_order(heard[half:], udp, tcp, metrics)

    def of(*mmsis: int) -> list[Alert]:
        return [alert for alert in alerts(kafka) if alert.mmsi in mmsis]

    worker.until(lambda: len(of(RECORDED)) >= len(alone) and any(a.detector == "gap" for a in of(DARK)))
    assert told(of(RECORDED)) == told([alert for alert in alone if alert.mmsi == RECORDED])
    assert all(alert.replayed for alert in of(RECORDED))
    live = of(DARK, OVER_THE_HORIZON)
    assert not any(alert.replayed for alert in live)
    gaps = [alert for alert in live if alert.detector == "gap" and alert.status == "opened"]
    assert [(alert.mmsi, alert.severity) for alert in gaps] == [(DARK, "page")]
    assert str(gaps[0].details["last_heard"]) > "2"
    notified = subprocess.run(
        wakewatch(config, "notify", "--dry-run", "--once", "--json"), check=True, capture_output=True, text=True
    ).stdout
    assert str(DARK) in notified and str(RECORDED) not in notified
