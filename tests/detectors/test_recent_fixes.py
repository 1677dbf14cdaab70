"""The recent fixes of listed vessels: which are kept, how many, and that they outlive a restart."""

import math

import numpy as np
import pytest

from detectors.core.engine.snapshot import SnapshotError
from detectors.core.reports import Batch
from detectors.core.testing import Report, engine, log, revive, voyage
from detectors.core.units import MINUTE_MS
from detectors.core.vessels.capacity import FleetRules
from detectors.core.vessels.recent_fixes import FIXES_MOST, RecentFix, RecentFixes
from detectors.core.vessels.row_bytes import RowBytesError

SHIP, LISTED = 205_000_002, 667_001_006


def fix(minute: float) -> RecentFix:
    return RecentFix(1_700_000_000_000 + round(minute * MINUTE_MS), 10.123456789, -179.987654321, 12.5, math.nan)


def minutes(recent: RecentFixes, row: int = 3) -> list[float]:
    return ((recent.of(row)["time_ms"] - 1_700_000_000_000) / MINUTE_MS).tolist()  # type: ignore[no-any-return]


def test_a_fix_a_minute_is_kept_and_places_are_exact() -> None:
    recent = RecentFixes()
    for tenth in range(50):
        recent.add(3, fix(tenth / 10))
    assert minutes(recent) == [0, 1, 2, 3, 4]
    assert recent.of(3)[["lat_deg", "lon_deg", "sog_kn"]][-1].item() == (10.123456789, -179.987654321, 12.5)
    assert np.isnan(recent.of(3)["cog_deg"]).all()
    assert len(recent.of(4)) == 0


def test_an_hour_is_kept_and_at_most_sixty() -> None:
    recent = RecentFixes()
    for minute in range(200):
        recent.add(3, fix(minute))
        recent.add(4, fix(minute * 3))
    assert minutes(recent) == [*range(140, 200)] and FIXES_MOST == 60
    assert minutes(recent, 4) == [*range(537, 598, 3)]


@pytest.mark.parametrize(("pause", "kept"), [(15, 6), (15.1, 1)])
def test_a_pause_of_more_than_a_quarter_of_an_hour_starts_again(pause: float, kept: int) -> None:
    recent = RecentFixes()
    for minute in (0, 1, 2, 3, 4, 4 + pause):
        recent.add(3, fix(minute))
    assert len(recent.of(3)) == kept


def test_they_are_read_as_written() -> None:
    recent, again = RecentFixes(), RecentFixes()
    for minute in range(70):
        recent.add(3, fix(minute))
    recent.add(700, fix(0))
    again.restore(recent.within(range(512)))
    assert again.of(3).tobytes() == recent.of(3).tobytes()
    assert 700 not in again


@pytest.mark.parametrize("packed", [b"", b"\x01", b"\x02" + bytes(32), b"\x01" + bytes(31), b"\x01" + bytes(32 * 61)])
def test_fixes_that_no_version_wrote_are_refused(packed: bytes) -> None:
    with pytest.raises(RowBytesError):
        RecentFixes().restore([(1, packed)])


def test_a_snapshot_with_damaged_fixes_is_refused() -> None:
    playing = engine()
    for item in log(voyage(LISTED, np.arange(0, 3600.0, 60.0)), batch=200, tick_s=600.0):
        playing.apply(item) if isinstance(item, Batch) else playing.tick(item)
    (row,) = playing.fleet.index.find(np.array([LISTED], np.uint32)).tolist()
    assert len(playing.fleet.recent.of(row)) == 60
    assert revive(playing).fleet.recent.of(row).tobytes() == playing.fleet.recent.of(row).tobytes()
    playing.fleet.recent._held[row] = b"\x09"
    with pytest.raises(SnapshotError):
        revive(playing)


def test_a_vessel_that_is_dropped_loses_its_fixes() -> None:
    playing = engine(fleet=FleetRules(vessels_most=8))
    for first in (1.0, 20.0):
        story = [Report(at_s=first + n, mmsi=SHIP + int(first) * 10 + n, lat_deg=1, lon_deg=1) for n in range(8)]
        for item in log(story, batch=200, tick_s=600.0):
            playing.apply(item) if isinstance(item, Batch) else playing.tick(item)
        if first == 1.0:
            playing.fleet.recent.add(0, fix(0))
    assert len(playing.fleet.recent) == 0
