"""A listed ship as a row of text: from its summary and its alerts, or from its alerts alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from detectors.core.alert import Alert
from detectors.core.units import MS, unix_ms
from streams.messages.values import ms_of
from streams.messages.vessel_summary import VesselSummary
from streams.notify.notices import ENDED

_DAY_S: Final = 86_400
_TWO_DAYS_S: Final = 2 * _DAY_S
_TWO_HOURS_S: Final = 7200
_HEARD_S: Final = 600
"""Ships at rest report every three minutes; a shorter silence is not shown as one."""


class AlertRow(NamedTuple):
    """One row: its columns as text, and its event time, Unix s."""

    columns: dict[str, str]
    time_s: float


def known_ship(ship: VesselSummary, alerts: list[Alert], now_ms: int, reached_ms: int) -> AlertRow:
    """From its summary. ``reached_ms``: event time reached, which is "now" for a recording."""
    newest = max(alerts, key=lambda alert: (alert.time, alert.revision), default=None)
    who = ship.vessel.name or ship.listed_name
    heard_ms = unix_ms(ship.last_heard)
    silent_s = max(0, (reached_ms if ship.replayed else now_ms) - heard_ms) / MS
    columns = {
        "headline": newest.headline if newest else f"{who}, listed: {ship.list}",
        "ship": f"{who} {ship.list}",
        "severity": _severity(alerts),
        "detector": newest.detector if newest else "",
        "case_id": ship.case_id,
        "explain": f"wakewatch explain {newest.id[:8]}" if newest else "",
        "last_word": ship.last_heard[:16].replace("T", " ") + "Z",
        "silent": "no" if silent_s < _HEARD_S else _span(silent_s),
        "could_hear": _could_hear_vessel(ship, silent_s),
        "destination": ship.destination or "",
    }
    if ship.position is not None:
        columns["where"] = f"{ship.position.lat_deg:.2f} {ship.position.lon_deg:.2f}"
    return AlertRow(columns, heard_ms / MS)


def _severity(alerts: Iterable[Alert]) -> str:
    return min((a.severity for a in alerts if a.status not in ENDED), key=_urgency, default="")


def _could_hear_vessel(ship: VesselSummary, silent_s: float) -> str:
    if ship.hearing == "source_down":
        return "no: its feed is down"
    if silent_s < _HEARD_S:
        return "heard now"
    if ship.cannot_tell:
        return "cannot tell"
    return "its source is up" if ship.peers_heard is None else f"yes: {ship.peers_heard} other vessels were heard there"


def is_listed(alerts: Iterable[Alert]) -> bool:
    """Whether any alert of a case is about a listed ship."""
    return any(alert.details.get("list") for alert in alerts)


def ship_of_case(alerts: list[Alert], now_ms: int, ends_ms: int, down: set[str]) -> AlertRow:
    """From the alerts of its case. ``ends_ms``: the newest event time, "now" for a recording; ``down``: sources."""
    newest = max(alerts, key=lambda alert: (alert.time, alert.revision))
    fixes = [alert.position for alert in alerts if alert.position is not None]
    last = max(fixes, key=lambda fix: fix.time, default=None)
    columns = {
        "headline": newest.headline,
        "ship": _name(newest),
        "severity": min((a.severity for a in alerts if a.status not in ENDED), key=_urgency, default=newest.severity),
        "detector": newest.detector,
        "case_id": newest.case_id,
        "explain": f"wakewatch explain {newest.id[:8]}",
        "could_hear": _could_hear(alerts, down),
    }
    last_ms = unix_ms(newest.time)
    if last is not None:
        columns["last_word"] = last.time[:16].replace("T", " ") + "Z"
        columns["where"] = f"{last.lat_deg:.2f} {last.lon_deg:.2f}"
    columns["silent"] = _silent(alerts, ends_ms if newest.replayed else now_ms)
    return AlertRow(columns, last_ms / MS)


def _name(alert: Alert) -> str:
    who = alert.vessel.name if alert.vessel is not None and alert.vessel.name else alert.case_id
    return f"{who} {alert.details.get('list', '')}".strip()


def _silent(alerts: list[Alert], now_ms: int) -> str:
    """How long the ship has been silent, if an alert states it; a ship that transmits causes no alerts."""
    gap = _open_gap(alerts)
    if gap is None:
        return "no"
    since_ms = ms_of(gap.details.get("last_heard"))
    return _span((now_ms - (unix_ms(gap.episode_start) if since_ms is None else since_ms)) / MS)


def _open_gap(alerts: list[Alert]) -> Alert | None:
    """The open gap with the strongest statement; "cannot tell" comes last."""
    gaps = [a for a in alerts if a.detector == "gap" and a.status not in ENDED]
    return min(gaps, key=lambda gap: gap.details.get("category") == "cannot_tell", default=None)


def _urgency(severity: str) -> int:
    return ("page", "ticket", "log").index(severity)


def _could_hear(alerts: list[Alert], down: set[str]) -> str:
    """Whether this feed could hear the ship, by the open gap; empty if the ship is not called silent."""
    gap = _open_gap(alerts)
    if gap is None:
        return "not called silent"
    if gap.details.get("source") in down:
        return "no: its feed is down"
    peers = gap.details.get("peers_heard")
    if gap.details.get("category") == "cannot_tell":
        return "cannot tell"
    return "its source was up" if peers is None else f"yes: {peers} other vessels were heard there"


def _span(seconds: float) -> str:
    if seconds >= _TWO_DAYS_S:
        return f"{seconds / _DAY_S:.0f} d"
    return f"{seconds / 3600:.0f} h" if seconds >= _TWO_HOURS_S else f"{max(0.0, seconds) / 60:.0f} min"
