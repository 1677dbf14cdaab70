"""Which failures of a produce request kafka-python tries again, with one repair: a damaged batch.

Kafka's own table of errors states that CORRUPT_MESSAGE (a batch whose checksum is wrong when it arrives: a bit flipped
on the way) can be tried again, and its Java client does so. kafka-python 3.0.12 does not; the record would be lost and
whoever sent it would stop. The producer is idempotent, so a batch that is sent again is not there twice.
"""

from __future__ import annotations

from typing import Any


def install() -> None:
    """Puts the repair in. Doing it twice changes nothing."""
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
