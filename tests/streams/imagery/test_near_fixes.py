"""Fixes around an image: only the nearest of each vessel are kept, in whatever pieces they come."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.reports import REPORT, STATIC, Batch
from streams.imagery import near_fixes
from streams.imagery.images import Fixes, Image
from streams.imagery.near_fixes import NEAREST, NearFixes, fewer
from streams.matcher.run import _groups

T0 = 1_770_000_000_000
IMAGE = Image(
    id="S1A",
    sensor="Sentinel-1",
    kind="radar",
    time_ms=T0,
    footprint=((129.0, 41.5), (131.5, 41.5), (131.5, 43.0), (129.0, 43.0), (129.0, 41.5)),
)


def batch(fixes: list[tuple[int, int]]) -> Batch:
    """Of (MMSI, minutes after the image); the speed numbers them."""
    reports = np.zeros(len(fixes), REPORT)
    reports["type"], reports["static"], reports["lat_deg"], reports["lon_deg"] = 1, -1, 42.0, 130.0
    reports["mmsi"] = [200_000_000 + mmsi for mmsi, _ in fixes]
    reports["time_ms"] = [T0 + minute * 60_000 for _, minute in fixes]
    reports["sog_kn"] = np.arange(len(fixes))
    return Batch("pier", reports, np.zeros(0, STATIC), b"")


def kept(fixes: list[tuple[int, int]], pieces: int) -> list[list[float]]:
    near, whole = NearFixes([IMAGE], 3 * 3600.0), batch(fixes)
    for first in range(0, len(fixes), pieces):
        near.take(whole._replace(reports=whole.reports[first : first + pieces]))
    return [column.tolist() for column in near.of(IMAGE.id)[:5]]


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(-200, 200)), min_size=1, max_size=80), st.integers(1, 9))
def test_what_is_kept_does_not_depend_on_how_often_the_rest_is_dropped(
    fixes: list[tuple[int, int]], pieces: int
) -> None:
    whole = kept(fixes, len(fixes))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near_fixes, "ROWS_AT_ONCE", 5)
        assert kept(fixes, pieces) == whole


def test_memory_is_that_of_the_nearest_fixes() -> None:
    near = NearFixes([IMAGE], 3 * 3600.0)
    for _ in range(100):
        near.take(batch([(mmsi, minute) for mmsi in range(50) for minute in range(-100, 100, 2)]))
        (around,) = near._images.values()
        assert sum(map(len, around.rows)) <= 2 * near_fixes.ROWS_AT_ONCE
    assert len(near.of(IMAGE.id).mmsi) == 50 * 2 * NEAREST


def test_fewer_of_each_vessel_are_those_nearest_to_the_image() -> None:
    near = NearFixes([IMAGE], 3 * 3600.0)
    near.take(batch([(mmsi, minute) for mmsi in (1, 2) for minute in (-30, -20, -10, 10, 20, 30)]))
    found: Fixes = fewer(near.of(IMAGE.id), T0, 1)
    assert ((found.time_ms - T0) // 60_000).tolist() == [-10, 10, -10, 10]


def test_an_image_with_a_wrong_time_is_read_for_alone() -> None:
    at_h = {"a": 0, "b": 3, "c": 11, "d": 13, "wrong": -400_000, "e": 14}
    images = [msgspec.structs.replace(IMAGE, id=key, time_ms=T0 + hour * 3_600_000) for key, hour in at_h.items()]
    assert [[one.id for one in group] for group in _groups(images)] == [["wrong"], ["a", "b", "c"], ["d", "e"]]
    many = [msgspec.structs.replace(IMAGE, id=f"{number:03}") for number in range(120)]
    assert [len(group) for group in _groups(many)] == [50, 50, 20]
