"""Checks what concerns satellites, where it is used: images that wait, element sets that are too old."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from detectors.core.units import DAY_MS, HOUR_MS, MINUTE_MS, MS
from streams.broker.reading import read
from streams.doctor.findings import DoctorFinding, ok, span, warn
from streams.doctor.reading import newest
from streams.errors import ConfigError, InputError
from streams.imagery.elements import read_elements
from streams.imagery.images import Image
from streams.messages.matched import ImageMatch, version_of
from streams.messages.topics import DETECTIONS, IMAGES
from streams.messages.values import decoded
from streams.settings.imagery import ImagerySettings
from streams.settings.model import KafkaSettings

_FIXES_MS: Final = 3 * HOUR_MS + 10 * MINUTE_MS
"""After an image until the sentences that it needs have come."""
_PATIENCE_MS: Final = 30 * MINUTE_MS


def images_finding(reader: Any, kafka: KafkaSettings, now_ms: int) -> DoctorFinding | None:
    """Whether imported images are matched; None if none was imported. Raises SinkError."""
    imported, matched = (newest(reader, kafka.topic_prefix + topic) for topic in (DETECTIONS, IMAGES))
    if imported.at_ms is None:
        return None
    said = f"the last image was imported {span((now_ms - imported.at_ms) / MS)} ago"
    if matched.at_ms is not None and matched.at_ms >= imported.at_ms:
        return ok("images", said)
    waiting = _waiting(kafka, now_ms)
    if not waiting:
        return ok("images", said)
    return warn(
        "images",
        f"{waiting} wait{'s' * (waiting == 1)} to be matched; {said}",
        "start the matching: `wakewatch imagery match`",
    )


def _waiting(kafka: KafkaSettings, now_ms: int) -> int:
    """How many images could have been matched for a while and are not."""
    versions: dict[str, str] = {}
    for record in read(kafka, DETECTIONS):
        key = (record.key or b"").decode("utf-8", "replace")
        versions.pop(key, None)
        image = _read(record.value, Image)
        if image is not None and max(image.time_ms + _FIXES_MS, record.timestamp_ms) < now_ms - _PATIENCE_MS:
            versions[key] = version_of(image)
    for record in read(kafka, IMAGES):
        match = _read(record.value, ImageMatch)
        if match is not None and versions.get(match.image) == match.version:
            del versions[match.image]
    return len(versions)


def _read(value: bytes | None, kind: type[Any]) -> Any:
    """None for what readers pass over."""
    try:
        return decoded(value, kind) if value else None
    except InputError:
        return None


def elements_finding(rules: ImagerySettings, now_ms: int) -> DoctorFinding | None:
    """Whether the element sets that the settings name can be used; None if they name none."""
    if not rules.elements_files:
        return None
    name, remedy = "elements", "bring today's file, then run `wakewatch imagery elements`"
    try:
        found = [one for path in rules.elements_files for one in read_elements(Path(path)).elements]
    except (ConfigError, InputError) as error:
        return warn(name, str(error).removeprefix("imagery_unusable: "), remedy)
    age_ms = min(abs(now_ms - one.epoch_ms) for one in found)
    said = f"{len(found)} element set{'s' * (len(found) != 1)}, the newest of {span(age_ms / MS)} ago"
    if age_ms > rules.elements_age_most_d * DAY_MS:
        return warn(name, f"{said}: too old, no passes are stated", remedy)
    return ok(name, said)
