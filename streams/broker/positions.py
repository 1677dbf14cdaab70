"""A KafkaConsumer that knows its positions, and the begin and end of topics, or reports that it does not."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from kafka import KafkaConsumer

from streams.errors import SinkError

T = TypeVar("T")
_PATIENCE_S: Final = 30.0
_AGAIN_S: Final = 0.1


class PositionedConsumer(KafkaConsumer):  # type: ignore[misc]  # kafka-python ships without types
    """While the leader of a partition changes, as for a new topic, kafka-python 3.0.12 returns None as a position and
    raises KeyError for an end, which made callers fail. Here the request is repeated for a while.

    All methods raise SinkError (retriable) if the answer does not come in time.
    """

    def position(self, partition: Any, timeout_ms: int | None = None) -> int:
        """The offset of the record that comes next."""

        def ask() -> int:
            found = super(PositionedConsumer, self).position(partition, timeout_ms=timeout_ms)
            if found is None:
                raise KeyError(partition)
            return int(found)

        return _known(ask, partition.topic, timeout_ms)

    def beginning_offsets(self, partitions: Sequence[Any], timeout_ms: int | None = None) -> dict[Any, int]:
        """By partition the offset of the first record that is kept."""
        ask = super().beginning_offsets
        return _known(lambda: dict(ask(partitions, timeout_ms)), _topic(partitions), timeout_ms)

    def end_offsets(self, partitions: Sequence[Any], timeout_ms: int | None = None) -> dict[Any, int]:
        """By partition the offset after the last record."""
        ask = super().end_offsets
        return _known(lambda: dict(ask(partitions, timeout_ms)), _topic(partitions), timeout_ms)


def _topic(partitions: Sequence[Any]) -> str:
    return str(partitions[0].topic) if partitions else ""


def _known(ask: Callable[[], T], topic: str, timeout_ms: int | None) -> T:
    deadline = time.monotonic() + (_PATIENCE_S if timeout_ms is None else timeout_ms / 1000)
    while True:
        try:
            return ask()
        except KeyError as error:
            if time.monotonic() > deadline:
                raise SinkError(f"{topic}: no broker gives the offsets of its partitions", retriable=True) from error
        time.sleep(_AGAIN_S)
