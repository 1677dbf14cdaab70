"""The command's exit codes: what a user gets wrong is one line on stderr, never a traceback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from streams.cli import main


@pytest.mark.parametrize(
    "arguments",
    [
        ["nosuch"],
        ["bench", "nosuch"],
        ["bench", "decode", "--rounds", "0"],
        ["decode", "--no-such-option"],
        ["bench", "decode", "--data", "/no/such/folder"],
    ],
)
def test_wrong_use_ends_with_2_and_one_line(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["wakewatch", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.err.startswith("wakewatch: ") and said.err.count("\n") == 1 and not said.out


def test_the_version_is_that_of_the_package(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["wakewatch", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"wakewatch {metadata.version('wakewatch')}\n"


def test_a_shell_completes_commands() -> None:
    asked = {**os.environ, "_WAKEWATCH_COMPLETE": "complete_bash", "COMP_WORDS": "wakewatch rep", "COMP_CWORD": "1"}
    command = shutil.which("wakewatch", path=str(Path(sys.executable).parent))
    assert command is not None
    done = subprocess.run([command], env=asked, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["replay"]
