"""The smaller scenarios: load, an outage, a hole; and how positions are written in columns."""

import time
from collections import Counter

import numpy as np
import pyais
import pytest

from streams.errors import ConfigError
from streams.nmea import encoder
from streams.nmea.encoder import EncodedFix
from streams.scenario import SCENARIOS, Options, ShoreStation, scenario
from streams.scenario.air import ReceiverOutage, heard_by, on_the_air
from streams.scenario.honest import imo_number
from streams.scenario.meetings.sea import RELAY
from streams.scenario.model import HOUR_MS
from streams.scenario.track import SAID

LATE = rf"\s:{RELAY},".encode()
EVERYWHERE = ShoreStation(name="pier", mmsi=4_409_999, lat_deg=0.0, lon_deg=0.0, range_nm=10_900)


def time_of(line: bytes) -> int:
    return int(line.split(b"c:", 1)[1][:13])


def rows(size: int, kind: int) -> np.ndarray:
    draw, said = np.random.default_rng(kind), np.zeros(size, SAID)
    said["time_ms"] = np.sort(draw.integers(1_690_000_000_000, 1_720_000_000_000, size))
    said["mmsi"], said["kind"], said["status"] = draw.integers(1, 10**9, size), kind, draw.integers(0, 16, size)
    said["lat_deg"], said["lon_deg"] = draw.uniform(-90, 90, size), draw.uniform(-180, 180, size)
    said["sog_kn"], said["cog_deg"] = draw.uniform(0, 102, size), draw.uniform(0, 360, size)
    said["sog_kn"][::5], said["cog_deg"][::7] = np.nan, np.nan
    return said


@pytest.mark.parametrize("kind", [1, 3, 18])
def test_columns_are_written_as_one_at_a_time(kind: int) -> None:
    said = rows(200, kind)
    for line, row in zip(on_the_air(said, [], [EVERYWHERE]), said, strict=True):
        sog, cog = (None if np.isnan(row[name]) else float(row[name]) for name in ("sog_kn", "cog_deg"))
        fix = EncodedFix(float(row["lat_deg"]), float(row["lon_deg"]), sog, cog, cog, int(row["time_ms"]) // 1000 % 60)
        mmsi = int(row["mmsi"])
        status = int(row["status"])
        bits = encoder.position_b(mmsi, fix) if kind == 18 else encoder.position(mmsi, fix, kind=kind, status=status)
        channel = line.split(b",")[5 if b"s:" in line.split(b",")[0] else 4].decode()
        expected = encoder.tagged(encoder.sentences(bits, channel=channel), int(row["time_ms"]), "pier")
        assert [line] == expected


def test_base_stations_say_the_time() -> None:
    for line, row in zip(on_the_air(rows(50, 4), [], [EVERYWHERE]), rows(50, 4), strict=True):
        read = pyais.decode(line.split(b"\\")[2], error_if_checksum_invalid=True)
        said = np.datetime64(int(row["time_ms"]) // 1000, "s").item()
        assert (read.year, read.month, read.day, read.hour, read.minute, read.second) == said.timetuple()[:6]


def test_a_ship_is_heard_by_the_nearest_receiver_that_is_up() -> None:
    near = ShoreStation(name="near", mmsi=1, lat_deg=0.0, lon_deg=0.0, range_nm=30)
    wide = ShoreStation(name="wide", mmsi=2, lat_deg=0.5, lon_deg=0.0, range_nm=60)
    silences = [ReceiverOutage("near", 10, 20)]
    heard = heard_by([0, 0, 0, 0.9, 3.0], [0, 0, 0, 0, 0], [near, wide], [9, 10, 20, 0, 0], silences)
    assert heard.tolist() == [0, 1, 0, 1, -1]


@pytest.mark.parametrize("name", sorted(SCENARIOS.keys() - {"angara"}))  # angara has tests of its own
def test_every_scenario_is_in_order_and_the_same_for_its_seed(name: str) -> None:
    first, again, other = (list(scenario(name, Options(seed=seed, hours=2)).lines) for seed in (5, 5, 6))
    assert first == again != other
    times = [time_of(line) for line in first if b"c:1" in line[:40] and not line.startswith(LATE)]
    assert times == sorted(times)


def test_a_scenario_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match="angara"):
        scenario("atlantis")


def test_the_strait_is_busy_quick_and_a_little_damaged() -> None:
    started = time.process_time()
    made = scenario("strait", Options(vessels=150, hours=1))
    lines = list(made.lines)
    rate = len(lines) / (time.process_time() - started)
    assert rate > 20_000  # 107,000 a second on the machine where it was written: this bound only finds a collapse
    kinds: Counter[int] = Counter()
    damaged = 0
    for line in lines[::5]:
        try:
            _, sentence = line[1:].split(b"\\", 1) if line.startswith(b"\\") else (b"", line)
            if b"VDM,2," in sentence:
                continue
            kinds[pyais.decode(sentence, error_if_checksum_invalid=True).msg_type] += 1
        except (pyais.exceptions.AISBaseException, ValueError):
            damaged += 1
    assert {1, 4, 18, 24} <= set(kinds)
    assert 0.004 < damaged / (len(lines) / 5) < 0.02
    assert {truth.kind for truth in made.truths} == {"honest", "dark", "calls"}


def test_in_the_outage_everybody_is_heard_again_but_the_one_who_went_dark() -> None:
    made = scenario("outage")
    lost, dark = (next(t for t in made.truths if t.kind == kind) for kind in ("feed_loss", "dark"))
    heard: dict[bool, set[int]] = {False: set(), True: set()}
    for line in made.lines:
        time_ms = time_of(line)
        assert not lost.from_ms <= time_ms < lost.to_ms
        if b"VDM,1,1," in line:
            heard[time_ms >= lost.to_ms].add(pyais.decode(line.split(b"\\")[2]).mmsi)
    assert heard[False] - heard[True] == {dark.mmsi}
    assert lost.from_ms - dark.from_ms >= 3 * HOUR_MS
    assert len(heard[False]) == 31


def test_the_hole_is_ninety_days_wide() -> None:
    times = np.array([time_of(line) for line in scenario("hole").lines])
    spacing_ms = np.diff(times)
    assert spacing_ms.max() == pytest.approx(90 * 24 * HOUR_MS, abs=HOUR_MS)
    assert np.sort(spacing_ms)[-2] <= 20_000


def test_invented_imo_numbers_have_the_right_check_digit() -> None:
    assert imo_number(907_472) == 9_074_729
