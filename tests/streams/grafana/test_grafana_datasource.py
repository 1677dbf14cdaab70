"""Rows of the alert topic: which, in which order, and what of PromQL is understood."""

import http.client
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from detectors.core.alert import Alert, Position, Vessel
from streams.errors import ConfigError
from streams.grafana import table as tables
from streams.grafana.answers import Answers
from streams.grafana.selector import parse
from streams.grafana.table import AlertRows
from streams.messages.vessel_summary import VesselSummary
from streams.observability import metrics_server
from streams.observability.metrics_server import LOOPBACK, MetricsServer, serve

NOW_S = 1_707_030_000  # 2024-02-04T07:00Z


def make(**changes: Any) -> Alert:
    fields: dict[str, Any] = {
        "id": "0" * 32,
        "revision": 1,
        "status": "opened",
        "detector": "gap",
        "rule_version": 1,
        "severity": "page",
        "subject": "mmsi/273999001",
        "case_id": "imo/9179842",
        "headline": "ANGARA silent",
        "episode_start": "2024-02-04T04:12:00.000Z",
        "time": "2024-02-04T05:12:00.000Z",
        "position": Position(lat_deg=34.6, lon_deg=129.5, time="2024-02-04T04:12:00.000Z"),
    }
    return Alert(**{**fields, **changes})


def ask(table: AlertRows, query: str) -> list[dict[str, str]]:
    said = json.loads(Answers(table, wall_s=lambda: NOW_S).paths["/api/v1/query"]({"query": query}).body)
    assert said["status"] == "success", said
    return [row["metric"] for row in said["data"]["result"]]


def filled(*alerts: Alert, written_s: int = NOW_S) -> AlertRows:
    table = AlertRows()
    for alert in alerts:
        table.take(alert, written_s * 1000)
    return table


def test_the_newest_revision_of_each_counts_whatever_the_order() -> None:
    table = filled(make(revision=2, status="closed"), make(revision=1), make(id="1" * 32, headline="other"))
    assert [row["headline"] for row in ask(table, 'alerts{open="yes"}')] == ["other"]
    assert [row["status"] for row in ask(table, 'alerts{open="no"}')] == ["closed"]
    assert len(table) == 2


def test_newest_events_come_first_and_conditions_choose() -> None:
    table = filled(
        make(id="1" * 32, time="2024-02-04T01:00:00.000Z", severity="log"),
        make(id="2" * 32, time="2024-02-04T03:00:00.000Z", severity="ticket", position=None),
        make(id="3" * 32, time="2024-02-04T02:00:00.000Z"),
    )
    assert [row["alert_id"][0] for row in ask(table, "alerts")] == ["2", "3", "1"]
    assert [row["alert_id"][0] for row in ask(table, 'alerts{severity!="log",lat!=""}')] == ["3"]
    assert [row["alert_id"][0] for row in ask(table, 'alerts{severity=~"log|ticket"}')] == ["2", "1"]
    assert ask(table, 'alerts{severity!~"log|ticket|page"}') == []


def test_what_was_written_in_the_last_hour_is_told_apart() -> None:
    table = filled(make(), written_s=NOW_S - 3601)
    table.take(make(id="1" * 32), NOW_S * 1000)
    assert [row["alert_id"][0] for row in ask(table, 'alerts{written="last_hour"}')] == ["1"]


def test_a_listed_ship_is_one_row_with_her_silence() -> None:
    listed = {"list": "OFAC", "last_heard": "2024-02-04T04:12:00.000Z"}
    table = filled(
        make(details=listed),
        make(id="1" * 32, detector="watchlist", severity="ticket", time="2024-02-04T03:00:00.000Z", details=listed),
        make(id="2" * 32, case_id="mmsi/1", headline="unlisted"),
    )
    (row,) = ask(table, "listed")
    assert row["headline"] == "ANGARA silent"
    assert row["silent"] == "3 h"
    assert row["severity"] == "page"
    assert row["could_hear"] == "its source was up"
    table.take(make(revision=2, status="closed", headline="ANGARA heard", details=listed), NOW_S * 1000)
    (row,) = ask(table, "listed")
    assert (row["silent"], row["severity"]) == ("no", "ticket")


def summary(**changes: Any) -> VesselSummary:
    fields: dict[str, Any] = {
        "mmsi": 273_999_001,
        "case_id": "imo/9179842",
        "vessel": Vessel(name="ANGARA"),
        "list": "OFAC",
        "entry_id": "1",
        "listed_name": "ANGARA",
        "last_heard": "2024-02-04T04:12:00.000Z",
        "position": Position(lat_deg=34.6, lon_deg=129.5, time="2024-02-04T04:12:00.000Z"),
        "clock": "2024-02-04T06:59:30.000Z",
        "hearing": "source_up",
    }
    return VesselSummary(**{**fields, **changes})


def test_a_listed_ship_that_no_alert_speaks_of_is_a_row_too() -> None:
    table = filled()
    table.take_ship(273_999_001, summary())
    (row,) = ask(table, "listed")
    assert (row["ship"], row["last_word"], row["where"]) == ("ANGARA OFAC", "2024-02-04 04:12Z", "34.60 129.50")
    assert (row["silent"], row["could_hear"]) == ("3 h", "its source is up")
    table.take_ship(273_999_001, None)
    assert ask(table, "listed") == []


def test_a_summary_says_how_things_stand_and_the_alerts_what_is_made_of_it() -> None:
    table = filled(make(), make(id="1" * 32, case_id="mmsi/1"))
    for changes, silent, could_hear in (
        ({"peers_heard": 7}, "3 h", "yes: 7 other vessels were heard there"),
        ({"cannot_tell": True}, "3 h", "cannot tell"),
        ({"hearing": "source_down"}, "3 h", "no: its feed is down"),
        ({"last_heard": "2024-02-04T06:59:00.000Z"}, "no", "heard now"),
        ({"replayed": True, "clock": "2024-02-04T04:50:00.000Z"}, "38 min", "its source is up"),
    ):
        table.take_ship(273_999_001, summary(**changes))
        (row,) = ask(table, "listed")
        assert (row["headline"], row["severity"]) == ("ANGARA silent", "page")
        assert (row["silent"], row["could_hear"]) == (silent, could_hear), changes


def test_ended_alerts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "ENDED_MOST", 10)
    table = filled(*(make(id=f"{n:032x}", status="closed") for n in range(20)), make(id="f" * 32))
    assert len(table) == 11
    assert {row["alert_id"] for row in ask(table, 'alerts{open="no"}')} == {f"{n:032x}" for n in range(10, 20)}


@pytest.mark.parametrize(
    "query", ["sum(alerts)", "alerts{", "alerts{x=page}", 'alerts{severity=~"("}', "", 'a{b="c" d="e"}', "x" * 3000]
)
def test_other_promql_is_refused_with_one_line(query: str) -> None:
    with pytest.raises(ConfigError):
        parse(query)
    answer = Answers(AlertRows()).query({"query": query})
    assert answer.status == 400
    assert "\n" not in json.loads(answer.body)["error"]


def test_grafana_s_own_questions_are_answered() -> None:
    paths = Answers(AlertRows()).paths
    assert json.loads(paths["/api/v1/query"]({"query": "1+1"}).body)["data"]["result"][1] == "2"
    assert json.loads(paths["/api/v1/label/__name__/values"]({}).body)["data"] == ["alerts", "listed"]
    assert paths["/api/v1/query_range"]({"query": "alerts"}).status == 400
    assert paths["/api/v1/query"]({"query": "nothing"}).status == 400


@pytest.mark.parametrize("pattern", ["(a+)+b", "(.*)*x", "(a|aa)+$", "((a*)*)*b", "(" * 200 + "a" + ")*" * 200])
def test_a_pattern_of_any_kind_is_matched_in_linear_time(pattern: str) -> None:
    table = filled(*(make(id=f"{n:032x}", headline="a" * 20_000) for n in range(20)))
    started_s = time.process_time()
    said = json.loads(Answers(table).query({"query": f'alerts{{headline=~"{pattern}"}}'}).body)
    assert said["status"] in {"success", "error"} and time.process_time() - started_s < 10


@pytest.mark.parametrize("pattern", ["(?=a)b", "(a)\\\\1", "a{1001}", "((a{100}){100}){100}", "["])
def test_what_linear_time_cannot_have_is_refused_in_one_line(pattern: str) -> None:
    with pytest.raises(ConfigError, match="regular expression of RE2"):
        parse(f'alerts{{headline=~"{pattern}"}}')


def test_questions_are_bounded() -> None:
    with pytest.raises(ConfigError):
        parse("alerts{" + 'a="b",' * 21 + "}")
    with pytest.raises(ConfigError):
        parse('alerts{a="' + "b" * 3000 + '"}')


@pytest.fixture
def server() -> Iterator[MetricsServer]:
    answers = Answers(filled(make()))
    with serve(LOOPBACK, 0, CollectorRegistry(), lambda: (True, "fine"), answers.paths, names=("rows",)) as running:
        yield running


def asked(server: MetricsServer, path: str, host: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.putrequest("GET", path, skip_host=True)
    connection.putheader("Host", host)
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_foreign_name_is_not_answered(server: MetricsServer) -> None:
    paths = ("/api/v1/query?query=alerts", "/metrics", "/healthz")
    assert {asked(server, path, "evil.example:9108") for path in paths} == {421}
    for host in ("localhost", "127.0.0.1:9108", "[::1]:9108", "rows:9108"):
        assert {asked(server, path, host) for path in paths} == {200}


def test_whoever_sends_one_byte_at_a_time_is_hung_up_on(server: MetricsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_server, "_QUESTION_S", 0.3)
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as link:
        assert is_hung_up(link)
    assert asked(server, "/healthz", "localhost") == 200


def is_hung_up(link: socket.socket) -> bool:
    for _ in range(600):
        try:
            link.sendall(b"G")
        except OSError:
            return True
        time.sleep(0.05)
    return False
