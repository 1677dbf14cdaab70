"""The stage of meetings: slow ships and silences in, alerts about them out (``stage``).

Facts are few beside reports: of a slow ship outside ports one in ten minutes, and those of a run are one record.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

import msgspec

from detectors.core.meeting_stage.stage import MeetingStage
from detectors.core.promises import PartitionWatermark
from detectors.core.slow_ships import BIN_MS, DraughtChanged, ListedSilence, SlowFact, SlowShip, SlowShips
from streams.errors import Reason
from streams.messages.topics import SLOW
from streams.worker.codec import LAST_MS
from streams.worker.identities import MMSI_END, TEXT_MOST
from streams.worker.observer import Tallies
from streams.worker.stage import Refusal, StageInput, StageService

_LAT_MOST, _LON_MOST, _KN_MOST, _DRAUGHT_MOST_M = 90.0, 180.0, 200.0, 100.0
_HULL_END: Final = 1 << 30
_TIMES: Final = ("at_ms", "time_ms", "stamp_ms")
_SILENCE_TIMES: Final = ("since_ms", "known_ms", "stamp_ms", "fix_ms")
_INTERVAL_MOST_MS: Final = 24 * 6 * BIN_MS
"""Between the moment of a position and the fix by which it is known: a fact has half an hour."""


def refusal_of(told: SlowFact | ListedSilence, stage: MeetingStage) -> Refusal | None:
    """Why a record of another program cannot be used, or a fact cannot wait; None if it can."""
    found = _wrong_fact(told)
    if found is not None:
        return Refusal(found)
    stamps = tuple(ship.stamp_ms for ship in told.ships) if isinstance(told, SlowShips) else (told.stamp_ms,)
    if stage.full and max(stamps, default=0) > stage.clock_ms:
        return Refusal("too many wait for a partition that makes no progress", Reason.STAGE_FULL)
    return None


def _wrong_fact(told: SlowFact | ListedSilence) -> str | None:
    if isinstance(told, SlowShips):
        return next(filter(None, map(_wrong, told.ships)), None)
    return _wrong_silence(told) if isinstance(told, ListedSilence) else _wrong_draught(told)


def _wrong_draught(told: DraughtChanged) -> str | None:
    if not 0 <= told.time_ms < LAST_MS or not 0 <= told.stamp_ms < LAST_MS:
        return "no time"
    if not 0 <= told.draught_m <= _DRAUGHT_MOST_M:
        return "no draught"
    return None if 0 <= told.mmsi < MMSI_END else f"not a vessel: MMSI {told.mmsi}"


def _wrong(ship: SlowShip) -> str | None:
    if not all(0 <= getattr(ship, name) < LAST_MS for name in _TIMES):
        return "no time"
    if ship.at_ms % BIN_MS or not 0 <= ship.time_ms - ship.at_ms <= _INTERVAL_MOST_MS:
        return "not the moment of a step"
    if not (0 <= ship.hull < _HULL_END and (ship.left_ms is None or 0 <= ship.left_ms < LAST_MS)):
        return "no hull, or no time at which it left"
    return _wrong_ship(ship) or _too_long(ship.destination, ship.source, ship.zone, ship.came_from)


def _wrong_silence(told: ListedSilence) -> str | None:
    if not all(0 <= getattr(told, name) < LAST_MS for name in _SILENCE_TIMES):
        return "no time"
    if not 0 <= told.v_max_kn <= _KN_MOST:
        return "no speed"
    return _wrong_ship(told) or _too_long(told.alert)


def _wrong_ship(told: SlowShip | ListedSilence) -> str | None:
    if not 0 <= told.mmsi < MMSI_END or not (told.imo is None or 0 <= told.imo < MMSI_END):
        return f"not a vessel: MMSI {told.mmsi}, IMO {told.imo}"
    if not (abs(told.lat_deg) <= _LAT_MOST and abs(told.lon_deg) <= _LON_MOST):
        return "not a place"
    return _too_long(told.name, told.listed, told.sentence, *told.listed_for)


def _too_long(*texts: str | None) -> str | None:
    return "a text too long" if sum(len(text or "") for text in texts) > TEXT_MOST else None


INPUT: Final = StageInput(
    SLOW, "slow ship", msgspec.json.Decoder(SlowShips | DraughtChanged | ListedSilence | PartitionWatermark), refusal_of
)


class Meetings(StageService):
    """Holds the one partition of ``ais.slow.v1`` while this process owns it."""

    kind: ClassVar[str] = "meetings"
    name: ClassVar[str] = "slow"
    reads: ClassVar[StageInput] = INPUT

    def tallies(self, engine: Any) -> Tallies:
        """What was no meeting, by reason."""
        return Tallies(no_meetings=dict(engine.left_out))
