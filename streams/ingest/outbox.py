"""A bounded buffer before Kafka. One thread empties it into the producer.

Rules:
- Letters of one origin leave in the order in which they came.
- All letters not yet acknowledged count, both in the buffer and in the producer. At the bound an origin that can wait
  is kept waiting; one that cannot wait loses its oldest sentences, and gets their number.
- Only letters that the producer does not have yet can be dropped, so the producer is given only part of the bound.
- A permanent failure is kept in ``failure``, and no more letters are accepted.
"""

from __future__ import annotations

from collections import deque
from threading import Condition, Event, Thread
from typing import Any, Final

from streams.broker.security import refusal_of
from streams.errors import ConfigError, SinkError
from streams.ingest.outbound import OutboundRecord

_FINAL: Final = frozenset(
    {
        "InvalidRecordError",
        "InvalidRequiredAcksError",
        "InvalidTimestampError",
        "InvalidTopicError",
        "MessageSizeTooLargeError",
        "PolicyViolationError",
        "RecordListTooLargeError",
        "UnsupportedVersionError",
    }
)
"""Failures that another start would meet again, by kafka-python's names."""
_WINDOW_MOST: Final = 50_000
_LOOK_S: Final = 0.2


class Outbox:
    """Letters to be sent. ``producer`` is a KafkaProducer; ``most`` is the bound, in sentences."""

    def __init__(self, producer: Any, most: int) -> None:
        self._producer = producer
        self._most = most
        self._window = min(max(1, most // 2), _WINDOW_MOST)
        self._queues: dict[str, deque[OutboundRecord]] = {}
        self._queued = 0
        self._flying: dict[int, tuple[str, OutboundRecord]] = {}
        """Letters in the producer, by number: origin and letter."""
        self._taken = 0
        self._in_flight = 0
        self._changed = Condition()
        self._closed = False
        self.failure: SinkError | ConfigError | None = None
        self._thread = Thread(target=self._deliver, name="outbox", daemon=True)
        self._thread.start()

    @property
    def held(self) -> int:
        """Number of sentences not yet acknowledged."""
        return self._queued + self._in_flight

    def put(self, origin: str, letter: OutboundRecord, *, stop: Event, waits: bool) -> list[OutboundRecord]:
        """Adds a letter. Returns what was dropped for it. Raises SinkError after a failure.

        With ``waits`` it blocks while the buffer is full, at most until ``stop`` is set and the drain time is over.
        """
        with self._changed:
            while waits and self._full(letter) and self.failure is None and not self._closed:
                self._changed.wait(_LOOK_S)
            if self.failure is not None:
                raise self.failure
            dropped = [] if waits else self._make_room(origin, letter)
            if letter in dropped:
                return dropped
            self._queues.setdefault(origin, deque()).append(letter)
            self._queued += letter.weight
            self._changed.notify_all()
            return dropped

    def keep(self, origin: str, letter: OutboundRecord) -> None:
        """Keeps a letter after a failure, for ``unsent``."""
        with self._changed:
            self._queues.setdefault(origin, deque()).append(letter)
            self._queued += letter.weight

    def drain(self, wait_s: float | None) -> int:
        """Waits until all is acknowledged, at most ``wait_s``. Returns the number of sentences that are not."""
        with self._changed:
            self._changed.wait_for(lambda: not self.held or self.failure is not None, wait_s)
            return self.held

    def unsent(self) -> list[tuple[str, OutboundRecord]]:
        """What is not acknowledged: origins and letters, each origin's in order."""
        with self._changed:
            waiting = [(origin, letter) for origin, queue in self._queues.items() for letter in queue]
            return [*self._flying.values(), *waiting]

    def close(self) -> None:
        """Ends the thread; letters that it still holds are given up."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(5)

    def _full(self, letter: OutboundRecord) -> bool:
        return bool(self.held) and self.held + letter.weight > self._most

    def _make_room(self, origin: str, letter: OutboundRecord) -> list[OutboundRecord]:
        dropped: list[OutboundRecord] = []
        queue = self._queues.get(origin, deque())
        kept: list[OutboundRecord] = []
        while self._full(letter) and queue:
            oldest = queue.popleft()
            if oldest.messages:
                dropped.append(oldest)
                self._queued -= oldest.weight
            else:
                kept.append(oldest)
        queue.extendleft(reversed(kept))
        if self._full(letter) and letter.messages:
            dropped.append(letter)
        return dropped

    def _deliver(self) -> None:
        while (number := self._next()) is not None:
            letter = self._flying[number][1]
            try:
                sent = self._producer.send(
                    letter.topic,
                    value=letter.value,
                    headers=letter.headers,
                    partition=letter.partition,
                    timestamp_ms=letter.timestamp_ms,
                )
            except Exception as error:  # noqa: BLE001  # for any error the readers must be notified and stop
                self._fail(error)
                return
            sent.add_callback(self._acknowledged, number)
            sent.add_errback(self._fail)

    def _next(self) -> int | None:
        """The number of the next letter for the producer; None at the end."""
        with self._changed:
            while not self._closed and self.failure is None:
                if self._in_flight < self._window:
                    for origin, queue in self._queues.items():
                        if queue:
                            return self._take(origin, queue)
                self._changed.wait(_LOOK_S)
            return None

    def _take(self, origin: str, queue: deque[OutboundRecord]) -> int:
        letter = queue.popleft()
        self._taken += 1
        self._flying[self._taken] = (origin, letter)
        self._queues[origin] = self._queues.pop(origin)  # to the end: every origin has its turn
        self._queued -= letter.weight
        self._in_flight += letter.weight
        return self._taken

    def _acknowledged(self, number: int, _metadata: object) -> None:
        with self._changed:
            self._in_flight -= self._flying.pop(number)[1].weight
            self._changed.notify_all()

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            if self.failure is None:
                text = f"Kafka did not accept a record: {type(error).__name__}: {error}"
                again = type(error).__name__ not in _FINAL
                self.failure = refusal_of(error) or SinkError(text, retriable=again)
            self._changed.notify_all()
