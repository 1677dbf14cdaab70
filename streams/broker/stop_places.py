"""The places where ships stop, as the stage of meetings has learned them: read from its newest snapshot."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from detectors.core.engine.snapshot import SnapshotError
from detectors.core.meeting_stage.snapshot import MeetingShard, read_shards
from detectors.core.meeting_stage.stop_places import CELL_DEG, corner_of
from detectors.core.reference import Reference
from detectors.core.registry import build
from streams.broker.reading import read
from streams.broker.record_pieces import StoredRecord, joined_shard, verified
from streams.errors import InputError, StateError
from streams.messages.topics import MEETINGS
from streams.messages.values import decoded
from streams.settings.model import Settings

_ENCOUNTER: Final = "encounter"
_HEAD: Final = b"cut"
_NEAR_DEG: Final = 0.5
_TRIES: Final = 3


class StopPlace(NamedTuple):
    """A cell of 0.01 degrees; the eight cells around it count as well."""

    south_deg: float
    west_deg: float
    ships: int
    """Different ships that lay there for two hours or longer; counted up to a bound."""

    @property
    def ring(self) -> list[list[float]]:
        """Its corners, closed, counterclockwise: longitude and latitude, degrees."""
        south, west = self.south_deg, self.west_deg
        north, east = round(south + CELL_DEG, 2), round(west + CELL_DEG, 2)
        return [[west, south], [east, south], [east, north], [west, north], [west, south]]


class _Head(msgspec.Struct, frozen=True):
    """What is read of a head record; the worker's own type has the rest."""

    versions: list[int]


def stop_places(settings: Settings) -> list[StopPlace]:
    """Those that count by ``[detectors.encounter] stops_least``; empty before the first snapshot.

    Raises ConfigError without the topic, StateError if the snapshot cannot be read.
    """
    kafka = settings.kafka
    ships_least = next(
        made for made in build(settings.detectors, Reference()) if made.name == _ENCOUNTER
    ).thresholds.stops_least
    for attempt in range(_TRIES):
        records = {r.key: StoredRecord(r.value, r.headers) for r in read(kafka, MEETINGS) if r.key and r.value}
        try:
            return found_in(records, ships_least)
        except StateError:  # the end that was read to may be in the middle of the next snapshot
            if attempt == _TRIES - 1:
                raise
    raise AssertionError


def found_in(records: Mapping[bytes, StoredRecord], ships_least: int) -> list[StopPlace]:
    """Those in the records of the topic, by key. Raises StateError if they form no snapshot."""
    head = records.get(_HEAD)
    if head is None:
        return []
    try:
        versions = decoded(verified(head, "the head of a snapshot"), _Head).versions
        shards: list[MeetingShard] = read_shards(
            [joined_shard(records, n, version) for n, version in enumerate(versions)]
        )
    except (InputError, SnapshotError) as error:
        raise StateError(f"{MEETINGS}: {error}") from error
    stops = sorted((cell, len(ships)) for shard in shards for cell, ships in shard.stops)
    return [StopPlace(*corner_of(cell), ships) for cell, ships in stops if ships >= ships_least]


def near(places: list[StopPlace], lat_deg: float, lon_deg: float) -> list[StopPlace]:
    """Those within half a degree of latitude of a position, and the same distance of longitude."""
    wide_deg = _NEAR_DEG / max(math.cos(math.radians(lat_deg)), _NEAR_DEG / 180)
    return [
        place
        for place in places
        if abs(place.south_deg - lat_deg) <= _NEAR_DEG and abs((place.west_deg - lon_deg + 180) % 360 - 180) <= wide_deg
    ]


def features(places: list[StopPlace]) -> list[dict[str, Any]]:
    """As GeoJSON, one polygon for each cell."""
    return [
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [place.ring]},
            "properties": {"kind": "stop_place", "ships": place.ships},
        }
        for place in places
    ]
