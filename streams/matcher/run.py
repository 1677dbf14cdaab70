"""The process: images, alerts and the log in; sightings for the engines out.

It keeps nothing of its own that is not in topics. ``ais.images.v1`` has the fixes around each image, read once from
the log, which may no longer have them when a silence is found later. At its start it reads its topics whole. What
alerts state already is not told again, so two of them side by side, or one that starts again, do no harm.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from threading import Event
from typing import Any, Final

import msgspec
import structlog

from detectors.core.alert import Alert
from detectors.core.reference import Reference
from detectors.core.units import HOUR_MS, MINUTE_MS, MS
from streams.broker.clients import consumer
from streams.errors import InputError
from streams.imagery import fix_columns
from streams.imagery.book import ImageBook, TakenImage
from streams.imagery.images import Fixes, Image
from streams.imagery.matching.rules import MatchRules
from streams.imagery.near_fixes import NEAREST, fewer
from streams.imagery.places import of_zones
from streams.matcher.log_fixes import FixesFound, fixes_of
from streams.matcher.sending import MATCH_BYTES_MOST, MatchSender
from streams.messages.matched import UNMATCHED_MOST, FixColumns, ImageMatch, version_of
from streams.messages.topics import ALERTS, DETECTIONS, IMAGES, missing
from streams.messages.unreadable import UnreadableRecords
from streams.messages.values import T, decoded
from streams.observability.metrics import Metrics
from streams.reference.in_force import ask
from streams.settings.model import KafkaSettings

_POLL_MS: Final = 500
_RECORDS_MOST: Final = 2000
_SETTLE_MS: Final = 10 * MINUTE_MS
"""After the last fix that an image needs: how long sentences may take to come."""
_IMAGES_AT_ONCE: Final = 50
_APART_MOST_MS: Final = 12 * HOUR_MS
"""One reading of the log is for so many images of so long a time: one with a wrong time is read for alone."""
_REST_BYTES: Final = 1 << 20
"""Of a record about an image: everything but fixes and lengths."""
_GONE: Final = "the log holds nothing of its time"
_CROWDED: Final = "too many vessels are around it"
_log = structlog.get_logger("wakewatch.matcher")


class Matcher:
    """See the module. ``own``: the zones of the settings, for a Kafka without imported ones."""

    def __init__(self, kafka: KafkaSettings, own: Reference, metrics: Metrics, stop: Event) -> None:
        self._kafka, self._own, self._metrics, self._stop = kafka, own, metrics, stop
        self._rules = MatchRules()
        self._book = ImageBook()
        self._versions: dict[str, str] = {}
        """Of the images that are known."""
        self._caught_up = False
        self._waiting: dict[str, Image] = {}
        """Images without their fixes."""
        self._matches: dict[str, ImageMatch] = {}
        """Of those that wait; of all until the topics are read whole."""
        self._unreadable = UnreadableRecords(lambda topic: metrics.unreadable_records.labels(topic).inc())
        for topic in (DETECTIONS, IMAGES, ALERTS):
            metrics.unreadable_records.labels(topic)
        for outcome in ("matched", "doubtful", "not matched"):
            metrics.images_matched.labels(outcome)
        self._busy_since: float | None = None
        metrics.image_wait.set_function(self._wait_s)

    def run(self, *, once: bool = False) -> None:
        """Runs until it is stopped; with ``once`` until all that is there is matched. Raises ConfigError, SinkError."""
        client = consumer(self._kafka)
        sender = MatchSender(self._kafka)
        try:
            ends = self._begin(client)
            self._know_places()
            while not self._stop.is_set():
                changed = self._poll(client)
                ends = {part: end for part, end in ends.items() if client.position(part) < end}
                if ends:
                    continue  # what is known only in part would be told wrongly
                self._caught_up = True
                due = self._due(once=once)
                self._busy_since = time.monotonic() if due else None
                for group in _groups(due):
                    self._read_log(sender, group)
                    self._tell(sender)
                self._busy_since = None
                if changed and not due:
                    self._tell(sender)
                if once and not changed and not due:
                    return
        finally:
            client.close()
            sender.close()

    def readiness(self) -> tuple[bool, str]:
        """Whether it has read its topics whole, and what it waits for."""
        return self._caught_up, "" if self._caught_up else "reading images and alerts"

    def _wait_s(self) -> float:
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since

    def _begin(self, client: Any) -> dict[Any, int]:
        from kafka import TopicPartition

        parts = []
        for topic in (IMAGES, DETECTIONS, ALERTS):
            name = self._kafka.topic_prefix + topic
            numbers = client.partitions_for_topic(name)
            if not numbers:
                raise missing(name)
            parts += [TopicPartition(name, number) for number in sorted(numbers)]
        client.assign(parts)
        client.seek_to_beginning(*parts)
        return dict(client.end_offsets(parts))

    def _know_places(self) -> None:
        self._book.places = of_zones(ask(self._kafka, self._own).reference.zones)

    # -- what comes ----------------------------------------------------------------------------------------------

    def _poll(self, client: Any) -> bool:
        found = client.poll(timeout_ms=_POLL_MS, max_records=_RECORDS_MOST)
        for part, records in found.items():
            topic = part.topic.removeprefix(self._kafka.topic_prefix)
            for record in records:
                self._take(topic, record)
        return bool(found)

    def _take(self, topic: str, record: Any) -> None:
        if topic == DETECTIONS:
            self._take_image(record)
        elif topic == IMAGES:
            match = self._decoded(topic, record, ImageMatch)
            if match is not None:
                self._matches[match.image] = match
        else:
            alert = self._decoded(topic, record, Alert)
            if alert is not None:
                self._take_alert(alert, record)

    def _take_alert(self, alert: Alert, record: Any) -> None:
        try:
            self._book.take(alert)
        except InputError as error:
            self._unreadable(ALERTS, record.partition, record.offset, error)

    def _take_image(self, record: Any) -> None:
        key = (record.key or b"").decode("utf-8", "replace")
        if record.value is None:
            self._versions.pop(key, None)
            self._waiting.pop(key, None)
            self._book.withdraw(key)
            return
        image = self._decoded(DETECTIONS, record, Image)
        if image is not None and key != image.id:
            self._unreadable(DETECTIONS, record.partition, record.offset, ValueError("a key that is not the image's"))
        elif image is not None and version_of(image) != self._versions.get(key):
            self._versions[key], self._waiting[key] = version_of(image), image

    def _decoded(self, topic: str, record: Any, kind: type[T]) -> T | None:
        if record.value is None:
            return None
        try:
            return decoded(record.value, kind)
        except InputError as error:
            self._unreadable(topic, record.partition, record.offset, error)
            return None

    # -- what follows --------------------------------------------------------------------------------------------

    def _due(self, *, once: bool) -> list[Image]:
        """Images whose fixes are to be read from the log; those that were read before are taken from the topic."""
        settled_ms = int(time.time() * MS) - int(self._rules.interpolate_most_s * MS) - _SETTLE_MS
        due = []
        for image in list(self._waiting.values()):
            match = self._matches.get(image.id)
            if match is not None and match.version == version_of(image):
                del self._waiting[image.id]
                self._restore(image, match)
            elif once or image.time_ms <= settled_ms:
                del self._waiting[image.id]
                due.append(image)
        self._matches = {key: match for key, match in self._matches.items() if key in self._waiting}
        return due

    def _restore(self, image: Image, match: ImageMatch) -> None:
        if match.why_not:
            return
        try:
            fixes = fix_columns.restored(match.fixes)
        except ValueError as error:
            self._unreadable(IMAGES, 0, -1, error)
            self._waiting[image.id] = image
            self._matches.pop(image.id)
            return
        self._book.add(TakenImage(image=image, fixes=fixes, lengths=match.lengths))

    def _read_log(self, sender: MatchSender, images: Sequence[Image]) -> None:
        self._know_places()
        found = fixes_of(self._kafka, images, self._rules.interpolate_most_s, self._stop.is_set)
        for image in images:
            if image.id not in found:
                return  # stopped
            sender.image(self._matched(image, found[image.id]))
        sender.flush()

    def _matched(self, image: Image, found: FixesFound) -> ImageMatch:
        now_ms = int(time.time() * MS)
        placed = {int(mmsi) for mmsi in found.fixes.mmsi}
        lengths = {mmsi: length for mmsi, length in found.lengths.items() if mmsi in placed}
        kept = _fitting(image, found.fixes, lengths) if found.heard else None
        if kept is None:
            why_not = _CROWDED if found.heard else _GONE
            _log.warning("image not matched", image=image.id, why=why_not)
            self._metrics.images_matched.labels("not matched").inc()
            return ImageMatch(image=image.id, version=version_of(image), matched_ms=now_ms, why_not=why_not)
        self._book.add(TakenImage(image=image, fixes=fix_columns.restored(kept), lengths=lengths))
        shown = self._book.outcomes(image.id)
        outcomes = [one.sighting.outcome for one in shown.found]
        why_not = "" if shown.agrees else "its time or place does not agree with AIS"
        self._metrics.images_matched.labels("doubtful" if why_not else "matched").inc()
        counts = {"seen": outcomes.count("seen"), "absent": outcomes.count("absent")}
        _log.info("image matched", image=image.id, contacts=len(image.contacts), expected=shown.expected, **counts)
        return ImageMatch(
            image=image.id,
            version=version_of(image),
            matched_ms=now_ms,
            fixes=kept,
            lengths=lengths,
            expected=shown.expected,
            unmatched=shown.unmatched[:UNMATCHED_MOST],
            why_not=why_not,
            **counts,
        )

    def _tell(self, sender: MatchSender) -> None:
        for record in self._book.records(_told_ms):
            sender.sighting(record)
            self._metrics.sightings_reported.inc()
        sender.flush()


def _groups(images: Sequence[Image]) -> Iterator[list[Image]]:
    """In order of time, each for one reading of the log."""
    group: list[Image] = []
    for image in sorted(images, key=lambda one: (one.time_ms, one.id)):
        if group and (len(group) == _IMAGES_AT_ONCE or image.time_ms - group[0].time_ms > _APART_MOST_MS):
            yield group
            group = []
        group.append(image)
    if group:
        yield group


def _fitting(image: Image, fixes: Fixes, lengths: Mapping[int, float]) -> FixColumns | None:
    """The fixes as they are kept: of each vessel fewer where a record cannot hold all; None if it cannot hold any."""
    for count in range(NEAREST, 0, -1):
        kept = fix_columns.kept(fewer(fixes, image.time_ms, count))
        if len(msgspec.json.encode((kept, lengths))) + _REST_BYTES <= MATCH_BYTES_MOST:
            return kept
    return None


def _told_ms(alert: Alert | None, newest_ms: int) -> int:
    """Now; of an alert of a recording the time of the image."""
    return newest_ms if alert is not None and alert.replayed else max(newest_ms, int(time.time() * MS))
