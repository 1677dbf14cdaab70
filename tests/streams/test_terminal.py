"""What commands print shows names as they are: a terminal obeys none of them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.table import Table
from rich.text import Text

from detectors.core.alert import Alert, Evidence, Fact, Position, Vessel, encode
from streams.cli import main
from streams.cli.terminal import InertConsole
from streams.messages.inert import inert
from tests.streams.export.hostile import ALL, nothing_hidden

TIME = "2024-02-04T04:12:00.000Z"


def hostile(name: str) -> Alert:
    return Alert(
        id="a" * 32,
        revision=1,
        status="opened",
        detector="gap",
        rule_version=1,
        severity="page",
        subject=f"mmsi/{name}",
        case_id=f"imo/{name}",
        mmsi=273_999_001,
        vessel=Vessel(name=name),
        episode_start=TIME,
        time=TIME,
        position=Position(lat_deg=34.6, lon_deg=129.5, time=TIME),
        headline=name,
        why=(Fact(fact=name, value=name, threshold=name, unit=name, source=name),),
        would_change=(name,),
        details={"feasible_ports": [{"zone": name, name: name}], "vessels": [name]},
        evidence=(Evidence(time=TIME, source=name, sentence=name, sha256="0" * 64),),
    )


def printed(*arguments: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["wakewatch", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("option", ["", "--json", "--geojson"])
def test_explain_prints_names_that_no_terminal_obeys(
    name: str, option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alerts = tmp_path / "alerts.jsonl"
    alerts.write_bytes(encode(hostile(name)) + b"\n")
    assert printed("explain", "aaaa", "--alerts", str(alerts), *filter(None, [option])) == 0
    said = capsys.readouterr().out
    assert nothing_hidden(said)
    if option == "--json":
        assert json.loads(said)[0]["headline"] == name
    elif not option:
        assert inert(name.replace("\x07", "")) in said  # rich drops the bell


@pytest.mark.parametrize("name", ALL)
def test_an_error_about_a_name_is_one_line(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed("case", "export", name, "--from", "/nowhere.jsonl") == 2
    assert printed("explain", name) == 2
    said = capsys.readouterr().err
    assert nothing_hidden(said)


def test_colours_and_tables_of_our_own_are_left() -> None:
    out = io.StringIO()
    console = InertConsole(file=out, force_terminal=True, color_system="standard", width=80)
    table = Table("name")
    table.add_row(Text("A\x1b[31mB\u202e" + " " * 20))
    console.print(Text("red", "red"), table)
    said = out.getvalue()
    assert "\x1b[31mred\x1b[0m" in said and "A\\x1b[31mB\\u202e" in said and said.count("\n") > 3
