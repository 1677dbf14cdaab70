"""The doctor about satellites: images that wait to be matched, and element sets that are too old."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
import pytest

from streams.broker.clients import admin, consumer, producer
from streams.doctor.findings import DoctorFinding
from streams.doctor.imagery import elements_finding, images_finding
from streams.imagery.images import Image
from streams.imagery.importing import write_images
from streams.messages.matched import ImageMatch, version_of
from streams.messages.topics import IMAGES, create_missing
from streams.settings.imagery import ImagerySettings
from streams.settings.model import KafkaSettings
from tests.detectors.orbits.published import ELEMENTS

DAY_MS = 86_400_000
NOW_MS = int(time.time() * 1000)
IMAGE = Image(
    id="S1A",
    sensor="Sentinel-1",
    kind="radar",
    time_ms=NOW_MS - DAY_MS,
    footprint=((1.0, 1.0), (2.0, 1.0), (2.0, 2.0), (1.0, 1.0)),
)


@pytest.mark.broker
def test_an_image_that_nobody_has_matched_is_told_and_one_that_must_wait_is_not(kafka_settings: KafkaSettings) -> None:
    def found(later_ms: int = DAY_MS) -> DoctorFinding | None:
        reader = consumer(kafka_settings, group_id=None)
        try:
            return images_finding(reader, kafka_settings, NOW_MS + later_ms)
        finally:
            reader.close()

    client = admin(kafka_settings)
    create_missing(client, kafka_settings)
    client.close()
    assert found() is None
    write_images(kafka_settings, [IMAGE])
    waits = found()
    assert waits is not None and waits.verdict == "warn"
    assert waits.said.startswith("1 waits to be matched; the last image was imported ")
    assert waits.remedy == "start the matching: `wakewatch imagery match`"
    assert getattr(found(later_ms=0), "verdict", None) == "ok"  # it was imported just now
    match = ImageMatch(image="S1A", version=version_of(IMAGE), matched_ms=NOW_MS)
    sender = producer(kafka_settings)
    sender.send(kafka_settings.topic_prefix + IMAGES, key=b"S1A", value=msgspec.json.encode(match), partition=0)
    sender.send(kafka_settings.topic_prefix + IMAGES, key=b"x", value=b"\xff", partition=0)
    sender.close()
    assert getattr(found(), "verdict", None) == "ok"
    write_images(kafka_settings, [IMAGE])  # the same again
    assert getattr(found(), "verdict", None) == "ok"
    write_images(kafka_settings, [msgspec.structs.replace(IMAGE, time_ms=NOW_MS - DAY_MS + 1)])
    assert getattr(found(), "verdict", None) == "warn"


def omm(path: Path, age_d: float) -> str:
    epoch = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(NOW_MS / 1000 - age_d * 86_400))
    one = next(iter(ELEMENTS.values()))
    fields = {
        "OBJECT_NAME": one.name,
        "NORAD_CAT_ID": one.norad_id,
        "EPOCH": epoch,
        "MEAN_MOTION": one.mean_motion,
        "ECCENTRICITY": one.eccentricity,
        "INCLINATION": one.inclination_deg,
        "RA_OF_ASC_NODE": one.raan_deg,
        "ARG_OF_PERICENTER": one.pericenter_deg,
        "MEAN_ANOMALY": one.mean_anomaly_deg,
    }
    path.write_bytes(msgspec.json.encode([fields]))
    return str(path)


def test_element_sets_are_told_when_they_are_too_old_or_cannot_be_read(tmp_path: Path) -> None:
    def found(*files: str) -> DoctorFinding | None:
        return elements_finding(ImagerySettings(elements_files=files), NOW_MS)

    fresh, old = omm(tmp_path / "fresh.json", 2), omm(tmp_path / "old.json", 20)
    assert found() is None
    good = found(fresh, old)
    assert good is not None and (good.verdict, good.said) == ("ok", "2 element sets, the newest of 2 d ago")
    bad = found(old)
    assert bad is not None and bad.verdict == "warn"
    assert bad.said == "1 element set, the newest of 20 d ago: too old, no passes are stated"
    assert "imagery elements" in bad.remedy
    for wrong in (str(tmp_path / "none.json"), str(Path(__file__))):
        finding = found(wrong)
        assert finding is not None and finding.verdict == "warn" and wrong in finding.said
