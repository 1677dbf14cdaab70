"""A record at which the process dies, or does not return, is set aside like one at which the work raises."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from detectors.core.alert import encode
from streams.settings.model import KafkaSettings
from streams.worker import supervisor
from streams.worker.in_flight import DEATHS_VARIABLE, MARK_VARIABLE, Death, InFlight, Mark, deaths_of
from streams.worker.supervisor import Supervisor
from tests.streams.worker.conftest import StartWorker, alerts_in_process, key_of, written
from tests.streams.worker.poisoned import set_aside

MARKS = f"""
import os, signal, sys, time
from pathlib import Path
from streams.worker.in_flight import MARK_VARIABLE, deaths_of, taking
if os.environ["WW_WORKER_RESTARTS"] == "1":
    Path(os.environ["WW_TEST_TOLD"]).write_text(os.environ["{DEATHS_VARIABLE}"])
    sys.exit(0)
with taking("fleet", 2, 17, 20):
    {{inside}}
{{outside}}
"""


def test_what_a_supervisor_starts_is_there() -> None:
    python, tied, _, again, *_ = supervisor.worker_call()
    assert all(Path(program).is_file() for program in (python, tied, again))


def test_a_mark_is_read_from_outside_as_it_was_set(tmp_path: Path) -> None:
    path = tmp_path / "mark"
    path.touch()
    ours, theirs = Mark(path), Mark(path)
    assert theirs.read() is None
    ours.set("histories", 3, 2**40, 2**40 + 5)
    taken = theirs.read()
    assert taken is not None and taken == InFlight(taken.since_s, "histories", 3, 2**40, 2**40 + 5)
    ours.clear()
    assert theirs.read() is None


@pytest.mark.parametrize(
    ("inside", "outside", "why"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "", "the process was ended by SIGSEGV"),
        ("os.abort()", "", "the process was ended by SIGABRT"),
        ("while True: pass", "", "the process did not return within 2 s"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "", None),  # memory that ran out, or somebody's doing
        ("sys.exit(1)", "", None),  # an error that the process has noted itself
        ("pass", "os.kill(os.getpid(), signal.SIGSEGV)", None),  # in no record
    ],
)
def test_the_supervisor_tells_the_next_worker_where_the_one_before_it_died(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: str, outside: str, why: str | None
) -> None:
    monkeypatch.setattr(supervisor, "HUNG_S", 2.0)
    told = tmp_path / "told"
    call = [sys.executable, "-c", MARKS.format(inside=inside, outside=outside)]
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        assert Supervisor({**os.environ, "WW_TEST_TOLD": str(told)}, call).run() == 0
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    wanted = [] if why is None else [Death("fleet", 2, 17, 20, why)]
    assert deaths_of({DEATHS_VARIABLE: told.read_text()}) == wanted


def test_a_worker_without_a_supervisor_marks_nothing() -> None:
    environ = {name: value for name, value in os.environ.items() if name != MARK_VARIABLE}
    script = "from streams.worker.in_flight import taking\nwith taking('fleet', 0, 1, 1): print('done')"
    said = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True)
    assert said.stdout == "done\n"


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.parametrize("how", ["os.kill(os.getpid(), signal.SIGSEGV)", "while True: pass"])
def test_a_record_at_which_the_process_dies_or_hangs_is_set_aside_and_the_rest_goes_on(
    kafka_settings: KafkaSettings, start_worker: StartWorker, feed: bytes, tmp_path: Path, how: str
) -> None:
    kafka = msgspec.structs.replace(kafka_settings, partitions=1)
    found = set_aside(kafka, start_worker, feed, tmp_path, how=how, times=2)
    wanted = alerts_in_process(found.rest, kafka.partitions)
    assert set(written(kafka)) == {key_of(encode(alert)) for alert in wanted}
    assert "the process d" in found.letters[0]  # died, or did not return
    assert "File" in found.worker.said()  # where it stood
