"""An alert about a meeting as GeoJSON has the other ships."""

from __future__ import annotations

from detectors.core.alert import Alert
from streams.explain.geojson import geojson
from tests.streams.worker.conftest import alerts_in_process
from tests.streams.worker.test_meetings import DARK, PAIR, WAITING, roads


def features(alerts: list[Alert], kind: str) -> list[dict[str, object]]:
    return [each["properties"] for each in geojson(alerts, None, {})["features"] if each["properties"]["kind"] == kind]


def test_partners_are_points_and_the_silent_ship_has_its_own_evidence() -> None:
    found = alerts_in_process(roads(), 1)
    encounter = [a for a in found if a.detector == "encounter"]
    assert [one["mmsi"] for one in features(encounter, "partner")] == [PAIR[0]]
    rendezvous = [a for a in found if a.detector == "rendezvous" and a.mmsi == DARK]
    assert WAITING in {one["mmsi"] for one in features(rendezvous, "partner")}
    assert features(rendezvous, "reach")
    last_heard = rendezvous[0].details["last_heard"]
    assert (rendezvous[0].evidence[0].time, rendezvous[0].evidence[0].source) == (last_heard, "pier")
