"""replay --watchlist FILE@ISO: in force from an event time, to the second, in any cut and at any partition count."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from streams.cli.replay import command

BEGIN = "2023-11-14T22:13:20Z"  # of the feed: 1,700,000,000 s
SHIP = 205_000_007
APP = typer.Typer()
APP.command()(command)


def replay(tmp_path: Path, feed: bytes, *options: str) -> list[dict[str, object]]:
    source, out = tmp_path / "feed.nmea", tmp_path / "alerts.jsonl"
    source.write_bytes(feed)
    result = CliRunner().invoke(APP, [str(source), "--alerts", str(out), *options])
    assert result.exit_code == 0, result.output
    alerts = [json.loads(line) for line in out.read_text().splitlines()]
    return [alert for alert in alerts if alert["detector"] == "watchlist"]


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.csv"
    path.write_text(f"name,mmsi\nSOMEBODY,{SHIP}\n")
    return path


def test_a_list_is_in_force_from_its_time_on(tmp_path: Path, feed: bytes, mine: Path) -> None:
    alerts = replay(tmp_path, feed, "--watchlist", f"{mine}@2023-11-14T23:43:20Z")
    first = alerts[0]
    assert (first["mmsi"], first["status"]) == (SHIP, "opened")
    assert first["details"]["reason"] == "listed_now"  # type: ignore[index]
    assert "2023-11-14T23:41" <= str(first["time"]) <= "2023-11-14T23:43:20.000Z"


def test_before_the_first_sentence_it_is_as_if_it_had_always_been(tmp_path: Path, feed: bytes, mine: Path) -> None:
    dated = replay(tmp_path, feed, "--watchlist", f"{mine}@{BEGIN}")
    assert dated == replay(tmp_path, feed, "--watchlist", str(mine))


def test_after_the_end_it_never_comes(tmp_path: Path, feed: bytes, mine: Path) -> None:
    assert replay(tmp_path, feed, "--watchlist", f"{mine}@2024-01-01T00:00:00Z") == []
    until = ("--until", "2024-01-02T00:00:00Z")
    (alert, *_) = replay(tmp_path, feed, "--watchlist", f"{mine}@2024-01-01T00:00:00Z", *until)
    assert "now listed" in str(alert["headline"])


def test_where_it_falls_depends_neither_on_batches_nor_on_partitions(tmp_path: Path, feed: bytes, mine: Path) -> None:
    given = ("--watchlist", f"{mine}@2023-11-15T00:13:27Z")
    whole = replay(tmp_path, feed, *given)
    assert whole
    for other in (("--batch", "7"), ("--partitions", "1"), ("--partitions", "3", "--batch", "100")):
        assert replay(tmp_path, feed, *given, *other) == whole


def test_a_later_list_replaces_the_one_of_its_name(tmp_path: Path, feed: bytes, mine: Path) -> None:
    (tmp_path / "later").mkdir()
    empty = tmp_path / "later" / "mine.csv"
    empty.write_text("name,mmsi\nANOTHER,205000999\n")
    given = ("--watchlist", str(mine), "--watchlist", f"{empty}@2023-11-15T00:13:27Z")
    *_, last = replay(tmp_path, feed, *given)
    assert (last["status"], last["details"]["ended"]) == ("closed", "removed from the list")  # type: ignore[index]
