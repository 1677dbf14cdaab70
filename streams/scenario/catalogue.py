"""The scenarios by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from streams.errors import ConfigError
from streams.scenario import angara, hole, outage, strait
from streams.scenario.meetings import build as meetings
from streams.scenario.model import Options, Scenario
from streams.scenario.positions import displaced, errors, false_track, reception, shared


class CatalogueEntry(NamedTuple):
    """One scenario of the catalogue."""

    title: str
    build: Callable[[Options], Scenario]


SCENARIOS: Final = {
    "angara": CatalogueEntry(angara.TITLE, angara.build),
    "strait": CatalogueEntry(strait.TITLE, strait.build),
    "outage": CatalogueEntry(outage.TITLE, outage.build),
    "hole": CatalogueEntry(hole.TITLE, hole.build),
    "shared-two": CatalogueEntry(shared.TITLE_TWO, shared.build_two),
    "shared-seven": CatalogueEntry(shared.TITLE_SEVEN, shared.build_seven),
    "stray": CatalogueEntry(errors.TITLE_STRAY, errors.build_stray),
    "bit-error": CatalogueEntry(errors.TITLE_BIT, errors.build_bit),
    "drift": CatalogueEntry(errors.TITLE_DRIFT, errors.build_drift),
    "retransmission": CatalogueEntry(reception.TITLE_REPEATED, reception.build_repeated),
    "ducting": CatalogueEntry(reception.TITLE_DUCTING, reception.build_ducting),
    "roadstead": CatalogueEntry(displaced.TITLE_ROADSTEAD, displaced.build_roadstead),
    "circle": CatalogueEntry(displaced.TITLE_CIRCLE, displaced.build_circle),
    "false-track": CatalogueEntry(false_track.TITLE, false_track.build),
    "meetings": CatalogueEntry(meetings.TITLE, meetings.build),
}


def scenario(name: str, options: Options | None = None) -> Scenario:
    """The scenario of that name, the same for the same options. Raises ConfigError if there is none."""
    if name not in SCENARIOS:
        raise ConfigError(f"no scenario {name!r}; scenarios: {', '.join(SCENARIOS)}")
    return SCENARIOS[name].build(options or Options())
