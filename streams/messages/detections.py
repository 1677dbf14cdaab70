"""The values of ``ais.detections.v1``: a satellite image with what was found in it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from detectors.core.vessels.sightings import Latitude, Longitude, TimeMs

CONTACTS_MOST = 20_000
Ring = Annotated[tuple[tuple[Longitude, Latitude], ...], Meta(min_length=4)]


class Contact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that may be a ship, in an image."""

    id: Annotated[str, Meta(min_length=1, max_length=200)]
    lat_deg: Latitude
    lon_deg: Longitude
    length_m: Annotated[float, Meta(gt=0, le=1000)] | None = None
    heading_deg: Annotated[float, Meta(ge=0, lt=360)] | None = None
    """Of the hull; a radar does not tell bow from stern."""
    confidence: Annotated[float, Meta(ge=0, le=1)] | None = None
    """The detection's own; None: not stated."""
    mmsi: int | None = None
    """That the provider has matched it with: kept for comparison, never used."""


class Image(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The value of a record on ``ais.detections.v1``: one image with all its contacts; the key is ``id``."""

    id: Annotated[str, Meta(min_length=1, max_length=200)]
    sensor: Annotated[str, Meta(min_length=1, max_length=64)]
    kind: Literal["radar", "optical"]
    time_ms: TimeMs
    footprint: Ring
    """Outline, closed. Across the antimeridian longitudes jump from 180 to -180."""
    outlined: bool = True
    """Whether the provider gave the outline; False: drawn around the contacts, so that nothing can be absent."""
    contacts: Annotated[tuple[Contact, ...], Meta(max_length=CONTACTS_MOST)] = ()
    track_deg: Annotated[float, Meta(ge=0, lt=360)] | None = None
    """The satellite's course over the ground, for the shift of moving ships in radar images."""
    looks: Literal["right", "left"] | None = None
    clouds: tuple[Ring, ...] = ()
    """Outlines of where an optical image shows no sea."""
    length_least_m: float | None = None
    """The smallest ship that the detection finds dependably; None: the sensor's usual."""
