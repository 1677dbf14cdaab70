"""The scenarios by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from streams.errors import ConfigError
from streams.scenario import angara, hole, outage, strait
from streams.scenario.model import Options, Scenario


class CatalogueEntry(NamedTuple):
    """One scenario of the catalogue."""

    title: str
    build: Callable[[Options], Scenario]


SCENARIOS: Final = {
    "angara": CatalogueEntry(angara.TITLE, angara.build),
    "strait": CatalogueEntry(strait.TITLE, strait.build),
    "outage": CatalogueEntry(outage.TITLE, outage.build),
    "hole": CatalogueEntry(hole.TITLE, hole.build),
}


def scenario(name: str, options: Options | None = None) -> Scenario:
    """The scenario of that name, the same for the same options. Raises ConfigError if there is none."""
    if name not in SCENARIOS:
        raise ConfigError(f"no scenario {name!r}; scenarios: {', '.join(SCENARIOS)}")
    return SCENARIOS[name].build(options or Options())
