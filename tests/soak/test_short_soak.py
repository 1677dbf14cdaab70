"""A soak of a minute: nothing of ours grows, and what does grow is found."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from streams.broker.embedded import Broker
from tests.soak import growth
from tests.soak.__main__ import report, shortcomings
from tests.soak.rig import Soak

pytestmark = [pytest.mark.broker, pytest.mark.slow]
SECONDS = 75.0
FLEET = 1000
"""Filled in half a minute, which is not counted."""
LEAST = growth.LEAST | {"memory MB": 0.12}
"""In the first minutes libraries touch their pages and caches fill: 4 % were measured in what is counted here. What
leaks 0.3 MB a second is found; less is for the soak of twenty minutes."""
LEAK = """
import os, time
held = []
while True:
    held.append(bytearray(b"x" * 200_000))
    held.append(os.open("/dev/null", os.O_RDONLY))
    time.sleep(0.2)
"""


def test_nothing_grows_in_a_minute_but_what_leaks(tmp_path: Path, broker: Broker) -> None:
    out = io.StringIO()
    with Soak(tmp_path, FLEET, broker) as soak:
        soak.watch("leak", subprocess.Popen([sys.executable, "-c", LEAK]))
        soak.run(SECONDS)
        growing = report(soak, Console(file=out, width=110), LEAST)
    assert shortcomings(soak) == []
    assert growing == ["leak: memory MB", "leak: descriptors"], out.getvalue()
