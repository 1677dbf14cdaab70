"""What matching assumes about sensors, AIS and ships, in numbers."""

from __future__ import annotations

import math
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from streams.imagery.images import Image

Positive = Annotated[float, Meta(gt=0)]
Share = Annotated[float, Meta(ge=0, le=1)]

_LIGHTS: Final = "viirs"
_LIGHTS_ERROR_KM, _LIGHTS_TIME_S = 0.4, 60.0
_LEAST_M: Final = {
    "sentinel-1": 30.0,
    "sentinel-2": 25.0,
    "landsat": 40.0,
    _LIGHTS: math.inf,  # it shows lights, and most ships carry few
}
"""Length of the smallest ship that is dependably found, by the beginning of the sensor's name."""
_LEAST_OF_KIND_M: Final = {"radar": 30.0, "optical": 30.0}
_FOUND_AT_LEAST, _FOUND_MOST = 0.8, 0.95
_FOUND_UNKNOWN, _FOUND_SMALL = 0.6, 0.3


class MatchRules(msgspec.Struct, frozen=True, kw_only=True):
    """Thresholds of the matching."""

    seen_least: Share = 0.6
    """Least chance with which a contact is reported as a vessel with AIS."""
    possible_least: Share = 0.2
    """Least chance with which a contact is reported as a silent vessel."""
    possible_most: Share = 0.95
    """No match of a silent vessel is reported with more: what the image does not show is not known."""
    absent_least: Share = 0.85
    """Least chance that the sensor would have shown a vessel, for it to be reported as absent."""
    explained_least: Share = 0.5
    """A contact that is a vessel with AIS with this chance is not offered to silent vessels."""
    interpolate_most_s: Positive = 3 * 3600.0
    """Longest time between two fixes for a place between them."""
    dead_reckon_most_s: Positive = 20 * 60.0
    """Longest time from a single fix to the image for a place ahead of it, or behind it."""
    place_error_km: Positive = 0.12
    """Standard error of a contact against a fix at the same time: the antenna's place in the ship, the image's own."""
    image_time_s: Positive = 8.0
    """Standard error of an image's time: a scene of Sentinel-1 takes 25 s and has one time."""
    gate_sigmas: Positive = 5.0
    """A contact farther away than this many standard errors is no candidate."""
    gate_most_km: Positive = 15.0
    absent_error_most_km: Positive = 1.0
    """A vessel whose place is less certain than this cannot be absent."""
    absent_single_most_s: Positive = 5 * 60.0
    """A vessel with fixes on one side of the image only may have turned: it cannot be absent longer after the last."""
    absent_clear_km: Positive = 1.0
    """And no contact may be within its gate and this much more."""
    neighbourhood_km: Positive = 10.0
    """Radius in which the density of contacts around one is counted."""
    chance_per_km2: Positive = 2e-4
    """Least density of contacts that are no vessel we know of: small boats without AIS, buoys, ghosts. One in 5,000
    km2; a Sentinel-1 scene has 8 of them."""
    silent_found: Share = 0.7
    """Chance that a silent vessel inside the image is among the contacts: it can also be in a port, where none are."""
    length_factor_most: Annotated[float, Meta(gt=1)] = 2.2
    """A contact that is longer or shorter than a silent vessel by more than this factor is not the vessel."""
    at_places: Share = 0.5
    """Chance that a silent vessel is at one of the places of interest in its reach, if there are any; otherwise every
    part of its reach is equally likely."""
    agreement_least: Share = 0.5
    """Where a smaller share of the vessels that must be in an image is in it, its time or place is doubted."""
    agreement_of: Annotated[int, Meta(ge=1)] = 4
    """Vessels needed for that doubt."""


def for_image(rules: MatchRules, image: Image) -> MatchRules:
    """The rules for this sensor: pixels of night lights are 750 m wide, and a granule of six minutes has one time."""
    if not image.sensor.lower().startswith(_LIGHTS):
        return rules
    return msgspec.structs.replace(
        rules,
        place_error_km=max(rules.place_error_km, _LIGHTS_ERROR_KM),
        image_time_s=max(rules.image_time_s, _LIGHTS_TIME_S),
    )


def length_least_m(image: Image) -> float:
    """The smallest ship that the image shows dependably; infinite for lights at night."""
    if image.length_least_m is not None:
        return image.length_least_m
    name = image.sensor.lower()
    named = next((least for prefix, least in _LEAST_M.items() if name.startswith(prefix)), None)
    return _LEAST_OF_KIND_M[image.kind] if named is None else named


def found_chance(length_m: float | None, least_m: float) -> float:
    """The chance that a ship in the image is among its contacts: more for a long one."""
    if math.isinf(least_m):
        return _FOUND_SMALL
    if length_m is None:
        return _FOUND_UNKNOWN
    if length_m < least_m:
        return _FOUND_SMALL
    return min(_FOUND_MOST, _FOUND_AT_LEAST + (_FOUND_MOST - _FOUND_AT_LEAST) * (length_m / least_m - 1))
