"""bench pipeline and bench state: they run, say what they were given, and their figures hang together."""

from math import isfinite
from pathlib import Path

from streams.bench import feed, pipeline, state
from streams.bench.frame import Row


def figures(row: Row) -> dict[str, float]:
    return {figure.name: figure.value for figure in row.figures}


def test_pipeline_fills_the_fleet_and_measures_each_batch_size(tmp_path: Path) -> None:
    (tmp_path / "feed.nmea").write_bytes(b"\n".join(feed.generated(3000).lines))
    measured = pipeline.run(tmp_path, vessels=4000, sentences=2000, batch=[100, 500])
    assert [row.name for row in measured.rows] == ["never heard before", "known, 100 a batch", "known, 500 a batch"]
    assert "vessels in one partition" in measured.input
    for row in measured.rows:
        said = figures(row)
        assert 0 < said["of it decoding"] < said["us a sentence"]
        assert abs(1e6 / said["us a sentence"] / said["sentences/CPU s"] - 1) < 1e-6


def test_state_measures_fleets_and_a_flood() -> None:
    measured = state.run(vessels=[1000, 2000], batches=2, rounds=1, invented=1150, cells=0, holders=0)
    small, large, past, flood = map(figures, measured.rows)
    assert small["us a sentence"] > 0
    assert isfinite(large["bytes a vessel"])  # pages taken from the kernel: so small a fleet may find some free
    assert 300 < past["bytes of one"] < 700 < past["of a listed ship's"]
    assert flood["vessels in state"] == 2150 and flood["share of long-known still held"] == 1
    assert flood["flood alerts"] == 0  # so few fit


def test_state_measures_cells_and_holders() -> None:
    measured = state.run(vessels=[1000], batches=1, rounds=1, invented=0, cells=4.0, holders=600)
    assert [row.name for row in measured.rows[-2:]] == ["7,682 cells", "600 holders of IMO numbers"]
    for said in map(figures, measured.rows[-2:]):
        assert 0 < said["MB of it"] < 1 and said["records of it"] >= said["shards"] > 0
        assert min(said[f"ms to {what}"] for what in ("copy all", "copy the largest shard", "restore it")) > 0
