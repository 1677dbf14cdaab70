"""Element sets and sightings that no program of ours writes: the engine neither raises nor searches for minutes."""

from __future__ import annotations

import time
from typing import Any, Final

import msgspec
import pytest

from detectors.core.engine.engine import Engine
from detectors.core.orbits.choice import ELEMENTS_MOST, OrbitRecord
from detectors.core.orbits.model import ElementSet
from detectors.core.testing import START_MS, engine, played, whole_log
from detectors.core.units import DAY_MS, HOUR_MS
from detectors.core.vessels.sightings import Sighting, SightingRecord
from streams.errors import Reason
from streams.imagery.cues import cue_of
from streams.messages.log_records import H_FORMAT, H_KIND, H_SOURCE, KIND_ELEMENTS, KIND_SIGHTING, LOG_FORMAT
from streams.worker.codec import entry
from streams.worker.joined_records import processed
from streams.worker.timelines import Timelines
from tests.detectors.test_imagery_advice import NOW
from tests.detectors.test_sightings import CLOSED, HOUR, LISTED, OPENED, _at_nine, image, story

LAST_MS: Final = 253_402_300_799_999
NINE_MS: Final = START_MS + 9 * HOUR_MS
QUICK_S: Final = 5.0


def elements(given_ms: int = NINE_MS, **changed: Any) -> bytes:
    made = tuple(msgspec.structs.replace(one, **changed) for one in NOW.elements)
    return msgspec.json.encode(msgspec.structs.replace(NOW, given_ms=given_ms, elements=made))


def sighting(*shown: Sighting, told_ms: int = NINE_MS, alert: Any = OPENED, **details: Any) -> bytes:
    if alert is not None:
        alert = msgspec.structs.replace(alert, details={**alert.details, **details})
    return msgspec.json.encode(SightingRecord(mmsi=LISTED, told_ms=told_ms, sightings=shown, alert=alert))


def absent(at_h: float, **changed: Any) -> Sighting:
    return msgspec.structs.replace(image(at_h), outcome="absent", contact=None, **changed)


ELEMENTS: Final = {
    "given in the year 9999": elements(LAST_MS, epoch_ms=float(LAST_MS)),
    "given three days before the year 10000": elements(LAST_MS - 3 * DAY_MS, epoch_ms=float(LAST_MS)),
    "given in 1970": elements(0),
    "an epoch after all time": elements(epoch_ms=1e300),
    "an epoch in 1970": elements(epoch_ms=0.0),
    "drag without end": elements(bstar=1e300),
    "drag the wrong way": elements(bstar=-1e300),
    "an orbit through the Earth": elements(eccentricity=0.5),
    "a high orbit": elements().replace(b'"mean_motion":1', b'"mean_motion":0.1'),
    "turns without end": elements(mean_anomaly_deg=1e300),
    "a plane that turns without end": elements(raan_deg=-1e300),
    "no element sets": elements()[:20],
    "a given time after all time": elements(10**18),
}
SIGHTINGS: Final = {
    "told in the year 9999": sighting(image(7.0), told_ms=LAST_MS),
    "numbers without bounds": sighting(
        msgspec.structs.replace(image(7.0), footprint=((1e300, 1e300),) * 5, distance_nm=1e300, length_m=-1e300)
    ),
    "an ended alert with text for passes": sighting(image(7.0), alert=CLOSED, imagery="x"),
    "an ended alert with passes that are none": sighting(image(7.0), alert=CLOSED, imagery={"passes": [{}]}),
    "an ended alert with text for images": sighting(image(7.0), alert=CLOSED, sightings="x"),
    "an open alert with text for passes": sighting(image(7.0), imagery="x"),
    "absent in the year 9999": sighting(absent(7.0, time_ms=LAST_MS), alert=None),
    "absent, told in 1970": sighting(absent(7.0), told_ms=0, alert=None),
    "absent, told in the year 9999": sighting(absent(7.0), absent(8.5), told_ms=LAST_MS, alert=None),
    "absent, in no order": sighting(absent(8.0), absent(7.0), absent(8.0), alert=None),
}
RECORDS: Final = [(KIND_ELEMENTS, name) for name in ELEMENTS] + [(KIND_SIGHTING, name) for name in SIGHTINGS]


def tell(playing: Engine, kind: bytes, value: bytes) -> list[Any]:
    """Through the worker's reading; what comes of it can be written, also its cues, and a snapshot of it read."""
    headers = [(H_FORMAT, LOG_FORMAT), (H_KIND, kind), (H_SOURCE, b"imagery")]
    (outcome,) = processed(Timelines(playing, lambda _: playing), [entry(3, value, headers, 0)])
    assert {letter.reason for letter in outcome.letters} <= {Reason.RECORD_UNREADABLE}
    for emitted in outcome.alerts:
        assert msgspec.json.encode(emitted.alert)
        if emitted.alert.status != "closed":
            cue_of(emitted.alert)
    engine().restore([playing.shard(number) for number in range(playing.shard_count())], playing.manifest())
    return [*outcome.alerts]


@pytest.mark.parametrize(("kind", "name"), RECORDS, ids=[name for _, name in RECORDS])
def test_a_told_record_neither_raises_nor_stops_what_follows(kind: bytes, name: str) -> None:
    playing, began_s = engine().restore(*_at_nine()), time.process_time()
    tell(playing, kind, (ELEMENTS if kind == KIND_ELEMENTS else SIGHTINGS)[name])
    tell(playing, KIND_ELEMENTS, elements())
    tell(playing, KIND_ELEMENTS, elements(NINE_MS + 1, epoch_ms=float(LAST_MS)))
    assert time.process_time() - began_s < QUICK_S
    found = []
    for item in whole_log([said for said in story() if 9 * HOUR <= said.at_s < 16 * HOUR], batch=1000, tick_s=600.0):
        found += played(playing, item)
    assert any(emitted.alert.id == OPENED.id and emitted.alert.status == "closed" for emitted in found)
    assert not playing.drain_faults()


def test_elements_that_no_pass_follows_from_are_not_searched_for_ever() -> None:
    """A recording with a hole of years, after elements that are too old by then."""
    playing = engine().restore(*_at_nine())
    (stated,) = tell(playing, KIND_ELEMENTS, elements())
    assert stated.alert.details["imagery"]["passes"]
    began_s = time.process_time()
    late = [msgspec.structs.replace(said, at_s=said.at_s + 1000 * 86_400) for said in story() if said.at_s < HOUR]
    for item in whole_log(late, batch=1000, tick_s=600.0):
        played(playing, item)
    assert time.process_time() - began_s < QUICK_S


def satellites(count: int) -> tuple[ElementSet, ...]:
    (first, *_) = NOW.elements
    return tuple(
        msgspec.structs.replace(first, name=f"ICEYE-{n}", norad_id=70_000 + n, raan_deg=n * 0.7 % 360)
        for n in range(count)
    )


def test_the_most_element_sets_are_searched_quickly_after_the_first_time() -> None:
    record = OrbitRecord(given_ms=NINE_MS, elements=satellites(ELEMENTS_MOST), sensors=NOW.sensors)
    playing = engine().restore(*_at_nine())
    tell(playing, KIND_ELEMENTS, msgspec.json.encode(record))
    kept = playing._advice.next
    began_s = time.process_time()
    for _ in range(10):
        kept.after(NINE_MS, list(playing._advice._targets(OPENED, NINE_MS)))
    assert time.process_time() - began_s < QUICK_S
    assert len(playing.manifest()) < 1 << 20
