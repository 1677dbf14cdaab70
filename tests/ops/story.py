"""The story that the operations room is shown: a ship is dark, somebody is paged, it is heard again; and mishaps."""

from __future__ import annotations

from typing import Any

from tests.ops.programs import get_json, until
from tests.ops.rig import Rig


def play(rig: Rig) -> None:
    """About half a minute. Fails when the page, or its end, does not come, or a mishap leaves no trace."""
    until(lambda: rig.live(0.5, angara=False) or rig.pages(), what="the page")
    until(lambda: _rows(rig, 'alerts{open="yes",severity="page"}'), what="the row of the page, while it is open")
    rig.live(3, angara=False)
    rig.live(6, angara=True)
    until(lambda: rig.pages()[-1]["status"] == "resolved", what="the resolution")
    _call_one_false(rig)
    rig.stranger()
    rig.live(3, angara=True)
    until(lambda: rig.live(0.5, angara=True) or _counts(rig, "skipped_records"), what="offsets passed over")
    rig.kill_worker()
    until(lambda: rig.live(0.5, angara=True) or _is_back(rig), 60, "the worker that was killed")
    rig.live(3, angara=True)


def _call_one_false(rig: Rig) -> None:
    """The open alert about the ship that lies in Rajin."""
    (row, *_) = until(lambda: _rows(rig, 'alerts{open="yes",detector="port_proximity"}'), what="its row")
    rig.say_of(row["metric"]["alert_id"], "false-alarm", "--by", "Kim", "--note", "receiver was being repaired")
    until(lambda: _counts(rig, "false_alarms"), what="the false alarm")


def _rows(rig: Rig, selector: str) -> list[dict[str, Any]]:
    return list(get_json(rig.rows_port, "/api/v1/query", {"query": selector})["data"]["result"])


def _counts(rig: Rig, metric: str) -> bool:
    return bool(rig.prometheus.query(f"sum(wakewatch_{metric}_total) > 0"))


def _is_back(rig: Rig) -> bool:
    return bool(rig.prometheus.query("wakewatch_worker_restarts_total == 1 and on() wakewatch_lag_records"))
