"""Lines of JSON: what receivers and services write, as units of the core.

A message of a receiver such as AIS-catcher has its sentences in ``nmea`` and their time in ``toa`` (when it was
received on the air, if known), ``rxuxtime`` or ``rxtime`` (by the clock of the receiving host). Each sentence gets a
tag block. Where there are only decoded values, sentences are written from them (``re_encoding``). A line may hold
several objects, also as an array.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from streams.ingest import aisstream_json, receiver_json
from streams.ingest.json_fields import as_bytes
from streams.ingest.re_encoding import MessageError, ReEncoder
from streams.ingest.stamps import StampError, StampRules, read_ms
from streams.ingest.tables import UnreadableRow
from streams.nmea.checksum import tag_block
from streams.nmea.sentence import STATION_MOST

BEGINNINGS: Final = (b"{", b"[{", b"[ {")
"""How such a line begins."""
_SENTENCES: Final = ("nmea", "sentence", "raw", "message")
_TIMES: Final = ("toa", "rxuxtime", "rxtime", "timestamp", "time", "received_at")
_DECODED_LINES: Final = "receivers' decoded JSON lines"
_CLOCK_TYPES: Final = (4, 11)
"""The ``timestamp`` of these messages is what the sender's own clock shows."""
_STATIONS: Final = ("station", "station_id", "stationid")
_AROUND: Final = b" \t,"
_BETWEEN: Final = (" ", "\t", ",")
_DECODED: Final = "AIS"
"""The ``class`` of a receiver's decoded message."""
_UTC: Final = StampRules()
_OBJECTS: Final = json.JSONDecoder()
Message = Mapping[str, Any]


def units_of(line: bytes) -> list[bytes]:
    """The units of a line of JSON; the line itself if nothing in it is ours."""
    objects = objects_of(line)
    raw = line if len(objects) == 1 else b""
    return [unit for message in objects for unit in message_units(message, raw=raw)] or [line]


def kind_of(line: bytes) -> str:
    """What a line of JSON that is ours is called; empty if nothing in it is ours."""
    for message in objects_of(line) if line.startswith(BEGINNINGS) else ():
        try:
            if _sentences(message, ""):
                return "receivers' JSON lines"
            if _re_encoded(message, ""):
                return "aisstream.io's JSON lines" if aisstream_json.is_message(message) else _DECODED_LINES
        except MessageError:
            continue
    return ""


def message_units(message: Message, station: str = "", raw: bytes = b"") -> list[bytes]:
    """The sentences of one object, with tag blocks; an UnreadableRow of it if it is a message that gives none.

    Empty if it is no message. ``station`` is used where the object names none. ``raw`` is the object as it came.
    """
    try:
        return _sentences(message, station) or _re_encoded(message, station)
    except MessageError as error:
        return [UnreadableRow(raw or as_bytes(message), str(error))]


def objects_of(line: bytes) -> list[Message]:
    """The JSON objects of a line; empty if it holds none or cannot be read."""
    try:
        found = msgspec.json.decode(line.strip(_AROUND))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        found = _one_after_the_other(line)
    return [message for message in (found if isinstance(found, list) else [found]) if isinstance(message, dict)]


def unfolded(text: bytes) -> bytes:
    """JSON that is printed over several lines as lines of JSON, one a value; anything else as it is."""
    if text.lstrip()[:1] not in (b"{", b"[") or b"\n" not in text.strip():
        return text
    try:
        found = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return text
    return b"\n".join(map(as_bytes, found if isinstance(found, list) else [found]))


def is_message(message: Message) -> bool:
    """Whether an object is a decoded message, also of a type that is not written."""
    return aisstream_json.is_message(message) or message.get("class") == _DECODED


def _one_after_the_other(line: bytes) -> list[object]:
    """Several values without an array around them; a line of a printed array may end or begin with a bracket."""
    found: list[object] = []
    try:
        text = line.strip(_AROUND + b"[]").decode("utf-8")
        at = 0
        while at < len(text):
            value, at = _OBJECTS.raw_decode(text, at)
            found.append(value)
            while text[at : at + 1] in _BETWEEN:
                at += 1
    except (ValueError, RecursionError):
        return []
    return found


def _sentences(message: Message, station: str) -> list[bytes]:
    found = next((message[name] for name in _SENTENCES if name in message), None)
    texts = [found] if isinstance(found, str) else found if isinstance(found, list) else []
    if not all(isinstance(text, str) for text in texts):
        return []
    texts = [text for text in texts if "!" in text]
    tag = _tag(message, station) if texts else b""
    return [tag + text.encode("utf-8", "replace") for text in texts]


def _re_encoded(message: Message, station: str) -> list[bytes]:
    """Every message is written as it comes, whatever was written before: a line means the same wherever it stands."""
    if aisstream_json.is_message(message):
        return aisstream_json.lines_of(message, ReEncoder("aisstream", every_static=True))
    if message.get("class") == _DECODED:
        writer = ReEncoder(_station(message) or station or "receiver", every_static=True)
        return receiver_json.lines_of(message, writer, time_ms_of(message))
    return []


def _tag(message: Message, station: str) -> bytes:
    """A tag block with station and time, if they are known."""
    name = b"_".join((_station(message) or station).encode("ascii", "replace").split())[:STATION_MOST]
    time_ms = time_ms_of(message)
    fields = [b"s:" + name] if name and not set(name) & set(b"\\,*") else []
    if time_ms is not None:
        fields.append(b"c:%d" % time_ms)
    return tag_block(b",".join(fields)) if fields else b""


def _station(message: Message) -> str:
    found = next((message[key] for key in _STATIONS if isinstance(message.get(key), str | int | float)), "")
    text = "" if isinstance(found, bool) else str(found)
    return text if text.isprintable() else ""


def time_ms_of(message: Message) -> int | None:
    """When the message was received, Unix ms; None if it does not say."""
    for name in _TIMES:
        word = message.get(name)
        if name == "timestamp" and message.get("type") in _CLOCK_TYPES:
            continue
        if isinstance(word, str | int | float) and not isinstance(word, bool):
            try:
                return read_ms(f"{word:.3f}" if isinstance(word, float) else str(word), _UTC)
            except (StampError, ValueError):  # also a number of too many digits
                continue
    return None
