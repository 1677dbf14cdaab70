"""Learned stop places: their outline, which are near a position, and a snapshot that cannot be read."""

from __future__ import annotations

import msgspec
import pytest

from detectors.core.meeting_stage.snapshot import SHARDS
from detectors.core.meeting_stage.stage import MeetingStage
from streams.broker import stop_places
from streams.broker.record_pieces import StoredRecord, pieces_of
from streams.broker.stop_places import StopPlace, near
from streams.errors import StateError


def test_its_outline_is_closed_and_counterclockwise() -> None:
    ring = StopPlace(south_deg=-34.5, west_deg=18.5, ships=5).ring
    assert ring == [[18.5, -34.5], [18.51, -34.5], [18.51, -34.49], [18.5, -34.49], [18.5, -34.5]]


@pytest.mark.parametrize(
    ("lat_deg", "lon_deg", "found"),
    [(0.4, 179.6, True), (0.4, -179.6, True), (0.6, 180.0, False), (0.0, 179.3, False), (0.0, -178.9, False)],
)
def test_near_across_180_east(lat_deg: float, lon_deg: float, found: bool) -> None:
    places = [StopPlace(south_deg=0.0, west_deg=-180.0, ships=5)]
    assert bool(near(places, lat_deg, lon_deg)) is found


def test_near_the_pole_every_longitude_is_near() -> None:
    places = [StopPlace(south_deg=89.9, west_deg=20.0, ships=5)]
    assert near(places, 89.95, -160.0) == places


def saved() -> dict[bytes, StoredRecord]:
    stage = MeetingStage.build(1, {}, {})
    records = [piece for n in range(SHARDS) for piece in pieces_of(n, 7, stage.shard(n))]
    stored = {piece.key: StoredRecord(piece.value, dict(piece.headers)) for piece in records}
    stored[b"cut"] = StoredRecord(msgspec.json.encode({"app": "a", "versions": [7] * SHARDS}))
    return stored


def test_a_damaged_or_missing_shard_is_said() -> None:
    assert stop_places.found_in(saved(), 5) == []
    assert stop_places.found_in({}, 5) == []
    for broken in ({b"cut": StoredRecord(b"{")}, {b"shard/3": StoredRecord(b"x" * 20)}):
        with pytest.raises(StateError):
            stop_places.found_in({**saved(), **broken}, 5)
    missing = saved()
    del missing[b"shard/3"]
    with pytest.raises(StateError):
        stop_places.found_in(missing, 5)
