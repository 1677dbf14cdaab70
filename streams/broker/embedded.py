"""The embedded broker: a real Apache Kafka, one KRaft node on the loopback address, in its own process.

Rules.
- One broker per data folder. ``broker.json`` there identifies the process; a pid is trusted only with its start time
  and command line.
- ``start`` returns a broker that accepts connections, or raises and leaves no process behind.
- A broker outlives the command that started it, unless ``die_with_parent``: then the system kills it with us.
"""

from __future__ import annotations

import atexit
import contextlib
import signal
import socket
import time
from pathlib import Path
from typing import Final

import msgspec
import structlog

from streams.broker import node
from streams.broker.jars import class_path, java
from streams.broker.places import broker_dir, cached_broker_dir, move_from_cache
from streams.broker.process import await_gone, command_of, launch, only_one, send, started
from streams.errors import ConfigError, WakewatchError

DEFAULT_PORT: Final = 29092
_STATE: Final = "broker.json"
_ERRORS: Final = "kafka.err"
_START_S: Final = 180.0  # it takes 5 s, and ten times as long on a busy machine
_STOP_S: Final = 20.0
_KILL_S: Final = 10.0
_LOOK_S: Final = 0.05
_TAIL_BYTES: Final = 20_000
_WORDS_MOST: Final = 300
_log = structlog.get_logger("wakewatch.broker")
_ENDING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGKILL)


class Broker(msgspec.Struct, frozen=True, kw_only=True):
    """A broker that runs, or ran, from ``data_dir``."""

    pid: int
    started: str
    """The process's start time as counted by the system: a pid alone may be another process's by now."""
    port: int
    data_dir: str
    die_with_parent: bool = False

    @property
    def bootstrap_servers(self) -> str:
        """Where clients connect."""
        return f"{node.HOST}:{self.port}"


def default_dir() -> Path:
    """Where `wakewatch broker` keeps its data: the state folder, or the cache while a broker still runs from there."""
    cached = cached_broker_dir()
    known = _known(cached)
    return cached if known is not None and _runs(known) else broker_dir()


def status(data_dir: Path | None = None) -> Broker | None:
    """The broker that runs from ``data_dir``; None if none does."""
    broker = _known(home_of(data_dir))
    return broker if broker is not None and _runs(broker) else None


def home_of(data_dir: Path | None) -> Path:
    """The folder of a broker, absolute; the default one for None."""
    return (data_dir or default_dir()).expanduser().absolute()


def _known(home: Path) -> Broker | None:
    try:
        return msgspec.json.decode((home / _STATE).read_bytes(), type=Broker)
    except (OSError, msgspec.MsgspecError):
        return None


def _runs(broker: Broker) -> bool:
    same = started(broker.pid) == broker.started != ""
    return same and str(Path(broker.data_dir) / node.PROPERTIES) in command_of(broker.pid)


def start(data_dir: Path | None = None, port: int = DEFAULT_PORT, *, die_with_parent: bool = False) -> Broker:
    """Starts the broker and waits until it accepts; a running one is returned. ``port`` 0: any free one.

    With ``die_with_parent`` it lives no longer than the calling thread: call it from the main thread.
    Raises ConfigError if Java, jars, folder or port cannot be obtained, WakewatchError if it does not start.
    """
    home = home_of(data_dir)
    try:
        home.mkdir(parents=True, exist_ok=True)
        with only_one(home / "start.lock", 2 * _START_S):
            if home == broker_dir().absolute() and move_from_cache(home):
                _log.info("moved the broker's data out of the cache folder", to=str(home))
            return status(home) or _start(home, port, die_with_parent=die_with_parent)
    except OSError as error:
        raise ConfigError(
            f"the broker cannot store its data in {home}: {error.strerror or error}; choose another --data-dir"
        ) from None


def _start(home: Path, port: int, *, die_with_parent: bool) -> Broker:
    base = node.command(java(), class_path(), home)
    port = port or node.free_port()
    controller_port = node.free_port(port)
    node.refuse_taken(port)
    node.configure(home, port, controller_port)
    node.ensure_storage(base, home, port, controller_port)
    call = [*base, "kafka.Kafka", str(home / node.PROPERTIES)]
    pid = launch(call, home, home / _ERRORS, die_with_parent=die_with_parent)
    broker = Broker(pid=pid, started=started(pid), port=port, data_dir=str(home), die_with_parent=die_with_parent)
    try:
        _remember(broker)
        _await_accepting(broker)
    except BaseException:  # also Ctrl-C: in any case nothing stays behind
        _end(broker, (signal.SIGKILL, _KILL_S))
        raise
    if die_with_parent:
        atexit.register(stop, home)  # a clean end if there is time for one
    return broker


def _remember(broker: Broker) -> None:
    state = Path(broker.data_dir) / _STATE
    fresh = state.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(broker))
    fresh.replace(state)


def stop(data_dir: Path | None = None, sign: signal.Signals = signal.SIGTERM) -> bool:
    """Stops the broker of ``data_dir``; SIGKILL if it does not stop in time. True if one ran."""
    broker = status(data_dir)
    if broker is None:
        return False
    _end(broker, (sign, _STOP_S), (signal.SIGKILL, _KILL_S))
    return True


def kill(data_dir: Path | None = None, sign: signal.Signals = signal.SIGKILL) -> Broker:
    """Sends a signal and, if it ends the process, waits for that. ``restart`` takes the return value.

    Raises WakewatchError if no broker runs, or it does not end.
    """
    broker = status(data_dir)
    if broker is None:
        raise WakewatchError(f"no broker is running in {home_of(data_dir)}")
    if sign in _ENDING:
        _end(broker, (sign, _STOP_S))
    else:
        send(broker.pid, sign)
    return broker


def restart(broker: Broker) -> Broker:
    """Restarts a broker that has ended: same data, same port, same tie to its parent. Raises like ``start``."""
    return start(Path(broker.data_dir), broker.port, die_with_parent=broker.die_with_parent)


def _end(broker: Broker, *attempts: tuple[signal.Signals, float]) -> None:
    for sign, wait_s in attempts:
        send(broker.pid, sign)
        if await_gone(broker.pid, broker.started, wait_s):
            with contextlib.suppress(OSError):
                (Path(broker.data_dir) / _STATE).unlink()
            return
    raise WakewatchError(f"the broker (pid {broker.pid}) does not stop; see {broker.data_dir}/{node.LOG}")


def _await_accepting(broker: Broker) -> None:
    """Waits for the port: Kafka opens it last, so a client that can connect is served."""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if started(broker.pid) != broker.started:
            raise WakewatchError(f"the broker stopped at once: {_last_words(Path(broker.data_dir))}")
        with socket.socket() as probe:
            probe.settimeout(_LOOK_S)
            if probe.connect_ex((node.HOST, broker.port)) == 0:
                return
        time.sleep(_LOOK_S)
    raise WakewatchError(f"the broker did not accept within {_START_S:.0f} s: see {broker.data_dir}/{node.LOG}")


def _last_words(home: Path) -> str:
    """The newest line that reports what went wrong, and the file with the rest."""
    lines: list[str] = []
    for name in (node.LOG, _ERRORS):
        with contextlib.suppress(OSError):
            lines += (home / name).read_bytes()[-_TAIL_BYTES:].decode(errors="replace").splitlines()
    telling = [line for line in lines if " ERROR " in line or "rror:" in line or "Exception" in line]
    return f"{telling[-1].strip()[:_WORDS_MOST] if telling else 'it wrote no message'}; see {home / node.LOG}"
