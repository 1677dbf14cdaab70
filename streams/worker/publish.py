"""Sends alerts and dead letters."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, Final

import msgspec
import structlog

from detectors.core.alert import Alert, encode
from detectors.core.identities.binding import Binding, SeenUnder
from detectors.core.promises import PartitionWatermark
from streams.messages.log_records import H_COUNT
from streams.worker.dead_letters import LostInput

_log: Final = structlog.get_logger("wakewatch.worker")
SOURCE: Final = "wakewatch"
_HEADER_BYTES: Final = 1000
_LETTER_BYTES: Final = (4 << 20) - (16 << 10)
"""Room for our headers: a record of the log may have the maximum size, and would be too large with them."""


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
    """Sends through Faust's producer; what it returns must be awaited before a snapshot covers it.

    Not part of the snapshot's transaction: after a crash, every alert since the last snapshot is written again with the
    same id, revision and bytes. Readers keep one copy (``notify.core``, ``console.alert_table``, ``cli.alerts``).
    """

    def __init__(self, alerts: Any, alert_state: Any, dead: Any, identities: Any) -> None:
        self._alerts, self._alert_state, self._dead, self._identities = alerts, alert_state, dead, identities
        self._bindings: dict[int, list[asyncio.Future[Any]]] = {}
        """By partition, those that may not have been delivered yet."""

    async def alert(self, alert: Alert, partition: int) -> list[Awaitable[Any]]:
        """One revision, to the log of alerts and to the table of newest revisions."""
        value, headers = encode(alert), cloud_event(alert)
        (_log.debug if alert.severity == "log" else _log.info)(
            "alert written",
            alert_id=alert.id,
            revision=alert.revision,
            status=alert.status,
            detector=alert.detector,
            severity=alert.severity,
            partition=partition,
        )
        return [
            await self._alerts.send(key=alert.subject.encode(), value=value, headers=headers, partition=partition),
            await self._alert_state.send(key=alert.id.encode(), value=value, headers=headers, partition=partition),
        ]

    async def bindings(self, told: Sequence[Binding | SeenUnder], partition: int) -> list[asyncio.Future[Any]]:
        """Sends what a partition's vessels state about themselves to the stage of IMO numbers."""
        sent = []
        for binding in told:
            kind = "" if isinstance(binding, Binding) else "/seen"  # compaction keeps the newest of each
            key = f"{binding.imo}/{binding.mmsi}{kind}".encode()
            sent.append(await self._identities.send(key=key, value=msgspec.json.encode(binding), partition=0))
        self._bindings.setdefault(partition, []).extend(sent)
        return sent

    def heard(self, heard: PartitionWatermark) -> Awaitable[Any]:
        """A promise is sent when every binding before it is delivered, not earlier."""
        waits = [d for d in self._bindings.get(heard.partition, ()) if not d.done() or d.cancelled() or d.exception()]
        self._bindings[heard.partition] = waits
        return asyncio.ensure_future(self._promise(list(waits), heard))

    async def _promise(self, waits: Sequence[Awaitable[Any]], heard: PartitionWatermark) -> None:
        for delivery in waits:
            await delivery
        key = b"heard/%d" % heard.partition
        await (await self._identities.send(key=key, value=msgspec.json.encode(heard), partition=0))

    async def letter(self, letter: LostInput, topic: str, partition: int) -> Awaitable[Any]:
        """Lost input, whole (its first 4 MB less the headers' room), with the reason and its origin."""
        headers = {
            "reason": str(letter.reason).encode(),
            "detail": letter.detail.encode("utf-8", "replace")[: _HEADER_BYTES * letter.lines],
            "source": letter.source.encode("utf-8", "replace")[:_HEADER_BYTES],
            "topic": topic.encode(),
            "partition": b"%d" % partition,
            "offset": b"%d" % letter.offset,
            **({H_COUNT: b"%d" % letter.lines} if letter.lines > 1 else {}),
        }
        return await self._dead.send(key=None, value=letter.raw[:_LETTER_BYTES], headers=headers, partition=0)  # type: ignore[no-any-return]
