"""Deltas of Signal K: a context that names the vessel by its MMSI, and values by path, in SI units and radians.

A value that is unknown is missing or null; servers leave out AIS's own numbers for it. The timestamp of an update is
when the server received it. Sources: Signal K specification 1.7 (delta format, vessel schema), signalk-server 2.23 fed
with sentences.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from streams.ingest.json_fields import scaled, shown
from streams.ingest.re_encoding import MessageError, Mobile, PositionFields, ReEncoder, StaticFields
from streams.messages.values import time_ms

_CONTEXT: Final = re.compile(r"(?:vessels|aircraft|atons|sar)\.urn:mrn:imo:mmsi:([0-9]{9})")
_KN_OF_M_S: Final = 3600 / 1852
_DEG: Final = 180 / math.pi
_ETA: Final = re.compile(r"[0-9]{4}-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}).*")
_DIGITS: Final = re.compile(r"(?:IMO *)?([0-9]{1,10})")
_MOBILES: Final[Mapping[object, Mobile]] = {"B": "B", "BASE": "base", "ATON": "aid"}
_STATES: Final = (
    "motoring",
    "anchored",
    "not under command",
    "restricted manouverability",  # so spelt by the specification
    "constrained by draft",
    "moored",
    "aground",
    "fishing",
    "sailing",
    "hazardous material high speed",
    "hazardous material wing in ground",
)
_MOTION: Final = ("navigation.position", "navigation.speedOverGround", "navigation.courseOverGroundTrue")
Values = Mapping[str, object]


def lines_of(delta: Mapping[str, Any], writer: ReEncoder) -> list[bytes]:
    """The sentences of a delta; none if it is not about a vessel with an MMSI. Raises MessageError."""
    context = delta.get("context")
    found = _CONTEXT.fullmatch(context) if isinstance(context, str) else None
    updates = delta.get("updates")
    if found is None or not isinstance(updates, list):
        return []
    read = [(_time_ms(u.get("timestamp")), _values(u.get("values"))) for u in updates if isinstance(u, dict)]
    positions = [
        writer.position(_position(found[1], values), received_ms) if any(path in values for path in _MOTION) else []
        for received_ms, values in read
    ]
    # Nothing more can be refused: the writer remembers particulars as written.
    lines: list[bytes] = []
    for position, (received_ms, values) in zip(positions, read, strict=True):
        lines += position + writer.static(_static(found[1], values), received_ms)
    return lines


def _values(given: object) -> dict[str, object]:
    """By path; what is given for the path "" is an object with paths of its own."""
    found: dict[str, object] = {}
    for each in given if isinstance(given, list) else ():
        path, value = (each.get("path"), each.get("value")) if isinstance(each, dict) else (None, None)
        if path == "" and isinstance(value, dict):
            found |= {
                f"{name}.{k}": v for name, inner in value.items() if isinstance(inner, dict) for k, v in inner.items()
            }
            found |= {name: inner for name, inner in value.items() if not isinstance(inner, dict)}
        elif isinstance(path, str):
            found[path] = value
    return found


def _position(mmsi: str, values: Values) -> PositionFields:
    turn, state = scaled(values.get("navigation.rateOfTurn"), _DEG * 60), values.get("navigation.state")
    return PositionFields(
        mmsi=mmsi,
        lat_deg=_inner(values, "navigation.position", "latitude"),
        lon_deg=_inner(values, "navigation.position", "longitude"),
        sog_kn=scaled(values.get("navigation.speedOverGround"), _KN_OF_M_S),
        cog_deg=scaled(values.get("navigation.courseOverGroundTrue"), _DEG),
        heading_deg=scaled(values.get("navigation.headingTrue"), _DEG),
        turn_deg_min=turn,
        status=_STATES.index(state) if isinstance(state, str) and state in _STATES else None,
        mobile=_MOBILES.get(_text(values.get("sensors.ais.class")), "A"),
        name=values.get("name"),
        aid_type=_inner(values, "atonType", "id"),
    )


def _static(mmsi: str, values: Values) -> StaticFields:
    eta = _ETA.fullmatch(_text(values.get("navigation.destination.eta")))
    imo = _DIGITS.fullmatch(_text(values.get("registrations.imo")))
    month, day, hour, minute = eta.groups() if eta else (None, None, None, None)
    draught_m = _inner(values, "design.draft", "current")
    return StaticFields(
        mmsi=mmsi,
        imo=imo[1] if imo else None,
        call_sign=values.get("communication.callsignVhf"),
        name=values.get("name"),
        ship_type=_inner(values, "design.aisShipType", "id"),
        length_m=_inner(values, "design.length", "overall"),
        beam_m=values.get("design.beam"),
        draught_m=_inner(values, "design.draft", "maximum") if draught_m is None else draught_m,
        destination=values.get("navigation.destination.commonName"),
        eta=(month, day, hour, minute),
        class_b=values.get("sensors.ais.class") == "B",
    )


def _inner(values: Values, path: str, name: str) -> object:
    value = values.get(path)
    return value.get(name) if isinstance(value, dict) else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _time_ms(value: object) -> int | None:
    """None: the update states no time."""
    if value is None:
        return None
    try:
        if isinstance(value, str):
            return time_ms(value)
    except (ValueError, OverflowError):
        pass
    raise MessageError(f"time {shown(value)} is not RFC 3339")
