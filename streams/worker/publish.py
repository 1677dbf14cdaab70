"""Alerts and dead letters on their way out."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Final

from detectors.core.alert import Alert, encode
from streams.worker.codec import Letter

SOURCE: Final = "wakewatch"
_HEADER_BYTES: Final = 1000


def cloud_event(alert: Alert) -> dict[str, bytes]:
    """CloudEvents 1.0, binary mode: the headers of an alert's record."""
    return {
        "ce_specversion": b"1.0",
        "ce_id": f"{alert.id}/{alert.revision}".encode(),
        "ce_type": f"wakewatch.alert.{alert.detector}.v1".encode(),
        "ce_source": SOURCE.encode(),
        "ce_subject": alert.subject.encode(),
        "ce_time": alert.time.encode(),
        "content-type": b"application/json",
    }


class Publisher:
    """Sends through Faust's producer; what it returns must be awaited before a snapshot covers it."""

    def __init__(self, alerts: Any, state: Any, dead: Any) -> None:
        self._alerts, self._state, self._dead = alerts, state, dead

    async def alert(self, alert: Alert, partition: int) -> list[Awaitable[Any]]:
        """One revision, to the log of alerts and to the table of newest revisions."""
        value, headers = encode(alert), cloud_event(alert)
        return [
            await self._alerts.send(key=alert.subject.encode(), value=value, headers=headers, partition=partition),
            await self._state.send(key=alert.id.encode(), value=value, headers=headers, partition=partition),
        ]

    async def letter(self, letter: Letter, partition: int, offset: int) -> Awaitable[Any]:
        """What was lost, whole, with why and where from."""
        headers = {
            "reason": str(letter.reason).encode(),
            "detail": letter.detail.encode("utf-8", "replace")[:_HEADER_BYTES],
            "source": letter.source.encode("utf-8", "replace"),
            "from": f"{partition}/{offset}".encode(),
        }
        return await self._dead.send(key=None, value=letter.raw, headers=headers, partition=0)  # type: ignore[no-any-return]
