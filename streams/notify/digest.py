"""Alerts that opened and closed while the notifier was down: counted, and sent as one ticket."""

from __future__ import annotations

from collections import Counter, deque
from typing import Final

from detectors.core.alert import Alert
from detectors.core.units import rfc3339, unix_ms
from streams.notify.notices import Notice

DIGEST_WAIT_MS: Final = 5_000
"""The digest is sent when no further missed alert has arrived for this time."""
_STANDS_MS: Final = 900_000
_NAMED_MOST: Final = 10


class MissedAlerts:
    """Alerts that closed before they were notified. Times are Unix ms of the wall clock."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._named: deque[str] = deque(maxlen=_NAMED_MOST)
        self._since_ms = self._until_ms = self._added_ms = 0

    def add(self, alert: Alert, now_ms: int) -> None:
        """Adds one."""
        when_ms = unix_ms(alert.time)
        self._since_ms = min(self._since_ms or when_ms, when_ms)
        self._until_ms = max(self._until_ms, when_ms)
        self._counts[alert.severity] += 1
        self._named.append(alert.headline)
        self._added_ms = now_ms

    def due(self, now_ms: int) -> tuple[Notice, ...]:
        """The digest, when the backlog has been read; the count then starts from 0."""
        if not self._counts or now_ms - self._added_ms < DIGEST_WAIT_MS:
            return ()
        notice = self._notice(now_ms)
        self._counts.clear()
        self._named.clear()
        self._since_ms = self._until_ms = 0
        return (notice,)

    def _notice(self, now_ms: int) -> Notice:
        total = self._counts.total()
        more = total - len(self._named)
        by_severity = ", ".join(f"{count} {severity}" for severity, count in sorted(self._counts.items()))
        lines = [*self._named, *([f"and {more} more: `wakewatch alerts --since 1d`"] if more else [])]
        return Notice(
            labels={"alertname": "backlog", "severity": "ticket"},
            annotations={
                "summary": f"{total} alerts opened and closed without a notification ({by_severity})",
                "description": "\n".join(lines),
                "explain": "wakewatch alerts --since 1d",
                "time": rfc3339(self._until_ms),
                "status": "closed",
            },
            starts_at=rfc3339(min(now_ms, self._since_ms)),
            ends_at=rfc3339(now_ms + _STANDS_MS),
        )
