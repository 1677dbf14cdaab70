"""The story that the operations room is shown: a ship is dark, somebody is paged, she is heard again; and mishaps."""

from __future__ import annotations

from tests.ops.programs import get_json, until
from tests.ops.rig import Rig


def play(rig: Rig) -> None:
    """About half a minute. Fails when the page, or its end, does not come, or a mishap leaves no trace."""
    until(lambda: rig.live(0.5, angara=False) or rig.pages(), what="the page")
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
    asked = {"query": 'alerts{open="yes",detector="port_proximity"}'}
    (row, *_) = until(lambda: get_json(rig.rows_port, "/api/v1/query", asked)["data"]["result"], what="her row")
    rig.say_of(row["metric"]["alert_id"], "false-alarm", "--by", "Kim", "--note", "receiver was being repaired")
    until(lambda: _counts(rig, "false_alarms"), what="the false alarm")


def _counts(rig: Rig, metric: str) -> bool:
    return bool(rig.prometheus.query(f"sum(wakewatch_{metric}_total) > 0"))


def _is_back(rig: Rig) -> bool:
    return bool(rig.prometheus.query("wakewatch_worker_restarts_total == 1 and on() wakewatch_lag_records"))
