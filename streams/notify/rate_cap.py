"""Limits notifications to people: a cap on their number, and quiet hours. No clock: times are Unix ms, wall clock.

Rules.
1. A *group* is what Alertmanager sends as one notification: a case for a page, a detector in an area for a ticket. If
   one of its alerts is notified already, further ones are sent at once.
2. At most ``groups_most`` new groups of each severity are sent in ``window_s``. The others are held: counted, some
   named, sent together as one ("and 214 more"), and listed by all other means (topic, console, Grafana, webhook).
3. A held alert is sent by itself only if it changes when there is room again.
4. In quiet hours tickets wait; those still open at the end are sent then. Pages never wait.
"""

from __future__ import annotations

from collections import Counter, deque
from datetime import UTC, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from detectors.core.alert import Alert, Severity
from detectors.core.units import MS, rfc3339
from streams.notify.notices import Notice, area_of

GATHER_MS: Final = 5_000
"""Held alerts come in floods: they are notified this long after the first."""
_STANDS_MS: Final = 900_000
_NAMED_MOST: Final = 10


class Quiet(msgspec.Struct, frozen=True):
    """Quiet hours in a time zone; none if begin and end are equal."""

    begins: time = time(0)
    ends: time = time(0)
    zone: str = "UTC"

    def holds(self, at_ms: int) -> bool:
        """Whether that time is in the quiet hours."""
        if self.begins == self.ends:
            return False
        moment = datetime.fromtimestamp(at_ms / MS, UTC).astimezone(ZoneInfo(self.zone)).time()
        if self.begins < self.ends:
            return self.begins <= moment < self.ends
        return moment >= self.begins or moment < self.ends


class GateRules(msgspec.Struct, frozen=True, kw_only=True):
    """The limits. ``groups_most`` 0: everything is notified."""

    groups_most: int = 4
    window_s: float = 300.0
    quiet: Quiet = Quiet()


class _Over(msgspec.Struct):
    """The held alerts of one severity since ``first_ms``."""

    first_ms: int
    count: int = 0
    told: int = 0
    named: deque[str] = msgspec.field(default_factory=lambda: deque(maxlen=_NAMED_MOST))


class RateCap:
    """See the module."""

    def __init__(self, rules: GateRules) -> None:
        self._rules = rules
        self._lit: dict[str, tuple[str, ...]] = {}
        """By alert id: the group of each alert that was notified."""
        self._members: Counter[tuple[str, ...]] = Counter()
        self._recent: dict[str, deque[int]] = {"page": deque(), "ticket": deque()}
        self._held: set[str] = set()
        self._waiting: dict[str, Alert] = {}
        self._over: dict[str, _Over] = {}

    def quiet(self, at_ms: int) -> bool:
        """Whether tickets wait."""
        return self._rules.quiet.holds(at_ms)

    def admit(self, alert: Alert, at_ms: int) -> bool:
        """Whether an alert that is new to people, or is more severe now, is notified; otherwise it is held."""
        self.leave(alert.id)
        if alert.severity == "ticket" and self.quiet(at_ms):
            self._waiting[alert.id] = alert
            return False
        group = (alert.severity, *_group(alert))
        if not self._has_room(alert.severity, group, at_ms):
            self._hold(alert, at_ms)
            return False
        self._lit[alert.id] = group
        self._members[group] += 1
        return True

    def waits(self, alert_id: str) -> bool:
        """Whether it waits for the end of the quiet hours."""
        return alert_id in self._waiting

    def leave(self, alert_id: str) -> bool:
        """An alert ends, or is judged again. True if it was held without a notification."""
        held = self._waiting.pop(alert_id, None) is not None or alert_id in self._held
        self._held.discard(alert_id)
        group = self._lit.pop(alert_id, None)
        if group is not None:
            self._members[group] -= 1
            if not self._members[group]:
                del self._members[group]
        return held

    def _has_room(self, severity: Severity, group: tuple[str, ...], at_ms: int) -> bool:
        if self._members[group] or not self._rules.groups_most:
            return True
        recent = self._recent[severity]
        while recent and recent[0] <= at_ms - self._rules.window_s * MS:
            recent.popleft()
        if len(recent) >= self._rules.groups_most:
            return False
        recent.append(at_ms)
        return True

    def _hold(self, alert: Alert, at_ms: int) -> None:
        over = self._over.get(alert.severity)
        if over is None or at_ms - over.first_ms >= self._rules.window_s * MS:
            over = self._over[alert.severity] = _Over(first_ms=at_ms)
        over.count += 1
        over.named.append(alert.headline)
        self._held.add(alert.id)

    def released(self, now_ms: int) -> tuple[Alert, ...]:
        """The alerts that waited for the end of the quiet hours."""
        if not self._waiting or self.quiet(now_ms):
            return ()
        waiting, self._waiting = tuple(self._waiting.values()), {}
        return waiting

    def due(self, now_ms: int) -> tuple[Notice, ...]:
        """The notice about held alerts, if there is news of them."""
        ripe = [(s, over) for s, over in self._over.items() if over.count > over.told]
        told = [(s, over) for s, over in ripe if now_ms - over.first_ms >= GATHER_MS]
        for _, over in told:
            over.told = over.count
        return tuple(_more(severity, over, now_ms) for severity, over in told)


def _group(alert: Alert) -> tuple[str, ...]:
    return (alert.case_id,) if alert.severity == "page" else (alert.detector, area_of(alert))


def _more(severity: str, over: _Over, now_ms: int) -> Notice:
    """The notice has the same labels during its window, so Alertmanager notifies it once in that time."""
    since = rfc3339(over.first_ms)
    rest = over.count - len(over.named)
    lines = [*over.named, *([f"and {rest} more"] if rest else [])]
    return Notice(
        labels={"alertname": "more", "severity": severity, "case_id": f"more/{since}"},
        annotations={
            "summary": f"and {over.count} more {severity}s since {since[11:16]}Z, not sent one by one",
            "description": "\n".join(lines),
            "explain": "wakewatch alerts --since 1h",
            "time": since,
            "status": "opened",
        },
        starts_at=since,
        ends_at=rfc3339(now_ms + _STANDS_MS),
    )


def quiet_of(text: str, zone: str) -> Quiet:
    """``22:00-06:00`` as quiet hours; empty text: none. Raises ValueError, KeyError."""
    if not text:
        return Quiet()
    begins, ends = (time.fromisoformat(part.strip()) for part in text.split("-"))
    ZoneInfo(zone)
    return Quiet(begins, ends, zone)
