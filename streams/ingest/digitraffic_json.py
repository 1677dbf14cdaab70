"""Finland's Digitraffic over MQTT: ``vessels-v2/MMSI/location`` and ``vessels-v2/MMSI/metadata``.

The MMSI is in the topic only. A location has its time in seconds, particulars have it in milliseconds, the draught in
tenths of a metre, and the ETA as the twenty bits that are sent. The rate of turn is the number that is sent.
Source: digitraffic.fi, "Marine traffic", vessel message formats.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from streams.ingest.json_fields import FieldError, number, scaled, shown, within
from streams.ingest.re_encoding import MessageError, PositionFields, ReEncoder, StaticFields, turn_deg_min
from streams.messages.values import LATEST_MS

_TOPIC: Final = re.compile(r"(?:.*/)?vessels-v2/([0-9]{1,9})/(locations?|metadata)")
_STATUS: Final = re.compile(r"(?:.*/)?vessels-v2/status")
_ETA_END: Final = 1 << 20
_MS: Final = 1000
_DECODER: Final[msgspec.json.Decoder[dict[str, Any]]] = msgspec.json.Decoder(dict[str, Any])


def is_ours(topic: str) -> bool:
    """Whether the messages of a topic are of this form."""
    return _TOPIC.fullmatch(topic) is not None or _STATUS.fullmatch(topic) is not None


def lines_of(topic: str, payload: bytes, writer: ReEncoder) -> list[bytes]:
    """The sentences of a message; none of one about the service itself. Raises MessageError."""
    found = _TOPIC.fullmatch(topic)
    if found is None:
        return []
    mmsi, kind = found.groups()
    try:
        told = _DECODER.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MessageError("not a JSON object") from error
    if kind == "metadata":
        return writer.static(_static(mmsi, told), _time_ms(told.get("timestamp"), 1))
    return writer.position(_position(mmsi, told), _time_ms(told.get("time"), _MS))


def _position(mmsi: str, told: Mapping[str, Any]) -> PositionFields:
    return PositionFields(
        mmsi=mmsi,
        lat_deg=told.get("lat"),
        lon_deg=told.get("lon"),
        sog_kn=told.get("sog"),
        cog_deg=told.get("cog"),
        heading_deg=told.get("heading"),
        turn_deg_min=turn_deg_min(told.get("rot")),
        status=told.get("navStat"),
    )


def _static(mmsi: str, told: Mapping[str, Any]) -> StaticFields:
    eta = int(within(told.get("eta"), 0, _ETA_END) or 0)
    return StaticFields(
        mmsi=mmsi,
        imo=told.get("imo"),
        call_sign=told.get("callSign"),
        name=told.get("name"),
        ship_type=told.get("type"),
        sides_m=(told.get("refA"), told.get("refB"), told.get("refC"), told.get("refD")),
        draught_m=scaled(told.get("draught"), 0.1),
        destination=told.get("destination"),
        eta=(eta >> 16, eta >> 11 & 31, eta >> 6 & 31, eta & 63) if eta else (None, None, None, None),
    )


def _time_ms(value: object, factor: int) -> int:
    try:
        found = number(value)
    except FieldError as error:
        raise MessageError(f"time: {error}") from error
    if found is None:
        raise MessageError("no time")
    if not 0 < found * factor < LATEST_MS:
        raise MessageError(f"time {shown(value)} is out of range")
    return round(found * factor)
