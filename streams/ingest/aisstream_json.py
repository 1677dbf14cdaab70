"""Messages of aisstream.io: decoded values in JSON, from which sentences are written.

Source: github.com/aisstream/ais-message-models. ``MetaData.time_utc`` is Go's form of a time, such as
``2026-03-01 06:17:43.375540658 +0000 UTC``. The rate of turn is the number that is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from streams.ingest.json_fields import shown
from streams.ingest.re_encoding import MessageError, Mobile, PositionFields, ReEncoder, StaticFields, turn_deg_min
from streams.ingest.stamps import StampError, StampRules, read_ms

_MOBILES: Final[Mapping[str, Mobile]] = {
    "PositionReport": "A",
    "StandardClassBPositionReport": "B",
    "BaseStationReport": "base",
    "AidsToNavigationReport": "aid",
    "LongRangeAisBroadcastMessage": "long range",
}
_STATIC, _STATIC_B, _EXTENDED_B = "ShipStaticData", "StaticDataReport", "ExtendedClassBPositionReport"
MESSAGE_TYPES: Final = (*_MOBILES, _STATIC, _STATIC_B, _EXTENDED_B)
"""The types from which sentences are written."""
_UTC: Final = StampRules()
Message = Mapping[str, object]


def is_message(message: Message) -> bool:
    """Whether an object is a message of aisstream.io."""
    return isinstance(message.get("MessageType"), str) and "Message" in message


def lines_of(message: Message, writer: ReEncoder) -> list[bytes]:
    """The sentences of one message; none if its type is not written. Raises MessageError."""
    kind = str(message.get("MessageType"))
    if kind not in MESSAGE_TYPES:
        return []
    meta, body = _object(message, "MetaData"), _object(_object(message, "Message"), kind)
    if body.get("Valid") is False:
        raise MessageError("marked as not valid by aisstream.io")
    mmsi, time_ms = body.get("UserID", meta.get("MMSI")), _time_ms(meta.get("time_utc"))
    if kind == _STATIC:
        return writer.static(_static(body, mmsi), time_ms)
    if kind == _STATIC_B:
        return writer.static(_static_b(body, mmsi), time_ms)
    if kind == _EXTENDED_B:
        return writer.extended_b(_position(body, mmsi, "B"), _static(body, mmsi), time_ms)
    return writer.position(_position(body, mmsi, _MOBILES[kind]), time_ms)


def _object(message: Message, name: str) -> dict[str, object]:
    found = message.get(name)
    if not isinstance(found, dict):
        raise MessageError(f"{name} is {'missing' if found is None else 'not an object'}")
    return found


def _time_ms(value: object) -> int | None:
    """None if no time is stated: the message counts as received when it is read."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str):
            return read_ms(value.partition(" m=")[0].removesuffix(" UTC"), _UTC)
    except StampError:
        pass
    raise MessageError(f"time_utc {shown(value)} is not a time")


def _position(body: Message, mmsi: object, mobile: Mobile) -> PositionFields:
    return PositionFields(
        mmsi=mmsi,
        lat_deg=body.get("Latitude"),
        lon_deg=body.get("Longitude"),
        sog_kn=body.get("Sog"),
        cog_deg=body.get("Cog"),
        heading_deg=body.get("TrueHeading"),
        turn_deg_min=turn_deg_min(body.get("RateOfTurn")),
        status=body.get("NavigationalStatus"),
        second=body.get("Timestamp"),
        mobile=mobile,
        name=body.get("Name"),
        aid_type=body.get("Type"),
    )


def _static(body: Message, mmsi: object) -> StaticFields:
    eta = _part(body, "Eta")
    return StaticFields(
        mmsi=mmsi,
        imo=body.get("ImoNumber"),
        call_sign=body.get("CallSign"),
        name=body.get("Name"),
        ship_type=body.get("Type"),
        sides_m=_sides(body),
        draught_m=body.get("MaximumStaticDraught"),
        destination=body.get("Destination"),
        eta=(eta.get("Month"), eta.get("Day"), eta.get("Hour"), eta.get("Minute")),
    )


def _static_b(body: Message, mmsi: object) -> StaticFields:
    """Part A or part B; the other one is there too, empty and marked as not valid."""
    name, hull = (
        part if part.get("Valid") is True else {} for part in (_part(body, "ReportA"), _part(body, "ReportB"))
    )
    return StaticFields(
        mmsi=mmsi,
        name=name.get("Name"),
        call_sign=hull.get("CallSign"),
        ship_type=hull.get("ShipType"),
        sides_m=_sides(hull),
        class_b=True,
    )


def _sides(body: Message) -> tuple[object, object, object, object]:
    sides = _part(body, "Dimension")
    return sides.get("A"), sides.get("B"), sides.get("C"), sides.get("D")


def _part(body: Message, name: str) -> Message:
    found = body.get(name)
    return found if isinstance(found, dict) else {}
