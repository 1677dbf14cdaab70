"""A note states that an IMO number is heard under an MMSI. Ingest writes it to every partition, in its ticks.

The flag is part of the MMSI, so a reflagged ship has another MMSI and is usually on another partition. The partition of
the former number cannot see that the ship is heard. A later stage must not report back, otherwise alerts would depend
on timing. So ingest, which processes all reports of a source, writes it into the log.
"""

from __future__ import annotations

from typing import Final

import msgspec

from detectors.core.imo_number import is_imo_number

_LAST_MS: Final = 253_402_300_800_000  # the year 10000
_MMSI_END: Final = 1 << 30  # thirty bits, as they are sent
_NAME_MOST: Final = 20
_SENTENCE_MOST: Final = 1024
_LENGTH_MOST: Final = 1022
_TYPE_MOST: Final = 255
_LAT_MOST, _LON_MOST = 90.0, 180.0
_SOG_MOST, _COG_MOST = 102.2, 360.0


class Note(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An IMO number is heard under an MMSI. Times are event times, Unix ms; unknown is None."""

    imo: int
    mmsi: int
    time_ms: int
    """Time of the report behind the note."""
    stated_ms: int
    """When this MMSI last stated the number."""
    lat_deg: float | None = None
    """Its position by two consistent reports; None if the note is of the statement itself."""
    lon_deg: float | None = None
    sog_kn: float | None = None
    cog_deg: float | None = None
    name: str | None = None
    ship_type: int | None = None
    length_m: int | None = None
    instead_of: int | None = None
    """The IMO number that this MMSI stated before."""
    sentence: str = ""
    """The raw sentence of the report, if it has a position."""


def refusal_of(note: Note) -> str:
    """Why a note cannot be used; empty if it can."""
    if not (is_imo_number(note.imo) and 0 <= note.mmsi < _MMSI_END and is_imo_number(note.instead_of or note.imo)):
        return f"not a vessel: IMO {note.imo}, MMSI {note.mmsi}"
    if not (0 <= note.time_ms < _LAST_MS and 0 <= note.stated_ms < _LAST_MS):
        return "no time"
    if (note.lat_deg is None) != (note.lon_deg is None):
        return "half a position"
    bounds = (
        (note.lat_deg, -_LAT_MOST, _LAT_MOST),
        (note.lon_deg, -_LON_MOST, _LON_MOST),
        (note.sog_kn, 0, _SOG_MOST),
        (note.cog_deg, 0, _COG_MOST),
        (note.ship_type, 0, _TYPE_MOST),
        (note.length_m, 0, _LENGTH_MOST),
    )
    if not all(value is None or least <= value <= most for value, least, most in bounds):
        return "a number out of range"
    return "" if len(note.name or "") <= _NAME_MOST and len(note.sentence) <= _SENTENCE_MOST else "a text too long"
