"""Decoded messages as AIS-catcher and gpsd write them (``class`` AIS): re-encoded where the sentence is not included.

Sources: AIS-catcher's "Complete AIS Message JSON Documentation", gpsd's ``gpsd_json(5)``. If ``scaled`` is false,
values are those that are sent: degrees times 600,000, knots and degrees times 10.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from streams.ingest.json_fields import scaled, shown, within
from streams.ingest.re_encoding import MessageError, Mobile, PositionFields, ReEncoder, StaticFields, turn_deg_min

_MOBILES: Final[Mapping[object, Mobile]] = {
    1: "A", 2: "A", 3: "A", 4: "base", 18: "B", 19: "B", 21: "aid", 27: "long range",
}  # fmt: skip
_STATIC, _EXTENDED_B, _STATIC_B = 5, 19, 24
_MINUTES: Final = 600_000
"""Ten-thousandths of a minute in a degree."""
_COARSE: Final = 600
"""Tenths of a minute in a degree: type 27."""
_LONG_RANGE: Final = 27
_NO_SOG_27, _NO_COG_27 = 63, 511
_ETA: Final = re.compile(r"([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2})Z")
"""Month, day, hour and minute, as gpsd writes them."""
_NO_TURN: Final = 128
_TURN_END_DEG_MIN: Final = 720
"""That or more: there is no indicator on board."""


def lines_of(message: Mapping[str, object], writer: ReEncoder, time_ms: int | None) -> list[bytes]:
    """The sentences of one message; none if its type is not written. Raises MessageError."""
    kind = message.get("type")
    if isinstance(kind, bool) or not isinstance(kind, int):
        raise MessageError("no message type" if kind is None else f"message type {shown(kind)} is not a whole number")
    if kind in (_STATIC, _STATIC_B):
        return writer.static(_static(message, class_b=kind == _STATIC_B), time_ms)
    if kind == _EXTENDED_B:
        return writer.extended_b(_position(message, "B"), _static(message, class_b=True), time_ms)
    mobile = _MOBILES.get(kind)
    return [] if mobile is None else writer.position(_position(message, mobile), time_ms)


def _position(message: Mapping[str, object], mobile: Mobile) -> PositionFields:
    as_sent = message.get("scaled") is False
    lat, lon, speed, course = (message.get(name) for name in ("lat", "lon", "speed", "course"))
    if as_sent:
        long_range = message.get("type") == _LONG_RANGE
        per_deg, per_unit = (_COARSE, 1.0) if long_range else (_MINUTES, 10.0)
        lat, lon = scaled(lat, 1 / per_deg), scaled(lon, 1 / per_deg)
        speed, course = scaled(speed, 1 / per_unit), scaled(course, 1 / per_unit)
    if mobile == "long range":
        speed, course = within(speed, 0, _NO_SOG_27), within(course, 0, _NO_COG_27)
    return PositionFields(
        mmsi=message.get("mmsi"),
        lat_deg=lat,
        lon_deg=lon,
        sog_kn=speed,
        cog_deg=course,
        heading_deg=message.get("heading"),
        turn_deg_min=_turn(message, as_sent=as_sent),
        status=message.get("status"),
        second=message.get("second"),
        mobile=mobile,
        name=message.get("name"),
        aid_type=message.get("aid_type"),
    )


def _turn(message: Mapping[str, object], *, as_sent: bool) -> float | None:
    if as_sent or "turn_unscaled" in message:
        return turn_deg_min(message.get("turn") if as_sent else message["turn_unscaled"])
    scaled_deg_min = within(message.get("turn"), -_TURN_END_DEG_MIN, _TURN_END_DEG_MIN)
    return None if scaled_deg_min is None or abs(scaled_deg_min) == _NO_TURN else scaled_deg_min


def _static(message: Mapping[str, object], *, class_b: bool) -> StaticFields:
    draught, eta = message.get("draught"), message.get("eta")
    written = _ETA.fullmatch(eta) if isinstance(eta, str) else None
    month, day, hour, minute = written.groups() if written else map(message.get, ("month", "day", "hour", "minute"))
    return StaticFields(
        mmsi=message.get("mmsi"),
        imo=message.get("imo"),
        call_sign=message.get("callsign"),
        name=message.get("shipname"),
        ship_type=message.get("shiptype"),
        sides_m=(message.get("to_bow"), message.get("to_stern"), message.get("to_port"), message.get("to_starboard")),
        draught_m=scaled(draught, 0.1) if message.get("scaled") is False else draught,
        destination=message.get("destination"),
        eta=(month, day, hour, minute),
        class_b=class_b,
    )
