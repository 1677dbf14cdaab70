"""Alerts and feedback as the commands read them from their topics."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from detectors.core.alert import Alert
from streams.broker.reading import TopicRecord, read
from streams.cli.terminal import talk, tell_unreadable
from streams.errors import ConfigError, InputError, WakewatchError
from streams.messages.feedback import Feedback
from streams.messages.topics import ALERT_STATE, FEEDBACK
from streams.messages.unreadable import UnreadableRecords
from streams.messages.values import T, decoded
from streams.settings.model import KafkaSettings

_LEAST_ID: Final = 4


def newest(alerts: Iterable[Alert]) -> Iterable[Alert]:
    """The highest revision of each alert: the topic has older ones until it is compacted."""
    found: dict[str, Alert] = {}
    for alert in alerts:
        if alert.id not in found or alert.revision > found[alert.id].revision:
            found[alert.id] = alert
    return found.values()


def find(kafka: KafkaSettings, alert_id: str) -> Alert:
    """The newest revision of the alert with this id prefix. Raises ConfigError, WakewatchError if there is none."""
    if not re.fullmatch(r"[0-9a-f]{4,32}", alert_id):
        raise ConfigError(
            f"{alert_id!r} is not an alert id: give at least {_LEAST_ID} hex digits, as `wakewatch alerts` prints"
        )
    begins = alert_id.encode()
    records = (record for record in table(kafka) if record.value and begins in record.value)
    alerts = newest(parsed(records, ALERT_STATE, Alert, UnreadableRecords(tell=tell_unreadable)))
    found = {alert.id: alert for alert in alerts if alert.id.startswith(alert_id)}
    if not found:
        raise WakewatchError(f"no alert {alert_id} in the topic")
    if len(found) > 1:
        raise ConfigError(f"{alert_id} matches {len(found)} ids: give more digits")
    return next(iter(found.values()))


def table(kafka: KafkaSettings, since_ms: int | None = None) -> list[TopicRecord]:
    """The table of alerts without deleted ones: Kafka returns the records before a deletion for a while."""
    held: dict[bytes, list[TopicRecord]] = {}
    for record in read(kafka, ALERT_STATE, since_ms=since_ms):
        if record.value is None:
            held.pop(record.key or b"", None)
        else:
            held.setdefault(record.key or b"", []).append(record)
    return [record for records in held.values() for record in records]


def feedback_of(kafka: KafkaSettings, unreadable: UnreadableRecords) -> list[Feedback]:
    """All feedback, oldest first; none if the topic does not exist."""
    try:
        return list(parsed(read(kafka, FEEDBACK), FEEDBACK, Feedback, unreadable))
    except ConfigError as error:
        talk(f"feedback cannot be shown: {error}")
        return []


def parsed(records: Iterable[TopicRecord], topic: str, kind: type[T], unreadable: UnreadableRecords) -> Iterator[T]:
    """The values of records, in order; those that cannot be read are reported to ``unreadable``."""
    for record in records:
        try:
            if record.value:
                yield decoded(record.value, kind)
        except InputError as error:
            unreadable(topic, record.partition, record.offset, error)
