"""Reads what the hand-over of a watch needs from the topics of alerts and feedback."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

from detectors.core.alert import Alert
from streams.broker.reading import TopicRecord, read
from streams.errors import InputError
from streams.handover.summary import Handover, Records, WrittenRevision, summary
from streams.messages.feedback import Feedback
from streams.messages.topics import ALERT_STATE, ALERTS, FEEDBACK
from streams.messages.unreadable import UnreadableRecords
from streams.messages.values import T, decoded
from streams.settings.model import KafkaSettings

_ENDED = frozenset({"closed", "retracted"})


def gathered(
    kafka: KafkaSettings, since_ms: int, until_ms: int, unreadable: UnreadableRecords, stop: Event | None = None
) -> Handover:
    """The watch from ``since_ms`` to ``until_ms``, the present (wall clock, Unix ms).

    Only alerts of the watch and open ones are held. With ``stop`` set it ends early, with what it has. Raises
    ConfigError if a topic does not exist.
    """
    before = sum(unreadable.counts.values())
    written = [
        WrittenRevision(alert, record.timestamp_ms)
        for record, alert in _values(read(kafka, ALERTS, since_ms=since_ms, stop=stop), ALERTS, Alert, unreadable)
    ]
    present = _open(kafka, unreadable, stop)
    said = [one for _, one in _values(read(kafka, FEEDBACK, stop=stop), FEEDBACK, Feedback, unreadable)]
    lost = sum(unreadable.counts.values()) - before
    return summary(Records(written=written, present=present, said=said, unreadable=lost), since_ms, until_ms)


def _open(kafka: KafkaSettings, unreadable: UnreadableRecords, stop: Event | None) -> list[Alert]:
    """The newest revision of each alert that is open in the table."""
    revisions: dict[bytes, int] = {}
    found: dict[bytes, Alert] = {}
    records = read(kafka, ALERT_STATE, stop=stop)
    for record, alert in _values(records, ALERT_STATE, Alert, unreadable):
        key = record.key or b""
        if alert.revision < revisions.get(key, 0):
            continue
        revisions[key] = alert.revision
        if alert.status in _ENDED:
            found.pop(key, None)
        else:
            found[key] = alert
    return list(found.values())


def _values(
    records: Iterator[TopicRecord], topic: str, kind: type[T], unreadable: UnreadableRecords
) -> Iterator[tuple[TopicRecord, T]]:
    for record in records:
        try:
            if record.value:
                yield record, decoded(record.value, kind)
        except InputError as error:
            unreadable(topic, record.partition, record.offset, error)
