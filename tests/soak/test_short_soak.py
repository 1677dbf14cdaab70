"""A soak of a minute: nothing of ours grows, and what does grow is found."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from tests.soak.__main__ import report, shortcomings
from tests.soak.rig import Soak

pytestmark = pytest.mark.broker
SECONDS = 75.0
FLEET = 1000
"""Filled in half a minute, which is not counted."""
LEAK = """
import os, time
held = []
while True:
    held.append(bytearray(b"x" * 200_000))
    held.append(os.open("/dev/null", os.O_RDONLY))
    time.sleep(0.2)
"""


def test_nothing_grows_in_a_minute_but_what_leaks(tmp_path: Path) -> None:
    out = io.StringIO()
    with Soak(tmp_path, fleet=FLEET) as soak:
        soak.watch("leak", subprocess.Popen([sys.executable, "-c", LEAK]))
        soak.run(SECONDS)
        growing = report(soak, Console(file=out, width=110))
    assert shortcomings(soak) == []
    assert growing == ["leak: memory MB", "leak: descriptors"], out.getvalue()
