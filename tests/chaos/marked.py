"""The worker as it is, watched from outside: it says where it stands, and can be made slow so that there is backlog.

Files in the folder WW_CHAOS_DIR: ``slow`` (seconds a record, read again and again), ``<pid>`` (a letter and a
partition of a stage a line: ``S`` what a snapshot holds is copied, ``B`` its transaction begins, ``C`` it is committed,
``A`` the first alert of a record is about to be sent, ``D`` all alerts of that record have been handed over, ``R`` a
record of a later stage is begun), ``<pid>.at`` (JSON, offsets by partition: ``begun`` is being or was taken
in by this process, ``done`` is in the state of those that it owns).
WW_CHAOS_SABOTAGE names a rule that this worker breaks (see ``sabotage``). WW_CHAOS_SUSPEND makes each send wait.
WW_CHAOS_THROUGH is the port of a proxy through which every connection to the broker goes.
"""

import asyncio
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from random import Random
from typing import Any, Final

import faust
from faust.topics import Topic

from streams.messages.topics import ALERTS
from streams.worker import __main__ as worker
from streams.worker.partition import Partition
from streams.worker.publish import Publisher
from streams.worker.service import Service
from streams.worker.state_log import HEAD, StateLog
from streams.worker.vessel_summaries import SummaryWriter
from tests.chaos import sabotage, stacks
from tests.chaos.marks import CUT_AMID_ALERTS, amid_alerts

_HOME = Path(os.environ["WW_CHAOS_DIR"])
_LOOK_S = 0.05
_SUSPENDED_MOST_S: Final = 0.4
_LONG_SUSPENDED_MOST_S: Final = 4.0
"""Of alerts, and of a look for summaries, which must be longer than the work on another partition's records."""
_LITTLE: Final = {"stream_buffer_maxsize": 8, "consumer_max_fetch_size": 4096}
_LITTLE_SHARE: Final = 0.75
"""Of all processes; the others have what workers have."""
_draw = Random(os.getpid())
_marks = os.open(_HOME / str(os.getpid()), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
_told = list[tuple[str, str]]()
_begun: dict[int, int] = {}
_taking: ContextVar[list[StateLog]] = ContextVar("_taking")
"""Whose record is being taken in; empty once its first alert was marked."""
_state = {"slow_s": 0.0, "looked_s": 0.0}


def _look(service: Service, *, now: bool = False) -> None:
    """Says where we stand and learns how slow to be, now and then. Not of the later stages: see ``rig``."""
    if (
        service.kind != Service.kind
        or not service.parts
        or (not now and time.monotonic() - _state["looked_s"] < _LOOK_S)
    ):
        return
    fresh = _HOME / f"{os.getpid()}.new"
    done = {number: part.offset for number, part in service.parts.items()}
    fresh.write_text(json.dumps({"begun": _begun, "done": done}))
    fresh.replace(_HOME / f"{os.getpid()}.at")
    _state.update(slow_s=float((_HOME / "slow").read_text() or 0), looked_s=time.monotonic())


def _mark(letter: str, log: StateLog) -> None:
    where = f"{log.kind}/{log.partition}"
    _told.append((letter, where))
    os.write(_marks, f"{letter} {where}\n".encode())


def _mark_copies() -> None:
    original = Partition._copy

    def marked(self: Partition) -> Any:
        _mark("S", self.log)
        return original(self)

    Partition._copy = marked  # type: ignore[method-assign]


def _mark_transactions() -> None:
    original = StateLog._transaction

    async def marked(self: StateLog, records: Any, key: bytes, last: Any) -> int:
        if key == HEAD:
            _mark("B", self)
        end = await original(self, records, key, last)
        if key == HEAD:
            _mark("C", self)
        return end

    StateLog._transaction = marked  # type: ignore[method-assign]


@contextmanager
def _alerts_of(log: StateLog) -> Iterator[None]:
    """The alerts that are sent within are of one record of that partition."""
    token = _taking.set([log])
    try:
        yield
    finally:
        if not _taking.get():
            _mark("D", log)
        _taking.reset(token)


def _mark_records() -> None:
    original = Service._take

    async def marked(self: Service, part: Any, run: Any, publisher: Any) -> Any:
        if self.kind == Service.kind:
            _begun[part.log.partition] = run[-1].offset
        else:
            _mark("R", part.log)
        _look(self)
        with _alerts_of(part.log):
            deliveries = await original(self, part, run, publisher)
        if _state["slow_s"] and self.kind == Service.kind:  # the later stages are to have their share of the faults
            await asyncio.sleep(_state["slow_s"] * len(run))
        return deliveries

    Service._take = marked  # type: ignore[method-assign]
    beat = Service.beat

    async def marked_beat(self: Service) -> None:
        await beat(self)
        _look(self, now=True)

    Service.beat = marked_beat  # type: ignore[method-assign]


def _slow_alerts() -> None:
    """Between a step and its alerts there is time to be killed in."""
    original = Publisher.alert

    async def marked(self: Publisher, alert: Any, partition: int) -> Any:
        for log in _taking.get(()):
            _mark("A", log)
        _taking.get([]).clear()
        if _state["slow_s"]:
            await asyncio.sleep(_state["slow_s"])
        return await original(self, alert, partition)

    Publisher.alert = marked  # type: ignore[method-assign]


def _suspend_sends() -> None:
    """A producer that suspends at each send, as it does when its buffer is full; and at each look for summaries.

    Alerts wait for longest: a snapshot that is cut while they do has time to be committed before they are sent.
    """
    original = Topic.send

    async def suspended(self: Topic, **what: Any) -> Any:
        most_s = _LONG_SUSPENDED_MOST_S if str(self.topics[0]).endswith(ALERTS) else _SUSPENDED_MOST_S
        await asyncio.sleep(_draw.uniform(0, most_s) if _state["slow_s"] else 0)
        if _state["slow_s"] and amid_alerts(_told, CUT_AMID_ALERTS):
            await asyncio.sleep(_LONG_SUSPENDED_MOST_S)  # the buffer stays full until somebody has seen it
        return await original(self, **what)

    tell = SummaryWriter.tell

    async def suspended_tell(self: SummaryWriter, *of: Any, **how: Any) -> Any:
        await asyncio.sleep(_draw.uniform(0, _LONG_SUSPENDED_MOST_S) if _state["slow_s"] else 0)
        return await tell(self, *of, **how)

    Topic.send, SummaryWriter.tell = suspended, suspended_tell  # type: ignore[method-assign]


def _turn_about(share: float) -> None:
    """In so many processes of one partitions take turns: little is fetched of each, and few records wait.

    A full queue of 512 is one of a partition after the other, and behind it the records of the later stages wait.
    """
    original = faust.App.__init__

    def made(self: Any, *arguments: Any, **options: Any) -> None:
        chosen = _LITTLE if _draw.random() < share else {}
        original(self, *arguments, **{**options, **chosen})

    faust.App.__init__ = made  # type: ignore[method-assign]


def _go_through(port: int) -> None:
    """Whatever address Kafka's answers name, the bytes go through the proxy."""
    broker = int(os.environ["WAKEWATCH_KAFKA_BOOTSTRAP_SERVERS"].rpartition(":")[2])
    for name in ("connect", "connect_ex"):
        _redirect(name, broker, port)


def _redirect(name: str, broker: int, port: int) -> None:
    original = getattr(socket.socket, name)

    def connect(self: socket.socket, address: Any) -> Any:
        return original(self, (address[0], port, *address[2:]) if address[1] == broker else address)

    setattr(socket.socket, name, connect)


if __name__ == "__main__":
    stacks.install()
    if rule := os.environ.get("WW_CHAOS_SABOTAGE"):
        sabotage.RULES[rule]()  # first: what marks must stay around what it replaces
    if os.environ.get("WW_CHAOS_SUSPEND"):
        _suspend_sends()
    if through := os.environ.get("WW_CHAOS_THROUGH"):
        _go_through(int(through))
    _turn_about(1.0 if os.environ.get("WW_CHAOS_SUSPEND") else _LITTLE_SHARE)
    _mark_copies()
    _mark_transactions()
    _mark_records()
    _slow_alerts()
    sys.exit(worker.main())
