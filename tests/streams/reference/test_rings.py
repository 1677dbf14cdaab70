"""Rings that cross themselves."""

from __future__ import annotations

import math

import pytest

from streams.reference.rings import crosses_itself

SQUARE = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)]


def test_plain_shapes_do_not() -> None:
    assert not crosses_itself(SQUARE)
    assert not crosses_itself(SQUARE[::-1])
    assert not crosses_itself([(0.0, 0.0), (4.0, 0.0), (1.0, 1.0), (0.0, 4.0), (0.0, 0.0)])
    assert not crosses_itself([(0.0, 0.0), (0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0)])


@pytest.mark.parametrize(
    "ring",
    [
        [(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)],  # a bow tie
        [(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (1.0, -1.0), (0.0, 2.0), (0.0, 0.0)],
        [(0.0, 0.0), (2.0, 0.0), (2.0, 1.0), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)],  # touches a side
    ],
)
def test_crossing_shapes_do(ring: list[tuple[float, float]]) -> None:
    assert crosses_itself(ring)


def test_a_circle_of_many_corners_is_judged_quickly_enough() -> None:
    circle = [(math.cos(n / 500 * math.tau), math.sin(n / 500 * math.tau)) for n in range(500)]
    assert not crosses_itself([*circle, circle[0]])
