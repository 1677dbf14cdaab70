"""State of the brokers: response time and disk usage, as far as this user may query them."""

from __future__ import annotations

import time
from typing import Any, Final, NamedTuple

from streams.broker.answering import slowest_answer_s
from streams.broker.clients import admin
from streams.broker.disk import Disk, disks
from streams.settings.model import KafkaSettings

_DISKS_EVERY_S: Final = 20.0
_SLOW_FOR_S: Final = 30.0
"""A slow answer counts for this time, because some answers of a slow broker are quick."""
_CLIENT: Final = {"bootstrap_timeout_ms": 3000, "request_timeout_ms": 10_000}


class BrokersSeen(NamedTuple):
    """Result of a check."""

    answer_s: float
    """Kafka's longest response time to a minimal request in the last half minute."""
    disks: tuple[Disk, ...]
    """Empty if this user may not describe the cluster: that means unknown, not well."""


class BrokerHealth:
    """Checks the brokers with one client."""

    def __init__(self, kafka: KafkaSettings) -> None:
        """Raises SinkError if Kafka does not answer."""
        self._client: Any = admin(kafka, **_CLIENT)
        self._took: list[tuple[float, float]] = []
        """When answers came, and how long each took."""
        self._disks: tuple[Disk, ...] = ()
        self._disks_at_s = -_DISKS_EVERY_S

    def look(self) -> BrokersSeen:
        """Raises KafkaError."""
        from kafka.errors import AuthorizationError

        took_s = slowest_answer_s(self._client)
        answered_s = time.monotonic()
        if answered_s - self._disks_at_s >= _DISKS_EVERY_S:
            try:
                self._disks = tuple(disks(self._client, ()))
            except AuthorizationError:
                self._disks = ()
            self._disks_at_s = answered_s
        lately = [one for one in self._took if answered_s - one[0] <= _SLOW_FOR_S]
        self._took = [*lately, (answered_s, took_s)]
        return BrokersSeen(max(took for _, took in self._took), self._disks)

    def close(self) -> None:
        """Closes the client."""
        self._client.close()
