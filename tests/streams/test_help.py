"""Every command says what it does and gives an example, and the example is one that works as far as words go."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from streams.cli import build


def commands() -> Iterator[list[str]]:
    """Every path of words that names a command."""
    root = typer.main.get_command(build())
    waiting: list[tuple[list[str], Any]] = [([], root)]
    while waiting:
        words, command = waiting.pop()
        yield words
        if hasattr(command, "commands"):
            waiting += [([*words, name], each) for name, each in command.commands.items()]


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_help_gives_an_example_that_parses(words: list[str]) -> None:
    shown = CliRunner().invoke(build(), [*words, "--help"], env={"COLUMNS": "400", "TERM": "dumb"})
    assert shown.exit_code == 0
    examples = re.findall(
        r"(?:^|[|│ ])((?:[a-z_]+ -[a-z] \| )?wakewatch [a-z][^│\n]*)", shown.stdout[shown.stdout.index("xample") :]
    )
    assert examples, shown.stdout
    for example in examples:
        line = example.partition("wakewatch ")[2].partition(" > ")[0].partition(" &")[0]
        _parses([word for word in shlex.split(line) if word])


def _parses(words: list[str]) -> None:
    command: Any = typer.main.get_command(build())
    while hasattr(command, "commands") and words and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    command.make_context("wakewatch", words)


def test_every_command_that_people_are_told_to_run_is_there() -> None:
    root = Path(__file__).parents[2]
    told = [
        *root.glob("*.md"),
        *(root / "docs").rglob("*.md"),
        *(root / "deploy").rglob("*.md"),
        *(root / "deploy").rglob("*.y*ml"),
    ]
    told += [*(root / "deploy").rglob("*.service"), *(root / "streams").rglob("*.py")]
    named = {
        tuple(words.split())
        for path in told
        for words in re.findall(r"`wakewatch ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)?)", path.read_text())
    }
    known: Any = typer.main.get_command(build()).commands  # type: ignore[attr-defined]
    groups = {name for name, each in known.items() if hasattr(each, "commands")}
    assert len(named) > 20
    assert {words[0] for words in named} - set(known) == set()
    below = {words for words in named if len(words) == 2 and words[0] in groups}
    assert {words for words in below if words[1] not in known[words[0]].list_commands(None)} == set()
