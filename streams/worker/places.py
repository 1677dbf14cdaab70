"""The stage of places: displacements in, alerts about areas out (``stage``).

Displacements are few: a vessel gives one only while it appears displaced, and then about one in five minutes at most.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, ClassVar, Final

import msgspec

from detectors.core.alert import Alert
from detectors.core.displacements import Displacement
from detectors.core.place_stage.areas import DisplacedAreas
from detectors.core.promises import PartitionWatermark
from detectors.core.vessels.affected_areas import area_of
from streams.errors import Reason
from streams.messages.topics import PLACES
from streams.worker.codec import LAST_MS
from streams.worker.identities import MMSI_END, TEXT_MOST
from streams.worker.publish import Publisher
from streams.worker.stage import Refusal, StageInput, StageService

_LAT_MOST, _LON_MOST = 90.0, 180.0


def refusal_of(told: Displacement, areas: DisplacedAreas) -> Refusal | None:
    """Why a record of another program cannot be used, or a fact cannot wait; None if it can."""
    if not all(0 <= time_ms < LAST_MS for time_ms in (told.time_ms, told.stamp_ms, told.origin_ms)):
        return Refusal("no time")
    if not 0 <= told.mmsi < MMSI_END or not (told.imo is None or 0 <= told.imo < MMSI_END):
        return Refusal(f"not a vessel: MMSI {told.mmsi}, IMO {told.imo}")
    if not (_is_place(told.lat_deg, told.lon_deg) and _is_place(told.origin_lat_deg, told.origin_lon_deg)):
        return Refusal("not a place")
    texts = (told.source, told.name, told.listed, told.near, told.sentence)
    if sum(len(text or "") for text in texts) > TEXT_MOST:
        return Refusal("a text too long")
    if areas.full and told.stamp_ms > areas.clock_ms:
        return Refusal("too many wait for a partition that makes no progress", Reason.STAGE_FULL)
    return None


def _is_place(lat_deg: float, lon_deg: float) -> bool:
    return abs(lat_deg) <= _LAT_MOST and abs(lon_deg) <= _LON_MOST


INPUT: Final = StageInput(PLACES, "displacement", msgspec.json.Decoder(Displacement | PartitionWatermark), refusal_of)


class Places(StageService):
    """Holds the one partition of ``ais.places.v1`` while this process owns it."""

    kind: ClassVar[str] = "areas"
    name: ClassVar[str] = "places"
    reads: ClassVar[StageInput] = INPUT

    async def _passed_on(self, alert: Alert, publisher: Publisher) -> list[Awaitable[Any]]:
        """The area goes back to the stage of vessels."""
        area = area_of(alert)
        return [] if area is None else await publisher.areas.send(area)
