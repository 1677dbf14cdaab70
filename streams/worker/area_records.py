"""Areas whose positions are unreliable, on their way back to the stage of vessels: a record in each partition.

A record may be written twice, after a crash: it has a revision, and the second one changes nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Final

import msgspec

from detectors.core.vessels.affected_areas import AffectedArea
from streams.messages.log_records import H_FORMAT, H_KIND, H_SOURCE, KIND_AREA, LOG_FORMAT

SOURCE: Final = "places"


class AreaRecords:
    """Writes them through Faust's producer; what is returned must be awaited before a snapshot."""

    def __init__(self, log: Any, partitions: int) -> None:
        """``log``: the topic of sentences."""
        self._log, self._partitions = log, partitions

    async def send(self, area: AffectedArea) -> list[Awaitable[Any]]:
        """Writes one revision to every partition."""
        headers = {H_FORMAT: LOG_FORMAT, H_KIND: KIND_AREA, H_SOURCE: SOURCE.encode()}
        key, value = f"area/{area.alert}".encode(), msgspec.json.encode(area)
        return [
            await self._log.send(key=key, value=value, headers=headers, partition=number)
            for number in range(self._partitions)
        ]
