"""Reads the log of sentences for the fleet: a consumer of its own, without a group, that waits for nobody.

Records are taken at most once a second and decoded together, source by source: one record of forty sentences costs as
much in numpy calls as one of a thousand.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from threading import Event
from typing import Any, Final, NamedTuple

import structlog

from detectors.core.units import HOUR_MS, MS
from streams.broker.clients import consumer
from streams.decode import decode
from streams.errors import ConfigError, SinkError
from streams.messages.log_records import H_EVENT_TO, H_KIND, H_REPLAYED, H_SOURCE, KIND_SENTENCES
from streams.messages.topics import SENTENCES, missing
from streams.messages.values import whole_number
from streams.settings.model import Settings
from streams.traffic.traffic import Traffic

JOINED_BYTES_MOST: Final = 4 << 20
_POLL_MS: Final = 500
_RECORDS_MOST: Final = 4000
_EVERY_S: Final = 1.0
_AGAIN_S: Final = 2.0
_log = structlog.get_logger("wakewatch.traffic")


class Run(NamedTuple):
    """Sentences of one source, in the order of the log."""

    source: str
    recorded: bool
    values: list[bytes]


class LogReader:
    """The reading, and how far it has come. ``run`` is for one thread, the rest for any."""

    def __init__(self, settings: Settings, traffic: Traffic, count: Callable[[int], None]) -> None:
        """``count`` is called with the number of reports taken."""
        self._kafka, self._start_ms = settings.kafka, int(settings.traffic.start_h * HOUR_MS)
        self._traffic, self._count = traffic, count
        self.state = "starting"
        """``starting``, ``reading the log``, ``following`` or ``Kafka does not answer``."""
        self.unread = 0
        """Records that were in the log at the last check and are not read yet."""

    @property
    def ready(self) -> bool:
        """Whether what is known is of now."""
        return self.state == "following"

    def run(self, stop: Event) -> None:
        """Reads until ``stop`` is set, also after a loss of Kafka. Raises ConfigError if there is no such topic."""
        positions: dict[Any, int] = {}
        begun = False
        while not stop.is_set():
            try:
                self._follow(positions, stop)
            except ConfigError:
                if not begun and not positions:
                    raise
                self._lost("a topic is gone")
            except (SinkError, OSError) as error:
                self._lost(str(error))
            except CancelledError:
                raise
            except Exception:  # noqa: BLE001 - a fault of ours or of the client: /readyz and the page say it is old
                _log.exception("the log cannot be read")
                self.state = "Kafka does not answer"
            begun = True
            stop.wait(_AGAIN_S)

    def _lost(self, why: str) -> None:
        _log.warning("Kafka does not answer", error=why)
        self.state = "Kafka does not answer"

    def _follow(self, positions: dict[Any, int], stop: Event) -> None:
        client = consumer(self._kafka)
        try:
            self._begin(client, positions)
            while not stop.is_set():
                began_s = time.monotonic()
                found = client.poll(timeout_ms=_POLL_MS, max_records=_RECORDS_MOST)
                for part, records in found.items():
                    self._take(records)
                    positions[part] = records[-1].offset + 1
                self._look(client, positions)
                if self.ready:
                    stop.wait(max(0.0, _EVERY_S - (time.monotonic() - began_s)))
        finally:
            client.close()

    def _begin(self, client: Any, positions: dict[Any, int]) -> None:
        from kafka import TopicPartition

        name = self._kafka.topic_prefix + SENTENCES
        parts = [TopicPartition(name, number) for number in sorted(client.partitions_for_topic(name) or ())]
        if not parts:
            raise missing(name)
        client.assign(parts)
        since_ms = max(0, int(time.time() * MS) - self._start_ms)
        found, ends = client.offsets_for_times(dict.fromkeys(parts, since_ms)), client.end_offsets(parts)
        for part in parts:
            first = found[part].offset if found.get(part) else ends[part]
            at = positions.get(part, first)
            client.seek(part, at if at <= ends[part] else first)  # beyond its end: the topic was created again
            positions[part] = at if at <= ends[part] else first
        self.state = "reading the log"

    def _look(self, client: Any, positions: dict[Any, int]) -> None:
        """Whether the end is reached; the ends are asked for when the last poll has brought little."""
        ends = client.end_offsets(list(positions))
        self.unread = sum(max(0, end - client.position(part)) for part, end in ends.items())
        if self.unread <= _RECORDS_MOST:
            self.state = "following"

    def _take(self, records: Sequence[Any]) -> None:
        for run in _runs(records):
            batch = decode(b"\n".join(run.values), run.source).batch
            self._traffic.take(batch, recorded=run.recorded)
            self._count(len(batch.reports))
        for recorded in (False, True):
            times = [ms for record in records if (ms := _time_of(record, recorded=recorded)) is not None]
            if times:
                self._traffic.pass_time(max(times) // MS, recorded=recorded)


def _runs(records: Sequence[Any]) -> list[Run]:
    """What is to be decoded together; order is kept within a source."""
    runs: dict[tuple[str, bool, int], Run] = {}
    sizes: dict[tuple[str, bool], int] = {}
    for record in records:
        known = dict(record.headers or ())
        if not record.value or (known.get(H_KIND) or KIND_SENTENCES) != KIND_SENTENCES:
            continue
        key = (known.get(H_SOURCE) or b"").decode("utf-8", "replace"), known.get(H_REPLAYED) == b"1"
        sizes[key] = sizes.get(key, 0) + len(record.value)
        run = runs.setdefault((*key, sizes[key] // JOINED_BYTES_MOST), Run(*key, []))
        run.values.append(record.value)
    return list(runs.values())


def _time_of(record: Any, *, recorded: bool) -> int | None:
    known = dict(record.headers or ())
    return whole_number(known.get(H_EVENT_TO)) if (known.get(H_REPLAYED) == b"1") == recorded else None
