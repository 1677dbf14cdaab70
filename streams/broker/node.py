"""How the one Kafka node is set up: its ports, its properties file, its storage, its Java command."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from streams.errors import ConfigError, WakewatchError

HOST: Final = "127.0.0.1"
PROPERTIES: Final = "server.properties"
LOG: Final = "kafka.log"
_LOG_BYTES_MOST: Final = 16 << 20
_FORMAT_S: Final = 300.0
_TRIES: Final = 50
_REASON_MOST: Final = 300
# Below the ports that systems give to outgoing connections, so that a restarted broker finds its port free.
_FIRST_PORT, _LAST_PORT = 20_000, 29_000
_JAVA: Final = ("-Xmx512m", "-XX:+UseG1GC", "-XX:+ExitOnOutOfMemoryError", "-Djava.awt.headless=true")
_SETTINGS: Final[Mapping[str, str]] = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    # A killed broker may come back only when its previous session has expired: 9 s by default.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "log.retention.check.interval.ms": "60000",
    "log.cleaner.dedupe.buffer.size": str(32 << 20),  # 1.2 million keys; the default is a quarter of our heap
}


def free_port(*but: int) -> int:
    """A port on the loopback that is free now, none of ``but``. Raises WakewatchError if none is found."""
    for _ in range(_TRIES):
        port = random.randint(_FIRST_PORT, _LAST_PORT)  # noqa: S311 - no secret
        if port not in but and not _taken(port):
            return port
    raise WakewatchError(f"no free port between {_FIRST_PORT} and {_LAST_PORT} on {HOST}")


def refuse_taken(port: int) -> None:
    """Raises ConfigError if another process listens on ``port``, or we may not."""
    if reason := _taken(port):
        raise ConfigError(f"port {port} of {HOST}: {reason}; choose another with --port, or --port 0 for a free one")


def _taken(port: int) -> str:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return (error.strerror or "taken").lower()
    return ""


def command(java: Path, class_path: str, home: Path) -> list[str]:
    """The Java command up to the main class; it logs to ``kafka.log`` in ``home``."""
    simple = "-Dorg.slf4j.simpleLogger"
    logging = (
        f"{simple}.logFile={home / LOG}",
        f"{simple}.showDateTime=true",
        f"{simple}.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
        f"{simple}.log.state.change.logger=warn",
    )
    return [str(java), *_JAVA, *logging, "-cp", class_path]


def configure(home: Path, port: int, controller_port: int) -> None:
    """Writes the properties file of a node that listens only on the loopback, and limits the size of its log files."""
    if "," in str(home):
        raise ConfigError(f"{home}: Kafka cannot store data in a folder with a comma in its name; choose another")
    _write(home, port, controller_port, home / "data")
    log = home / LOG
    if log.exists() and log.stat().st_size > _LOG_BYTES_MOST:
        log.replace(home / (LOG + ".1"))


def _write(home: Path, port: int, controller_port: int, data: Path) -> None:
    lines = {
        **_SETTINGS,
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "log.dirs": str(data),
    }
    (home / PROPERTIES).write_text("".join(f"{key}={_escaped(value)}\n" for key, value in lines.items()))


def _escaped(value: str) -> str:
    """Escaped for a Java properties file: ISO 8859-1, backslashes doubled, other letters as UTF-16 units."""
    units = value.replace("\\", "\\\\").encode("utf-16-be")
    codes = (int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2))
    return "".join(chr(code) if 0x20 <= code <= 0x7E else f"\\u{code:04x}" for code in codes)  # noqa: PLR2004 - ASCII


def ensure_storage(base: list[str], home: Path, port: int, controller_port: int) -> None:
    """Formats the storage once; it appears completely or not at all. Raises WakewatchError if that fails."""
    data, fresh = home / "data", home / "data.new"
    if (data / "meta.properties").exists():
        return
    if data.exists():
        raise WakewatchError(
            f"{data} is not a Kafka storage folder (no meta.properties): choose another folder or remove it"
        )
    shutil.rmtree(fresh, ignore_errors=True)
    _write(home, port, controller_port, fresh)
    tool = ["kafka.tools.StorageTool", "format", "-t", uuid.uuid4().hex[:22], "-c", str(home / PROPERTIES)]
    environ = {**os.environ, "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            [*base, *tool], capture_output=True, text=True, check=False, timeout=_FORMAT_S, cwd=home, env=environ
        )
    except subprocess.TimeoutExpired:
        raise WakewatchError(f"formatting Kafka's storage in {home} took over {_FORMAT_S:.0f} s; try again") from None
    if done.returncode:
        raise WakewatchError(f"Kafka's storage cannot be created in {home}: {_reason(done.stderr or done.stdout)}")
    fresh.rename(data)
    _write(home, port, controller_port, data)


def _reason(said: str) -> str:
    """The reason that Java gives: a stack trace begins with it."""
    lines = said.splitlines()
    raised = next((line for line in lines if "Exception" in line or "Error" in line), None)
    return (raised or " ".join(lines))[:_REASON_MOST]
