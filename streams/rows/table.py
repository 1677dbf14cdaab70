"""The newest revision of each alert, as rows of text. No Kafka, no clock.

Rules.
- Bounded: of ended alerts the newest ``ENDED_MOST`` are kept; open ones all, as the worker keeps them all.
- Event time is the time of a recording's rows, the wall clock that of live ones: "now" for a silence follows it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from typing import Final, NamedTuple

from detectors.core.alert import Alert
from detectors.core.units import MS
from streams.notify.notices import ENDED, area_of, time_ms

ENDED_MOST: Final = 20_000
_HOUR_MS: Final = 3_600_000
_DAY_S: Final = 86_400
_TWO_DAYS_S: Final = 2 * _DAY_S
_TWO_HOURS_S: Final = 7200


class Row(NamedTuple):
    """One line: its columns as text, and the event time that it stands for, Unix s."""

    columns: dict[str, str]
    time_s: float


class _Held(NamedTuple):
    alert: Alert
    written_ms: int


class AlertTable:
    """Takes revisions in from one thread, answers from others."""

    def __init__(self) -> None:
        self._open: dict[str, _Held] = {}
        self._ended: OrderedDict[str, _Held] = OrderedDict()
        self._lock = Lock()
        self.tables: Mapping[str, Callable[[int], list[Row]]] = {"alerts": self.alerts, "listed": self.listed}

    def __len__(self) -> int:
        return len(self._open) + len(self._ended)

    def take(self, alert: Alert, written_ms: int) -> None:
        """A revision; an older one than is known changes nothing."""
        with self._lock:
            known = self._open.get(alert.id) or self._ended.get(alert.id)
            if known is not None and known.alert.revision >= alert.revision:
                return
            self._open.pop(alert.id, None)
            self._ended.pop(alert.id, None)
            held = self._ended if alert.status in ENDED else self._open
            held[alert.id] = _Held(alert, written_ms)
            if len(self._ended) > ENDED_MOST:
                self._ended.popitem(last=False)

    def alerts(self, now_ms: int) -> list[Row]:
        """A row an alert, newest event first. ``now_ms``: the wall clock."""
        rows = [Row(_columns(held, now_ms), time_ms(held.alert.time) / MS) for held in self._all()]
        return sorted(rows, key=lambda row: -row.time_s)

    def listed(self, now_ms: int) -> list[Row]:
        """A row a listed ship: the newest word of her case, and how long she has been silent."""
        cases: dict[str, list[Alert]] = {}
        held = self._all()
        for one in held:
            cases.setdefault(one.alert.case_id, []).append(one.alert)
        ends_ms = max((time_ms(one.alert.time) for one in held), default=0)
        down = {a.subject.removeprefix("source/") for h in held if (a := h.alert).detector == "feed_outage"
                and a.status not in ENDED}  # fmt: skip
        rows = [_ship(alerts, now_ms, ends_ms, down) for alerts in cases.values() if _is_listed(alerts)]
        return sorted(rows, key=lambda row: -row.time_s)

    def _all(self) -> list[_Held]:
        with self._lock:
            return [*self._open.values(), *self._ended.values()]


def _columns(held: _Held, now_ms: int) -> dict[str, str]:
    alert = held.alert
    columns = {
        "time": alert.time[:16].replace("T", " ") + "Z",
        "severity": alert.severity,
        "detector": alert.detector,
        "status": alert.status,
        "headline": alert.headline,
        "verification": alert.verification,
        "case_id": alert.case_id,
        "alert_id": alert.id,
        "explain": f"wakewatch explain {alert.id[:8]}",
        "open": "no" if alert.status in ENDED else "yes",
        "written": "last_hour" if now_ms - held.written_ms <= _HOUR_MS else "earlier",
        "input": "recording" if alert.replayed else "live",
        "area": area_of(alert),
    }
    if alert.position is not None:
        columns |= {"lat": f"{alert.position.lat_deg:.4f}", "lon": f"{alert.position.lon_deg:.4f}"}
    return columns


def _is_listed(alerts: Iterable[Alert]) -> bool:
    return any(alert.details.get("list") for alert in alerts)


def _ship(alerts: list[Alert], now_ms: int, ends_ms: int, down: set[str]) -> Row:
    newest = max(alerts, key=lambda alert: (alert.time, alert.revision))
    fixes = [alert.position for alert in alerts if alert.position is not None]
    last = max(fixes, key=lambda fix: fix.time, default=None)
    columns = {
        "headline": newest.headline,
        "severity": min((a.severity for a in alerts if a.status not in ENDED), key=_urgency, default=newest.severity),
        "detector": newest.detector,
        "case_id": newest.case_id,
        "explain": f"wakewatch explain {newest.id[:8]}",
        "could_hear": _could_hear(alerts, down),
    }
    last_ms = time_ms(newest.time)
    if last is not None:
        columns["last_word"] = last.time[:16].replace("T", " ") + "Z"
        columns["where"] = f"{last.lat_deg:.2f} {last.lon_deg:.2f}"
    columns["silent"] = _silent(alerts, ends_ms if newest.replayed else now_ms)
    return Row(columns, last_ms / MS)


def _silent(alerts: list[Alert], now_ms: int) -> str:
    """For how long, where an alert says that she is; a ship that sends says nothing to the alert topic."""
    gap = _open_gap(alerts)
    if gap is None:
        return "no"
    return _span((now_ms - time_ms(str(gap.details.get("last_heard", gap.episode_start)))) / MS)


def _open_gap(alerts: list[Alert]) -> Alert | None:
    return next((a for a in alerts if a.detector == "gap" and a.status not in ENDED), None)


def _urgency(severity: str) -> int:
    return ("page", "ticket", "log").index(severity)


def _could_hear(alerts: list[Alert], down: set[str]) -> str:
    """What the open gap says of this feed there; nothing where she is not called silent."""
    gap = _open_gap(alerts)
    if gap is None:
        return "not called silent"
    if gap.details.get("source") in down:
        return "no: its feed is down"
    peers = gap.details.get("peers_heard")
    if gap.details.get("cannot_tell"):
        return "cannot tell"
    return "its source was up" if peers is None else f"yes: {peers} others were heard there"


def _span(seconds: float) -> str:
    if seconds >= _TWO_DAYS_S:
        return f"{seconds / _DAY_S:.0f} d"
    return f"{seconds / 3600:.0f} h" if seconds >= _TWO_HOURS_S else f"{max(0.0, seconds) / 60:.0f} min"
