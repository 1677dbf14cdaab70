"""The parts of every scenario: places, receivers, options, and the truth that accompanies the feed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Final, Literal, NamedTuple

import msgspec
from msgspec import Meta

SECOND_MS: Final = 1000
MINUTE_MS: Final = 60 * SECOND_MS
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS


def at(text: str) -> int:
    """Unix ms of ``2024-02-07 04:10`` UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * SECOND_MS)


class NamedPlace(msgspec.Struct, frozen=True):
    """A named place, degrees."""

    name: str
    lat_deg: Annotated[float, Meta(ge=-85, le=85)]
    lon_deg: Annotated[float, Meta(ge=-180, le=180)]


class ShoreStation(msgspec.Struct, frozen=True, kw_only=True):
    """A shore station: hears everything within its disk and nothing outside, and is heard as a base station."""

    name: str
    mmsi: int
    lat_deg: float
    lon_deg: float
    range_nm: float


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Options of a scenario; those that it does not use are ignored."""

    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 1
    vessels: Annotated[int, Meta(ge=0, le=20_000)] | None = None
    """Ships around the scene; None is the scenario's own number."""
    hours: Annotated[float, Meta(gt=0, le=24 * 31)] | None = None
    """Length of the scene; None is the scenario's own. Only strait, outage and hole use it."""
    mmsi: Annotated[int, Meta(ge=100_000_000, le=999_999_999)] = 273_999_001
    """The ship's MMSI: Russian (273) and visibly invented."""
    imo: Annotated[int, Meta(ge=1, le=9_999_999)] = 9_179_842
    name: Annotated[str, Meta(min_length=1, max_length=20)] = "ANGARA"
    home: NamedPlace = NamedPlace("DUNAI", 42.880, 132.338)
    """Where it disappears and reappears: one end of the shuttle."""
    far: NamedPlace = NamedPlace("RAJIN", 42.2333, 130.3000)
    """The other end, which no receiver hears."""
    yard: NamedPlace = NamedPlace("ZHOUSHAN", 29.98, 122.12)
    """Where it goes in the end. The real yard is not located: this is a place in the port's water."""
    destination: Annotated[str, Meta(max_length=20)] | None = None
    """The destination that it reports in the strait; None is the yard's name."""
    blip_minutes: Annotated[float, Meta(ge=0.2, le=39 * 60)] = 24.0
    """How long it transmits in the strait; the sources allow up to about 39 h."""


class Expected(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An alert that must come: an ``opened`` or ``updated`` revision whose ``time`` is in the window."""

    detector: str
    severity: Literal["page", "ticket", "log"]
    after_ms: int
    before_ms: int
    reason: str | None = None
    """``details.reason`` if the detector has one."""
    zone: str | None = None
    mentions: tuple[str, ...] = ()
    """Values that its details must contain, at any depth: names of ports, a destination."""
    until_ms: int | None = None
    """It must not have been closed or retracted by then, because the situation has not improved."""
    case_id: str | None = None


class ScenarioTruth(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened, for checks of a detector. Times are Unix ms of event time."""

    kind: str
    note: str
    mmsi: int | None = None
    name: str | None = None
    imo: int | None = None
    from_ms: int
    to_ms: int
    places: tuple[NamedPlace, ...] = ()
    heard: bool = True
    """False if no receiver could hear it."""
    expected: tuple[Expected, ...] = ()
    at_most: Literal["page", "ticket", "log"] | None = None
    """For honest ships: the highest severity allowed for alerts about this ship in this time."""
    only: tuple[str, ...] | None = None
    """Detectors that may report about this ship in this time, one alert each; () for none of them, None for any.

    Without an MMSI it also applies to alerts about areas and sources.
    """


class Scenario(NamedTuple):
    """A generated feed."""

    name: str
    title: str
    receivers: tuple[ShoreStation, ...]
    lines: Iterator[bytes]
    """Sentences in order of time, each with a tag block; to be read once."""
    truths: tuple[ScenarioTruth, ...]
