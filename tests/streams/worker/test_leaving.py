"""A worker that hangs as it stops."""

import signal
import subprocess
import sys

STUCK = """
import asyncio, mode
from streams.worker.leaving import Leaving

class Stuck(mode.Service):
    async def on_started(self):
        print("up", flush=True)

    async def on_stop(self):
        await asyncio.sleep(3600)

Leaving.leave_s = 0.3
Leaving(Stuck(), quiet=True, override_logging=False).execute_from_commandline()
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
