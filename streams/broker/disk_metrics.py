"""Disk usage of the brokers, as metrics of the process that fills them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Event, Thread
from typing import Final

import structlog

from streams.broker.clients import admin
from streams.broker.disk import Disk, disks
from streams.errors import WakewatchError
from streams.messages.topics import SENTENCES
from streams.observability.metrics import Metrics, label
from streams.settings.model import KafkaSettings

_EVERY_S: Final = 30.0
_CLIENT: Final = {"bootstrap_timeout_ms": 3000, "request_timeout_ms": 10_000}
_log = structlog.get_logger("wakewatch.disk")


@contextmanager
def watching(kafka: KafkaSettings, metrics: Metrics, every_s: float = _EVERY_S) -> Iterator[None]:
    """Queries Kafka every ``every_s`` seconds. While Kafka does not report, there are no series:
    unknown is not zero."""
    stop = Event()
    thread = Thread(target=_watch, args=(kafka, metrics, stop, every_s), name="disk", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()


def _watch(kafka: KafkaSettings, metrics: Metrics, stop: Event, every_s: float) -> None:
    from kafka.errors import KafkaError

    told = False
    while True:
        try:
            with closing(admin(kafka, **_CLIENT)) as client:
                show(metrics, disks(client, {kafka.topic_prefix + SENTENCES}))
            told = False
        except (KafkaError, WakewatchError) as error:
            show(metrics, [])
            if not told:
                _log.warning("no disk usage from kafka", error=f"{type(error).__name__}: {error}")
            told = True
        if stop.wait(every_s):
            return


def show(metrics: Metrics, found: list[Disk]) -> None:
    """These disks and no others."""
    families = metrics.kafka_disk_free, metrics.kafka_disk_total, metrics.kafka_log
    for family in families:
        family.clear()
    for disk in found:
        for family, value in zip(families, (disk.free_bytes, disk.total_bytes, disk.held_bytes), strict=True):
            family.labels(label(disk.broker), label(disk.folder)).set(value)
