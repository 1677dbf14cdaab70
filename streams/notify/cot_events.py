"""Alerts as Cursor on Target 2.0, the events of TAK maps. Pure.

An event is the state of one alert: its ``uid`` is the alert's id, so each one replaces the last. A vessel is of unknown
affiliation on the surface of the sea (``a-u-S``), an area is a marked point. An alert that has ended is sent once more,
stale at once. Alerts about sources have no place and no event.
"""

from __future__ import annotations

from typing import Final
from xml.etree import ElementTree as ET

import msgspec

from detectors.core.alert import Alert
from detectors.core.sphere import place
from detectors.core.units import HOUR_MS, MS, rfc3339, unix_ms
from streams.messages.fact_wording import spoken
from streams.messages.inert import inert
from streams.notify.core import MapMark
from streams.notify.links import link_to

DATAGRAM_MOST: Final = 1400
"""Bytes of an event in one datagram, so that no network cuts it in pieces."""
UNKNOWN: Final = "9999999.0"
"""As the format writes an unknown height or error."""
VESSEL_TYPE, AREA_TYPE = "a-u-S", "b-m-p-s-m"
HOW: Final = "m-r"
"""Received by a machine."""
_HEADER: Final = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_CALLSIGN_MOST, _REMARKS_MOST, _CASE_MOST = 48, 1500, 120
_NM_M: Final = 1852.0
_KN_MS: Final = _NM_M / 3600
_ENDED: Final = frozenset({"closed", "retracted"})


class CotRules(msgspec.Struct, frozen=True, kw_only=True):
    """How events are made."""

    stale_s: float = 300.0
    console: str = ""
    """Address of the console as ``links.address_of`` gives it; empty: no links."""
    bytes_most: int = 0
    """Longest event; 0: any length. Remarks are cut for it."""


def event_of(mark: MapMark, rules: CotRules, now_ms: int) -> bytes | None:
    """The event, UTF-8; None if the alert has no place. ``now_ms`` is the wall clock, Unix ms."""
    if mark.alert.position is None:
        return None
    remarks = _remarks(mark)
    made = _written(mark, rules, now_ms, remarks)
    while rules.bytes_most and len(made) > rules.bytes_most and remarks:
        remarks = remarks[: len(remarks) * 3 // 4]
        made = _written(mark, rules, now_ms, remarks)
    return made


def _written(mark: MapMark, rules: CotRules, now_ms: int, remarks: str) -> bytes:
    alert = mark.alert
    stale_ms = now_ms if mark.ended else now_ms + int(rules.stale_s * MS)
    root = ET.Element(
        "event",
        {
            "version": "2.0",
            "uid": alert.id,
            "type": AREA_TYPE if alert.subject.startswith("place/") else VESSEL_TYPE,
            "how": HOW,
            "time": rfc3339(now_ms),
            "start": rfc3339(min(now_ms, unix_ms(alert.time))),
            "stale": rfc3339(stale_ms),
        },
    )
    _point(root, alert)
    detail = ET.SubElement(root, "detail")
    ET.SubElement(detail, "contact", {"callsign": _callsign(alert)})
    ET.SubElement(detail, "remarks", {"source": "wakewatch", "time": alert.time}).text = remarks
    _link(detail, alert, rules.console)
    _track(detail, mark)
    made: bytes = ET.tostring(root, encoding="utf-8")
    return _HEADER + made


def _point(root: ET.Element, alert: Alert) -> None:
    """The last position. Its error is the reach of a vessel that is silent, otherwise unknown."""
    position = alert.position
    assert position is not None
    speed_kn = alert.details.get("v_max_kn")
    error = UNKNOWN
    if alert.status not in _ENDED and isinstance(speed_kn, int | float) and speed_kn > 0:
        hours = max(0, unix_ms(alert.time) - unix_ms(position.time)) / HOUR_MS
        error = f"{min(speed_kn * hours * _NM_M, float(UNKNOWN)):.1f}"
    at = {"lat": f"{position.lat_deg:.6f}", "lon": f"{position.lon_deg:.6f}"}
    ET.SubElement(root, "point", {**at, "hae": UNKNOWN, "ce": error, "le": UNKNOWN})


def _callsign(alert: Alert) -> str:
    """``ANGARA gap``: who and what, as a map shows it."""
    name = alert.vessel.name if alert.vessel is not None else None
    who = name or (f"MMSI {alert.mmsi}" if alert.mmsi else alert.subject)
    return f"{inert(who)[:_CALLSIGN_MOST]} {alert.detector.replace('_', ' ')[:_CALLSIGN_MOST]}"


def _remarks(mark: MapMark) -> str:
    alert, position = mark.alert, mark.alert.position
    assert position is not None
    state = mark.word or (alert.status if mark.ended else f"{alert.severity}, {alert.status}")
    lines = (
        f"{state}: {alert.headline}",
        f"Last position {place(position.lat_deg, position.lon_deg)} at {position.time}.",
        "A lead for a person, not a finding.",
        f"wakewatch explain {alert.id}",
        *map(spoken, alert.why),
        *(f"would change it: {sentence}" for sentence in alert.would_change),
    )
    return "\n".join(map(inert, lines))[:_REMARKS_MOST]


def _link(detail: ET.Element, alert: Alert, console: str) -> None:
    """The case on the console; none for a case id of a length that no console has."""
    if console and len(alert.case_id) <= _CASE_MOST:
        address = link_to(console, {"case_id": alert.case_id, "alert_id": alert.id})
        said = {"uid": f"{alert.id}.case", "relation": "r-u", "type": "b-i-x-i", "mime": "text/html"}
        ET.SubElement(detail, "link", {**said, "url": address, "remarks": "The case on the console"})


def _track(detail: ET.Element, mark: MapMark) -> None:
    """Course and speed, while it is heard: a map would move a vessel that is silent."""
    position = mark.alert.position
    silent = "last_heard" in mark.alert.details
    if position is None or silent or mark.ended or position.cog_deg is None or position.sog_kn is None:
        return
    said = {"course": f"{position.cog_deg:.1f}", "speed": f"{position.sog_kn * _KN_MS:.2f}"}
    ET.SubElement(detail, "track", said)
