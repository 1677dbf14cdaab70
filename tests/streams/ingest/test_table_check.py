"""A table whose times have no zone is found before anything is written, wherever its first time is."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from streams.cli.inspect import command
from streams.errors import ConfigError
from streams.ingest.line_times import OrderRules
from streams.ingest.stamps import StampRules
from streams.ingest.table_check import refuse_unreadable_tables
from streams.nmea.encoder import EncodedFix, position, sentences

app = typer.Typer()
app.command()(command)
RULES = OrderRules(stamps=StampRules(zone_given=False))
HEADING = "time,mmsi,lat,lon"
ROW = "2024-03-10 06:00:00,257111000,60,5"
UNTIMED = ",257111000,60,5"
(SENTENCE,) = (each.decode() for each in sentences(position(257111000, EncodedFix(60, 5))))
TABLES = {
    "no end of the last line": f"{HEADING}\n{ROW}",
    "first rows without a time": "\n".join([HEADING, *[UNTIMED] * 500, ROW, ""]),
    "a title with an exclamation mark": f"All ships of March!\n{HEADING}\n{ROW}\n",
    "a sentence before it": f"{SENTENCE}\n{HEADING}\n{ROW}\n",
    "a sentence between the rows": f"{HEADING}\n{SENTENCE}\n{ROW}\n",
    "lines that end in CR": f"{HEADING}\r{ROW}",
}


@pytest.mark.parametrize("name", TABLES)
def test_times_without_a_zone_are_found(name: str, tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.write_bytes(TABLES[name].encode())
    with pytest.raises(ConfigError, match="the times in time have no zone: name it, such as --time-zone UTC"):
        refuse_unreadable_tables([path], RULES)
    refuse_unreadable_tables([path], OrderRules(stamps=StampRules(zone="Europe/Oslo")))
    assert "--time-zone UTC" in CliRunner().invoke(app, [str(path), "--json"]).stdout


def test_a_time_that_is_cut_off_at_the_end_of_the_look_is_not_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "day.csv"
    path.write_text("mmsi,lat,lon,time\n257111000,60,5,2024-03-10 06:00:00+01:00\n")
    for size in range(17, 60):
        monkeypatch.setattr("streams.ingest.table_check.HEAD_BYTES", size)
        refuse_unreadable_tables([path], RULES)


def test_a_log_of_sentences_with_a_comment_like_a_heading_is_played(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text(f"{SENTENCE}\n# time, lat, lon of the station\n{SENTENCE}\n")
    refuse_unreadable_tables([path], RULES)


def test_a_column_that_is_missing_under_a_title_is_found(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.write_text("All ships of March!\ntime,mmsi,lat\n2024-03-10 06:00:00,257111000,60")
    with pytest.raises(ConfigError, match="without lon"):
        refuse_unreadable_tables([path], RULES)
