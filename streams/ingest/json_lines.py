"""JSON lines of receivers, such as AIS-catcher's: sentences in ``nmea``, their time in ``rxuxtime`` or ``rxtime``.

Each sentence of a line gets a tag block. Other fields that the receiver has decoded are ignored.
"""

from __future__ import annotations

from typing import Final

import msgspec

from streams.ingest.stamps import StampError, StampRules, read_ms
from streams.nmea.checksum import tag_block

_SENTENCES: Final = ("nmea", "sentence", "raw", "message")
_TIMES: Final = ("rxuxtime", "rxtime", "timestamp", "time", "received_at")
_STATIONS: Final = ("station", "station_id")
_AROUND: Final = b" \t,[]"
_DECODER: Final[msgspec.json.Decoder[dict[str, msgspec.Raw]]] = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TEXTS: Final[msgspec.json.Decoder[list[str] | str]] = msgspec.json.Decoder(list[str] | str)
_UTC: Final = StampRules()


def sentences_of(line: bytes) -> list[bytes]:
    """The sentences of a JSON object that a receiver wrote; none if it is not such an object."""
    try:
        told = _DECODER.decode(line.strip(_AROUND))
        found = next((told[name] for name in _SENTENCES if name in told), None)
        texts = _TEXTS.decode(found) if found is not None else []
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return []
    tag = _tag(told)
    return [tag + text.encode("utf-8") for text in ([texts] if isinstance(texts, str) else texts) if "!" in text]


def _tag(told: dict[str, msgspec.Raw]) -> bytes:
    """A tag block with station and time, if the object has them."""
    time_ms = next((ms for name in _TIMES if name in told and (ms := _time_ms(told[name])) is not None), None)
    station = next((str(name) for key in _STATIONS if key in told and (name := _word(told[key])) is not None), "")
    fields = [b"s:" + b"_".join(station.encode("ascii", "replace").split())[:64]] if station.isprintable() else []
    fields = [field for field in fields if len(field) > 2 and not set(field) & set(b"\\,*")]  # noqa: PLR2004  # "s:"
    if time_ms is not None:
        fields.append(b"c:%d" % time_ms)
    body = b",".join(fields)
    return tag_block(body) if body else b""


def _time_ms(raw: msgspec.Raw) -> int | None:
    word = _word(raw)
    try:
        return None if word is None else read_ms(f"{word:.3f}" if isinstance(word, float) else str(word), _UTC)
    except StampError:
        return None


def _word(raw: msgspec.Raw) -> str | int | float | None:
    try:
        return msgspec.json.decode(raw, type=str | int | float | None)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
