"""Vessels that were found, or not found, in satellite images: what the matching of images tells the engine.

They come through the log as records for one vessel, like areas: a replay of the log comes to the same alerts.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from detectors.core.alert import Alert

_LAST_MS = 253_402_300_800_000  # the year 10000
TimeMs = Annotated[int, Meta(ge=0, lt=_LAST_MS)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]


class Sighting(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one image shows of one vessel."""

    image: Annotated[str, Meta(min_length=1, max_length=200)]
    sensor: Annotated[str, Meta(max_length=64)]
    time_ms: TimeMs
    """When the image was taken, Unix ms."""
    outcome: Literal["seen", "possible", "absent"]
    """``seen``: a contact is where AIS says that the vessel is. ``possible``: the vessel was silent, and a contact that
    no vessel with AIS explains is within its reach. ``absent``: AIS says that it is in the image, and no contact is
    there."""
    score: Annotated[float, Meta(ge=0, le=1)]
    """Of ``seen`` and ``possible``: chance that the contact is this vessel. Of ``absent``: chance that the sensor would
    have shown it."""
    lat_deg: Latitude
    lon_deg: Longitude
    """Of the contact; of ``absent``: where AIS says it is."""
    contact: str | None = None
    """The contact's identity in the image."""
    length_m: float | None = None
    """Of the contact."""
    distance_nm: float | None = None
    """Of ``seen``: from where AIS says it is, with the radar's shift removed."""
    others: int = 0
    """Of ``possible``: other silent vessels that could be this contact."""
    footprint: tuple[tuple[float, float], ...] = ()
    """(lon_deg, lat_deg) of the image's outline, closed, at most 12 points, degrees to a hundredth."""


class SightingRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that images show of a vessel in the time of one alert; replaces what was told about it before."""

    mmsi: Annotated[int, Meta(ge=0, le=999_999_999)]
    told_ms: TimeMs
    """Event time at which the matching was done: the revision's time is not before it."""
    sightings: tuple[Sighting, ...]
    """In the order of image time, then image."""
    alert: Alert | None = None
    """The alert that they concern, in its newest revision; None: only what was not there is told."""
