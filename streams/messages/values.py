"""Decodes a record's value to a typed value, for every reader of every topic of ours. No I/O.

Rules.
1. A value that is not of its topic's type raises ``InputError(record_unreadable)`` with the reason in words: not UTF-8,
  not JSON, nested too deeply, a field of another type, an invalid time, a place off the globe. No other error leaves
  this module, so a reader needs one ``except``, and one record never ends a process.
2. Decoded values can be used without another check: times are RFC 3339 with an offset, after 1970 and before 9999;
  positions are finite and on the globe. ``details`` of an alert are the detector's own, and are not checked.
3. An unknown field is ignored: version 1 only grows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec

from detectors.core.alert import Alert, Position
from detectors.core.reference import Zone
from detectors.core.ticks import Tick
from detectors.core.units import MS
from streams.errors import InputError, Reason
from streams.messages.feedback import Feedback
from streams.messages.vessel_summary import VesselSummary

VALUE_BYTES_MOST: Final = 1 << 20
"""An alert has some kilobytes, a zone with a long coastline some hundred: a larger value was not written by us."""
LATEST_MS: Final = 253_370_764_800_000
"""9999-01-01: a later time could exceed RFC 3339 once something is added to it."""
_WHY_MOST: Final = 160
_LAT_MOST_DEG, _LON_MOST_DEG = 90.0, 180.0
_ID: Final = re.compile(r"[0-9a-f]{32}")
_REVISION_MOST: Final = (1 << 31) - 1
_MMSI_MOST: Final = 999_999_999
_BAD: Final = (msgspec.MsgspecError, UnicodeError, ValueError, OverflowError, RecursionError)

T = TypeVar("T", bound=msgspec.Struct)


def decoded(value: bytes, kind: type[T]) -> T:
    """``value`` as ``kind``. Raises InputError, and nothing else."""
    try:
        if len(value) > VALUE_BYTES_MOST:
            raise ValueError(f"{len(value)} bytes")
        made = msgspec.json.decode(value, type=kind)
        _CHECKS.get(kind, _nothing)(made)
    except _BAD as error:
        raise InputError(Reason.RECORD_UNREADABLE, f"no {_word(kind)}: {_said(error)}") from error
    return made


def summary_of(key: bytes | None, value: bytes | None) -> tuple[int, VesselSummary | None]:
    """A record of the topic of vessels: its MMSI, and the summary (None: no longer listed). Raises InputError."""
    text = key or b""
    if not text.isdigit() or len(text) > len(str(_MMSI_MOST)):
        raise InputError(Reason.RECORD_UNREADABLE, f"not a vessel: the key is {text[:20]!r}, not an MMSI")
    return int(text), None if value is None else decoded(value, VesselSummary)


def whole_number(text: bytes | None, most: int = LATEST_MS) -> int | None:
    """A header's decimal number from 0 to ``most``; None if it is not one."""
    if text is None or not text.isdigit() or len(text) > len(str(most)):
        return None
    number = int(text)
    return number if number <= most else None


def ms_of(text: object) -> int | None:
    """A time as Unix ms if ``text`` is one by rule 2, otherwise None. For the ``details`` of alerts."""
    try:
        return time_ms(text) if isinstance(text, str) else None
    except _BAD:
        return None


def _word(kind: type) -> str:
    return _WORDS.get(kind.__name__, kind.__name__.lower())


def _said(error: Exception) -> str:
    text = "it is nested too deeply" if isinstance(error, RecursionError) else str(error) or type(error).__name__
    return text[:_WHY_MOST]


def _nothing(_: Any) -> None:
    """Other types need no further check."""


def time_ms(text: str) -> int:
    """A time as ISO 8601 text with a zone, Unix ms. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"time {text[:40]!r} has no offset")
    ms = round(moment.timestamp() * MS)
    if not 0 < ms < LATEST_MS:
        raise ValueError(f"time {text[:40]!r} is out of range")
    return ms


def _position(position: Position | None) -> None:
    if position is not None:
        time_ms(position.time)
        _place(position.lat_deg, position.lon_deg)
        for name, value in (("sog_kn", position.sog_kn), ("cog_deg", position.cog_deg)):
            if value is not None and not math.isfinite(value):
                raise ValueError(f"{name} {value} is not a number")


def _place(lat_deg: float, lon_deg: float) -> None:
    if not (abs(lat_deg) <= _LAT_MOST_DEG and abs(lon_deg) <= _LON_MOST_DEG):
        raise ValueError(f"position {lat_deg} {lon_deg} is out of range")


def _alert(alert: Alert) -> None:
    if not _ID.fullmatch(alert.id):
        raise ValueError(f"id {alert.id[:40]!r} is not 32 hex digits")
    if not 1 <= alert.revision <= _REVISION_MOST:
        raise ValueError("revision out of range")
    time_ms(alert.time)
    time_ms(alert.episode_start)
    _position(alert.position)


def _feedback(said: Feedback) -> None:
    if not _ID.fullmatch(said.alert_id):
        raise ValueError(f"alert_id {said.alert_id[:40]!r} is not 32 hex digits")
    time_ms(said.time)


def _summary(ship: VesselSummary) -> None:
    time_ms(ship.last_heard)
    time_ms(ship.clock)
    _position(ship.position)


def _zone(zone: Zone) -> None:
    _place(zone.lat_deg, zone.lon_deg)
    if not (all(map(math.isfinite, _numbers(zone.polygon or ()))) and zone.radius_nm >= 0):
        raise ValueError(f"zone {zone.name[:40]!r} has no extent")


def _numbers(nested: Any) -> Iterator[float]:
    if isinstance(nested, tuple):
        for one in nested:
            yield from _numbers(one)
    else:
        yield nested


def _tick(tick: Tick) -> None:
    heard_ms = tick.from_ms if tick.heard_ms is None else tick.heard_ms
    if not (0 <= tick.from_ms <= tick.to_ms < LATEST_MS and 0 <= heard_ms < LATEST_MS):
        raise ValueError("not a period of time")


_CHECKS: Final[Mapping[type, Callable[[Any], None]]] = {
    Alert: _alert,
    Feedback: _feedback,
    VesselSummary: _summary,
    Zone: _zone,
    Tick: _tick,
}
_WORDS: Final = {"VesselSummary": "vessel", "VersionEntry": "list entry", "VersionHead": "head of a version"}
