"""Decoded messages as AIS-catcher and gpsd write them (``class`` AIS): re-encoded where the sentence is not included.

Sources: AIS-catcher's "Complete AIS Message JSON Documentation", gpsd's ``gpsd_json(5)``. If ``scaled`` is false,
values are those that are sent: degrees times 600,000, knots and degrees times 10.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from streams.ingest.json_fields import scaled, within
from streams.ingest.re_encoding import Mobile, PositionFields, ReEncoder, StaticFields, turn_deg_min

_MOBILES: Final[Mapping[object, Mobile]] = {
    1: "A", 2: "A", 3: "A", 4: "base", 18: "B", 19: "B", 21: "aid", 27: "long range",
}  # fmt: skip
_STATIC, _EXTENDED_B, _STATIC_B = 5, 19, 24
_MINUTES: Final = 600_000
"""Ten-thousandths of a minute in a degree."""
_COARSE: Final = 600
"""Tenths of a minute in a degree: type 27."""
_LONG_RANGE: Final = 27
_NO_TURN: Final = 128
_TURN_END_DEG_MIN: Final = 720
"""That or more: there is no indicator on board."""


def lines_of(told: Mapping[str, object], writer: ReEncoder, time_ms: int | None) -> list[bytes]:
    """The sentences of one message; none if its type is not written. Raises MessageError."""
    kind = told.get("type")
    if kind in (_STATIC, _STATIC_B):
        return writer.static(_static(told, class_b=kind == _STATIC_B), time_ms)
    if kind == _EXTENDED_B:
        return writer.extended_b(_position(told, "B"), _static(told, class_b=True), time_ms)
    mobile = _MOBILES.get(kind) if isinstance(kind, int) else None
    return [] if mobile is None else writer.position(_position(told, mobile), time_ms)


def _position(told: Mapping[str, object], mobile: Mobile) -> PositionFields:
    as_sent = told.get("scaled") is False
    lat, lon, speed, course = (told.get(name) for name in ("lat", "lon", "speed", "course"))
    if as_sent:
        long_range = told.get("type") == _LONG_RANGE
        per_deg, per_unit = (_COARSE, 1.0) if long_range else (_MINUTES, 10.0)
        lat, lon = scaled(lat, 1 / per_deg), scaled(lon, 1 / per_deg)
        speed, course = scaled(speed, 1 / per_unit), scaled(course, 1 / per_unit)
    return PositionFields(
        mmsi=told.get("mmsi"),
        lat_deg=lat,
        lon_deg=lon,
        sog_kn=speed,
        cog_deg=course,
        heading_deg=told.get("heading"),
        turn_deg_min=_turn(told, as_sent=as_sent),
        status=told.get("status"),
        second=told.get("second"),
        mobile=mobile,
        name=told.get("name"),
        aid_type=told.get("aid_type"),
    )


def _turn(told: Mapping[str, object], *, as_sent: bool) -> float | None:
    if as_sent or "turn_unscaled" in told:
        return turn_deg_min(told.get("turn") if as_sent else told["turn_unscaled"])
    scaled_deg_min = within(told.get("turn"), -_TURN_END_DEG_MIN, _TURN_END_DEG_MIN)
    return None if scaled_deg_min is None or abs(scaled_deg_min) == _NO_TURN else scaled_deg_min


def _static(told: Mapping[str, object], *, class_b: bool) -> StaticFields:
    draught = told.get("draught")
    return StaticFields(
        mmsi=told.get("mmsi"),
        imo=told.get("imo"),
        call_sign=told.get("callsign"),
        name=told.get("shipname"),
        ship_type=told.get("shiptype"),
        sides_m=(told.get("to_bow"), told.get("to_stern"), told.get("to_port"), told.get("to_starboard")),
        draught_m=scaled(draught, 0.1) if told.get("scaled") is False else draught,
        destination=told.get("destination"),
        eta=(told.get("month"), told.get("day"), told.get("hour"), told.get("minute")),
        class_b=class_b,
    )
