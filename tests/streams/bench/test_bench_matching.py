"""``wakewatch bench matching``: its rows, and real traffic matched across fixes that were withheld."""

from pathlib import Path

import pytest

from streams.bench import matching
from streams.bench.matching import _around, fixes_in, run
from streams.errors import ConfigError
from streams.imagery.generated.recorded import all_long, recorded_scene, times_of
from streams.imagery.generated.scoring import Score, score_of
from streams.imagery.matching.matching import match

pytest.importorskip("scipy", reason="needs scipy, the extra wakewatch[imagery]")
SCENE = "S1A_IW_GRDH_1SDV_20200709T063331_20200709T063356_033373_03DDAA_4C6B"


def test_published_detections_need_tracks(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--published needs --ais"):
        run(published=tmp_path / "gfw.csv")


def test_published_matches_are_compared_with_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five ships at anchor 5 km apart; the publisher has confused the last with another."""
    monkeypatch.setattr(matching, "_LARGE", ())
    monkeypatch.setattr(matching, "_WITHHELD_MIN", ())
    ais, published = tmp_path / "ais.csv", tmp_path / "gfw.csv"
    head = "timestamp,mmsi,lat,lon,sog,cog"
    minutes = ("06:32:40", "06:35:10")
    ships = [(255_806_000 + n, 41.0 + n * 0.05) for n in range(5)]
    rows = [f"2020-07-09T{at}Z,{mmsi},{lat},-9.5,0.0,10.0" for at in minutes for mmsi, lat in ships]
    ais.write_text("\n".join((head, *rows)) + "\n")
    stated = [mmsi for mmsi, _ in ships[:4]] + [255_806_000]
    head = "scene_id,timestamp,lat,lon,presence_score,length_m,mmsi,matched_category"
    rows = [f"{SCENE},2020-07-09 06:33:31 UTC,{lat},-9.5,1,,{m},x" for (_, lat), m in zip(ships, stated, strict=True)]
    published.write_text("\n".join((head, *rows)) + "\n")
    (row,) = (row for row in run(seeds=1, ais=ais, published=published).rows if row.name.startswith("gfw.csv"))
    assert row.name == "gfw.csv, images: 1"
    figures = {figure.name: figure.value for figure in row.figures}
    assert (figures["ships"], figures["precision"], figures["recall"]) == (5, 0.8, 0.8)


@pytest.mark.full
def test_real_ships_are_found_between_fixes_ten_minutes_apart(shared_data: Path) -> None:
    """The four days of Santa Barbara, without what was heard within five minutes of each image."""
    fixes = fixes_in(shared_data / "tracks" / "sbarc-2018-06-01_04.csv.gz")
    score, wrong = Score(), 0
    for seed, time_ms in enumerate(times_of(fixes, 24)):
        scene = recorded_scene(_around(fixes, time_ms), time_ms, 300, seed)
        if scene is not None:
            score = score.plus(score_of(scene, match(scene.image, scene.fixes, ())))
            long = all_long(scene)
            wrong += score_of(long, match(long.image, long.fixes, (), lengths=long.lengths)).absent
    assert score.images > 20
    assert score.precision >= 0.95
    assert score.recall >= 0.8
    assert wrong <= 0.01 * score.there, "each of them is there"
