"""JSON of any publisher, by the names and units in the settings: one object, or a list of them, becomes sentences.

An object without a readable time or MMSI is refused, and one that states neither a position nor particulars.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from streams.ingest.json_fields import as_bytes, number, scaled, shown
from streams.ingest.re_encoding import MessageError, PositionFields, ReEncoder, StaticFields, has_particulars
from streams.ingest.sources.events import Chunk, Refused
from streams.messages.values import LATEST_MS
from streams.messages.values import time_ms as iso_ms
from streams.settings.feeds import TopicFeedSettings

_KN: Final[Mapping[str, float]] = {"kn": 1.0, "m/s": 3600 / 1852, "km/h": 1000 / 1852}
_M: Final[Mapping[str, float]] = {"m": 1.0, "dm": 0.1}
_MS: Final[Mapping[str, float]] = {"s": 1e3, "ms": 1.0, "us": 1e-3, "ns": 1e-6}
_NOT_AVAILABLE_KN: Final = 102.3
_DECODER: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder()


class FieldMap:
    """Reads the JSON of one source."""

    def __init__(self, names: TopicFeedSettings, station: str) -> None:
        self._names = names
        self._encoder = ReEncoder(station)

    def read(self, value: bytes, peer: str) -> Iterator[Chunk | Refused]:
        """The sentences of a JSON text, and what is refused of it."""
        try:
            told = _DECODER.decode(value)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            yield Refused(value, "not JSON", peer)
            return
        for each in told if isinstance(told, list) else [told]:
            raw = value if each is told else as_bytes(each)
            if not isinstance(each, dict):
                yield Refused(raw, f"{shown(each)} is not a JSON object", peer)
                continue
            try:
                lines = self._lines(each)
            except MessageError as error:
                yield Refused(raw, str(error), peer)
            else:
                yield Chunk(b"\n".join([*lines, b""]), peer)

    def _lines(self, told: Mapping[str, Any]) -> list[bytes]:
        names = self._names

        def field(name: str) -> object:
            return _field(told, name)

        time_ms = _time_ms(field(names.time), names.time_unit)
        position = PositionFields(
            mmsi=field(names.mmsi),
            lat_deg=field(names.lat),
            lon_deg=field(names.lon),
            sog_kn=_speed_kn(field(names.sog), names.sog_unit),
            cog_deg=field(names.cog),
            heading_deg=field(names.heading),
            status=field(names.status),
        )
        static = StaticFields(
            mmsi=position.mmsi,
            imo=field(names.imo),
            name=field(names.name),
            call_sign=field(names.call_sign),
            ship_type=field(names.ship_type),
            length_m=field(names.length),
            beam_m=field(names.beam),
            draught_m=scaled(field(names.draught), _M[names.draught_unit]),
            destination=field(names.destination),
        )
        placed = position.lat_deg is not None or position.lon_deg is not None
        if not placed and not has_particulars(static):
            raise MessageError("neither a position nor particulars")
        lines = self._encoder.position(position, time_ms) if placed else []
        return lines + self._encoder.static(static, time_ms)


def _field(told: Mapping[str, Any], name: str) -> object:
    """A field; ``a.b`` is the field ``b`` of the object ``a``, if no field is called so."""
    if name in told or "." not in name:
        return told.get(name)
    head, _, rest = name.partition(".")
    inner = told.get(head)
    return _field(inner, rest) if isinstance(inner, dict) else None


def _speed_kn(value: object, unit: str) -> float | None:
    """AIS's number for unknown is unknown in any unit: publishers that convert speeds may leave it as it is."""
    return None if scaled(value, 1.0) == _NOT_AVAILABLE_KN else scaled(value, _KN[unit])


def _time_ms(value: object, unit: str) -> int:
    try:
        if unit == "iso":
            if value is not None and not isinstance(value, str):
                raise MessageError(f"time {shown(value)} is not ISO 8601 text")
            return iso_ms(value or "")
        stated = number(value, LATEST_MS / _MS[unit])
    except ValueError as error:
        raise MessageError(f"time: {error}") from error
    if stated is None:
        raise MessageError("no time")
    if stated <= 0:
        raise MessageError(f"time {shown(value)} is out of range")
    return round(stated * _MS[unit])
