"""Every command says what it does and gives an example, and the example is one that works as far as words go."""

import re
import shlex
from collections.abc import Iterator
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
