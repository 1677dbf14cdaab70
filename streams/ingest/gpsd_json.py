"""AIS objects of gpsd (``"class":"AIS"``, asked for as ``scaled``): degrees, knots, metres, degrees per minute.

Unknown is "nan" as text in the turn and speed of class A, and AIS's own number everywhere else. A long-range position
(type 27) has its status as text, and 63 kn and 511 degrees for unknown. No object has a time of reception.
Source: gpsd 3.22 fed with sentences of every type below, and its gpsd_json manual page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from streams.ingest.re_encoding import MessageError, Mobile, PositionFields, StaticFields

_MOBILES: Final[Mapping[int, Mobile]] = {
    1: "A",
    2: "A",
    3: "A",
    4: "base",
    9: "A",
    18: "B",
    19: "B",
    21: "aid",
    27: "long range",
}
_STATIC: Final = (5, 19, 24)
_LONG_RANGE: Final = 27
_NO_SOG_27, _NO_COG_27 = 63, 511
_ETA: Final = re.compile(r"(\d\d)-(\d\d)T(\d\d):(\d\d)Z")

Fields = PositionFields | StaticFields


def fields_of(told: Mapping[str, Any]) -> list[Fields]:
    """What an AIS object states; nothing if it is of another type. Raises MessageError."""
    if told.get("scaled") is not True:
        raise MessageError("not in degrees and knots: gpsd was not asked for scaled values")
    kind = told.get("type")
    found: list[Fields] = []
    if not isinstance(kind, int):
        raise MessageError("no message type")
    if kind in _MOBILES:
        found.append(_position(told, kind))
    if kind in _STATIC:
        found.append(_static(told, kind))
    return found


def _position(told: Mapping[str, Any], kind: int) -> PositionFields:
    sog, cog, coarse = told.get("speed"), told.get("course"), kind == _LONG_RANGE
    return PositionFields(
        mmsi=told.get("mmsi"),
        lat_deg=told.get("lat"),
        lon_deg=told.get("lon"),
        sog_kn=None if coarse and sog == _NO_SOG_27 else sog,
        cog_deg=None if coarse and cog == _NO_COG_27 else cog,
        heading_deg=told.get("heading"),
        turn_deg_min=told.get("turn"),
        status=told.get("status"),
        second=told.get("second"),
        mobile=_MOBILES[kind],
        name=told.get("name"),
        aid_type=told.get("aid_type"),
    )


def _static(told: Mapping[str, Any], kind: int) -> StaticFields:
    eta = told.get("eta")
    parts = _ETA.fullmatch(eta) if isinstance(eta, str) else None
    month, day, hour, minute = parts.groups() if parts else (None, None, None, None)
    return StaticFields(
        mmsi=told.get("mmsi"),
        imo=told.get("imo"),
        call_sign=told.get("callsign"),
        name=told.get("shipname"),
        ship_type=told.get("shiptype"),
        sides_m=(told.get("to_bow"), told.get("to_stern"), told.get("to_port"), told.get("to_starboard")),
        draught_m=told.get("draught"),
        destination=told.get("destination"),
        eta=(month, day, hour, minute),
        class_b=kind != 5,  # noqa: PLR2004  # type 5 is the static message of class A
    )
