"""Images with the ships found in them, and what they are matched with."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from detectors.core.vessels.sightings import Latitude, Longitude, TimeMs

CONTACTS_MOST = 20_000


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
    footprint: tuple[tuple[Longitude, Latitude], ...]
    """Outline, closed. Across the antimeridian longitudes jump from 180 to -180."""
    outlined: bool = True
    """Whether the provider gave the outline; False: drawn around the contacts, so that nothing can be absent."""
    contacts: Annotated[tuple[Contact, ...], Meta(max_length=CONTACTS_MOST)] = ()
    track_deg: Annotated[float, Meta(ge=0, lt=360)] | None = None
    """The satellite's course over the ground, for the shift of moving ships in radar images."""
    looks: Literal["right", "left"] | None = None
    clouds: tuple[tuple[tuple[Longitude, Latitude], ...], ...] = ()
    """Outlines of where an optical image shows no sea."""
    length_least_m: float | None = None
    """The smallest ship that the detection finds dependably; None: the sensor's usual."""


class Fixes(NamedTuple):
    """Fixes of vessels around the time of an image, ordered by MMSI and time. Arrays of shape (n,)."""

    mmsi: npt.NDArray[np.int64]
    time_ms: npt.NDArray[np.int64]
    lat_deg: npt.NDArray[np.float64]
    lon_deg: npt.NDArray[np.float64]
    sog_kn: npt.NDArray[np.float64]
    """NaN where not reported, as in ``cog_deg``."""
    cog_deg: npt.NDArray[np.float64]

    def rows(self, at: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> Fixes:
        """Some of them, by place or by a mask."""
        return Fixes(*(column[at] for column in self))  # type: ignore[arg-type]  # each keeps its own dtype


class LikelyPlace(NamedTuple):
    """A circle in which a silent vessel is likelier than elsewhere."""

    lat_deg: float
    lon_deg: float
    radius_nm: float
    weight: float
    """Beside the vessel's other places."""


class Silence(NamedTuple):
    """A silent vessel: its alert, and what bounds where it can have been."""

    alert: str
    mmsi: int
    from_ms: int
    """Its last report."""
    lat_deg: float
    lon_deg: float
    v_max_kn: float
    length_m: float | None
    to_ms: int | None = None
    """Its next report; None while it is silent."""
    to_lat_deg: float | None = None
    to_lon_deg: float | None = None
    places: tuple[LikelyPlace, ...] = ()
    """Where it is likelier than elsewhere in its reach at the time of an image."""
