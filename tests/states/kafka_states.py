"""States of Kafka."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

from streams.broker import embedded
from streams.broker.clients import admin
from streams.messages.topics import SENTENCES, create_missing
from tests.ops.programs import until
from tests.states.model import Rule, State, Want
from tests.states.room import Room

_ADDED_TO: Final = 7
_FREE_SHARE: Final = 0.03
_STOPPED_S, _RUNS_S = 3.0, 0.5
RUNS: Final = Want(r"detect runs$", usual=True)
ENDS: Final = Want(r"detect ended with 2$")
ABSENT: Final = Rule('up{job="wakewatch-detect"}', "0", "WakewatchAbsent")


def _away(room: Room) -> Iterator[None]:
    gone = embedded.kill(room.broker_home, signal.SIGKILL)
    yield
    embedded.restart(gone)


def _slow(room: Room) -> Iterator[None]:
    """It is stopped for most of the time (SIGSTOP, SIGCONT): every question waits, none is lost."""
    pid, done = room.broker().pid, Event()

    def stutter() -> None:
        while not done.is_set():
            os.kill(pid, signal.SIGSTOP)
            done.wait(_STOPPED_S)
            os.kill(pid, signal.SIGCONT)
            done.wait(_RUNS_S)

    thread = Thread(target=stutter, name="stutter", daemon=True)
    thread.start()
    yield
    done.set()
    thread.join()


def _altered(room: Room, alter: Callable[[Any, Room, str], None]) -> Iterator[None]:
    """The log's topic is altered, for good."""
    with closing(admin(room.kafka)) as client:
        alter(client, room, room.kafka.topic_prefix + SENTENCES)
    yield


def _recreate(client: Any, room: Room, topic: str) -> None:
    client.delete_topics([topic])
    until(lambda: topic not in client.list_topics())
    create_missing(client, room.kafka)


def _add(client: Any, _: Room, topic: str) -> None:
    from kafka.admin import NewPartitions

    client.create_partitions({topic: NewPartitions(_ADDED_TO)})


def _nearly_full(room: Room) -> Iterator[None]:
    """The broker's folder is a file system of its own (``__main__``)."""
    disk = os.statvfs(room.broker_home)
    ballast = Path(room.broker_home) / "ballast"
    wanted = int(disk.f_bavail * disk.f_frsize - _FREE_SHARE * disk.f_blocks * disk.f_frsize)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, wanted)
    yield
    ballast.unlink()


STATES: Final = (
    State(
        "Kafka away",
        "the broker is killed (SIGKILL)",
        readyz=Want(r"^detect 503 Kafka has not answered for \d+ s"),
        rule=Rule("wakewatch_broker_up == 0", "0", "WakewatchKafkaAway"),
        doctor=Want(r"^wrong kafka: .*exit code 1$", "kafka"),
        console=Want(r"^lost|^alarm: This console has not checked", "console"),
        exits=RUNS,
        enter=_away,
        short=True,
    ),
    State(
        "broker slow",
        f"it is stopped for {_STOPPED_S:g} s, runs for {_RUNS_S:g} s, and so on (SIGSTOP)",
        readyz=Want(r"^detect 200 .*Kafka needed \d+\.\d s to answer"),
        rule=Rule("max(wakewatch_broker_answer_seconds) > 1", r"\d", "WakewatchKafkaSlow"),
        doctor=Want(r"^warn kafka: .*answers, 1 broker, after \d+\.\d s", "kafka"),
        console=Want(r"^notice: Kafka needed \d+\.\d s to answer this console", "kafka"),
        exits=RUNS,
        enter=_slow,
    ),
    State(
        "topic recreated",
        "the log's topic is deleted and created again",
        readyz=Want(r"^detect (503 .*(not exist|recreated|deleted)|no answer)"),
        rule=ABSENT,
        doctor=Want(r"^wrong workers: no worker runs .*exit code 1$", "workers"),
        console=Want(r"^alarm: No detector has processed", "worker"),
        exits=ENDS,
        enter=lambda room: _altered(room, _recreate),
        ends_room=True,
    ),
    State(
        "partitions added",
        f"the log's topic gets {_ADDED_TO} partitions",
        readyz=Want(r"^detect no answer"),
        rule=ABSENT,
        doctor=Want(rf"^wrong topics: .*partitions is {_ADDED_TO}, expected \d.*exit code 1$", "topics"),
        console=Want(r"^alarm: No detector has processed", "worker"),
        exits=ENDS,
        enter=lambda room: _altered(room, _add),
        ends_room=True,
    ),
    State(
        "disk nearly full",
        "all but 3 % of the broker's file system is filled",
        readyz=Want(r"^detect 200 ", usual=True),
        rule=Rule(
            "min(wakewatch_kafka_disk_free_bytes / wakewatch_kafka_disk_bytes) < 0.05",
            "0.0",
            "WakewatchKafkaDiskNearlyFull",
            "pending",
        ),
        doctor=Want(r"^wrong disk: broker 1: .*exit code 1$", "disk"),
        console=Want(r"^alarm: The disk of broker 1 is nearly full", "disk"),
        exits=RUNS,
        enter=_nearly_full,
    ),
)
