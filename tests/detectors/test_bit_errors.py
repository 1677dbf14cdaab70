"""One wrong bit of one axis, and what only looks like it."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.core.bit_errors import is_bit_error

HERE = (38.0, 130.0)
PER_DEG = 600_000


@pytest.mark.parametrize("bit", range(14, 25))
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_wrong_bit_of_either_axis_is_one(bit: int, axis: int, sign: int) -> None:
    there = list(HERE)
    there[axis] += sign * 2**bit / PER_DEG
    assert is_bit_error(HERE, (there[0], there[1]))
    there[1 - axis] += 0.004  # it has sailed a little
    assert is_bit_error(HERE, (there[0], there[1]))


def test_few_places_near_by_look_like_one() -> None:
    """Of a second ship within 20 nm in any direction."""
    draw = np.random.default_rng(1)
    places = HERE + draw.uniform(-0.33, 0.33, (4000, 2))
    found = [
        is_bit_error(HERE, (float(lat), float(lon))) for lat, lon in places if np.hypot(lat - 38, lon - 130) > 1 / 60
    ]
    assert np.mean(found) < 0.03
