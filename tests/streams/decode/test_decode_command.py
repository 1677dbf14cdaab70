"""``wakewatch decode``: one object a message, and no traceback for what a user can cause."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from streams.cli.decode import command
from streams.errors import ConfigError, InputError, Reason

SENTENCE = "!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C"
WRONG = SENTENCE[:-1] + "D"

app = typer.Typer()
app.command()(command)


def run(*arguments: str | Path) -> list[dict[str, object]]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_message_is_printed_raw_with_its_time_and_source(tmp_path: Path) -> None:
    path = tmp_path / "day.nmea"
    path.write_text(f"{SENTENCE}\n{SENTENCE}\n")
    first, second = run(path, "--start", "2024-02-04T04:12:00Z", "--rate", "4")
    assert first["mmsi"] == 477553000 and first["heading"] == 181 and first["source"] == "day"
    assert (first["time"], second["time"]) == ("2024-02-04T04:12:00.000Z", "2024-02-04T04:12:00.250Z")


def test_refused_lines_are_printed_when_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "day.nmea"
    path.write_text(f"{WRONG}\n{SENTENCE}\n")
    assert [line["mmsi"] for line in run(path)] == [477553000]
    message, refused = run(path, "--rejected")
    assert "rejected" not in message
    assert (refused["rejected"], refused["raw"]) == ("checksum", WRONG)


def test_a_sentence_may_claim_any_time(tmp_path: Path) -> None:
    path = tmp_path / "day.nmea"
    path.write_text("".join(f"\\c:{second}\\{SENTENCE}\n" for second in (1_700_000_000, 1_300_000_000, 2_000_000_000)))
    assert [str(line["time"])[:4] for line in run(path)] == ["2023", "2011", "2033"]


def test_wrong_use_is_said_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "day.nmea"
    path.write_text(SENTENCE)
    for arguments in ((tmp_path / "none",), (tmp_path,), (path, "--start", "yesterday")):
        with pytest.raises(ConfigError):
            run(*arguments)


def test_a_gzip_that_breaks_off_gives_what_was_whole_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "day.nmea.gz"
    path.write_bytes(gzip.compress(SENTENCE.encode() * 100)[:-9])
    with pytest.raises(InputError) as caught:
        run(path)
    assert caught.value.reason is Reason.MALFORMED
