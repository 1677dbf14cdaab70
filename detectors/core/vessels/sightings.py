"""Vessels that were found, or not found, in satellite images: what the matching of images states.

They come through the log as records for one vessel, like areas: a replay of the log comes to the same alerts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from detectors.core.alert import Alert, Fact
from detectors.core.units import rfc3339, unix_ms

SIGHTINGS: Final = "sightings"
"""The name in the details of an alert."""
_FACTS: Final[Mapping[str, str]] = {
    "seen": "seen in a satellite image at its reported position",
    "possible": "possible match in a satellite image taken during the silence",
    "absent": "not in a satellite image at its reported position",
}
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
    """All that images show of a vessel in the time of one alert; replaces former records about it."""

    mmsi: Annotated[int, Meta(ge=0, le=999_999_999)]
    told_ms: TimeMs
    """Event time at which the matching was done: the revision's time is not before it."""
    sightings: Annotated[tuple[Sighting, ...], Meta(max_length=1000)]
    """In the order of image time, then image."""
    alert: Alert | None = None
    """The alert that they concern, in its newest revision; None: where the vessel is not, or is there again."""

    def __post_init__(self) -> None:
        """Raises ValueError (msgspec: ValidationError) if the alert cannot have a next revision."""
        if self.alert is not None and not (
            0 <= unix_ms(self.alert.time) < _LAST_MS and 0 < self.alert.revision < 2**31
        ):
            raise ValueError("no time, or no revision")


def shown(sighting: Sighting) -> dict[str, Any]:
    """As in the details of an alert, and equal to what a snapshot of them gives: with a time to read, and lists."""
    kept = msgspec.json.decode(msgspec.json.encode(sighting))
    return {"image": kept.pop("image"), "time": rfc3339(kept.pop("time_ms")), **kept}


def sightings_in(alert: Alert) -> tuple[Sighting, ...]:
    """Those that an alert states."""
    told = alert.details.get(SIGHTINGS, ())
    read = [{**one, "time_ms": unix_ms(one["time"])} for one in told]
    return tuple(msgspec.convert(one, Sighting) for one in read)


def fact_of(sighting: Sighting) -> Fact:
    """What it contributes to the reasons of an alert."""
    return Fact(
        fact=_FACTS[sighting.outcome],
        value=round(sighting.score, 2),
        unit="score",
        source=f"{sighting.sensor} {sighting.image}",
    )


def with_sightings(alert: Alert, sightings: tuple[Sighting, ...]) -> Alert:
    """The alert with these sightings instead of those that it states."""
    details = {name: value for name, value in alert.details.items() if name != SIGHTINGS}
    why = tuple(fact for fact in alert.why if fact.fact not in _FACTS.values())
    if sightings:
        details[SIGHTINGS] = [shown(sighting) for sighting in sightings]
        why = (*why, *map(fact_of, sightings))
    return msgspec.structs.replace(alert, details=details, why=why)
