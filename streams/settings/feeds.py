"""Settings of sources that are message brokers of others."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from streams.settings.discreet import Discreet
from streams.settings.kafka_connection import KafkaSecurity


class TopicFeedSettings(KafkaSecurity, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Topics of another Kafka that are read as sources (``kafka://``): security, and the names of JSON fields."""

    mmsi: Annotated[str, Meta(description="JSON field of the MMSI; a.b names a field in an object")] = "mmsi"
    time: Annotated[str, Meta(description="JSON field of the time of reception")] = "time"
    time_unit: Annotated[
        Literal["s", "ms", "us", "ns", "iso"],
        Meta(description="What the time is: an epoch in s, ms, us or ns, or ISO 8601 text with a zone"),
    ] = "s"
    lat: Annotated[str, Meta(description="JSON field of the latitude, degrees")] = "lat"
    lon: Annotated[str, Meta(description="JSON field of the longitude, degrees")] = "lon"
    sog: Annotated[str, Meta(description="JSON field of the speed over ground")] = "sog"
    sog_unit: Annotated[Literal["kn", "m/s", "km/h"], Meta(description="Unit of the speed")] = "kn"
    cog: Annotated[str, Meta(description="JSON field of the course over ground, degrees")] = "cog"
    heading: Annotated[str, Meta(description="JSON field of the true heading, degrees")] = "heading"
    status: Annotated[str, Meta(description="JSON field of the navigational status, 0 to 15")] = "status"
    imo: Annotated[str, Meta(description="JSON field of the IMO number")] = "imo"
    name: Annotated[str, Meta(description="JSON field of the vessel's name")] = "name"
    call_sign: Annotated[str, Meta(description="JSON field of the call sign")] = "callsign"
    ship_type: Annotated[str, Meta(description="JSON field of the ship type, 0 to 99")] = "shiptype"
    length: Annotated[str, Meta(description="JSON field of the length, m")] = "length"
    beam: Annotated[str, Meta(description="JSON field of the beam, m")] = "beam"
    draught: Annotated[str, Meta(description="JSON field of the draught")] = "draught"
    draught_unit: Annotated[Literal["m", "dm"], Meta(description="Unit of the draught")] = "m"
    destination: Annotated[str, Meta(description="JSON field of the destination")] = "destination"


class MqttSettings(Discreet, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sources that are topics of an MQTT broker (``mqtt://``)."""

    client_id: Annotated[
        str, Meta(max_length=100, description="Client id at the broker; empty: another one at each connection")
    ] = ""
    username: Annotated[str, Meta(description="User name at the broker, if the URL names none")] = ""
    password: Annotated[str, Meta(description="Password of that user; preferably given as a file")] = ""
    message_bytes: Annotated[int, Meta(ge=1024, le=16_777_216, description="Longest message that is read, bytes")] = (
        262_144
    )
