from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import numpy as np
import pytest
from skyfield.api import EarthSatellite, load, wgs84
from skyfield.timelib import Timescale

from detectors.core.orbits.ground_tracks import Satellites
from detectors.core.orbits.model import Sensor
from detectors.core.orbits.propagation import why_unusable
from detectors.core.orbits.sun import elevation_deg
from detectors.core.sphere import unit_vectors
from detectors.core.units import DAY_MS
from tests.detectors.orbits.published import ELEMENTS, TLE

ANY = Sensor(name="any", kind="radar", look="nadir", far_km=100.0)


@pytest.fixture(scope="module")
def timescale() -> Timescale:
    return load.timescale(builtin=True)


@pytest.mark.parametrize("name", TLE)
def test_a_satellite_is_where_skyfield_says_within_100_m_over_ten_days(name: str, timescale: Timescale) -> None:
    sats = Satellites([(ELEMENTS[name], ANY)])
    first_ms = int(ELEMENTS[name].epoch_ms)
    compared = 0
    for block in sats.blocks(first_ms, first_ms + 10 * DAY_MS):
        times = np.arange(max(first_ms, block.first_minute * 60_000) + 7_321.0, first_ms + 10 * DAY_MS, 517_000.0)
        times = times[times < (block.first_minute + block.minutes) * 60_000]
        ours = block.directions(np.zeros(len(times), np.intp), times).up
        moments = timescale.from_datetimes([datetime.fromtimestamp(ms / 1000, UTC) for ms in times])
        theirs = wgs84.subpoint_of(EarthSatellite(*TLE[name], name, timescale).at(moments))
        there = unit_vectors(theirs.latitude.degrees, theirs.longitude.degrees).T
        compared += len(times)
        assert np.linalg.norm(ours - there, axis=1).max() * 6371 < 0.1
    assert compared > 1500


def test_the_direction_is_that_of_the_track_over_the_turning_earth() -> None:
    sats = Satellites([(ELEMENTS["SENTINEL-1A"], ANY)])
    start = float(int(ELEMENTS["SENTINEL-1A"].epoch_ms))
    block = next(iter(sats.blocks(int(start), int(start))))
    times = start + np.arange(0, 6000, 77.0) * 1000
    which = np.zeros(len(times), np.intp)
    here, next_ = block.directions(which, times), block.directions(which, times + 1000)
    gone = next_.up - here.up
    assert np.linalg.norm(gone, axis=1) == pytest.approx(here.rate, rel=0.01)
    assert (gone * here.right).sum(axis=1) / here.rate == pytest.approx(0, abs=0.003)
    assert (here.right * np.cross(here.along, here.up)).sum(axis=1) == pytest.approx(1)


def test_the_sun_is_as_high_as_the_almanac_says() -> None:
    """Greenwich: solstice noon 61.96, midwinter noon 15.08, equinox at six near zero."""
    greenwich = unit_vectors(np.asarray([51.4779] * 3), np.asarray([0.0] * 3)).T
    times = [datetime(2024, 6, 21, 12, 2, tzinfo=UTC), datetime(2024, 12, 21, 11, 58, tzinfo=UTC)]
    times.append(datetime(2024, 3, 20, 6, 7, tzinfo=UTC))
    found = elevation_deg(greenwich, np.asarray([t.timestamp() * 1000 for t in times]))
    assert found == pytest.approx([61.96, 15.08, 0.0], abs=0.1)


def test_satellites_that_are_high_or_fell_are_not_used() -> None:
    good = ELEMENTS["SENTINEL-1A"]
    assert why_unusable(good) is None
    high = msgspec.structs.replace(good, mean_motion=1.0027)
    assert why_unusable(high) == "not in low Earth orbit"
    assert why_unusable(msgspec.structs.replace(good, mean_motion=19.5)) == "elements that SGP4 rejects"
    with pytest.raises(ValueError, match="SENTINEL-1A: not in low Earth orbit"):
        Satellites([(high, ANY)])


def test_a_satellite_that_decays_within_the_time_gives_nothing_afterwards() -> None:
    falling = msgspec.structs.replace(ELEMENTS["HST"], mean_motion=16.3, bstar=0.05)
    sats = Satellites([(falling, ANY)])
    start = int(falling.epoch_ms)
    places = [block.place for block in sats.blocks(start, start + 8 * DAY_MS)]
    assert np.isnan(places[-1][-1]).all()
