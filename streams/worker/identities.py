"""The stage of IMO numbers: bindings in, alerts about IMO numbers out (``stage``).

Bindings are few: an MMSI states its own once an hour.
"""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from detectors.core.identities.binding import IMO, Binding, SeenUnder, Told
from detectors.core.imo_stage.histories import ImoHistories
from streams.messages.topics import IDENTITIES
from streams.worker.codec import LAST_MS
from streams.worker.stage import Refusal, StageInput, StageService

MMSI_END: Final = 1 << 30  # thirty bits, as they are sent
TEXT_MOST: Final = 65_536


def refusal_of(told: Binding | SeenUnder, _: ImoHistories) -> Refusal | None:
    """Why a record of another program cannot be used; None if it can."""
    times = told.stamp_ms, *_times_of(told)
    if not all(0 <= time_ms < LAST_MS for time_ms in times):
        return Refusal("no time")
    if told.imo not in IMO or not 0 <= told.mmsi < MMSI_END:
        return Refusal(f"not a vessel: IMO {told.imo}, MMSI {told.mmsi}")
    if isinstance(told, SeenUnder):
        return None
    texts = (told.source, told.name, told.call_sign, told.listed, told.sentence, *told.alerts)
    return Refusal("a text too long") if sum(len(text or "") for text in texts) > TEXT_MOST else None


def _times_of(told: Binding | SeenUnder) -> tuple[int, ...]:
    if isinstance(told, SeenUnder):
        return told.heard_ms, told.noted_ms
    return told.first_ms, told.last_ms, told.fix_ms, told.appeared_ms


INPUT: Final = StageInput(IDENTITIES, "binding", msgspec.json.Decoder(Told), refusal_of)


class Identities(StageService):
    """Holds the one partition of ``ais.identities.v1`` while this process owns it."""

    kind: ClassVar[str] = "histories"
    name: ClassVar[str] = "identities"
    reads: ClassVar[StageInput] = INPUT
