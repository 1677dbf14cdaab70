"""The contacts of an image in columns, in an order that does not depend on the file's."""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np

from streams.imagery.images import Contact, Image
from streams.imagery.matching.plane import Floats, chord, vectors

_LENGTH_M: Final = 60.0
"""Middle of the lengths of an image that states few."""
_LENGTH_SPREAD: Final = 0.7
"""Spread of the logarithm of lengths: least, and of an image that states few."""
_LENGTHS_LEAST: Final = 5
_INNER_HALF: Final = 1.35
"""Standard deviations of the normal distribution between its quartiles."""


class Contacts(NamedTuple):
    """All contacts of an image, by place. Arrays of shape (n,), ``places`` of (n, 3); NaN: not stated."""

    found: tuple[Contact, ...]
    places: Floats
    length_m: Floats
    heading_deg: Floats
    confidence: Floats
    tree: Any
    """A ``scipy.spatial.cKDTree`` of the places."""


class Lengths(NamedTuple):
    """How long contacts of an image are by chance: the logarithm of metres is normal."""

    middle: float
    spread: float


def contacts_of(image: Image) -> Contacts:
    """The contacts of an image that has some."""
    from scipy.spatial import cKDTree

    found = tuple(sorted(image.contacts, key=_order))
    column = np.array([[c.lat_deg, c.lon_deg, *map(_number, (c.length_m, c.heading_deg, c.confidence))] for c in found])
    lat, lon, length, heading, confidence = column.reshape(-1, 5).T
    places = vectors(lat, lon)
    return Contacts(found, places, length, heading, confidence, cKDTree(places))


def lengths_of(length_m: Floats) -> Lengths:
    """From the lengths of contacts; robust, because a few very long ones are bridges and platforms."""
    known = np.log(length_m[np.isfinite(length_m)])
    if len(known) < _LENGTHS_LEAST:
        return Lengths(math.log(_LENGTH_M), _LENGTH_SPREAD)
    low, middle, high = np.percentile(known, [25, 50, 75])
    return Lengths(float(middle), max(_LENGTH_SPREAD, float(high - low) / _INNER_HALF))


def density_per_km2(places: Floats, others: Any, radius_km: float) -> Floats:
    """Contacts of the tree ``others`` around places that are among them, without themselves."""
    counts = others.query_ball_point(places, float(chord(radius_km)), return_length=True)
    return np.maximum(np.asarray(counts, np.float64) - 1, 0.0) / (math.pi * radius_km**2)


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _order(contact: Contact) -> tuple[float | str, ...]:
    rest = (contact.length_m, contact.heading_deg, contact.confidence)
    return contact.lat_deg, contact.lon_deg, contact.id, *(-1.0 if value is None else value for value in rest)
