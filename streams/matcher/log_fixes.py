"""The fixes around images, from the log of sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from detectors.core.units import HOUR_MS, MINUTE_MS, MS
from streams.broker.reading import TopicRecord, read
from streams.decode import decode
from streams.imagery.images import Fixes, Image
from streams.imagery.near_fixes import NearFixes
from streams.messages.log_records import H_EVENT_FROM, H_EVENT_TO, H_KIND, H_SOURCE, KIND_SENTENCES
from streams.messages.topics import SENTENCES
from streams.messages.values import whole_number
from streams.settings.model import KafkaSettings

LATE_MS: Final = 6 * HOUR_MS
"""How long after its event time a sentence is looked for."""
_HEARD_MS: Final = 10 * MINUTE_MS


class FixesFound(NamedTuple):
    """Of one image."""

    fixes: Fixes
    lengths: dict[int, float]
    heard: bool
    """Whether the log holds anything of its time; without it no vessel is known to be silent or to be there."""


def fixes_of(
    kafka: KafkaSettings, images: Sequence[Image], within_s: float, stop: Callable[[], bool]
) -> dict[str, FixesFound]:
    """The fixes around each of these images. Raises ConfigError if the topic does not exist.

    Sentences written long after an image are read only if there are none from its time: then they are of recordings.
    """
    found: dict[str, FixesFound] = {}
    waiting = images
    for late_ms in (LATE_MS, None):
        read_now = _read(kafka, waiting, within_s, late_ms, stop)
        if read_now is None:
            return {}
        found |= read_now
        waiting = [image for image in waiting if not found[image.id].heard]
        if not waiting:
            break
    return found


def _read(
    kafka: KafkaSettings, images: Sequence[Image], within_s: float, late_ms: int | None, stop: Callable[[], bool]
) -> dict[str, FixesFound] | None:
    """``late_ms``: how long after the images sentences were written, at most; None: at any time. None if stopped."""
    within_ms = int(within_s * MS)
    span_ms = min(image.time_ms for image in images) - within_ms, max(image.time_ms for image in images) + within_ms
    until_ms = None if late_ms is None else span_ms[1] + late_ms
    near, heard = NearFixes(images, within_s), _Heard(images)
    for record in read(kafka, SENTENCES, since_ms=max(0, span_ms[0]), until_ms=until_ms):
        if stop():
            return None
        _take(record, span_ms, near, heard)
    return {image.id: FixesFound(near.of(image.id), near.lengths, heard.of(image)) for image in images}


class _Heard:
    """Whether the log has sentences of the time of each image."""

    def __init__(self, images: Sequence[Image]) -> None:
        self._waiting = {image.id: image.time_ms for image in images}

    def note(self, from_ms: int, to_ms: int) -> None:
        for key, at_ms in list(self._waiting.items()):
            if from_ms <= at_ms + _HEARD_MS and to_ms >= at_ms - _HEARD_MS:
                del self._waiting[key]

    def of(self, image: Image) -> bool:
        return image.id not in self._waiting


def _take(record: TopicRecord, span_ms: tuple[int, int], near: NearFixes, heard: _Heard) -> None:
    if not record.value or record.headers.get(H_KIND, KIND_SENTENCES) != KIND_SENTENCES:
        return
    first, last = (whole_number(record.headers.get(name)) for name in (H_EVENT_FROM, H_EVENT_TO))
    if (last is not None and last < span_ms[0]) or (first is not None and first > span_ms[1]):
        return
    source = record.headers.get(H_SOURCE, b"").decode("utf-8", "replace")
    batch = decode(record.value, source).batch
    if len(batch.reports):
        times = batch.reports["time_ms"]
        heard.note(int(times.min()), int(times.max()))
        near.take(batch)
