"""Response time of Kafka: the shortest request, repeated for a second."""

from __future__ import annotations

import time
from typing import Any, Final

_QUESTIONS: Final = 3
_BETWEEN_S: Final = 0.4
"""A slow broker answers some requests quickly, and the request after a slow one is often among those."""


def slowest_answer_s(client: Any) -> float:
    """The longest response time to an admin client among several requests, s. Takes a second. Raises KafkaError."""
    took_s = []
    for _ in range(_QUESTIONS):
        time.sleep(_BETWEEN_S)
        asked_s = time.monotonic()
        client.describe_cluster()
        took_s.append(time.monotonic() - asked_s)
    return max(took_s)
