"""A process that was frozen for longer than its session writes nothing more: another may have its partitions."""

import signal
import threading
import time

import pytest

from streams.errors import SinkError
from streams.worker.freeze_guard import FreezeGuard


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def guard(clock: Clock) -> FreezeGuard:
    made = FreezeGuard(10.0, clock)
    made.restart()
    return made


def test_a_process_that_runs_may_write(guard: FreezeGuard, clock: Clock) -> None:
    for _ in range(60):
        clock.now_s += 1
        guard.beat()
        guard.check()


@pytest.mark.parametrize("beats_first", [True, False])
def test_a_pause_is_found_whichever_thread_runs_first_after_it(
    guard: FreezeGuard, clock: Clock, beats_first: bool
) -> None:
    clock.now_s += 10.5
    if beats_first:
        guard.beat()
    with pytest.raises(SinkError, match=r"did not run for 1\d s, longer than its session of 10 s") as raised:
        guard.check()
    assert raised.value.retriable


def test_partitions_taken_over_after_it_are_ours(guard: FreezeGuard, clock: Clock) -> None:
    clock.now_s += 60
    guard.beat()
    guard.restart()
    guard.check()


def test_nothing_is_checked_before_it_starts(clock: Clock) -> None:
    made = FreezeGuard(10.0, clock)
    clock.now_s += 60
    made.check()


def test_a_long_step_is_no_pause() -> None:
    made = FreezeGuard(0.5)
    made.start()
    busy_until_s = time.monotonic() + 1.2
    while time.monotonic() < busy_until_s:
        sum(range(1000))
    made.check()


def test_another_assignment_starts_no_second_thread_and_forgets_no_pause(clock: Clock) -> None:
    def running() -> int:
        return sum(thread.name == "freeze guard" for thread in threading.enumerate())

    made, before = FreezeGuard(10.0, clock), running()
    made.start()
    clock.now_s += 60
    made.start()
    assert running() == before + 1
    with pytest.raises(SinkError):
        made.check()


def test_a_real_freeze_is_one() -> None:
    import subprocess
    import sys

    call = (
        "import sys, time\n"
        "from streams.worker.freeze_guard import FreezeGuard\n"
        "guard = FreezeGuard(1.0)\n"
        "guard.start()\n"
        "print('runs', flush=True)\n"
        "sys.stdin.readline()\n"
        "guard.check()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", call], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "runs\n"
    process.send_signal(signal.SIGSTOP)
    time.sleep(1.5)
    process.send_signal(signal.SIGCONT)
    _, said = process.communicate("go on\n", timeout=30)
    assert process.returncode == 1
    assert "longer than its session of 1 s" in said
