"""Comparing alerts with an earlier version's: wording may differ, and nothing else."""

import copy
from typing import Any

import pytest

from tests.same_alerts import differences

ALERT: dict[str, Any] = {
    "id": "a",
    "revision": 1,
    "severity": "page",
    "headline": "EXAMPLE silent 1 h",
    "would_change": ["A report closes it"],
    "why": [{"fact": "silence", "value": 3600, "unit": "s", "source": "source pier"}],
    "details": {"source": "pier"},
}


def changed(*path: str | int, to: object) -> dict[str, Any]:
    made = copy.deepcopy(ALERT)
    part: Any = made
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = to
    return made


@pytest.mark.parametrize(
    "other",
    [
        changed("headline", to="EXAMPLE no signal for 1 h"),
        changed("would_change", to=[]),
        changed("why", 0, "fact", to="time without a report"),
        changed("why", 0, "source", to="pier"),
    ],
)
def test_wording_may_differ(other: dict[str, Any]) -> None:
    assert differences([ALERT], [other]) == []


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (changed("id", to="b"), "id"),
        (changed("severity", to="log"), "severity"),
        (changed("why", 0, "value", to=3599), "why"),
        (changed("details", "source", to="quay"), "details"),
    ],
)
def test_anything_else_is_named(other: dict[str, Any], named: str) -> None:
    (found,) = differences([ALERT], [other])
    assert found.startswith(f"revision 0: {named}: ")


def test_a_missing_revision_is_a_difference() -> None:
    assert differences([ALERT, ALERT], [ALERT]) == ["2 revisions are now 1"]
