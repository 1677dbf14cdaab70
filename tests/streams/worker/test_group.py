"""A worker whose group client has failed ends and is started again: it would stay without partitions for ever."""

from pathlib import Path

import pytest

from streams.broker import kill_with_parent
from streams.broker.node import free_port
from streams.settings.model import KafkaSettings
from tests.streams.worker.conftest import StartWorker, send
from tests.streams.worker.test_states import ask

pytestmark = [pytest.mark.broker, pytest.mark.slow]

FAILS_ONCE = """
import os, sys, zlib
from pathlib import Path
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import UnknownError
from streams.worker import __main__ as worker
once, original = Path(os.environ["WW_TEST_ONCE"]), GroupCoordinator.{method}
async def fails(self, *args):
    if not once.exists():
        once.touch()
        raise {error}
    return await original(self, *args)
GroupCoordinator.{method} = fails
sys.exit(worker.main())
"""
SUPERVISED = """
import os, sys
from streams.worker.supervisor import Supervisor
tied = [sys.executable, {tether!r}, str(os.getpid())]
sys.exit(Supervisor(os.environ, [*tied, sys.executable, "-c", {script!r}]).run())
"""


@pytest.mark.parametrize(
    ("method", "error"),
    [
        ("_on_join_complete", 'zlib.error("invalid bit length repeat")'),  # an assignment that cannot be read
        ("ensure_coordinator_known", 'UnknownError("a code that nobody knows")'),  # waits for whoever polls
        ("_do_rejoin_group", 'ValueError("no such member")'),
    ],
)
def test_an_answer_of_the_group_that_cannot_be_read_is_no_end(
    kafka_settings: KafkaSettings, start_worker: StartWorker, feed: bytes, tmp_path: Path, method: str, error: str
) -> None:
    send(kafka_settings, feed, tmp_path)
    port = free_port()
    script = FAILS_ONCE.format(method=method, error=error)
    call = ("-c", SUPERVISED.format(tether=str(kill_with_parent.__file__), script=script))
    told = {"WAKEWATCH_WORKER_METRICS_PORT": str(port), "WW_TEST_ONCE": str(tmp_path / "once")}
    worker = start_worker(kafka_settings, call, **told)
    worker.until(lambda: "worker ended, restarting" in worker.said())
    worker.until(lambda: ask(port, "readyz")[0] == 200)
    assert "no longer in its group" in worker.said()
