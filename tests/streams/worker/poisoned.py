"""A sentence that the worker does not survive: the process raises, dies or hangs at the record that holds it."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from streams.broker import kill_with_parent
from streams.broker.node import free_port
from streams.broker.reading import read
from streams.settings.model import KafkaSettings
from tests.streams.worker.conftest import StartWorker, Worker, send
from tests.streams.worker.test_states import ask

_ENDS: Final = """
import os, signal, sys
from streams.worker import __main__ as worker, joined_records
take, poison = joined_records.take, os.environ["WW_TEST_POISON"].encode()
def ends(engine, run):
    if any(poison in entry.value for entry in run):
        {how}
    return take(engine, run)
joined_records.take = ends
sys.exit(worker.main())
"""
_SUPERVISED: Final = """
import os, sys
from streams.worker import supervisor
supervisor.HUNG_S = 15.0
tied = [sys.executable, {tether!r}, str(os.getpid())]
sys.exit(supervisor.Supervisor(os.environ, [*tied, sys.executable, "-c", {script!r}]).run())
"""
AGAIN: Final = "worker ended, restarting"


class SetAside(NamedTuple):
    """What became of it, once all else is taken in."""

    worker: Worker
    port: int
    """Where its metrics are."""
    letters: list[str]
    """Details of the dead letters of what was set aside."""
    rest: bytes
    """The feed without the record that was set aside."""


def sentence_of(line: bytes) -> bytes:
    """Without the tag block, which ingest writes in its own way."""
    return line.strip().rpartition(b"\\")[2]


def set_aside(
    kafka: KafkaSettings, start_worker: StartWorker, feed: bytes, home: Path, *, how: str, times: int
) -> SetAside:
    """A supervised worker meets one sentence of ``feed``, at which it does ``how`` (Python), ``times`` times."""
    lines = feed.splitlines(keepends=True)
    poison = next(line for line in lines[len(lines) // 2 :] if feed.count(sentence_of(line)) == 1)
    send(kafka, feed, home, pack=20)
    port = free_port()
    told = {"WW_TEST_POISON": sentence_of(poison).decode(), "WAKEWATCH_WORKER_SET_ASIDE_AFTER": str(times)}
    script = _SUPERVISED.format(tether=str(kill_with_parent.__file__), script=_ENDS.format(how=how))
    worker = start_worker(kafka, ("-c", script), WAKEWATCH_WORKER_METRICS_PORT=str(port), **told)
    for n in range(1, times + 1):  # each start has a patience of its own
        worker.until(lambda n=n: worker.said().count(AGAIN) >= n)  # type: ignore[misc]
    worker.until(lambda: ask(port, "readyz") == (200, "1 partition, 0 records behind\n"))
    letters = [one for one in read(kafka, "ais.dead.v1") if one.headers["reason"] == b"set_aside"]
    (lost,) = {one.value or b"" for one in letters}  # told again when the snapshot was not yet written
    held = [sentence_of(line) for line in lost.splitlines()]
    first = lines.index(poison) - held.index(sentence_of(poison))
    assert [sentence_of(line) for line in lines[first : first + len(held)]] == held
    rest = b"".join(lines[:first] + lines[first + len(held) :])
    return SetAside(worker, port, [one.headers["detail"].decode() for one in letters], rest)
