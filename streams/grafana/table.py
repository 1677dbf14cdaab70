"""The newest revision of each alert, as rows of text. No Kafka, no clock.

Rules.
- Bounded: of ended alerts the newest ``ENDED_MOST`` are kept; open ones all, as the worker keeps them all.
- The present time of a recording's rows is event time, that of live rows is the wall clock; silences are measured to
  it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Final, NamedTuple

from detectors.core.alert import Alert
from detectors.core.units import MS, unix_ms
from streams.grafana.ships import AlertRow, is_listed, known_ship, ship_of_case
from streams.messages.vessel_summary import VesselSummary
from streams.notify.notices import ENDED, area_of

ENDED_MOST: Final = 20_000
_HOUR_MS: Final = 3_600_000


class _HeldRow(NamedTuple):
    alert: Alert
    written_ms: int


class AlertRows:
    """Receives revisions in one thread, and answers in others."""

    def __init__(self) -> None:
        self._open: dict[str, _HeldRow] = {}
        self._ended: OrderedDict[str, _HeldRow] = OrderedDict()
        self._ships: dict[int, VesselSummary] = {}
        self._lock = Lock()
        self.tables: Mapping[str, Callable[[int], list[AlertRow]]] = {"alerts": self.alerts, "listed": self.listed}

    def __len__(self) -> int:
        return len(self._open) + len(self._ended)

    def take(self, alert: Alert, written_ms: int) -> None:
        """Adds a revision; one older than the known one changes nothing."""
        with self._lock:
            known = self._open.get(alert.id) or self._ended.get(alert.id)
            if known is not None and known.alert.revision >= alert.revision:
                return
            self._open.pop(alert.id, None)
            self._ended.pop(alert.id, None)
            held = self._ended if alert.status in ENDED else self._open
            held[alert.id] = _HeldRow(alert, written_ms)
            if len(self._ended) > ENDED_MOST:
                self._ended.popitem(last=False)

    def drop(self, alert_id: str) -> None:
        """Removes an alert that was deleted from the table of alerts."""
        with self._lock:
            self._open.pop(alert_id, None)
            self._ended.pop(alert_id, None)

    def take_ship(self, mmsi: int, summary: VesselSummary | None) -> None:
        """Updates the summary of a listed ship; None: no longer listed."""
        with self._lock:
            self._ships.pop(mmsi, None)
            if summary is not None:
                self._ships[mmsi] = summary

    def alerts(self, now_ms: int) -> list[AlertRow]:
        """One row per alert, newest event first. ``now_ms``: the wall clock."""
        rows = [AlertRow(_columns(held, now_ms), unix_ms(held.alert.time) / MS) for held in self._all()]
        return sorted(rows, key=lambda row: -row.time_s)

    def listed(self, now_ms: int) -> list[AlertRow]:
        """One row per listed ship, the last heard first: place, duration of silence, and its alerts.

        Rows come from the summaries of vessels. A ship that has only alerts (its topic is older, or its state was
        forgotten) is shown from its alerts.
        """
        cases: dict[str, list[Alert]] = {}
        held = self._all()
        for one in held:
            cases.setdefault(one.alert.case_id, []).append(one.alert)
        ends_ms = max((unix_ms(one.alert.time) for one in held), default=0)
        down = {
            a.subject.removeprefix("source/")
            for h in held
            if (a := h.alert).detector == "feed_outage" and a.status not in ENDED
        }
        with self._lock:
            ships = list(self._ships.values())
        reached_ms = max((unix_ms(ship.clock) for ship in ships), default=0)
        rows = [known_ship(ship, cases.pop(ship.case_id, []), now_ms, reached_ms) for ship in ships]
        rows += [ship_of_case(alerts, now_ms, ends_ms, down) for alerts in cases.values() if is_listed(alerts)]
        return sorted(rows, key=lambda row: -row.time_s)

    def _all(self) -> list[_HeldRow]:
        with self._lock:
            return [*self._open.values(), *self._ended.values()]


def _columns(held: _HeldRow, now_ms: int) -> dict[str, str]:
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
