"""Where ``encounter`` and Global Fishing Watch's published definition differ, on the same tracks: ENCOUNTERS.md."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from detectors.core.testing import START_MS, Story, beside
from tests.detectors.pipe_encounters import Place, encounters
from tests.detectors.slow_scenes import HERE, HOUR, at, drifting, ids, ship
from tests.detectors.test_encounter import LISTED, LOOK_ALIKES, ONE, OTHER, anchorage, pair
from tests.detectors.test_encounter import encounters as ours

PAGE = Path(__file__).parents[2] / "docs" / "ENCOUNTERS.md"
ROADS = (HERE[0] + 0.05, HERE[1])
"""An anchorage 5.6 km away."""


MIDNIGHT_H = (-START_MS // 1000 % 86_400) / HOUR


def under_way() -> Story:
    return beside(
        ship(ONE, drifting(0, 0, 6.0, 10.0), (0, 4)), ship(OTHER, drifting(5, 60, 6.0, 10.0), (0, 4), phase_s=70)
    )


SCENES: dict[str, tuple[Callable[[], Story], tuple[Place, ...], int, int]] = {
    "alongside at sea, 3.5 h": (pair, (), 1, 1),
    "alongside 5.6 km from an anchorage": (pair, (ROADS,), 1, 0),
    "a transfer under way at 6 kn": (under_way, (), 1, 0),
    "a listed ship, 80 min": (lambda: pair(ONE, LISTED, together=(1.0, 2.4)), (), 1, 0),
    "2 h 20 min over midnight, 30 min of them before it": (
        lambda: pair(hours=6.0, together=(MIDNIGHT_H - 0.5, MIDNIGHT_H + 1.85)),
        (),
        1,
        0,
    ),
    "drifting past at 400 m, 0.6 kn apart": (
        lambda: beside(ship(ONE, at(0, 0)), ship(OTHER, drifting(-1200, 250, 0.55, 0.0), phase_s=60)),
        (),
        0,
        0,
    ),
    "at anchor 450 m apart for 6 h": (
        lambda: beside(
            ship(ONE, at(0, 0), status=1, length_m=80), ship(OTHER, at(0, 450), status=1, length_m=80, phase_s=60)
        ),
        (),
        0,
        1,
    ),
    "a rescue vessel beside a tanker": (lambda: LOOK_ALIKES["rescue"][0], (), 0, 1),
    "two transponders on one hull": (lambda: LOOK_ALIKES["two transponders on one hull"][0], (), 0, 1),
    "twelve ships in a roadstead that is in no list": (lambda: anchorage(12), (), 0, 29),
}
"""By name: the story, the anchorages that are known, and the number of encounters by either definition."""


@pytest.mark.parametrize("name", SCENES)
def test_both_definitions_on_the_same_tracks(name: str) -> None:
    story, anchorages, wanted, theirs = SCENES[name]
    assert (len(ids(ours(story()))), len(encounters(story(), anchorages))) == (wanted, theirs)


def test_the_page_has_the_table() -> None:
    table = PAGE.read_text("utf-8").partition("\n## What is not seen")[0]
    rows = re.findall(r"^\| ([^|]+?) \| (\d+) \| (\d+) \|", table, re.M)
    assert {name: (int(own), int(theirs)) for name, own, theirs in rows} == {
        name: (own, theirs) for name, (_, _, own, theirs) in SCENES.items()
    }
