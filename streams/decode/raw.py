"""Every field of a message, as it was sent and as pyais names it: for display, not for reasoning.

Differences from pyais's own ``asdict``: bytes are hex, enums are integers, and the ship type is the number sent
(pyais folds reserved ones into their neighbours: 96 becomes 95).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any, NamedTuple

from streams.decode.messages import read
from streams.decode.model import RefusedReports
from streams.decode.rare import UndecodableError, open_message, ship_type
from streams.errors import InputError, Reason

Field = int | float | str | bool | None


class RawMessage(NamedTuple):
    """A message with its sentinels."""

    time_ms: int
    fields: dict[str, Field]
    """By pyais's names, in the order of the bits; None if the message ends before the field."""


def decode_raw(lines: list[bytes]) -> dict[str, Field]:
    """The fields of one message, from all its sentences in order, with or without tag blocks.

    Raises InputError for a wrong checksum, a missing part or an unknown type.
    """
    for message in raw_messages(b"\n".join(lines), ""):
        if isinstance(message, RefusedReports):
            raise InputError(message.reason, message.detail)
        return message.fields
    raise InputError(Reason.MALFORMED, "not an AIS sentence")


def raw_messages(value: bytes, source: str, fallback_ms: int = 0) -> Iterator[RawMessage | RefusedReports]:
    """All messages of a packed record, in order; then what was refused of it."""
    reading = read(value, source, fallback_ms)
    refused = list(reading.refused)
    for message in reading.messages:
        try:
            yield RawMessage(message.time_ms, _fields(message.payload, message.fill))
        except UndecodableError as error:
            refused.append(RefusedReports(error.reason, reading.raw[message.start : message.end], error.detail))
    yield from refused


def _fields(payload: bytes, fill: int) -> dict[str, Field]:
    message, bits = open_message(payload, fill)
    fields = {name: _plain(value) for name, value in message.asdict().items()}
    sent = ship_type(message.msg_type, bits)
    if sent is not None:
        fields["ship_type"] = sent
    return fields


def _plain(value: Any) -> Field:
    if isinstance(value, Enum):
        return int(value.value)
    if isinstance(value, bytes):
        return value.hex()
    plain: Field = value
    return plain
