"""A table read in columns gives the alerts of the same table read row by row, in CSV and in Parquet."""

from collections import Counter
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from streams.cli.replay import command

pl = pytest.importorskip("polars", reason="needs polars, the extra wakewatch[tables]")
from streams.bench.table_rows import FIRST_MMSI, FORMS, invented  # noqa: E402

app = typer.Typer()
app.command()(command)
SHIPS = 120


@pytest.fixture(scope="module")
def watchlist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lists") / "ships.csv"
    path.write_text("mmsi,name\n" + "".join(f"{FIRST_MMSI + n},VESSEL {n}\n" for n in range(SHIPS)))
    return path


def alerts(path: Path, watchlist: Path, *, row_by_row: bool = False) -> bytes:
    out = path.with_suffix(".jsonl")
    with pytest.MonkeyPatch.context() as patch:
        if row_by_row:
            patch.setitem(__import__("sys").modules, "streams.ingest.table_blocks", None)
        result = CliRunner().invoke(app, [str(path), "--alerts", str(out), "--watchlist", str(watchlist)])
    assert result.exit_code == 0, result.stderr
    return out.read_bytes()


def same_alerts(form: str, rows: int, rate_hz: float, folder: Path, watchlist: Path) -> Counter[str]:
    table = FORMS[form](invented(rows, SHIPS, rate_hz))
    csv, parquet = folder / "day.csv", folder / "day.parquet"
    table.write_csv(csv)
    table.write_parquet(parquet)
    in_columns = alerts(csv, watchlist)
    assert in_columns == alerts(csv, watchlist, row_by_row=True)
    assert in_columns == alerts(parquet, watchlist)
    return Counter(pl.read_ndjson(in_columns)["detector"].to_list())


@pytest.mark.full
@pytest.mark.parametrize("form", FORMS)
def test_a_small_table(form: str, tmp_path: Path, watchlist: Path) -> None:
    found = same_alerts(form, 12_000, 0.35, tmp_path, watchlist)
    assert found["gap"] > 0 and found["watchlist"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_a_million_rows(form: str, tmp_path: Path, watchlist: Path) -> None:
    found = same_alerts(form, 1_000_000, 12.0, tmp_path, watchlist)
    assert found["gap"] > 0 and found["watchlist"] > 0
