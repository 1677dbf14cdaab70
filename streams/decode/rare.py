"""Decodes with pyais, message by message, all that is not hot: rare types, and hot types that end early."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from pyais.bit_vector import bit_vector
from pyais.exceptions import AISBaseException
from pyais.messages import MSG_CLASS

from detectors.core import message_types
from detectors.core.reports import HAS_IDENTITY, HAS_NAME, HAS_SHIP, HAS_VOYAGE
from streams.decode.model import NO_STATUS, TEXT_CHARS, Sent, SentStatic
from streams.errors import InputError, Reason

# What pyais raises on payloads that end early or hold what its enums do not know.
SURPRISES: Final = (
    AISBaseException,
    ArithmeticError,
    AttributeError,
    LookupError,
    NotImplementedError,
    TypeError,
    ValueError,
)
PLACED: Final = message_types.PLACED | {28}
"""Types with the sender's own latitude and longitude, in degrees. No standard has 28 yet; pyais reads it."""
_SHIP_TYPE_AT: Final = {5: 232, 19: 263}
_ETA: Final = (("month", 16), ("day", 11), ("hour", 6), ("minute", 0))
_HULL: Final = (("bow", 21), ("stern", 12), ("port", 6), ("starboard", 0))
_NAMES: Final = ("lon", "lat", "speed", "course", "heading")


class UndecodableError(InputError):
    """Bits that are not a message known to pyais."""

    def __init__(self, detail: str) -> None:
        super().__init__(Reason.UNDECODABLE, detail)
        self.detail = detail


def open_message(payload: bytes, fill: int) -> tuple[Any, Any]:
    """pyais's message and its bits. Raises UndecodableError if pyais cannot decode them."""
    bits = bit_vector(payload, fill)
    kind = bits.get(0, 6)
    if kind not in MSG_CLASS:
        raise UndecodableError(f"message type {kind}")
    try:
        return MSG_CLASS[kind].from_vector(bits), bits
    except SURPRISES as error:
        raise UndecodableError(f"{type(error).__name__}: {error}"[:200]) from error


def ship_type(kind: int, bits: Any) -> int | None:
    """The ship type as sent, which pyais folds (96 becomes 95); None if the message has none."""
    start = _SHIP_TYPE_AT.get(kind)
    return int(bits.get(start, 8)) if start is not None and start < len(bits) else None


def decode(payload: bytes, fill: int, sent: Sent, row: int) -> SentStatic | None:
    """Fills one row of ``sent``; returns its static part (one row), if any. Raises UndecodableError."""
    _kinematics({}, sent, row)
    message, bits = open_message(payload, fill)
    kind = int(message.msg_type)
    if kind == 0:
        raise UndecodableError("message type 0")  # pyais reads it as type 1; no standard knows it
    sent.type[row] = kind
    sent.mmsi[row] = int(message.mmsi)
    if kind not in PLACED and kind not in message_types.STATIC:
        return None
    fields = _whole_fields(message, len(bits))
    if kind in PLACED:
        _kinematics(fields, sent, row)
    if kind not in message_types.STATIC:
        return None
    if "ship_type" in fields:
        fields["ship_type"] = ship_type(kind, bits) or int(fields["ship_type"])
    return _static(fields)


def _kinematics(fields: dict[str, Any], sent: Sent, row: int) -> None:
    sent.status[row] = int(fields.get("status", NO_STATUS))
    columns = sent.place_deg[0], sent.place_deg[1], sent.sog_kn, sent.cog_deg, sent.heading_deg
    for column, name in zip(columns, _NAMES, strict=True):
        column[row] = float(fields.get(name, np.nan))


def _whole_fields(message: Any, length: int) -> dict[str, Any]:
    """The complete fields: a number with missing bits would be another number."""
    ends = ((name, start + width) for name, start, width, *_ in message.decoder_plan())
    whole = ((name, getattr(message, name)) for name, end in ends if end <= length)
    return {name: value for name, value in whole if value is not None}


def _static(fields: dict[str, Any]) -> SentStatic:
    has = HAS_IDENTITY * ("imo" in fields) | HAS_NAME * ("shipname" in fields) | HAS_VOYAGE * ("destination" in fields)
    # The last field of this group is the starboard dimension, or an auxiliary craft's mothership.
    ship = "to_starboard" in fields or "mothership_mmsi" in fields
    hull = sum(int(fields.get(f"to_{side}", 0)) << shift for side, shift in _HULL)
    eta = sum(int(fields[name]) << shift for name, shift in _ETA) if "destination" in fields else 0
    texts = fields.get("shipname", ""), fields.get("callsign", "") if ship else "", fields.get("destination", "")
    return SentStatic(
        has=np.array([has | HAS_SHIP * ship], np.uint8),
        imo=np.array([fields.get("imo", 0)], np.uint32),
        ship_type=np.array([fields["ship_type"] if ship else 0], np.int16),
        hull=np.array([hull if ship else 0], np.uint32),
        eta=np.array([eta], np.uint32),
        draught_m=np.array([fields["draught"] if "destination" in fields else 0.0]),
        text=np.frombuffer(b"".join(text.encode("ascii").ljust(TEXT_CHARS, b"@") for text in texts), np.uint8)[None],
    )
