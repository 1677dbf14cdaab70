"""Removes old closed alerts from the table of alerts (``ais.alerts.state.v1``); ``ais.alerts.v1`` keeps them.

Readers of the table first read all of it, so alerts that are no longer needed must be removed. A closed alert whose
newest revision is older than ``kafka.ended_alerts_kept_h`` is deleted by a record without a value in the same
partition. Nothing is remembered between sweeps, and several notifiers may sweep at once: deleting twice has the effect
of deleting once.
"""

from __future__ import annotations

import time
from threading import Event
from typing import Final, NamedTuple

import msgspec
import structlog

from detectors.core.alert import Status
from detectors.core.units import MS
from streams.broker.clients import producer
from streams.broker.reading import read
from streams.errors import InputError, SinkError, WakewatchError
from streams.messages.topics import ALERT_STATE
from streams.messages.values import decoded
from streams.notify.notices import ENDED
from streams.settings.model import KafkaSettings

EVERY_S: Final = 3600.0
_SEND_S: Final = 60.0
_HOUR_MS: Final = 3_600_000
_log = structlog.get_logger("wakewatch.notify")


class _AlertRevision(msgspec.Struct, frozen=True):
    """What is read of an alert."""

    id: str
    revision: int
    status: Status


class _Newest(NamedTuple):
    head: _AlertRevision
    partition: int
    written_ms: int


def sweep_until(kafka: KafkaSettings, stop: Event, every_s: float = EVERY_S) -> None:
    """Runs a sweep every ``every_s`` until ``stop`` is set; a failed sweep is repeated with the next one."""
    while True:
        try:
            cleared = sweep(kafka, int(time.time() * MS), stop)
            if cleared:
                _log.info("old closed alerts removed", count=cleared, older_than_h=kafka.ended_alerts_kept_h)
        except WakewatchError as error:
            _log.warning("old closed alerts not removed yet", error=str(error))
        if stop.wait(every_s):
            return


def sweep(kafka: KafkaSettings, now_ms: int, stop: Event | None = None) -> int:
    """Deletes old closed alerts; returns their number. ``now_ms``: wall clock, Unix ms.

    Raises ConfigError if the topic does not exist, SinkError if Kafka does not accept the records.
    """
    before_ms = now_ms - int(kafka.ended_alerts_kept_h * _HOUR_MS)
    old = [one for one in _newest(kafka, stop) if one.head.status in ENDED and one.written_ms < before_ms]
    if old and not (stop is not None and stop.is_set()):
        _delete(kafka, old)
    return len(old)


def _newest(kafka: KafkaSettings, stop: Event | None) -> list[_Newest]:
    """By id the highest revision, and the newest copy of it."""
    found: dict[bytes, _Newest] = {}
    for record in read(kafka, ALERT_STATE, stop=stop):
        key = record.key or b""
        if record.value is None:
            found.pop(key, None)
            continue
        try:
            head = decoded(record.value, _AlertRevision)
        except InputError:
            continue  # every reader counts such a record; it is not ours to delete
        known = found.get(key)
        if head.id.encode() == key and (known is None or head.revision >= known.head.revision):
            found[key] = _Newest(head, record.partition, record.timestamp_ms)
    return list(found.values())


def _delete(kafka: KafkaSettings, old: list[_Newest]) -> None:
    from kafka.errors import KafkaError

    sender = producer(kafka, linger_ms=20, max_block_ms=int(_SEND_S * MS), delivery_timeout_ms=int(_SEND_S * MS))
    topic = kafka.topic_prefix + ALERT_STATE
    try:
        sent = [sender.send(topic, key=one.head.id.encode(), value=None, partition=one.partition) for one in old]
        for each in sent:
            each.get(_SEND_S)
    except KafkaError as error:
        raise SinkError(f"{topic}: {type(error).__name__}: {error}", retriable=True) from error
    finally:
        sender.close(timeout=1)
