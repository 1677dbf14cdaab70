"""The operations room on real programs: one page with one headline, and screens that show something."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from streams.observability.metrics import Metrics
from tests.ops import programs
from tests.ops.programs import DEPLOY, get_json, until
from tests.ops.rig import Rig
from tests.streams.test_metrics import WANTED

pytestmark = pytest.mark.broker
SCREENS = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
STILL = {
    # titles of panels that show 0 while all is well
    "Processes down",
    "Records behind",
    "Records behind, by partition",
    "Sources down",
    "Detectors that failed",
    "Feeds down",
    "Vessels dropped from state",
    "Late",
    "Received more than once, and late",
    "Event time spread",
    "Silences that could not be judged",
    "Satellite images matched",
    "Sightings reported",
    "Images wait",
    "Budgets used, last hour",
    "Budgets used, last 6 hours",
}


def panels(screen: Path) -> Iterator[dict[str, Any]]:
    for panel in json.loads(screen.read_text())["panels"]:
        if panel["type"] != "row":
            yield panel


def wanted_columns(panel: dict[str, Any]) -> set[str]:
    """The labels that a panel of rows makes columns or places of."""
    if panel["type"] == "geomap":
        return {layer["location"][axis] for layer in panel["options"]["layers"] for axis in ("latitude", "longitude")}
    filters = [one["options"] for one in panel["transformations"] if one["id"] == "filterFieldsByName"]
    return {name for one in filters for name in one["include"]["names"]}


QUERIES = [
    pytest.param(panel, programs.for_all(target["expr"]), id=f"{screen.stem}-{panel['title']}-{target['refId']}")
    for screen in SCREENS
    for panel in panels(screen)
    for target in panel["targets"]
]


def test_the_page_is_one_with_its_headline_and_resolves_when_she_is_heard(room: Rig) -> None:
    assert [body["status"] for body in room.pages()] == ["firing", "resolved"]
    assert [body["groupLabels"] for body in room.pages()] == [{"case_id": "imo/9179842"}] * 2
    said, done = (body["alerts"][0]["annotations"]["summary"] for body in room.pages())
    where_and_when = r"\d\d-\d\d\.\dN 132-00\.0E, since (\d+ [A-Z][a-z]{2} )?\d{4}Z"
    assert re.fullmatch(rf"ANGARA \(IMO 9179842\) silent \d\d min, {where_and_when}, listed: OFAC", said)
    assert "reappeared" in done


def test_one_alert_is_followed_through_the_logs_by_its_id(room: Rig) -> None:
    written = [line for line in room.ours["detect"].events("alert written") if line["severity"] == "page"]
    told_of = dict.fromkeys((line["revision"], line["status"]) for line in written)  # again after a kill -9
    assert list(told_of) == [(1, "opened"), (2, "closed")]
    told = [line for line in room.ours["notify"].events("notified") if line["alert_id"] == written[0]["alert_id"]]
    assert [line["state"] for line in told] == ["firing", "resolved"]


@pytest.mark.parametrize(("panel", "expression"), QUERIES)
def test_a_panel_shows_something(room: Rig, panel: dict[str, Any], expression: str) -> None:
    if panel["datasource"]["uid"] == "${alerts}":
        found = get_json(room.rows_port, "/api/v1/query", {"query": expression})["data"]["result"]
        assert found or "page" in expression, expression  # its row was there while it was dark, see the story
        if found:
            assert wanted_columns(panel) - {name for row in found for name in row["metric"]} == set()
        return
    asked = expression.replace("$__rate_interval", "4s").replace("[5m]", "[4s]")
    series = until(lambda: room.prometheus.series(asked, room.began_s), what=expression)
    values = {float(value) for one in series for _, value in one["values"]}
    if panel["title"] not in STILL:
        assert any(value > 0 for value in values), f"{expression}: {values}"


@pytest.mark.parametrize("name", ["source", "detector", "severity"])
def test_a_variable_has_values(room: Rig, name: str) -> None:
    queries = {
        one["query"]
        for screen in SCREENS
        for one in json.loads(screen.read_text())["templating"]["list"]
        if one["name"] == name
    }
    (query,) = queries
    found = re.fullmatch(r"label_values\((\w+), (\w+)\)", query)
    assert found is not None and found[2] == name
    series = room.prometheus.series(f"group by ({name}) ({found[1]})", room.began_s)
    assert {one["metric"][name] for one in series} - {""}


def test_pages_are_marked_on_every_dashboard(room: Rig) -> None:
    for screen in SCREENS:
        (marks,) = [one for one in json.loads(screen.read_text())["annotations"]["list"] if one["name"] == "Pages"]
        series = room.prometheus.series(marks["expr"].replace("[1m]", "[4s]"), room.began_s)
        assert {one["metric"]["detector"] for one in series} == {"gap"}, "the one page of the story"


def test_rows_answer_a_real_prometheus_client(room: Rig) -> None:
    promtool = programs.installed(["promtool"])
    assert promtool is not None
    import subprocess

    server = f"http://127.0.0.1:{room.rows_port}"
    asked = [promtool, "query", "instant", server, 'alerts{open="yes",zone!="x",detector=~"port_.*"}']
    done = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=20)
    assert 'headline="MMSI 205000003 inside RAJIN (KP)' in done.stdout
    refused = subprocess.run([*asked[:-1], "sum(alerts)"], capture_output=True, text=True, check=False, timeout=20)
    assert refused.returncode != 0
    assert "only selectors are answered" in refused.stderr


def test_the_clocks_of_a_single_partition_are_not_apart(room: Rig) -> None:
    screen = next(path for path in SCREENS if "feed-quality" in path.stem)
    asked = next(one["targets"][0]["expr"] for one in panels(screen) if one["title"] == "Event time spread")
    assert {float(one["value"][1]) for one in room.prometheus.query(asked)} == {0.0}


def test_no_system_alert_is_about_anything_but_what_is_so(room: Rig) -> None:
    firing = {one["metric"]["alertname"] for one in room.prometheus.query('ALERTS{alertstate="firing"}')}
    assert firing == {"Watchdog"}


ELSEWHERE = {
    # what the story does not move: moved in tests/streams/test_metrics.py
    "detector_errors_total",
    "evicted_total",
    "late_reports_total",
    "lag_records",
    "stalled_seconds",
    # moved by a worker that crashes at a record: tests/streams/worker/test_set_aside.py
    "record_set_aside_timestamp_seconds",
    # moved by a source that loses its connection: tests/streams/ingest/test_connectors_kafka.py
    "source_reconnects_total",
    # moved by a live source that sends something else: tests/streams/ingest/test_line_share.py
    "other_lines_total",
    # moved on a real Kafka by tests/streams/test_poison_kafka.py and tests/streams/notify/test_targets_kafka.py
    "unreadable_records_total",
    "notify_failing_seconds",
    # moved by images, on a real Kafka: tests/streams/worker/test_imagery.py
    "images_matched_total",
    "sightings_reported_total",
    "image_wait_seconds",
    # moved by untrue positions: tests/streams/traffic/test_fleet.py; by a log that is longer: seconds after a start
    "traffic_left_out",
    "traffic_unread_records",
}


def test_every_metric_is_scraped_and_moves(room: Rig) -> None:
    found = room.prometheus.series('{__name__=~"wakewatch_.+", job=~"wakewatch-.+"}', room.began_s)
    moved: dict[str, bool] = {}
    for one in found:
        name = one["metric"]["__name__"].removeprefix("wakewatch_").removesuffix("_count")
        moved[name] = moved.get(name, False) or any(float(value) > 0 for _, value in one["values"])
    wanted = set(re.findall(r"([a-z_]+)(?:\{[a-z,]+\})?", WANTED))
    assert wanted - set(moved) == set()
    assert {name for name in wanted if not moved.get(name)} <= ELSEWHERE


def families() -> set[str]:
    names = set()
    for family in Metrics(CollectorRegistry()).registry.collect():
        ends = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(family.type, [""])
        names |= {family.name + end for end in ends}
    return names


def test_every_metric_in_a_panel_or_a_rule_exists() -> None:
    texts = [path.read_text() for path in (*SCREENS, DEPLOY / "prometheus" / "wakewatch-rules.yml")]
    used = {name for text in texts for name in re.findall(r"\b(?:wakewatch|process)_[a-z_]+\b", text)}
    assert len(used) > 20
    assert used - families() - {"process_start_time_seconds", "process_cpu_seconds_total"} == set()
