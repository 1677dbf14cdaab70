"""Contracts of the topics, from the types: JSON Schema 2020-12 of every JSON value, and an AsyncAPI 3 document.

``python -m streams.messages.schemas deploy/schemas`` writes them. Version 1 only grows: fields may be added, none is
removed or changes its meaning, and readers ignore unknown fields.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from streams.messages.contracts import CONTRACTS, FILE_CONTRACTS, Contract
from streams.messages.topics import (
    ALERT_STATE,
    ALERTS,
    CUES,
    DEAD,
    DETECTIONS,
    FEEDBACK,
    IDENTITIES,
    IMAGES,
    PLACES,
    REFERENCE,
    SENTENCES,
    SLOW,
    TABLE,
    VESSELS,
)

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
ASYNCAPI: Final = "asyncapi.json"
_NOT_OURS_TO_READ: Final = frozenset({"ais.fleet.v1", "ais.histories.v1", "ais.areas.v1", "ais.meetings.v1"})
"""A worker's own state: no contract, it may change with any version."""


def schema(contract: Contract) -> dict[str, Any]:
    """The JSON Schema of a contract."""
    made = msgspec.json.schema(contract.type)
    topics = f"Topics: {', '.join(contract.topics)}." if contract.topics else ""
    return {
        "$schema": DIALECT,
        "$id": f"urn:wakewatch:{contract.name.replace('.', ':')}",
        "title": contract.name,
        "description": f"{contract.sentence} {topics}".strip(),
        **made,
    }


# -- AsyncAPI -------------------------------------------------------------------------------------------------------


class Headers(msgspec.Struct, frozen=True, kw_only=True):
    """Headers of a message: names, each with a description."""

    required: dict[str, str]
    optional: dict[str, str] = {}


CLOUD_EVENT: Final = Headers(
    required={
        "ce_specversion": "1.0",
        "ce_id": "the alert's id, a slash, its revision",
        "ce_type": "wakewatch.alert.DETECTOR.v1",
        "ce_source": "wakewatch",
        "ce_subject": "as the alert's subject, which is the record's key",
        "ce_time": "the alert's time, event time",
        "content-type": "application/json",
    }
)
CUE_EVENT: Final = Headers(
    required={**CLOUD_EVENT.required, "ce_type": "wakewatch.cue.v1", "ce_subject": "the alert's subject"}
)
RECORD: Final = Headers(
    required={
        "ww_format": "1",
        "ww_kind": "sentences or tick",
        "ww_source": "the source's name",
        "ww_read_at": "when ingest read it, Unix ms",
    },
    optional={
        "ww_event_from": "earliest event time in it, Unix ms",
        "ww_event_to": "latest event time in it, Unix ms",
        "ww_replayed": "1 when the input is a recording",
        "ww_run": "identity of the input, for resuming",
        "ww_ordinal": "of the last input line that it covers",
        "ww_topic_at": "how far the foreign Kafka topic that it comes from is contained, for resuming, JSON",
    },
)
MARKER: Final = Headers(required={"ww_format": "1", "ww_kind": "reference", "ww_source": "reference"})
AREA: Final = Headers(required={"ww_format": "1", "ww_kind": "area", "ww_source": "places"})
ELEMENTS: Final = Headers(required={"ww_format": "1", "ww_kind": "elements", "ww_source": "imagery"})
SIGHTING: Final = Headers(required={"ww_format": "1", "ww_kind": "sighting", "ww_source": "imagery"})
LETTER: Final = Headers(
    required={"reason": "why it was rejected", "source": "where it came from"},
    optional={
        "detail": "explanation, one line for each rejected line",
        "count": "number of rejected lines; 1 if missing",
        "topic": "topic of the record that contained it",
        "partition": "of it",
        "offset": "of it",
    },
)


_CARRIED: Final = {
    SENTENCES: ("sentences", "tick", "marker", "area", "elements", "sighting"),
    ALERTS: ("alert",),
    ALERT_STATE: ("alert",),
    DEAD: ("letter",),
    FEEDBACK: ("feedback",),
    VESSELS: ("vessel",),
    CUES: ("cue",),
    REFERENCE: ("listedShip", "zone", "listHead"),
    IDENTITIES: ("binding", "heard"),
    PLACES: ("displacement", "heard"),
    SLOW: ("slowShips", "listedSilence", "heard"),
    DETECTIONS: ("image",),
    IMAGES: ("imageMatch",),
}
"""By topic the messages in it."""


def asyncapi() -> dict[str, Any]:
    """An AsyncAPI 3.0 document of all topics that others may read or write."""
    messages = {
        "alert": _message("One revision of an alert", CLOUD_EVENT, "alert.v1"),
        "feedback": _message("Feedback of a person on an alert", Headers(required={}), "feedback.v1"),
        "vessel": _message("A listed vessel", Headers(required={}), "vessel.v1"),
        "cue": _message("Where and when to search for a silent listed ship", CUE_EVENT, "cue.v1"),
        "tick": _message("Clock of the feed", RECORD, "tick.v1"),
        "marker": _message("Another watchlist is in force", MARKER, "reference-marker.v1"),
        "area": _message("Positions in an area are unreliable", AREA, "area.v1"),
        "elements": _message("Where satellites are", ELEMENTS, "elements.v1"),
        "sighting": _message("Satellite images show something of a vessel", SIGHTING, "sighting.v1"),
        "listedShip": _message("One entry of a watchlist's version", Headers(required={}), "listed-ship.v1"),
        "zone": _message("One zone of a version", Headers(required={}), "zone.v1"),
        "listHead": _message("End of a version", Headers(required={}), "reference-head.v1"),
        "importBegun": _message("An import has begun", Headers(required={}), "reference-begun.v1"),
        "binding": _message("An MMSI reports an IMO number", Headers(required={}), "binding.v1"),
        "displacement": _message("A vessel appears displaced", Headers(required={}), "displacement.v1"),
        "slowShips": _message("Where slow vessels are", Headers(required={}), "slow-ships.v1"),
        "listedSilence": _message(
            "A listed vessel is silent, or heard again", Headers(required={}), "listed-silence.v1"
        ),
        "image": _message("A satellite image with the contacts found in it", Headers(required={}), "detections.v1"),
        "imageMatch": _message("The fixes around an image", Headers(required={}), "image-match.v1"),
        "heard": _message("No earlier fact will follow", Headers(required={}), "heard.v1"),
        "sentences": _raw("NMEA 0183 lines with tag blocks (c: event time in ms, s: station)", RECORD, "text/plain"),
        "letter": _raw("Rejected input, unchanged", LETTER, "application/octet-stream"),
    }
    topics = [topic for topic in TABLE if topic.name in _CARRIED and topic.name not in _NOT_OURS_TO_READ]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "wakewatch",
            "version": "1.0.0",
            "description": "Streaming AIS anomaly detector. Names are without kafka.topic_prefix.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {_key(t.name): _channel(t.name, t.key, t.kept, _CARRIED[t.name]) for t in topics},
        "operations": _operations(),
        "components": {"messages": messages},
    }


def _operations() -> dict[str, Any]:
    accepted = "Ingest writes here; a bare sentence from elsewhere is accepted."
    return {
        "readAlerts": _operation("receive", ALERTS, "Follow alerts as they are written."),
        "readAlertState": _operation("receive", ALERT_STATE, "The newest revision of each alert."),
        "readVessels": _operation("receive", VESSELS, "Where listed vessels were last heard."),
        "readCues": _operation("receive", CUES, "Order satellite images of silent listed ships."),
        "readBindings": _operation("receive", IDENTITIES, "Which MMSI reports which IMO number."),
        "readDisplacements": _operation("receive", PLACES, "Which vessels appear displaced, and from where."),
        "readSlowShips": _operation("receive", SLOW, "Where slow vessels outside ports are, every ten minutes."),
        "readDeadLetters": _operation("receive", DEAD, "Rejected input."),
        "writeSentences": _operation("send", SENTENCES, accepted),
        "writeDetections": _operation("send", DETECTIONS, "Give back what was found in a satellite image."),
        "writeFeedback": _operation("send", FEEDBACK, "Acknowledge an alert, mark it as false, note or assign it."),
    }


def _key(topic: str) -> str:
    """``alertsState`` of ``ais.alerts.state.v1``."""
    words = topic.split(".")[1:-1]
    return words[0] + "".join(word.capitalize() for word in words[1:])


def _channel(name: str, key: str, kept: str, messages: tuple[str, ...]) -> dict[str, Any]:
    return {
        "address": name,
        "description": f"Key: {key}. Kept: {kept}.",
        "messages": {each: {"$ref": f"#/components/messages/{each}"} for each in messages},
        "bindings": {"kafka": {"topic": name, "bindingVersion": "0.5.0"}},
    }


def _operation(action: str, topic: str, summary: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{_key(topic)}"}, "summary": summary}


def _message(title: str, headers: Headers, contract: str) -> dict[str, Any]:
    return {
        "title": title,
        "contentType": "application/json",
        "headers": _headers(headers),
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"./{contract}.schema.json"},
        },
    }


def _raw(title: str, headers: Headers, kind: str) -> dict[str, Any]:
    return {"title": title, "contentType": kind, "headers": _headers(headers), "payload": {"type": "string"}}


def _headers(headers: Headers) -> dict[str, Any]:
    known = {**headers.required, **headers.optional}
    properties = {name: {"type": "string", "description": said} for name, said in known.items()}
    return {"type": "object", "properties": properties, "required": sorted(headers.required)}


# -- files ----------------------------------------------------------------------------------------------------------


def files() -> dict[str, str]:
    """Every schema and the AsyncAPI document as the text of its file, by file name."""
    schemas = {f"{contract.name}.schema.json": _text(schema(contract)) for contract in (*CONTRACTS, *FILE_CONTRACTS)}
    return {**schemas, ASYNCAPI: _text(asyncapi())}


def _text(made: dict[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(made), indent=2).decode() + "\n"


def write(folder: Path) -> None:
    """Writes all of them into ``folder``."""
    for name, text in files().items():
        (folder / name).write_text(text, "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
