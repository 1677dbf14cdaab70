"""ANGARA in images: found at the far port and at the yard, the right alerts are revised and nothing else."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
import pytest
from shapely.geometry import Point, shape

from detectors.core.alert import Alert
from detectors.core.engine.alert_writer import Emitted
from detectors.core.orbits.sensors import SENSORS
from detectors.core.units import DAY_MS, unix_ms
from detectors.core.vessels.sightings import sightings_in
from streams.imagery.cues import cue_of
from streams.imagery.images import Image
from streams.imagery.playback import ImageryPlayback, versions_of
from streams.messages.cue import Cue, encode
from streams.pipeline.replay import InProcessPipeline, ReplayPlan, play
from streams.reference.loading import load_reference
from streams.scenario import NamedPlace, Options, scenario
from streams.scenario.model import at
from streams.settings import loading
from tests.detectors.orbits.published import ELEMENTS
from tests.streams.imagery import angara_images
from tests.streams.imagery.angara_images import AT_FAR_MS, AT_YARD_MS, SHIP

pytestmark = pytest.mark.full
RENAMED = Options(mmsi=273_999_777, imo=9_161_003, name="LADY R", yard=NamedPlace("DALIAN", 38.93, 121.65))
BEGINS_MS = at("2023-12-16 00:00")


@cache
def feed(options: Options) -> list[bytes]:
    return [line for line in scenario("angara", options).lines if _time_ms(line) >= BEGINS_MS]


def _time_ms(line: bytes) -> int:
    return int(line.split(b"c:", 1)[1].split(b",")[0].split(b"*")[0])


def played(options: Options, images: list[Image]) -> Iterator[Alert]:
    settings = loading.load(None, {})
    imagery = ImageryPlayback(images) if images else None
    pipeline = InProcessPipeline(settings, load_reference(settings.reference), 2, imagery=imagery)
    stream = io.BytesIO(b"\n".join(feed(options)) + b"\n")
    for each in play([stream], ReplayPlan(source="feed", partitions=2), pipeline, settings):
        if isinstance(each, Emitted):
            yield each.alert


@pytest.mark.parametrize("options", [Options(), RENAMED], ids=["ANGARA", "another ship and yard"])
def test_it_is_found_at_the_far_port_and_at_the_yard_and_nothing_else_is_revised(options: Options) -> None:
    shown = angara_images.images(options, feed(options))
    alerts = list(played(options, shown))
    newest = {alert.id: alert for alert in alerts}
    stating = [alert for alert in newest.values() if sightings_in(alert)]
    possible = {
        (alert.detector, one.image, one.contact)
        for alert in stating
        for one in sightings_in(alert)
        if one.outcome == "possible" and alert.mmsi == options.mmsi
    }
    assert possible == {("gap", "S1A-FAR", SHIP), ("gap", "S1A-YARD", SHIP), ("long_stay", "S1A-YARD", SHIP)}, [
        one for alert in stating for one in sightings_in(alert)
    ]
    for alert in stating:
        assert all(one.outcome == "seen" or alert.mmsi == options.mmsi for one in sightings_in(alert)), alert
    gaps = [alert for alert in stating if alert.detector == "gap"]
    for alert, time_ms in zip(sorted(gaps, key=lambda each: each.episode_start), (AT_FAR_MS, AT_YARD_MS), strict=True):
        assert unix_ms(alert.episode_start) <= time_ms
    assert not [alert for alert in alerts if alert.detector == "not_in_image"]
    if options == Options():
        without = {alert.id: alert for alert in played(options, [])}
        assert set(without) == set(newest)
        unlike = {key for key, alert in newest.items() if alert.details != without[key].details}
        assert unlike == {alert.id for alert in stating}


ORBITS = tuple(
    msgspec.structs.replace(one, epoch_ms=float(BEGINS_MS + day * DAY_MS))
    for one in ELEMENTS.values()
    for day in range(0, 80, 8)
)
"""Published orbits, moved to the days of the reconstruction: which satellite passes when is invented."""


@pytest.mark.parametrize("options", [Options(), RENAMED], ids=["ANGARA", "another ship and yard"])
def test_cues_for_the_far_port_for_home_and_for_the_yard_state_times(options: Options) -> None:
    settings = loading.load(None, {})
    imagery = ImageryPlayback(elements=versions_of(ORBITS, SENSORS))
    pipeline = InProcessPipeline(settings, load_reference(settings.reference), 2, imagery=imagery)
    stream = io.BytesIO(b"\n".join(feed(options)) + b"\n")
    played = play([stream], ReplayPlan(source="feed", partitions=2), pipeline, settings)
    alerts = [each.alert for each in played if isinstance(each, Emitted) and each.alert.mmsi == options.mmsi]
    cues = [(alert, cue) for alert in alerts if (cue := cue_of(alert)) is not None]
    wanted = [(alert, cue) for alert, cue in cues if cue.properties.status == "wanted"]
    passes = [(one.target, one.begin, alert.time) for alert, cue in wanted for one in cue.properties.passes]
    assert {"Rajin", "Dunai", "its reach", "its last place", "its place"} <= {target for target, _, _ in passes}
    assert all(begin[:19] >= time[:19] for _, begin, time in passes)
    at_yard = [cue for alert, cue in wanted if alert.detector == "long_stay"]
    yard = Point(options.yard.lon_deg, options.yard.lat_deg)
    assert at_yard and all(shape(_geometry(cue)).distance(yard) < 0.05 for cue in at_yard if cue.properties.passes)
    ended = {alert.id for alert in alerts if alert.status in {"closed", "retracted"}}
    newest = {alert.id: cue for alert, cue in cues}
    assert all(cue.properties.status == "withdrawn" for key, cue in newest.items() if key in ended)
    again = [encode(cue) for alert in alerts if (cue := cue_of(alert)) is not None]
    assert again == [encode(cue) for _, cue in cues]


def _geometry(cue: Cue) -> dict[str, Any]:
    drawn: dict[str, Any] = msgspec.json.decode(encode(cue))["geometry"]
    return drawn
