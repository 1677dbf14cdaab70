"""``make ops``: the operations room on real programs, and what its screens show. Exit code 0 when all came about."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.ops import programs
from tests.ops.programs import DEPLOY, get_json
from tests.ops.rig import Rig
from tests.ops.story import play

_out = Console(highlight=False, soft_wrap=True)


def main() -> int:
    """Starts everything, plays the story, prints the table, stops everything."""
    found = [programs.installed(names) for names in (programs.PROMETHEUS, programs.ALERTMANAGER)]
    if None in found:
        sys.stderr.write("needs Prometheus and Alertmanager: apt-get install prometheus prometheus-alertmanager\n")
        return 2
    _say("starting Kafka, worker, ingest, notifier, rows, Prometheus, Alertmanager ...")
    with tempfile.TemporaryDirectory(prefix="wakewatch-ops-") as home, Rig(Path(home), *map(str, found)) as rig:
        _say("playing: a listed ship falls silent, somebody is paged, it is heard again ...")
        play(rig)
        for path, _, body in rig.receiver.got:
            said = body["alerts"][0]["annotations"].get("summary", "")
            _out.print(f"{path[1:]:<10} {body['status']:<9} {said}", markup=False)
        _say("asking what every panel shows ...")
        table = Table("screen", "panel", "shows", box=None)
        for screen, title, shown in _shown(rig):
            table.add_row(screen, escape(title), escape(shown))
        _out.print(table)
    return 0


def _say(words: str) -> None:
    """Talk: stdout is the notifications and the table."""
    sys.stderr.write(words + "\n")


def _shown(rig: Rig) -> Iterator[tuple[str, str, str]]:
    for path in sorted((DEPLOY / "grafana" / "dashboards").glob("*.json")):
        screen = json.loads(path.read_text())
        for panel in screen["panels"]:
            for target in panel.get("targets", ()):
                yield screen["title"].partition("/ ")[2], panel["title"], _newest(rig, panel, target)


def _figure(value: float, unit: str) -> str:
    """As Grafana would write it, in few digits."""
    if unit == "bytes":
        return f"{value / 1e6:,.1f} MB" if value >= 1e6 else f"{value / 1e3:,.1f} kB"
    if unit == "percentunit":
        return f"{100 * value:.1f} %"
    said = {"s": " s", "cps": "/s", "cpm": "/min"}.get(
        unit, unit.removeprefix("suffix:") if unit.startswith("suffix:") else ""
    )
    return f"{value:,.3g}{said}" if abs(value) < 1000 else f"{value:,.0f}{said}"


def _newest(rig: Rig, panel: dict[str, Any], target: dict[str, str]) -> str:
    if "alerts" in str(panel["datasource"]):
        rows = get_json(rig.rows_port, "/api/v1/query", {"query": programs.for_all(target["expr"])})["data"]["result"]
        return f"{len(rows)} rows" + (f": {rows[0]['metric']['headline']}" if rows else "")
    found = rig.prometheus.query(programs.for_all(target["expr"]).replace("$__rate_interval", "10s"))
    names = [",".join(v for k, v in one["metric"].items() if k not in {"job", "__name__"}) for one in found]
    unit = panel["fieldConfig"]["defaults"]["unit"]
    values = [f"{name} {_figure(float(one['value'][1]), unit)}".strip() for name, one in zip(names, found, strict=True)]
    return "; ".join(values[:3]) + (f" (+{len(values) - 3})" if len(values) > 3 else "") if values else "nothing"


if __name__ == "__main__":
    sys.exit(main())
