"""The wheel as a stranger gets it: installed into an environment of its own, away from this folder, it runs."""

import os
import subprocess
import sys
import venv
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.broker, pytest.mark.full]


def call(*words: str | Path, cwd: Path, seconds: float) -> str:
    """What the program printed; fails with it when the exit code is not 0."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
        env={**clean, "XDG_STATE_HOME": str(cwd / "state"), "COLUMNS": "120"},
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4_000:]
    return done.stdout


def test_the_wheel_runs_the_demo_where_the_source_is_not(tmp_path: Path) -> None:
    call(
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        tmp_path,
        ROOT,
        cwd=tmp_path,
        seconds=120,
    )
    (wheel,) = tmp_path.glob("*.whl")
    venv.create(tmp_path / "env", with_pip=True)
    programs = tmp_path / "env" / "bin"
    call(
        *(programs / "pip", "install", "--quiet", "--disable-pip-version-check", f"{wheel}[broker]"),
        cwd=tmp_path,
        seconds=600,
    )
    assert version("wakewatch") in call(programs / "wakewatch", "--version", cwd=tmp_path, seconds=60)
    said = call(programs / "wakewatch", "demo", cwd=tmp_path, seconds=600)
    assert "expected alerts were raised, and no false alert" in said
