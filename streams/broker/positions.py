"""A KafkaConsumer whose ``position`` is a number."""

from __future__ import annotations

import time
from typing import Any, Final

from kafka import KafkaConsumer

from streams.errors import SinkError

_PATIENCE_S: Final = 30.0
_AGAIN_S: Final = 0.1


class Consumer(KafkaConsumer):  # type: ignore[misc]  # kafka-python ships without types
    """kafka-python's gives None as a position where the leader of a partition has just changed, as of a new topic:
    whoever compared that with an end died of it.
    """

    def position(self, partition: Any, timeout_ms: int | None = None) -> int:
        """The offset of the record that comes next. Raises SinkError (retriable) when it is not known in time."""
        deadline = time.monotonic() + (_PATIENCE_S if timeout_ms is None else timeout_ms / 1000)
        while (found := super().position(partition, timeout_ms=timeout_ms)) is None:
            if time.monotonic() > deadline:
                raise SinkError(f"{partition.topic}: no broker says where its records begin", retriable=True)
            time.sleep(_AGAIN_S)
        return int(found)
