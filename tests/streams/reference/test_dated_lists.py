"""replay --watchlist FILE@ISO, --zones FILE@ISO: in force from that time, in any cut and at any partition count."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from streams.cli.replay import command
from streams.ingest.core import Ingest, SourceKind
from streams.messages.log_records import MarkRecord, Sentences

BEGIN = "2023-11-14T22:13:20Z"  # of the feed: 1,700,000,000 s
SHIP = 205_000_007
SILENT = 205_000_005
"""Silent after an hour and a half."""
APP = typer.Typer()
APP.command()(command)


def replay(tmp_path: Path, feed: bytes, *options: str, detector: str = "watchlist") -> list[dict[str, object]]:
    source, out = tmp_path / "feed.nmea", tmp_path / "alerts.jsonl"
    source.write_bytes(feed)
    result = CliRunner().invoke(APP, [str(source), "--alerts", str(out), *options])
    assert result.exit_code == 0, result.output
    alerts = [json.loads(line) for line in out.read_text().splitlines()]
    return [alert for alert in alerts if alert["detector"] == detector]


@pytest.fixture(name="hours", scope="module")
def two_hours(feed: bytes) -> bytes:
    """The first two hours of the feed."""
    return feed[: feed.index(b"c:17000072")].rpartition(b"\n")[0] + b"\n"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.csv"
    path.write_text(f"name,mmsi\nSOMEBODY,{SHIP}\n")
    return path


def test_a_list_is_in_force_from_its_time_on(tmp_path: Path, hours: bytes, mine: Path) -> None:
    alerts = replay(tmp_path, hours, "--watchlist", f"{mine}@2023-11-14T23:13:20Z")
    first = alerts[0]
    assert (first["mmsi"], first["status"]) == (SHIP, "opened")
    assert first["details"]["reason"] == "listed_now"  # type: ignore[index]
    assert "2023-11-14T23:11" <= str(first["time"]) <= "2023-11-14T23:13:20.000Z"


def test_before_the_first_sentence_it_is_as_if_it_had_always_been(tmp_path: Path, hours: bytes, mine: Path) -> None:
    dated = replay(tmp_path, hours, "--watchlist", f"{mine}@{BEGIN}")
    assert dated == replay(tmp_path, hours, "--watchlist", str(mine))


def test_after_the_end_it_never_comes(tmp_path: Path, hours: bytes, mine: Path) -> None:
    assert replay(tmp_path, hours, "--watchlist", f"{mine}@2024-01-01T00:00:00Z") == []
    until = ("--until", "2024-01-02T00:00:00Z")
    (alert, *_) = replay(tmp_path, hours, "--watchlist", f"{mine}@2024-01-01T00:00:00Z", *until)
    assert "now listed" in str(alert["headline"])


def test_where_it_falls_depends_neither_on_batches_nor_on_partitions(tmp_path: Path, hours: bytes, mine: Path) -> None:
    given = ("--watchlist", f"{mine}@2023-11-14T23:33:27Z")
    whole = replay(tmp_path, hours, *given)
    assert whole
    for other in (("--batch", "37"), ("--partitions", "1", "--batch", "100")):
        assert replay(tmp_path, hours, *given, *other) == whole


def test_a_later_list_replaces_the_one_of_its_name(tmp_path: Path, hours: bytes, mine: Path) -> None:
    (tmp_path / "later").mkdir()
    empty = tmp_path / "later" / "mine.csv"
    empty.write_text("name,mmsi\nANOTHER,205000999\n")
    given = ("--watchlist", str(mine), "--watchlist", f"{empty}@2023-11-14T23:33:27Z")
    *_, last = replay(tmp_path, hours, *given)
    assert (last["status"], last["details"]["ended"]) == ("closed", "removed from the list")  # type: ignore[index]


def test_zones_are_in_force_from_their_time_on_in_the_place_of_all_before(tmp_path: Path, hours: bytes) -> None:
    for name, lat_deg in (("Here", 38.75), ("There", -80.0)):
        point = {"type": "Point", "coordinates": [132.0, lat_deg]}
        properties = {"name": name, "kind": "sanctioned", "radius_nm": 3, "programme": "TEST"}
        feature = {"type": "Feature", "geometry": point, "properties": properties}
        (tmp_path / name).write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    given = ("--zones", f"{tmp_path}/Here@2023-11-14T23:53:20Z", "--zones", f"{tmp_path}/There@2023-11-15T00:03:20Z")
    whole = replay(tmp_path, hours, *given, detector="port_proximity")
    silent = [alert for alert in whole if alert["mmsi"] == SILENT]
    assert [alert["status"] for alert in silent] == ["opened", "closed"]
    assert silent[0]["details"]["looked_back"] and silent[1]["details"]["ended"] == "withdrawn"  # type: ignore[index]
    assert {alert["details"]["zone"] for alert in whole} == {"Here"}, "the shipped ones do not count"  # type: ignore[index]
    assert replay(tmp_path, hours, *given, "--partitions", "1", "--batch", "37", detector="port_proximity") == whole


def test_a_mark_stands_at_the_same_place_line_by_line_and_in_bulk(hours: bytes) -> None:
    begin_ms = 1_700_000_000_000
    source_kind = SourceKind(replayed=True, batch=100, marks_ms=(begin_ms, begin_ms + 1_234_567, begin_ms + 3_600_000))

    def marks(bulk_bytes: int | None) -> list[tuple[MarkRecord, int]]:
        ingest = Ingest("x", 4, source_kind=source_kind, bulk_bytes=bulk_bytes)
        records = [*ingest.feed(hours), *ingest.end(begin_ms + 9_000_000)]
        found, sentences = [], 0
        for record in records:
            if isinstance(record, MarkRecord):
                found.append((record, sentences))
            sentences += record.size if isinstance(record, Sentences) else 0
        return found

    exact = marks(None)
    assert [mark.time_ms for mark, _ in exact] == list(source_kind.marks_ms)
    assert exact == marks(1)
    earlier = sum(int(c) <= 1_700_001_234 for c in re.findall(rb"c:(\d+)", hours))
    assert exact[1][1] == earlier - 1, "one line has a wrong checksum"
