"""The commands config, watchlist and zones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streams.cli import config, watchlist, zones
from streams.errors import ConfigError

GROUPS = {"config": config.app, "watchlist": watchlist.app, "zones": zones.app}


def run(group: str, *arguments: str) -> Result:
    return CliRunner().invoke(GROUPS[group], list(arguments))


def test_config_show_says_where_each_setting_came_from() -> None:
    rows = json.loads(run("config", "show", "--json", "--changed", "--set", "kafka.partitions=8").stdout)
    assert [(row["key"], row["value"], row["origin"]) for row in rows] == [("kafka.partitions", 8, "flag")]
    assert "kafka.partitions" in run("config", "show").stdout


def test_config_check_prints_each_mistake_and_exits_2(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text("[kafka]\npartitions = 0\nreplicas = 1\n")
    result = run("config", "check", "--settings", str(path))
    assert (result.exit_code, len(result.stdout.splitlines())) == (2, 2)
    assert len(json.loads(run("config", "check", "--json", "--settings", str(path)).stdout)["mistakes"]) == 2
    assert run("config", "check").exit_code == 0


def test_config_schema_is_json() -> None:
    assert json.loads(run("config", "schema").stdout)["$schema"].endswith("2020-12/schema")


def test_watchlist_list_and_match() -> None:
    assert len(json.loads(run("watchlist", "list", "--json").stdout)) == 4
    (hit,) = json.loads(run("watchlist", "match", "--imo", "9179842", "--json").stdout)
    assert (hit["verdict"], hit["ship"]["name"]) == ("match", "ANGARA")
    assert "possible" in run("watchlist", "match", "--name", "MARIA").stdout
    assert json.loads(run("watchlist", "match", "--mmsi", "273123456", "--json").stdout) == []


@pytest.mark.parametrize("arguments", [(), ("--imo", "9179843"), ("--mmsi", "12"), ("--flag", "RU")])
def test_watchlist_match_refuses_what_it_cannot_look_for(arguments: tuple[str, ...]) -> None:
    assert isinstance(run("watchlist", "match", *arguments).exception, ConfigError)


def test_watchlist_check_names_refused_rows(tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_text("name,imo\nANGARA,9179842\nMARIA,1\n")
    result = run("watchlist", "check", str(mine))
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{mine}:3: ")
    mine.write_text("name,imo\nANGARA,9179842\n")
    assert run("watchlist", "check", str(mine)).exit_code == 0


def test_zones_list_and_check(tmp_path: Path) -> None:
    assert "Rajin" in run("zones", "list").stdout
    assert {zone["kind"] for zone in json.loads(run("zones", "list", "--json").stdout)} == {"sanctioned", "associated"}
    mine = tmp_path / "mine.geojson"
    mine.write_text("{}")
    assert run("zones", "check", str(mine)).exit_code == 1


REGISTERED = (
    "name,imo,flag,flag_history,deregistered_on,deregistered_by,linked_to\n"
    "STAR,9074729,NU,TG 2015-03..2017-10-05;NU 2018..,2019-01-03,NU,A CO\n"
    "MOON,9179842,,PA ..2017,,TG,\n"
    "SUN,9161003,,,,,\n"
)


def test_lists_and_matches_show_registrations_and_links(tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_text(REGISTERED)
    star, moon, sun = run("watchlist", "list", "--watchlist", str(mine)).stdout.splitlines()[1:]
    assert "TG 2015-03 to 2017-10-05, NU since 2018, de-registered on 2019-01-03 by NU" in star and "A CO" in star
    assert "PA until 2017, de-registered by TG" in moon
    assert "de-registered" not in sun
    matched = run("watchlist", "match", "--imo", "9074729", "--watchlist", str(mine)).stdout
    assert "de-registered on 2019-01-03 by NU" in matched and "A CO" in matched


def test_a_difference_names_what_changed(tmp_path: Path) -> None:
    old, new = tmp_path / "a" / "mine.csv", tmp_path / "b" / "mine.csv"
    for path in (old, new):
        path.parent.mkdir()
    old.write_text(REGISTERED)
    new.write_text(
        REGISTERED.replace("2019-01-03", "2019-02").replace("A CO", "B CO").replace("PA ..2017", "PA 2016..")
    )
    result = run("watchlist", "diff", str(old), str(new))
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "~ mine imo/9074729 STAR IMO 9074729: deregistered on 2019-01-03 to 2019-02; linked to A CO to B CO",
        "~ mine imo/9179842 MOON IMO 9179842: flag - to PA; former flags PA, TG to TG; "
        "flag history PA until 2017 to PA since 2016",
    ]
