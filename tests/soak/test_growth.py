"""The harness can tell growth from noise, and its traffic is new in each lap."""

import random
from pathlib import Path

import pytest

from detectors.core.imo_number import is_imo_number
from streams.decode.batch import decode
from streams.nmea.encoder import EncodedFix, Particulars, position, sentences, static
from streams.reference.loading import read_watchlist_files
from tests.soak import recorded
from tests.soak.growth import topic_bytes, trend
from tests.soak.readers import row_queries
from tests.soak.traffic import IN_PORT, LINES, SHIPS, lines, ship, watchlist


def noisy(slope: float, jump_at: float | None = None) -> list[tuple[float, float]]:
    draw = random.Random(1)
    return [
        (float(at), 200 + slope * at + draw.gauss(0, 2) + (80 if jump_at is not None and at > jump_at else 0))
        for at in range(600)
    ]


@pytest.mark.parametrize(("slope", "grows"), [(0.0, False), (-0.1, False), (0.002, False), (0.1, True)])
def test_a_slope_is_told_from_noise(slope: float, grows: bool) -> None:
    assert trend(noisy(slope)).grows(0.04) is grows


def test_what_happens_while_it_warms_up_does_not_count() -> None:
    assert not trend(noisy(0.0, jump_at=200)).grows(0.04)


def test_each_lap_has_ships_of_its_own() -> None:
    seen = {ship(lap, number).mmsi for lap in range(5) for number in range(SHIPS)}
    assert len(seen) == 5 * (SHIPS - IN_PORT) + IN_PORT
    assert len(list(lines(3))) == LINES


def test_the_list_of_a_lap_can_be_imported(tmp_path: Path) -> None:
    watchlist(7, tmp_path / "soak.csv")
    (read,) = read_watchlist_files([tmp_path / "soak.csv"])
    assert len(read.watchlist.ships) > 1_900
    assert not read.watchlist.refused
    listed = {entry.imo for entry in read.watchlist.ships}
    heard = {ship(lap, number).imo for lap in range(200) for number in range(SHIPS)}
    assert len(listed & heard) == 6  # else thousands of listed ships would stay


def test_a_recorded_vessel_has_another_mmsi_in_each_lap_and_says_the_same() -> None:
    fix = EncodedFix(lat_deg=38.5, lon_deg=131.25, sog_kn=12.3, cog_deg=77.7)
    said = [sentences(position(mmsi, fix, kind=1, status=0), sequence=0)[0] for mmsi in (205_000_000, 636_012_345)]
    laps = [list(recorded.lap(number, said)) for number in range(4)]
    mmsis = set()
    for lines_ in laps:
        reports = decode(b"".join(lines_), "pier", fallback_ms=1).batch.reports
        assert len(reports) == 2
        mmsis |= set(reports["mmsi"].tolist())
        assert {round(float(lat), 4) for lat in reports["lat_deg"]} == {38.5}
        assert {round(float(sog), 1) for sog in reports["sog_kn"]} == {12.3}
    assert len(mmsis) == 2 * 4


def test_a_recorded_static_report_states_another_imo_number_in_each_lap_and_the_same_name() -> None:
    said = sentences(static(205_000_000, Particulars(imo=9_179_842, name="ANGARA", length_m=120)), sequence=1)
    stated = [decode(b"".join(recorded.lap(number, said)), "pier", fallback_ms=1).batch.statics for number in range(4)]
    imos = {int(one["imo"][0]) for one in stated}
    assert len(imos) == 4 and all(map(is_imo_number, imos))
    assert {bytes(one["name"][0]) for one in stated} == {b"ANGARA"}


def test_the_tables_of_the_dashboards_are_asked_for() -> None:
    assert "listed" in row_queries() and len(row_queries()) > 3
    assert not [query for query in row_queries() if "$" in query], "a variable that is not filled in finds nothing"


def test_the_bytes_of_a_topic_are_those_of_all_its_partitions(tmp_path: Path) -> None:
    for folder, size in (("x.ais.alerts.v1-0", 10), ("x.ais.alerts.v1-11", 5), ("x.ais.dead.v1-0", 1), ("y.b-0", 7)):
        (tmp_path / "data" / folder).mkdir(parents=True)
        (tmp_path / "data" / folder / "00000000000000000000.log").write_bytes(b"x" * size)
    assert topic_bytes(tmp_path, "x.") == {"ais.alerts.v1": 15, "ais.dead.v1": 1}
