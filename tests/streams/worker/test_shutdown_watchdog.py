"""A worker that hangs as it stops."""

import signal
import subprocess
import sys

import pytest

from streams.settings.model import KafkaSettings
from tests.streams.worker.conftest import StartWorker, make_topics

STUCK = """
import asyncio, mode
from streams.worker.shutdown_watchdog import ShutdownWatchdog

class Stuck(mode.Service):
    async def on_started(self):
        print("up", flush=True)

    async def on_stop(self):
        await asyncio.sleep(3600)

ShutdownWatchdog.leave_s = 0.3
ShutdownWatchdog(Stuck(), quiet=True, override_logging=False).execute_from_commandline()
"""


def test_a_worker_that_hangs_as_it_stops_is_gone_all_the_same_and_says_where_it_stood() -> None:
    worker = subprocess.Popen([sys.executable, "-c", STUCK], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    assert worker.stdout.readline() == "up\n"
    worker.send_signal(signal.SIGTERM)
    _, said = worker.communicate(timeout=60)
    assert worker.returncode == 1
    assert "Timeout (0:00:00.3" in said
    assert "run_forever" in said


JOINS = """
import asyncio, sys
from faust.transport.conductor import Conductor
from streams.worker import __main__ as worker, assignments, consumer
async def waits(*_):
    print("reached", flush=True)
    await asyncio.sleep(3600)
{place} = waits
consumer.CLOSE_S = 2.0
sys.exit(worker.main())
"""


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.parametrize("place", ["Conductor.maybe_wait_for_subscriptions", "assignments.Assignments._load"])
def test_a_worker_that_leaves_as_it_joins_ends_in_good_order_though_what_it_waits_for_never_comes(
    kafka_settings: KafkaSettings, start_worker: StartWorker, place: str
) -> None:
    """The first: the group's client waits for Faust's callback, which waits for a service that was stopped."""
    make_topics(kafka_settings)
    worker = start_worker(kafka_settings, ("-c", JOINS.format(place=place)))
    worker.until(lambda: "reached" in worker.said())
    worker.process.send_signal(signal.SIGTERM)
    assert worker.ends() == 0, worker.said()[-3000:]
    assert "Timeout (" not in worker.said()  # ``ShutdownWatchdog`` had to do nothing
