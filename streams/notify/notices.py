"""Converts an alert revision to the form of Alertmanager's API v2. Pure.

Labels are the identity there: they are few, bounded, and the same for every revision of an alert unless its severity or
place changes. All text is in annotations. No label has an MMSI; routes group by ``case_id`` and ``alert_id``, and a
route that groups by neither sees only detector, severity, zone, area, list and source.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import msgspec

from detectors.core.alert import Alert
from detectors.core.units import MS, rfc3339, unix_ms
from streams.messages.fact_wording import spoken
from streams.messages.feedback import Feedback

AREA_DEG: Final = 5
"""Side of an area cell: 2,592 on Earth. A ship-dense region is a handful, so a flood there is a handful of groups."""
LABEL_MOST: Final = 64
TEXT_MOST: Final = 2000
GAP: Final = "gap"
ENDED: Final = frozenset({"closed", "retracted"})


class Notice(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An alert for a POST to the API v2: firing until ``ends_at``, resolved after it."""

    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: str
    ends_at: str
    generator_url: str = msgspec.field(default="", name="generatorURL")
    """Where a person reads more; Alertmanager calls it the source."""


def firing(alert: Alert, now_ms: int, lapse_s: float) -> Notice:
    """The alert as open. It lapses by itself if it is not repeated for ``lapse_s``."""
    return _notice(alert, labels_of(alert), _started_ms(alert, now_ms), now_ms + int(lapse_s * MS))


def resolved(alert: Alert, labels: dict[str, str], now_ms: int, word: str = "") -> Notice:
    """The end of the notice under ``labels``; ``alert`` is the revision that ended it.

    ``word`` names the person who silenced it (``spoken_by``) if the alert is still open: otherwise "resolved" would
    read as if the ship were back.
    """
    started_ms = _started_ms(alert, now_ms)
    ended = _notice(alert, labels, started_ms, min(now_ms, max(started_ms, unix_ms(alert.time))))
    if word:
        ended.annotations["summary"] = f"{word}: {alert.headline}"
    return ended


def spoken_by(said: Feedback) -> str:
    """``acknowledged by Kim``."""
    return f"{said.kind.replace('_', ' ')} by {said.by}"


def _notice(alert: Alert, labels: dict[str, str], started_ms: int, ends_ms: int) -> Notice:
    return Notice(
        labels=labels, annotations=annotations_of(alert), starts_at=rfc3339(started_ms), ends_at=rfc3339(ends_ms)
    )


def _started_ms(alert: Alert, now_ms: int) -> int:
    return min(now_ms, unix_ms(alert.episode_start))  # Alertmanager rejects an end before its start


def labels_of(alert: Alert) -> dict[str, str]:
    """The labels for routes and groups; a label that does not apply is absent."""
    wanted = {
        "alertname": alert.detector,
        "severity": alert.severity,
        "alert_id": alert.id,
        "case_id": alert.case_id,
        "area": area_of(alert),
        "zone": str(alert.details.get("zone", "")),
        "list": str(alert.details.get("list", "")),
        "source": source_of(alert),
    }
    return {name: _label(value) for name, value in wanted.items() if value}


def source_of(alert: Alert) -> str:
    """The source that the alert is about, or for a gap the last one that heard it: its outage explains the gap."""
    if alert.subject.startswith("source/"):
        return alert.subject.removeprefix("source/")
    if alert.detector != GAP:
        return ""
    return str(alert.details.get("source", "")) or next((one.source for one in alert.evidence), "")


def area_of(alert: Alert) -> str:
    """The cell of the last fix, by its south-west corner (``30N125E``); empty without a fix."""
    if alert.position is None:
        return ""
    south = math.floor(alert.position.lat_deg / AREA_DEG) * AREA_DEG
    west = math.floor(alert.position.lon_deg / AREA_DEG) * AREA_DEG
    return f"{abs(south):02d}{'N' if south >= 0 else 'S'}{abs(west):03d}{'E' if west >= 0 else 'W'}"


def annotations_of(alert: Alert) -> dict[str, str]:
    """What a person reads."""
    wanted = {
        "summary": alert.headline,
        "description": "\n".join(_story(alert))[:TEXT_MOST],
        "explain": f"wakewatch explain {alert.id}",
        "status": alert.status,
        "revision": str(alert.revision),
        "verification": alert.verification,
        "time": alert.time,
    }
    return {name: value for name, value in wanted.items() if value}


def _story(alert: Alert) -> Iterable[str]:
    yield from map(spoken, alert.why)
    yield from (f"would change it: {sentence}" for sentence in alert.would_change)
    if alert.verification == "unverified":
        yield "unverified: based on one report so far"
    yield "A lead for a person, not a finding."


def _label(value: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in value[:LABEL_MOST])
