"""From a decoded message to a fix: sentinels become unknown, the implausible is refused, text is cleaned once."""

from __future__ import annotations

import math
from typing import Any, Final

from detectors.core.reports import HAS_IDENTITY, HAS_NAME, HAS_SHIP, HAS_VOYAGE
from streams.errors import InputError, Reason

POSITIONS: Final = frozenset({1, 2, 3, 9, 18, 19, 27})
STATICS: Final = frozenset({5, 19, 24})
CLASS_B: Final = frozenset({18, 19, 24})
MMSI_MOST: Final = 999_999_998
NO_LAT, NO_LON, NO_COG, NO_HEADING, NO_SOG = 91.0, 181.0, 360.0, 511, 102.3
NO_SOG_LONG_RANGE: Final = 63
IMO_MOST: Final = 9_999_999  # from 10,000,000 on it is an official number, not an IMO
AUXILIARY: Final = 98
STATUS_UNKNOWN: Final = 15
NAN: Final = math.nan


def check_mmsi(mmsi: int) -> None:
    """Raises InputError for MMSIs that nobody has."""
    if not 0 < mmsi <= MMSI_MOST:
        raise InputError(Reason.MMSI_INVALID, str(mmsi))


def position(raw: dict[str, Any]) -> tuple[float, float]:
    """Latitude and longitude, NaN when unknown. Raises InputError when out of range."""
    lat, lon = raw.get("lat"), raw.get("lon")
    if lat is None or lon is None or float(lat) == NO_LAT or float(lon) == NO_LON:
        return NAN, NAN
    if abs(lat) > 90 or abs(lon) > 180:  # noqa: PLR2004 - degrees
        raise InputError(Reason.POSITION_OUT_OF_RANGE, f"{lat:.4f} {lon:.4f}")
    return float(lat), float(lon)


def motion(kind: int, raw: dict[str, Any]) -> tuple[float, float, float, int]:
    """Speed, course, heading (NaN unknown) and navigational status (-1 unknown)."""
    sog, cog, heading = raw.get("speed"), raw.get("course"), raw.get("heading")
    no_sog = NO_SOG_LONG_RANGE if kind == 27 else NO_SOG  # noqa: PLR2004 - message type 27
    status = raw.get("status")
    return (
        NAN if sog is None or sog >= no_sog else float(sog),
        NAN if cog is None or cog >= NO_COG else float(cog),
        NAN if heading is None or heading >= NO_COG else float(heading),
        -1 if status is None or int(status) == STATUS_UNKNOWN else int(status),
    )


def text(value: str | None, length: int) -> bytes:
    """Printable ASCII without padding; b"" when unknown."""
    kept = "".join(c for c in (value or "").split("@", 1)[0] if " " <= c <= "~")
    return kept.strip().encode()[:length]


def static(kind: int, raw: dict[str, Any]) -> tuple[int, int, bytes, bytes, bytes, int, int, int, float, int]:
    """A row of STATIC."""
    has = HAS_NAME if "shipname" in raw else 0
    has |= HAS_SHIP if "ship_type" in raw else 0
    has |= HAS_IDENTITY | HAS_VOYAGE if kind == 5 else 0  # noqa: PLR2004 - message type 5
    imo = int(raw.get("imo") or 0)
    sided = raw.get("mmsi", 0) // 10_000_000 == AUXILIARY and kind == 24  # noqa: PLR2004 - 24 B of a craft
    length, beam = (0, 0) if sided else (_sum(raw, "to_bow", "to_stern"), _sum(raw, "to_port", "to_starboard"))
    eta = sum(int(raw.get(k) or 0) << s for k, s in (("month", 16), ("day", 11), ("hour", 6), ("minute", 0)))
    return (
        has,
        imo if imo <= IMO_MOST else 0,
        text(raw.get("shipname"), 20),
        text(raw.get("callsign"), 7),
        text(raw.get("destination"), 20),
        int(raw.get("ship_type") or -1),
        length or -1,
        beam or -1,
        float(raw["draught"]) if raw.get("draught") else NAN,
        eta,
    )


def _sum(raw: dict[str, Any], one: str, other: str) -> int:
    return int(raw.get(one) or 0) + int(raw.get(other) or 0)
