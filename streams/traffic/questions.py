"""What may be asked, read from the parameters of a request. Nothing here is trusted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from detectors.core.units import MS
from streams.errors import InputError, Reason
from streams.messages.values import LATEST_MS, ms_of, whole_number

_MMSI_MOST: Final = 999_999_999


class TrackQuestion(NamedTuple):
    """The track of a vessel between two event times, Unix seconds, both included."""

    mmsi: int
    from_s: int
    to_s: int


def recorded_of(query: Mapping[str, str]) -> bool | None:
    """``recorded=1`` or ``0``: which timeline; None: the live one if there is any."""
    said = query.get("recorded", "")
    return {"1": True, "0": False}.get(said)


def time_s_of(text: str) -> int:
    """RFC 3339 or Unix milliseconds, as Unix seconds. Raises InputError."""
    ms = whole_number(text.encode(errors="replace")) if text.isascii() and text.isdigit() else ms_of(text)
    if ms is None:
        raise InputError(
            Reason.RECORD_UNREADABLE, f"{text[:40]!r} is not a time: give RFC 3339, or milliseconds of Unix time"
        )
    return ms // MS


def track_of(mmsi: str, query: Mapping[str, str], now_s: int, held_s: int) -> TrackQuestion:
    """From ``from`` to ``to``; without them up to now, and ``held_s`` long. Raises InputError."""
    number = whole_number(mmsi.encode(errors="replace"), _MMSI_MOST)
    if number is None:
        raise InputError(Reason.RECORD_UNREADABLE, f"{mmsi[:20]!r} is not an MMSI")
    to_s = time_s_of(query["to"]) if query.get("to") else max(now_s, 0)
    from_s = time_s_of(query["from"]) if query.get("from") else max(0, to_s - held_s)
    if from_s > to_s or to_s >= LATEST_MS // MS:
        raise InputError(Reason.RECORD_UNREADABLE, "the track would end before it begins")
    return TrackQuestion(number, min(from_s, _LAST_S), min(to_s, _LAST_S))


_LAST_S: Final = (1 << 32) - 1
