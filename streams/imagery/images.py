"""Images with the ships found in them, and what they are matched with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streams.messages.detections import CONTACTS_MOST, Contact, Image

__all__ = ["CONTACTS_MOST", "Contact", "Fixes", "Image", "LikelyPlace", "Silence"]


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
