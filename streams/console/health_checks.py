"""Checks the processes behind the page, every few seconds, through Kafka only: ``health`` judges the results.

It reads the offsets that detectors and the notifier's targets have committed, the time of the oldest record that each
has not processed, the ticks of one partition of the log, and the topic of imports. It joins no group and writes
nothing. What this user may not read is reported; the page works without it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import Event
from typing import Any, Final

import msgspec
import structlog

from detectors.core.reference import Zone
from detectors.core.ticks import Tick
from detectors.core.units import MS
from streams.broker.clients import consumer
from streams.broker.reading import believable_ms
from streams.console.broker_health import BrokerHealth, BrokersSeen
from streams.console.health import Backlog, Facts, HealthLimits, Ticked, Trouble, troubles, worker_limit_ms
from streams.console.own_lists import OwnLists
from streams.errors import InputError, SinkError, WakewatchError
from streams.messages.log_records import H_KIND, KIND_TICK
from streams.messages.topics import ALERTS, REFERENCE, SENTENCES
from streams.messages.unreadable import UnreadableRecords
from streams.messages.values import decoded
from streams.observability.target_names import NAMES, named_targets
from streams.reference.stored_versions import VersionStore
from streams.settings.model import Settings

_EVERY_S: Final = 3.0
_ANSWER_MS: Final = 5_000
_POLL_MS: Final = 200
_FIRST_S: Final = 3.0
_TAIL: Final = 512
"""Number of records of one partition read for ticks at the first check, and after a pause."""
_FETCH_BYTES: Final = 1 << 16
_CAUGHT_UP_S: Final = 20.0
_log = structlog.get_logger("wakewatch.console")


class HealthReport(msgspec.Struct, frozen=True, kw_only=True):
    """Result of a check."""

    troubles: tuple[Trouble, ...]
    zones: tuple[Zone, ...] | None
    """The imported zones in force; None: those of the settings count."""
    version: str | None
    """Version of the imported lists and zones in force."""
    since_ms: int
    """When they were imported, Unix ms; 0: nothing was imported."""
    own: OwnLists = OwnLists()
    whole: bool = True
    """False: ``troubles`` has faults of Kafka only; the check continues, and may take long."""


Take = Callable[[HealthReport], None]
Unread = Callable[[], Backlog | None]


def watch(settings: Settings, take: Take, unread: Unread, stop: Event, unreadable: UnreadableRecords) -> None:
    """Checks until ``stop`` is set, and reconnects after a failure. ``unread``: the lag of the page itself."""
    while not stop.is_set():
        try:
            with _CheckClients(settings, unreadable) as looks:
                while not stop.is_set():
                    for health in looks.look(unread()):
                        take(health)
                    stop.wait(_EVERY_S)
        except (WakewatchError, OSError) as error:
            _log.warning("the console cannot check the other processes", error=str(error))
        stop.wait(_EVERY_S)


class _CheckClients:
    """The Kafka clients of one connection."""

    def __init__(self, settings: Settings, unreadable: UnreadableRecords) -> None:
        kafka = settings.kafka
        self._settings, self._unreadable = settings, unreadable
        self._limits = HealthLimits(worker_ms=worker_limit_ms(settings.worker.snapshot_every_s))
        self._clients: list[Any] = []
        self._log_topic, self._alert_topic = kafka.topic_prefix + SENTENCES, kafka.topic_prefix + ALERTS
        app = settings.worker.app_id
        try:
            self._oldest = self._client(max_partition_fetch_bytes=_FETCH_BYTES, max_poll_records=1)
            self._ticks_of, self._imports = self._client(), self._client()
            self._worker = self._client(group_id=app)
            self._targets = {name: self._client(group_id=f"{app}-notify-{name}") for name in NAMES}
            self._brokers = BrokerHealth(kafka)
            self._clients.append(self._brokers)
        except BaseException:
            self.__exit__()
            raise
        self._named = named_targets(settings.notify)
        self._moved: dict[int, tuple[int, int]] = {}
        self._first: dict[Any, tuple[int, int]] = {}
        """By partition of any topic: an offset, and when the record there was written."""
        self._ticks: dict[str, Ticked] = {}
        self._versions = VersionStore(ships_of="")
        self._began_ms = _now_ms()

    def _client(self, **options: Any) -> Any:
        made = consumer(self._settings.kafka, **options)
        self._clients.append(made)
        return made

    def __enter__(self) -> _CheckClients:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients:
            client.close()

    def look(self, unread: Backlog | None) -> Iterator[HealthReport]:
        """Runs one check. Raises SinkError if Kafka does not answer. Reports a slow Kafka first: other checks are
        slow then."""
        from kafka.errors import KafkaError

        try:
            kafka = self._brokers.look()
            slow = troubles(_of_kafka(kafka), self._settings.feed, _now_ms(), self._limits)
            if slow:
                yield HealthReport(troubles=tuple(slow), zones=None, version=None, since_ms=0, whole=False)
            yield self._whole(unread, kafka)
        except KafkaError as error:
            raise SinkError(f"Kafka: {type(error).__name__}: {error}", retriable=True) from error

    def _whole(self, unread: Backlog | None, kafka: BrokersSeen) -> HealthReport:
        from kafka.errors import AuthorizationError

        unseen: list[str] = []

        def seen(what: str, work: Callable[[], Any], otherwise: Any) -> Any:
            try:
                return work()
            except AuthorizationError as error:
                unseen.append(f"{what} ({type(error).__name__}: see `wakewatch topics rights console`)")
                return otherwise

        facts = msgspec.structs.replace(
            _of_kafka(kafka),
            waiting=seen("the progress of the detectors", self._waiting, {}),
            ticks=seen("the sources", self._newest_ticks, {}),
            unsent=seen("the progress of the notifier", self._unsent, {}),
            unread=unread,
            unfinished=seen("imports", self._take_imports, None),
            lists_since_ms=self._since_ms(),
        )
        version = self._versions.in_force()
        zones = None if version is None else self._versions.zones(version)
        return HealthReport(
            troubles=tuple(
                troubles(
                    msgspec.structs.replace(facts, unseen=tuple(unseen)), self._settings.feed, _now_ms(), self._limits
                )
            ),
            zones=zones,
            own=OwnLists.of(self._versions.own_ships(version), zones, self._versions.changes()),
            version=version,
            since_ms=self._since_ms(),
        )

    # -- detectors and targets ----------------------------------------------------------------------------------------

    def _waiting(self) -> dict[int, Backlog]:
        parts = _parts(self._oldest, self._log_topic)
        committed = {part: self._worker.committed(part, timeout_ms=_ANSWER_MS) for part in parts}
        now_ms = _now_ms()
        for part, offset in committed.items():
            if self._moved.get(part.partition, (-2, 0))[0] != (offset or -1):
                self._moved[part.partition] = (offset or -1), now_ms
        found = self._behind(committed)
        return {
            part.partition: msgspec.structs.replace(one, moved_ms=self._moved[part.partition][1])
            for part, one in found.items()
        }

    def _unsent(self) -> dict[str, Backlog]:
        parts = _parts(self._oldest, self._alert_topic)
        found: dict[str, Backlog] = {}
        for name, client in self._targets.items():
            committed = {part: client.committed(part, timeout_ms=_ANSWER_MS) for part in parts}
            ran = any(offset is not None for offset in committed.values())
            if not (name in self._named if self._named else ran):
                continue
            # One that never ran does not owe records from before the first check.
            behind = [one for one in self._behind(committed).values() if one.records]
            if behind:
                since_ms = min(one.since_ms for one in behind)
                since_ms = since_ms if ran else max(since_ms, self._began_ms)
                found[name] = Backlog(records=sum(one.records for one in behind), since_ms=since_ms)
        return found

    def _behind(self, committed: Mapping[Any, int | None]) -> dict[Any, Backlog]:
        """By partition: the records between a committed offset and the end, and when the first of them was written.

        An offset past the end belongs to a log that was deleted since: it covers nothing of this one.
        """
        parts = list(committed)
        begins = self._oldest.beginning_offsets(parts)
        ends = self._oldest.end_offsets(parts, timeout_ms=_ANSWER_MS)
        own = {part: offset if (offset or 0) <= ends[part] else 0 for part, offset in committed.items()}
        first = {part: max(offset or 0, begins[part]) for part, offset in own.items()}
        late = {part: offset for part, offset in first.items() if offset < ends[part]}
        written_ms = self._written_ms(late)
        now_ms = _now_ms()
        return {
            part: Backlog(records=ends[part] - first[part], since_ms=written_ms.get(part, now_ms))
            if part in late
            else Backlog(records=0, since_ms=now_ms)
            for part in parts
        }

    def _written_ms(self, wanted: Mapping[Any, int]) -> dict[Any, int]:
        """When the first record at or after each offset was written; when it was first seen, if it does not come."""
        new = {part: offset for part, offset in wanted.items() if self._first.get(part, (-1, 0))[0] != offset}
        now_ms = _now_ms()
        self._first |= {part: (offset, now_ms) for part, offset in new.items()}
        client = self._oldest
        client.assign(list(new))
        for part, offset in new.items():
            client.resume(part)  # assigned before and paused, it would stay so
            client.seek(part, offset)
        deadline = time.monotonic() + _FIRST_S
        missing = set(new)
        while missing and time.monotonic() < deadline:
            for part, records in client.poll(timeout_ms=_POLL_MS).items():
                if part in missing:
                    self._first[part] = new[part], believable_ms(records[0].timestamp)
                missing.discard(part)
                client.pause(part)
        return {part: self._first[part][1] for part in wanted}

    # -- sources and imports ------------------------------------------------------------------------------------------

    def _newest_ticks(self) -> dict[str, Ticked]:
        """Every tick is in every partition: one is read."""
        client, part = self._ticks_of, _parts(self._ticks_of, self._log_topic)[0]
        end, begin = client.end_offsets([part], timeout_ms=_ANSWER_MS)[part], client.beginning_offsets([part])[part]
        fresh = part not in client.assignment()
        if fresh:
            client.assign([part])
        if fresh or not begin <= client.position(part) <= end or end - client.position(part) > 2 * _TAIL:
            client.seek(part, max(begin, end - _TAIL))
        for record in _until(client, part, end):
            if (H_KIND, KIND_TICK) in (record.headers or ()):
                try:
                    tick = decoded(record.value or b"", Tick)
                except InputError as error:
                    self._unreadable(SENTENCES, part.partition, record.offset, error)
                    continue
                self._ticks[tick.source] = Ticked(tick=tick, written_ms=believable_ms(record.timestamp))
        return dict(self._ticks)

    def _take_imports(self) -> Any:
        client, found = self._imports, _parts(self._imports, self._settings.kafka.topic_prefix + REFERENCE)
        if not found:
            return None  # topics of an earlier version
        part = found[0]
        if part not in client.assignment():
            client.assign([part])
            client.seek_to_beginning(part)
        for record in _until(client, part, client.end_offsets([part], timeout_ms=_ANSWER_MS)[part]):
            at_ms = believable_ms(record.timestamp)
            if wrong := self._versions.put(record.key or b"", record.value, record.offset, at_ms):
                self._unreadable(REFERENCE, part.partition, record.offset, wrong)
        return self._versions.unfinished()

    def _since_ms(self) -> int:
        version = self._versions.in_force()
        return self._versions.marked_ms(version) if version else 0


def _until(client: Any, part: Any, end: int) -> Iterable[Any]:
    """The records of a partition from the client's position to ``end``. Raises SinkError if they do not come."""
    deadline = time.monotonic() + _CAUGHT_UP_S
    while client.position(part) < end:
        if time.monotonic() > deadline:
            raise SinkError(f"{part.topic} cannot be read completely", retriable=True)
        yield from client.poll(timeout_ms=_POLL_MS).get(part, [])


def _of_kafka(kafka: BrokersSeen) -> Facts:
    return Facts(answer_ms=round(kafka.answer_s * MS), disks=kafka.disks)


def _parts(client: Any, topic: str) -> list[Any]:
    from kafka import TopicPartition

    return [TopicPartition(topic, number) for number in sorted(client.partitions_for_topic(topic) or ())]


def _now_ms() -> int:
    return int(time.time() * MS)
