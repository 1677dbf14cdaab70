"""The committed dashboards are what the generator writes, and keep to the rules of the house."""

import gzip
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana"
NAMES = ["wakewatch-feed-quality", "wakewatch-pipeline", "wakewatch-watch-floor"]

_LONG = 200
UNITS = {"short", "none", "s", "bytes", "percentunit", "cps", "cpm"}
"""Of those that Grafana knows, ours; another word it would print as it stands. What it lacks is ``suffix:/h``."""


SCHEMA = next((Path(__file__).parent / "specifications").glob("grafana-*.json.gz"))


def against_schema(made: dict[str, Any]) -> list[str]:
    """What Grafana's own types of the version in compose.yaml say against a dashboard, one line each."""
    validator = jsonschema.Draft7Validator(json.loads(gzip.decompress(SCHEMA.read_bytes())))
    return [line for error in validator.iter_errors(made) for line in lines(error)]


def lines(error: jsonschema.ValidationError) -> Iterator[str]:
    """An error; of a panel, only what concerns panels of its type."""
    branches: dict[Any, list[jsonschema.ValidationError]] = {}
    for each in error.context or ():
        branches.setdefault(each.schema_path[0], []).append(each)
    fits = [b for b in branches.values() if not any(e.validator == "const" and e.path[-1] == "type" for e in b)]
    for each in [e for b in fits for e in b]:
        yield from lines(each)
    if not fits:
        said = error.message if len(error.message) < _LONG else "..." + error.message[-_LONG:]
        yield f"{list(error.absolute_path)}: {said}"


def screen(name: str) -> dict[str, Any]:
    return dict(json.loads((FOLDER / "dashboards" / f"{name}.json").read_text()))


def mistakes(made: dict[str, Any]) -> list[str]:
    """What is wrong with a dashboard, one line each."""
    found = []
    variables = {f"${{{one['name']}}}" for one in made["templating"]["list"] if one["type"] == "datasource"}
    used = str(made["panels"])
    names = [one["name"] for one in made["templating"]["list"] if one["type"] == "query"]
    found += [f"no query uses the variable {name}" for name in names if f'=~"${name}"' not in used]
    numbers = [panel["id"] for panel in made["panels"]]
    if len(set(numbers)) != len(numbers):
        found.append("two panels have one number")
    for panel in made["panels"]:
        if panel["type"] == "row":
            continue
        title = panel["title"]
        defaults = panel["fieldConfig"]["defaults"]
        steps = defaults.get("thresholds", {}).get("steps")
        wanted = {
            "title": title,
            "unit": defaults.get("unit"),
            "description": panel.get("description"),
            "thresholds": steps,
            "queries": panel.get("targets"),
        }
        found += [f"{title}: no {name}" for name, value in wanted.items() if not value]
        if (unit := str(defaults.get("unit"))) not in UNITS and not unit.startswith("suffix:"):
            found.append(f"{title}: Grafana knows no {unit}")
        if steps and steps[0]["value"] is not None:
            found.append(f"{title}: the first threshold begins nowhere")
        if panel["type"] == "geomap" and panel["options"]["tooltip"]["mode"] != "details":
            found.append(f"{title}: its markers do not say whose they are")
        if panel["datasource"]["uid"] not in variables:
            found.append(f"{title}: its data source is no variable")
        for target in panel["targets"]:
            windows = set(re.findall(r"\[([^\]]+)\]", target["expr"]))
            if panel["type"] == "timeseries" and windows - {"$__rate_interval"}:
                found.append(f"{title}: {target['expr']} has a window of its own")
    places = [(panel["title"], panel["gridPos"]) for panel in made["panels"]]
    for (one, a), (other, b) in combinations(places, 2):
        if (
            a["x"] < b["x"] + b["w"]
            and b["x"] < a["x"] + a["w"]
            and a["y"] < b["y"] + b["h"]
            and b["y"] < a["y"] + a["h"]
        ):
            found.append(f"{one} lies over {other}")
    found += [f"{title} reaches beyond the screen" for title, grid in places if grid["x"] + grid["w"] > 24]
    return found


def test_the_committed_dashboards_are_today_s(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(FOLDER / "generate.py"), str(tmp_path)], check=True, timeout=60)
    assert sorted(path.stem for path in tmp_path.iterdir()) == NAMES
    for name in NAMES:
        told = "run: python deploy/grafana/generate.py"
        assert json.loads((tmp_path / f"{name}.json").read_text()) == screen(name), told


@pytest.mark.parametrize("name", NAMES)
def test_a_dashboard_keeps_to_the_rules(name: str) -> None:
    assert mistakes(screen(name)) == []


def test_the_schema_is_that_of_the_grafana_in_compose() -> None:
    services = yaml.safe_load((FOLDER.parent / "compose.yaml").read_text())["services"]
    assert f"grafana:{SCHEMA.name.removeprefix('grafana-').removesuffix('.json.gz')}}}" in services["grafana"]["image"]


@pytest.mark.parametrize("name", NAMES)
def test_a_dashboard_keeps_to_grafana_s_own_types(name: str) -> None:
    assert against_schema(screen(name)) == []


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda d: d.update(refreshs="10s"), "'refreshs' was unexpected"),
        (lambda d: d["time"].update({"from": 6}), "6 is not of type 'string'"),
        (lambda d: d["templating"]["list"][1].update(refresh=7), "7 is not one of"),
        (lambda d: d["templating"]["list"][1].update(type="query2"), "'query2' is not one of"),
        (lambda d: d["annotations"]["list"][0].pop("iconColor"), "'iconColor' is a required property"),
        (lambda d: graph(d)["options"].update(footer={}), "'footer' was unexpected"),
        (lambda d: graph(d)["options"]["legend"].update(placement="top"), "'top' is not one of"),
        (lambda d: graph(d)["fieldConfig"]["defaults"]["custom"].update(lineStile={}), "'lineStile' was unexpected"),
        (lambda d: graph(d)["targets"][0].update(instand=True), "'instand' was unexpected"),
        (lambda d: graph(d)["gridPos"].pop("w"), "'w' is a required property"),
        (lambda d: graph(d).update(type="graph"), "is not valid under any"),
    ],
)
def test_what_grafana_does_not_know_is_found(broken: Any, said: str) -> None:
    made = screen("wakewatch-pipeline")
    broken(made)
    found = against_schema(made)
    assert any(said in line for line in found), found


def graph(made: dict[str, Any]) -> dict[str, Any]:
    return next(panel for panel in made["panels"] if panel["type"] == "timeseries")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda p: p["fieldConfig"]["defaults"].pop("unit"), "no unit"),
        (lambda p: p["fieldConfig"]["defaults"].update(unit="cph"), "knows no cph"),
        (lambda p: p["fieldConfig"]["defaults"]["thresholds"]["steps"].pop(0), "begins nowhere"),
        (lambda p: p.update(type="geomap", options={"tooltip": {"mode": "none"}}), "do not say whose"),
        (lambda p: p.pop("description"), "no description"),
        (lambda p: p["datasource"].update(uid="prometheus"), "no variable"),
        (lambda p: p["gridPos"].update(x=20, w=8), "beyond the screen"),
        (lambda p: p["gridPos"].update(y=0), "lies over"),
        (lambda p: p["targets"].clear(), "no queries"),
        (lambda p: p["fieldConfig"]["defaults"]["thresholds"].update(steps=[]), "no thresholds"),
        (lambda p: p["targets"][0].update(expr="rate(wakewatch_reports_total[1m])"), "a window of its own"),
        (lambda p: p.update(id=1), "one number"),
    ],
)
def test_a_broken_copy_is_found_out(broken: Any, said: str) -> None:
    made = screen("wakewatch-pipeline")
    panels = [panel for panel in made["panels"] if panel["type"] == "timeseries"]
    broken(next(panel for panel in panels if len(panel["fieldConfig"]["defaults"]["thresholds"]["steps"]) > 1))
    assert any(said in line for line in mistakes(made))
