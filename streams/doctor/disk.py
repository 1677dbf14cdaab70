"""When the brokers' disks will be full, as far as Kafka reports it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from streams.broker.disk import FREE_LEAST, Disk, disks, growth, hours_since
from streams.doctor.findings import DoctorFinding, ok, span, warn, wrong
from streams.messages.topics import SENTENCES
from streams.settings.model import KafkaSettings

_NAME: Final = "disk"
_SOON_H, _WARNED_H = 24.0, 7 * 24.0
_GB: Final = 1e9
_HOUR_S: Final = 3600
_REMEDY: Final = "free space, or lower kafka.sentences_kept_h and alter the topic (`wakewatch topics check` shows it)"


def disk_findings(client: Any, kafka: KafkaSettings, oldest_ms: int | None, now_ms: int) -> Iterator[DoctorFinding]:
    """One finding per disk, or that Kafka gives none. ``oldest_ms``: of the log's oldest record, None if empty."""
    from kafka.errors import KafkaError

    try:
        found = disks(client, {kafka.topic_prefix + SENTENCES})
    except KafkaError:
        found = []
    if not found:
        yield warn(
            _NAME,
            "Kafka gives no disk usage",
            "allow this user and the one of ingest to describe the cluster (Kafka 3.3 or newer), or monitor the "
            "disks yourself",
        )
    held_h = hours_since(oldest_ms, now_ms) if oldest_ms is not None else 0.0
    for disk in found:
        yield _finding(disk, held_h, kafka.sentences_kept_h)


def _finding(disk: Disk, held_h: float, kept_h: float) -> DoctorFinding:
    free = f"broker {disk.broker}: {disk.free_bytes / _GB:.1f} of {disk.total_bytes / _GB:.1f} GB free"
    grown = growth(disk, held_h, kept_h)
    said = f"{free}, the log holds {disk.held_bytes / _GB:.2f} GB"
    if grown is not None:
        said += f" and grows by {grown.bytes_a_day / _GB:.2f} GB per day"
    if grown is not None and grown.full_in_h is not None:
        said += f": full in {span(grown.full_in_h * _HOUR_S)}"
        if grown.full_in_h < _WARNED_H:
            return (wrong if grown.full_in_h < _SOON_H else warn)(_NAME, said, _REMEDY)
    if disk.free_bytes < FREE_LEAST * disk.total_bytes:
        return wrong(_NAME, said, _REMEDY)
    return ok(_NAME, said)
