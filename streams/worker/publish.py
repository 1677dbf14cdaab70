"""Sends alerts and dead letters."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Final

import structlog

from detectors.core.alert import Alert, encode
from detectors.core.promises import PartitionWatermark
from streams.errors import InputError
from streams.imagery.cues import cue_of
from streams.messages.cue import Cue
from streams.messages.cue import encode as encode_cue
from streams.messages.log_records import H_COUNT
from streams.worker.area_records import AreaRecords
from streams.worker.dead_letters import LostInput
from streams.worker.fact_topic import FactTopic
from streams.worker.joined_records import RunOutcome

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


def cue_event(cue: Cue, subject: str) -> dict[str, bytes]:
    """CloudEvents 1.0, binary mode: the headers of a cue's record."""
    said = cue.properties
    return {
        "ce_specversion": b"1.0",
        "ce_id": f"{cue.id}/{said.revision}".encode(),
        "ce_type": b"wakewatch.cue.v1",
        "ce_source": SOURCE.encode(),
        "ce_subject": subject.encode(),
        "ce_time": said.time.encode(),
        "content-type": b"application/json",
    }


class Publisher:
    """Sends through Faust's producer; what it returns must be awaited before a snapshot covers it.

    Not part of the snapshot's transaction: after a crash, every alert since the last snapshot is written again with the
    same id, revision and bytes. Readers keep one copy (``notify.core``, ``console.alert_table``, ``cli.alerts``).
    """

    def __init__(
        self,
        alerts: Any,
        alert_state: Any,
        cues: Any,
        dead: Any,
        *,
        identities: FactTopic,
        places: FactTopic,
        slow: FactTopic,
        areas: AreaRecords,
    ) -> None:
        self._alerts, self._alert_state, self._cues, self._dead, self.areas = alerts, alert_state, cues, dead, areas
        self._identities, self._places, self._slow = identities, places, slow

    async def alert(self, alert: Alert, partition: int) -> list[Awaitable[Any]]:
        """One revision, to the log of alerts and to the table of newest revisions; its cue, if it has passes."""
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
            *await self._cue(alert, partition),
        ]

    async def _cue(self, alert: Alert, partition: int) -> list[Awaitable[Any]]:
        """A withdrawn cue is a record too, so that who has ordered can cancel; it is compacted and kept for a time."""
        try:
            cue = cue_of(alert)
        except InputError as error:  # a mistake of ours: an alert is more than its cue
            _log.error("cue not written", alert_id=alert.id, revision=alert.revision, error=str(error))
            return []
        if cue is None:
            return []
        value, headers = encode_cue(cue), cue_event(cue, alert.subject)
        return [await self._cues.send(key=cue.id.encode(), value=value, headers=headers, partition=partition)]

    async def facts(self, outcome: RunOutcome, partition: int) -> list[Awaitable[Any]]:
        """Sends what a run has to tell the later stages, and after a tick the promise that nothing earlier follows."""
        sent: list[Awaitable[Any]] = [
            *await self._identities.send(outcome.facts.bindings, partition),
            *await self._places.send(outcome.facts.displacements, partition),
            *await self._slow.send(outcome.facts.slow, partition),
        ]
        if outcome.heard_ms is not None:
            heard = PartitionWatermark(partition=partition, heard_ms=outcome.heard_ms)
            sent += [topic.promise(heard) for topic in (self._identities, self._places, self._slow)]
        return sent

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
