"""Which failed produce requests kafka-python retries, with one fix: a damaged batch.

Kafka's own table of errors states that CORRUPT_MESSAGE (a batch whose checksum is wrong on arrival: a bit flipped in
transmission) can be retried, and its Java client does so. kafka-python 3.0.12 does not; the record would be lost and
its sender would stop. The producer is idempotent, so a repeated batch is stored once.
"""

from __future__ import annotations

from typing import Any


def install() -> None:
    """Installs the fix. Repeating it has no effect."""
    from kafka.errors import CorruptRecordError, RequestTimedOutError
    from kafka.producer.sender import Sender

    strict = Sender._can_retry
    if getattr(strict, "takes_damage", False):
        return

    def can_retry(sender: Any, batch: Any, error: Any) -> Any:
        """A damaged batch is treated as one whose answer has not come."""
        return strict(sender, batch, RequestTimedOutError if issubclass(error, CorruptRecordError) else error)

    can_retry.takes_damage = True  # type: ignore[attr-defined]
    Sender._can_retry = can_retry
