"""Every command line of the compose file, the manifests and the systemd units is started as it stands, on a real Kafka.

Only what cannot be here is replaced: host names by this machine's, ports by free ones, the feed by one of the test's.
"""

from __future__ import annotations

import http.client
import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.broker.clients import admin
from streams.broker.node import free_port
from streams.messages.topics import create_missing
from streams.settings.model import KafkaSettings
from tests.ops.programs import until

DEPLOY = Path(__file__).parents[2] / "deploy"
WAKEWATCH = str(Path(sys.executable).parent / "wakewatch")
PATIENCE_S = 90.0
_SECTIONS = {"ingest": "INGEST", "detect": "WORKER", "notify": "NOTIFY", "imagery": "IMAGERY"}


@dataclass(frozen=True)
class Line:
    """One process as a deployment file starts it."""

    where: str
    words: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]


def of_compose() -> Iterator[Line]:
    made = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    for name, one in made["services"].items():
        if one["image"].startswith("wakewatch:"):
            yield Line(f"compose/{name}", tuple(one["command"]), tuple(one["environment"].items()))


def of_kubernetes() -> Iterator[Line]:
    base = DEPLOY / "kubernetes" / "base"
    (made,) = yaml.safe_load((base / "kustomization.yaml").read_text())["configMapGenerator"]
    environment = tuple(tuple(literal.split("=", 1)) for literal in made["literals"])
    for file in sorted(base.glob("*.yaml")):
        for one in yaml.safe_load_all(file.read_text()):
            pod = one.get("spec", {}).get("template", {}).get("spec") if one else None
            if pod:
                yield Line(f"kubernetes/{file.stem}", tuple(pod["containers"][0]["args"]), environment)  # type: ignore[arg-type]


def of_systemd() -> Iterator[Line]:
    for file in sorted((DEPLOY / "systemd" / "env").glob("*.env")):
        given = dict(line.split("=", 1) for line in file.read_text().splitlines() if line and not line.startswith("#"))
        words = tuple(given.pop("WAKEWATCH_COMMAND").split())  # as systemd splits $WAKEWATCH_COMMAND
        yield Line(f"systemd/{file.stem}", words, tuple(given.items()))


LINES = [*of_compose(), *of_kubernetes(), *of_systemd()]


PROCESSES = {"ingest", "detect", "notify", "grafana-datasource", "console", "traffic", "imagery"}


@pytest.mark.parametrize("kind", ["compose", "kubernetes", "systemd"])
def test_each_way_to_deploy_starts_every_process(kind: str) -> None:
    assert {line.words[0] for line in LINES if line.where.startswith(kind)} >= PROCESSES


@pytest.fixture
def feed() -> Iterator[str]:
    """The address of a receiver that sends nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def here(line: Line, kafka: KafkaSettings, feed: str, port: int, home: Path) -> tuple[list[str], dict[str, str]]:
    """The same process on this machine: what it is called with, and its environment."""
    words = [re.sub(r"\$\{FEED:-(.*)\}", r"\1", word) for word in line.words]
    words = [re.sub(r"tcp://[\w.]+:\d+", f"tcp://{feed}", word) for word in words]
    if "--port" in words:
        words[words.index("--port") + 1] = str(port)
    if "--host" in words:
        words[words.index("--host") + 1] = "127.0.0.1"
    changed = {
        "WAKEWATCH_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "WAKEWATCH_KAFKA_TOPIC_PREFIX": kafka.topic_prefix,
        "WAKEWATCH_KAFKA_PARTITIONS": str(kafka.partitions),
        "WAKEWATCH_WORKER_DATA_DIR": str(home / "worker"),
        "WAKEWATCH_NOTIFY_ALERTMANAGER_URL": "http://127.0.0.1:1",
        "WAKEWATCH_SETTINGS": str(DEPLOY / "config" / "wakewatch.toml"),
    }
    section = _SECTIONS.get(words[0])
    if section:
        changed |= {f"WAKEWATCH_{section}_METRICS_HOST": "127.0.0.1", f"WAKEWATCH_{section}_METRICS_PORT": str(port)}
    return words, {**os.environ, **dict(line.environment), **changed}


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.where)
def test_the_command_runs_and_ends_when_told_to(
    line: Line, kafka_settings: KafkaSettings, feed: str, tmp_path: Path
) -> None:
    if line.words[0] != "topics":
        client = admin(kafka_settings)
        create_missing(client, kafka_settings)
        client.close()
    port = free_port()
    words, environment = here(line, kafka_settings, feed, port, tmp_path)
    log = tmp_path / "log"
    with log.open("wb") as written:
        process = subprocess.Popen([WAKEWATCH, *words], env=environment, stdout=written, stderr=written)
    try:
        if line.words[0] == "topics":
            assert process.wait(PATIENCE_S) == 0, log.read_text()
            return
        until(lambda: answers(process, port), PATIENCE_S, f"{shlex.join(words)}: {log.read_text()[-2000:]}")
        process.terminate()
        assert process.wait(PATIENCE_S) == 0, log.read_text()[-2000:]
    finally:
        process.kill()
        process.wait()


def answers(process: subprocess.Popen[Any], port: int) -> bool:
    """Whether it is alive by its own word."""
    assert process.poll() is None, f"it ended with {process.returncode}"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()
