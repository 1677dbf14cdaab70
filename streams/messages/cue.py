"""The values of the topic of cues: where and when to search for a silent listed ship. Key: the alert's id.

A cue is one GeoJSON feature (RFC 7946), so that a map or a tasking system reads it without knowing wakewatch. Rings
follow the right-hand rule, shapes are cut at the antimeridian, and degrees have two decimals.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from detectors.core.orbits.model import Tier

CueStatus = Literal["wanted", "withdrawn"]
Ring = tuple[tuple[float, float], ...]
"""(longitude, latitude), closed."""


class Polygon(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="Polygon"):
    """GeoJSON; the first ring is the outer one."""

    coordinates: tuple[Ring, ...]


class MultiPolygon(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="MultiPolygon"):
    """GeoJSON."""

    coordinates: tuple[tuple[Ring, ...], ...]


Shape = Polygon | MultiPolygon


class CueShip(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The ship to search for; what is unknown is absent."""

    name: str | None = None
    imo: int | None = None
    mmsi: int | None = None
    flag: str | None = None
    ship_type: int | None = None
    length_m: int | None = None
    listed: str | None = None
    """The list that names it; ``listed`` if the headline had no room for the name of the list."""


class CueWindow(msgspec.Struct, frozen=True, kw_only=True):
    """From the first pass to the last, RFC 3339 UTC."""

    begin: str
    end: str


class CuePass(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A pass that can cover water in which the ship may be. What is absent is not known or does not apply."""

    number: int
    """Its place among the passes of the alert, from 1; those that cover only land are missing here."""
    satellite: str
    norad_id: int
    sensor: str
    kind: Literal["radar", "optical"]
    target: str
    """What was to be covered: the ship's reach, or a place in it."""
    begin: str
    end: str
    share: float
    """Of the target's area that it can cover, 0 to 1, as in the alert: land is part of it."""
    track_deg: float
    side: Literal["right", "left", "below"]
    elements_age_h: float
    geometry: Shape
    """What it can cover of the target, without land."""
    daylight: bool | None = None
    pointable: bool = False
    """It images this water only if it is ordered."""
    tier: Tier = "possible"
    item: str | None = None


class CueProperties(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of the ship and of the passes."""

    id: str
    """That of the alert."""
    revision: int
    """That of the alert; the highest counts."""
    status: CueStatus
    """``withdrawn``: the ship was heard again, or no pass is left; nothing is to be ordered."""
    priority: Literal[1, 2, 3]
    """1 for an alert that pages, 2 for a ticket, 3 for one for the record."""
    detector: str
    time: str
    """That of the revision, event time."""
    why: tuple[str, ...]
    """The headline, then the reasons in words."""
    ship: CueShip
    last_heard: str | None = None
    v_max_kn: float | None = None
    """The highest speed that is expected of it."""
    window: CueWindow | None = None
    passes: tuple[CuePass, ...] = ()
    """In the order of the alert."""
    replayed: bool = False
    """It follows from a recording: nothing is to be ordered."""
    made_by: Literal["wakewatch"]


class Cue(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="Feature"):
    """One cue, as a GeoJSON feature."""

    id: str
    """That of the alert."""
    geometry: Shape | None
    """The union of what the passes can cover; null if it is withdrawn."""
    properties: CueProperties


def encode(cue: Cue) -> bytes:
    """The cue's only JSON form, UTF-8: fields in the order above, absent if unknown."""
    return msgspec.json.encode(cue)
