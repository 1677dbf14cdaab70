"""The part of Prometheus's HTTP API that its data source in Grafana needs to show a table.

``query`` answers a selector (``selector``) with an instant vector: a row's columns are the labels, its event
time the value. Grafana tests a data source with ``1+1``. All other PromQL is rejected with one line.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from threading import BoundedSemaphore
from typing import Any, Final

import msgspec

from streams.errors import ConfigError
from streams.grafana.selector import parse
from streams.grafana.table import AlertRows
from streams.observability.metrics_server import Answer, json_answer

ROWS_MOST: Final = 1000
"""A longer table is not readable; the newest rows are returned, with a warning."""
_MS: Final = 1000
_BAD: Final = 400
_BUSY: Final = 503
AT_ONCE: Final = 2
"""Queries that are answered at once; others wait, so that /healthz and /metrics are served too."""
_WAIT_S: Final = 5.0
_TEST: Final = "1+1"


class Answers:
    """The API over one table."""

    def __init__(self, table: AlertRows, wall_s: Callable[[], float] = time.time) -> None:
        self._table, self._wall_s = table, wall_s
        self._places = BoundedSemaphore(AT_ONCE)
        self.paths: Mapping[str, Callable[[Mapping[str, str]], Answer]] = {
            "/api/v1/query": self.query,
            "/api/v1/query_range": lambda _: _refused("only instant queries are answered"),
            "/api/v1/series": lambda _: _success([]),
            "/api/v1/labels": lambda _: _success(["__name__"]),
            "/api/v1/label/__name__/values": lambda _: _success(sorted(table.tables)),
            "/api/v1/metadata": lambda _: _success({}),
            "/api/v1/status/buildinfo": lambda _: _success(
                {"version": "2.42.0", "application": "wakewatch grafana-datasource"}
            ),
        }

    def query(self, asked: Mapping[str, str]) -> Answer:
        """An instant vector; 503 while the maximum number of queries is being answered."""
        if not self._places.acquire(timeout=_WAIT_S):
            return _said(_BUSY, "timeout", f"{AT_ONCE} requests are in progress; try again")
        try:
            return self._query(asked)
        finally:
            self._places.release()

    def _query(self, asked: Mapping[str, str]) -> Answer:
        now_s = self._wall_s()
        text = asked.get("query", "")
        if text.replace(" ", "") == _TEST:
            return _success({"resultType": "scalar", "result": [now_s, "2"]})
        try:
            selector = parse(text)
        except ConfigError as error:
            return _refused(str(error))
        if selector.table not in self._table.tables:
            return _refused(f"there is no {selector.table}; tables: {' and '.join(sorted(self._table.tables))}")
        rows = [row for row in self._table.tables[selector.table](int(now_s * _MS)) if selector.holds(row.columns)]
        result: list[dict[str, Any]] = [
            {"metric": {"__name__": selector.table, **row.columns}, "value": [now_s, f"{row.time_s:.3f}"]}
            for row in rows[:ROWS_MOST]
        ]
        more = [f"the newest {ROWS_MOST} of {len(rows)}"] if len(rows) > ROWS_MOST else []
        return _success({"resultType": "vector", "result": result}, more)


def _success(data: Any, warnings: list[str] | None = None) -> Answer:
    said: dict[str, Any] = {"status": "success", "data": data}
    if warnings:
        said["warnings"] = warnings
    return json_answer(200, msgspec.json.encode(said))


def _refused(why: str) -> Answer:
    return _said(_BAD, "bad_data", why)


def _said(status: int, kind: str, why: str) -> Answer:
    return json_answer(status, msgspec.json.encode({"status": "error", "errorType": kind, "error": why}))
