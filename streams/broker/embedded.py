"""The embedded broker: a real Apache Kafka, one KRaft node on the loopback, in a process of its own."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time
import uuid
from pathlib import Path
from typing import Final

import msgspec

from streams.broker.jars import cache_dir, class_path, java
from streams.errors import ConfigError, WakewatchError

DEFAULT_PORT: Final = 29092
_STATE: Final = "broker.json"
_START_S: Final = 60.0
_STOP_S: Final = 20.0
_LOOK_S: Final = 0.1
_DIE_WITH_PARENT: Final = 1  # PR_SET_PDEATHSIG
_children: Final[dict[int, subprocess.Popen[bytes]]] = {}
"""Brokers that this process started: it is theirs to reap."""


class Broker(msgspec.Struct, frozen=True, kw_only=True):
    """A broker that runs, or ran, from ``data_dir``."""

    pid: int
    started: str
    """The process's start time as the kernel counts it: a pid alone may be somebody else's by now."""
    port: int
    data_dir: str

    @property
    def bootstrap_servers(self) -> str:
        """Where clients connect."""
        return f"127.0.0.1:{self.port}"


def default_dir() -> Path:
    """Where `wakewatch broker` keeps its data."""
    return cache_dir() / "broker"


def status(data_dir: Path | None = None) -> Broker | None:
    """The broker that runs from ``data_dir``; None when none does."""
    try:
        known = msgspec.json.decode(((data_dir or default_dir()) / _STATE).read_bytes(), type=Broker)
    except (OSError, msgspec.MsgspecError):
        return None
    return known if _started(known.pid) == known.started else None


def start(data_dir: Path | None = None, port: int = DEFAULT_PORT, *, die_with_parent: bool = False) -> Broker:
    """Starts the broker and waits until it accepts; one that runs already is returned. ``port`` 0: a free one.

    Raises ConfigError when Java, jars or the port cannot be had, WakewatchError when it does not come up.
    """
    home = data_dir or default_dir()
    running = status(home)
    if running is not None:
        return running
    jars, jdk = class_path(), java()
    home.mkdir(parents=True, exist_ok=True)
    port = port or _free_port()
    _refuse_taken(port)
    _configure(home, port, _free_port())
    base = [str(jdk), "-Xmx512m", f"-Dorg.slf4j.simpleLogger.logFile={home / 'kafka.log'}", "-cp", jars]
    if not (home / "data" / "meta.properties").exists():
        _format(base, home)
    errors = os.open(home / "kafka.err", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    process = subprocess.Popen(
        [*base, "kafka.Kafka", str(home / "server.properties")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        start_new_session=True,
        preexec_fn=_follow_parent if die_with_parent else None,  # noqa: PLW1509 - nothing but a prctl happens in it
    )
    os.close(errors)
    _children[process.pid] = process
    broker = Broker(pid=process.pid, started=_started(process.pid), port=port, data_dir=str(home))
    (home / _STATE).write_bytes(msgspec.json.encode(broker))
    _await_accepting(process, broker)
    return broker


def stop(data_dir: Path | None = None, sign: signal.Signals = signal.SIGTERM) -> bool:
    """Stops the broker of ``data_dir``; SIGKILL when it does not go in time. True when one ran."""
    broker = status(data_dir)
    if broker is None:
        return False
    for attempt, wait_s in ((sign, _STOP_S), (signal.SIGKILL, _STOP_S)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(broker.pid, attempt)
        if _await_gone(broker, wait_s):
            break
    with contextlib.suppress(OSError):
        (Path(broker.data_dir) / _STATE).unlink()
    return True


def _started(pid: int) -> str:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    except (OSError, IndexError):
        return "" if Path("/proc/self").exists() else str(pid)
    return "" if fields[0] == "Z" else fields[19]


def _follow_parent() -> None:
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ConfigError(
                f"port {port} is taken: choose another with --port, or --port 0 for a free one"
            ) from error


def _configure(home: Path, port: int, controller: int) -> None:
    lines = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(home / "data"),
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "group.initial.rebalance.delay.ms": "0",
        "auto.create.topics.enable": "false",
        "group.min.session.timeout.ms": "1000",
        "log.retention.check.interval.ms": "60000",
    }
    (home / "server.properties").write_text("".join(f"{k}={v}\n" for k, v in lines.items()))


def _format(base: list[str], home: Path) -> None:
    cluster = uuid.uuid4().hex[:22]
    call = [*base, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(home / "server.properties")]
    done = subprocess.run(call, capture_output=True, text=True, check=False, timeout=_START_S)
    if done.returncode:
        raise WakewatchError(
            f"the broker's storage cannot be made in {home}: {(done.stderr or done.stdout).strip()[-300:]}"
        )


def _await_accepting(process: subprocess.Popen[bytes], broker: Broker) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise WakewatchError(
                f"the broker ended at once (exit {process.returncode}): see {broker.data_dir}/kafka.err"
            )
        with socket.socket() as probe:
            probe.settimeout(_LOOK_S)
            if probe.connect_ex(("127.0.0.1", broker.port)) == 0:
                return
        time.sleep(_LOOK_S)
    raise WakewatchError(f"the broker did not accept within {_START_S:.0f} s: see {broker.data_dir}/kafka.log")


def _await_gone(broker: Broker, wait_s: float) -> bool:
    deadline = time.monotonic() + wait_s
    while time.monotonic() < deadline:
        if _started(broker.pid) != broker.started:
            child = _children.pop(broker.pid, None)
            if child is not None:
                child.wait()
            return True
        time.sleep(_LOOK_S / 2)
    return False
