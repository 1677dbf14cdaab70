"""The scenarios by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from streams.errors import ConfigError
from streams.scenario import angara
from streams.scenario.world import Truth, on_the_air


class Scenario(NamedTuple):
    """A generated feed: its lines in order of time, and what is true."""

    title: str
    lines: Iterator[bytes]
    truths: list[Truth]


SCENARIOS: Final = {"angara": angara.TITLE}


def scenario(name: str, options: angara.Options | None = None) -> Scenario:
    """The scenario of that name. Raises ConfigError when there is none."""
    if name not in SCENARIOS:
        raise ConfigError(f"no scenario {name!r}: there is {', '.join(SCENARIOS)}")
    spoken, truths = angara.story(options or angara.Options())
    return Scenario(SCENARIOS[name], on_the_air(spoken, angara.RECEIVERS), truths)
