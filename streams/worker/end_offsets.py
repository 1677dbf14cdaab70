"""Asks Kafka itself, from a thread of its own, where the topics end: also while the event loop hangs.

The group's client is not reliable: without a broker it reports for minutes that nothing waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from threading import Event, Thread
from typing import Any, Final, NamedTuple

from streams.broker.clients import admin
from streams.settings.model import KafkaSettings

ASK_EVERY_S: Final = 2.0
_ANSWER_S: Final = 8.0

Where = tuple[str, int]
"""Topic and partition."""


class EndOffsets(NamedTuple):
    """What Kafka answered."""

    at_s: float
    """Monotonic clock."""
    ids: Mapping[str, str]
    """Id of each existing topic: a recreated topic has another id."""
    counts: Mapping[str, int]
    """Number of partitions of each existing topic."""
    ends: Mapping[Where, int]
    """The offset after the last record, for the requested partitions."""
    took_s: float = 0.0
    """Time until the answer came, s."""


class EndOffsetProbe:
    """``topics`` are checked; end offsets are requested for those in ``ends_of``."""

    def __init__(
        self,
        kafka: KafkaSettings,
        topics: Sequence[str],
        ends_of: Sequence[str],
        tell: Callable[[EndOffsets | None], None],
    ) -> None:
        self._kafka, self._topics, self._ends_of, self._tell = kafka, list(topics), tuple(ends_of), tell
        self._stop = Event()
        self._thread = Thread(target=self._run, name="probe", daemon=True)

    def start(self) -> None:
        """Begins to ask, once; ``tell`` is called in the probe's thread, with None if there was no answer."""
        if self._thread.ident is None:
            self._thread.start()

    def stop(self) -> None:
        """Stops asking."""
        self._stop.set()

    def _run(self) -> None:
        client: Any = None
        while not self._stop.is_set():
            seen: EndOffsets | None = None
            try:
                client = client or admin(self._kafka, request_timeout_ms=int(_ANSWER_S * 1000))
                seen = self._ask(client)
            except Exception:  # noqa: BLE001 - for any error: Kafka has not answered, and that is reported
                if client is not None:
                    with suppress(Exception):
                        client.close()
                client = None
            self._tell(seen)
            self._stop.wait(ASK_EVERY_S)

    def _ask(self, client: Any) -> EndOffsets:
        from kafka import TopicPartition
        from kafka.admin import OffsetSpec

        asked_s = time.monotonic()
        there = [topic for topic in client.describe_topics(self._topics) if not topic["error_code"]]
        ids = {topic["name"]: str(topic["topic_id"]) for topic in there}
        counts = {topic["name"]: len(topic["partitions"]) for topic in there}
        wanted = [TopicPartition(name, number) for name in self._ends_of for number in range(counts.get(name, 0))]
        found = client.list_partition_offsets(dict.fromkeys(wanted, OffsetSpec.LATEST)) if wanted else {}
        ends = {(part.topic, part.partition): int(answer.offset) for part, answer in found.items()}
        answered_s = time.monotonic()
        return EndOffsets(answered_s, ids, counts, ends, answered_s - asked_s)
