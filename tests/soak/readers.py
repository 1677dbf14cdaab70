"""What is asked for while a soak runs: the console's page and stream, the dashboards' tables, all metrics."""

from __future__ import annotations

import http.client
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any, Final
from urllib.parse import urlencode

from tests.ops.programs import for_all

_DASHBOARDS: Final = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards"
_EVERY_S: Final = 3.0
_PATIENCE_S: Final = 20.0
_STREAM_BYTES: Final = 2000
_CONSOLE: Final = (
    "/",
    "/api/alerts",
    "/api/alerts?log=1&find=soak",
    "/api/health",
    "/metrics",
    "/api/traffic/vessels",
    "/api/traffic/coverage",
)


def row_queries() -> tuple[str, ...]:
    """What Grafana asks of ``wakewatch grafana-datasource``."""
    panels = [panel for path in sorted(_DASHBOARDS.glob("*.json")) for panel in _panels(json.loads(path.read_text()))]
    asked = [
        for_all(target["expr"]) for p in panels if p["datasource"]["uid"] == "${alerts}" for target in p["targets"]
    ]
    return tuple(dict.fromkeys(asked))


def _panels(screen: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for panel in screen["panels"]:
        yield from panel.get("panels", ())
        if panel.get("targets"):
            yield panel


class Readers:
    """``asked`` counts answers by status and path, ``most`` has the most rows that a table showed."""

    def __init__(self, console: int, rows: int, metrics: dict[str, int]) -> None:
        self._console, self._rows, self._metrics = console, rows, metrics
        self.asked: Counter[tuple[str, str]] = Counter()
        self.most: Counter[str] = Counter()

    def run(self, stop: Event) -> None:
        """Asks all of it again and again."""
        while not stop.wait(_EVERY_S):
            self.ask()

    def ready(self) -> bool:
        """Whether all of it is answered; what was asked before does not count."""
        self.asked.clear()
        self.ask()
        return self.failed() == 0

    def ask(self) -> None:
        """Asks all of it once."""
        for path in _CONSOLE:
            self._get("console", self._console, path)
        self._listen()
        for query in row_queries():
            said = self._get("rows", self._rows, "/api/v1/query?" + urlencode({"query": query}))
            if said:
                self.most[query] = max(self.most[query], len(json.loads(said)["data"]["result"]))
        for name, port in self._metrics.items():
            self._get(name, port, "/metrics")

    def failed(self) -> int:
        """Answers that were none, or not 200."""
        return sum(count for (_, status), count in self.asked.items() if status != "200")

    def _get(self, name: str, port: int, path: str) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
            self.asked[name, str(answer.status)] += 1
            return body if answer.status == http.HTTPStatus.OK else b""
        except OSError as error:
            self.asked[name, type(error).__name__] += 1
            return b""
        finally:
            connection.close()

    def _listen(self) -> None:
        """As a browser that is opened and closed again."""
        connection = http.client.HTTPConnection("127.0.0.1", self._console, timeout=_PATIENCE_S)
        try:
            connection.request("GET", "/api/events")
            answer = connection.getresponse()
            answer.read1(_STREAM_BYTES)
            self.asked["console stream", str(answer.status)] += 1
        except OSError as error:
            self.asked["console stream", type(error).__name__] += 1
        finally:
            connection.close()
