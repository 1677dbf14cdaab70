"""The harness can tell growth from noise, and its traffic is new in each lap."""

import random
from pathlib import Path

import pytest

from streams.reference.loading import read_watchlist_files
from tests.soak.growth import trend
from tests.soak.traffic import SHIPS, lines, ship, watchlist


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
    assert len(seen) == 5 * SHIPS
    assert len(list(lines(3))) > 5 * SHIPS - 1


def test_the_list_of_a_lap_can_be_imported(tmp_path: Path) -> None:
    watchlist(7, tmp_path / "soak.csv")
    (read,) = read_watchlist_files([tmp_path / "soak.csv"])
    assert len(read.watchlist.ships) > 1_900
    assert not read.watchlist.refused
