"""Checks of Kafka: reachable, topics as planned, permitted, log written, log processed, state saved."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from streams.broker.answering import slowest_answer_s
from streams.broker.clients import admin, consumer, servers_of
from streams.doctor.disk import disk_findings
from streams.doctor.findings import DoctorFinding, ok, span, warn, wrong
from streams.doctor.imagery import images_finding
from streams.doctor.reading import Newest, SnapshotSummary, newest, newest_head, oldest_ms, tail
from streams.doctor.sources import sources_finding, ticks_of
from streams.errors import ConfigError, SinkError
from streams.messages.topics import (
    ALERT_STATE,
    ALERTS,
    AREAS,
    CUES,
    DEAD,
    FLEET,
    HISTORIES,
    IDENTITIES,
    MEETINGS,
    PLACES,
    SENTENCES,
    SLOW,
    differences,
)
from streams.settings.model import KafkaSettings, Settings

_MS: Final = 1000
_QUICK: Final[dict[str, int]] = {"bootstrap_timeout_ms": 8000, "request_timeout_ms": 10_000}
_CONNECTS_S, _SLOW_S = 2.5, 1.0
"""Limits for a connection with its first answer, and for an answer; both normally take tenths of a second."""
_QUIET_S: Final = 30.0
"""Ingest writes one tick per second, also if nothing is heard."""
_BEHIND_LEAST_S: Final = 60.0
_SNAPSHOTS_LATE: Final = 4
_TELL_AT_MOST: Final = 3
_COORDINATOR_S: Final = 15.0
"""A new broker creates the topic of group offsets at the first request for it."""
_LOOK_S: Final = 0.2
_NEEDED: Final[Mapping[str, frozenset[str]]] = {
    SENTENCES: frozenset({"READ", "WRITE"}),
    FLEET: frozenset({"READ", "WRITE"}),
    ALERTS: frozenset({"READ", "WRITE"}),
    ALERT_STATE: frozenset({"READ", "WRITE"}),
    IDENTITIES: frozenset({"READ", "WRITE"}),
    HISTORIES: frozenset({"READ", "WRITE"}),
    PLACES: frozenset({"READ", "WRITE"}),
    AREAS: frozenset({"READ", "WRITE"}),
    SLOW: frozenset({"READ", "WRITE"}),
    MEETINGS: frozenset({"READ", "WRITE"}),
    CUES: frozenset({"WRITE"}),
    DEAD: frozenset({"READ", "WRITE"}),
}


_STATES: Final = (FLEET, HISTORIES, AREAS, MEETINGS)
_READ: Final = frozenset({SENTENCES, ALERTS, CUES, IDENTITIES, PLACES, SLOW, *_STATES})
"""Without one of them nothing more can be examined."""


class _Saved(NamedTuple):
    """The state of one stage: the topic that it reads, and its snapshots in ``topic``."""

    name: str
    topic: str
    written: Newest
    cuts: Mapping[int, SnapshotSummary]


def kafka_findings(settings: Settings, now_ms: int) -> Iterator[DoctorFinding]:
    """Ends at the first check on whose answer the others depend."""
    from kafka.errors import KafkaError

    name = "kafka"
    try:
        where, asked_s = ",".join(servers_of(settings.kafka)), time.monotonic()
        client = admin(settings.kafka, **_QUICK)
    except ConfigError as error:
        yield wrong(name, "no broker is configured", str(error).removeprefix("no Kafka: "))
        return
    except SinkError as error:
        said = str(error).removesuffix(": check that it runs and kafka.bootstrap_servers")
        yield wrong(name, said, "start it (`wakewatch broker start`), or fix kafka.bootstrap_servers")
        return
    try:
        brokers, connected_s = client.describe_cluster()["brokers"], time.monotonic() - asked_s
        said = f"{where} answers, {len(brokers)} broker{'s' if len(brokers) > 1 else ''}"
        yield _answers(said, connected_s, slowest_answer_s(client))
        yield from _topics(client, settings, now_ms)
    except (KafkaError, SinkError) as error:
        yield wrong(
            name,
            f"rejects the request: {type(error).__name__}: {error}",
            "compare the rights of this user with docs/OPERATIONS.md",
        )
    finally:
        client.close()


def _answers(said: str, connected_s: float, took_s: float) -> DoctorFinding:
    if connected_s <= _CONNECTS_S and took_s <= _SLOW_S:
        return ok("kafka", said)
    took_s = max(connected_s, took_s)
    remedy = "check disk and CPU of the brokers, and the network to them: alerts may be late"
    return warn("kafka", f"{said}, after {took_s:.1f} s", remedy)


def _topics(client: Any, settings: Settings, now_ms: int) -> Iterator[DoctorFinding]:
    found = differences(client, settings.kafka)
    missing = [each.topic for each in found if each.kind == "missing"]
    if missing:
        yield wrong("topics", f"{len(missing)} are missing: {_some(missing)}", "create them: `wakewatch topics create`")
    elif found:
        said = _some([f"{each.topic}: {each.what} is {each.is_}, expected {each.wanted}" for each in found])
        severe = any(each.kind == "partitions" for each in found)
        remedy = (
            "`wakewatch topics check` shows all; set kafka.partitions to the number of the topic, or alter the topic"
        )
        yield (wrong if severe else warn)("topics", said, remedy)
    else:
        yield ok("topics", "all as expected")
    prefix = settings.kafka.topic_prefix
    if {prefix + topic for topic in _READ} & set(missing):
        return
    yield _permitted(client, settings.kafka)
    yield from _flow(client, settings, now_ms)


def _permitted(client: Any, kafka: KafkaSettings) -> DoctorFinding:
    described = {topic["name"]: topic for topic in client.describe_topics([kafka.topic_prefix + t for t in _NEEDED])}
    lacking = []
    for topic, needed in _NEEDED.items():
        allowed = set(described.get(kafka.topic_prefix + topic, {}).get("authorized_operations") or needed)
        lacking += [f"{operation} {topic}" for operation in sorted(needed - allowed)]
    if not lacking:
        return ok("rights", "this user has all rights that are needed")
    return warn("rights", f"this user may not {_some(lacking)}", "grant the right, if the process runs as this user")


def _flow(client: Any, settings: Settings, now_ms: int) -> Iterator[DoctorFinding]:
    kafka = settings.kafka
    reader = consumer(kafka, group_id=None, **_QUICK)
    try:
        # Snapshots first: what they have read was in the log before, however long the requests take.
        cuts = {topic: newest_head(reader, kafka.topic_prefix + topic) for topic in _STATES}
        written = newest(reader, kafka.topic_prefix + SENTENCES)
        yield _written(written, now_ms)
        yield from disk_findings(client, kafka, oldest_ms(reader, kafka.topic_prefix + SENTENCES), now_ms)
        sources = sources_finding(ticks_of(tail(reader, kafka.topic_prefix + SENTENCES)), settings.feed, now_ms)
        if sources is not None:
            yield sources
        images = images_finding(reader, kafka, now_ms)
        if images is not None:
            yield images
        yield _workers(client, settings, written)
        bindings, displaced, slow = (newest(reader, kafka.topic_prefix + topic) for topic in (IDENTITIES, PLACES, SLOW))
        yield _state(settings, _Saved("state", FLEET, written, cuts[FLEET]), now_ms)
        yield _state(settings, _Saved("histories", HISTORIES, bindings, cuts[HISTORIES]), now_ms)
        yield _state(settings, _Saved("areas", AREAS, displaced, cuts[AREAS]), now_ms)
        yield _state(settings, _Saved("meetings", MEETINGS, slow, cuts[MEETINGS]), now_ms)
    finally:
        reader.close()


def _written(written: Newest, now_ms: int) -> DoctorFinding:
    name = "log"
    if written.at_ms is None:
        return warn(name, "the log is empty", "add a feed: `wakewatch ingest tcp://HOST:PORT`")
    quiet_s = (now_ms - written.at_ms) / _MS
    if quiet_s > _QUIET_S:
        return warn(
            name,
            f"nothing has been written for {span(quiet_s)}",
            "check that ingest runs: with a live source it writes every second, even without sentences",
        )
    return ok(name, f"the log was written {span(quiet_s)} ago")


def _workers(client: Any, settings: Settings, written: Newest) -> DoctorFinding:
    group = settings.worker.app_id
    described = _group(client, group)
    members = len(described.get("members", ()))
    held = f"group {group}"
    if not members:
        return wrong("workers", f"no worker runs in {held}", "start one: `wakewatch detect`")
    if str(described["group_state"]).upper() not in {"STABLE", "GROUPSTATE.STABLE"}:
        return warn("workers", f"{held} is rebalancing its partitions", "run doctor again in half a minute")
    idle = max(0, members - len(written.ends))
    if idle:
        return warn("workers", f"{members} for {len(written.ends)} partitions", f"{idle} have no partition: stop them")
    parts = len(written.ends)
    return ok("workers", f"1 has all {parts} partitions" if members == 1 else f"{members} share {parts} partitions")


def _group(client: Any, group: str) -> Mapping[str, Any]:
    """The group as the broker describes it; empty if it knows no such group."""
    from kafka.errors import CoordinatorNotAvailableError, GroupIdNotFoundError, NotCoordinatorError

    # Faust has its own member metadata; kafka-python warns of it with the whole group.
    logging.getLogger("kafka.admin._groups").setLevel(logging.ERROR)
    deadline = time.monotonic() + _COORDINATOR_S
    while True:
        try:
            return client.describe_groups([group])[group]  # type: ignore[no-any-return]
        except GroupIdNotFoundError:
            return {}
        except (CoordinatorNotAvailableError, NotCoordinatorError):
            if time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_S)


def _state(settings: Settings, saved: _Saved, now_ms: int) -> DoctorFinding:
    """How far the saved state is behind the log: what would have to be read again after a crash now."""
    name, topic, written, cuts = saved
    app = settings.worker.app_id
    strangers = sorted({cut.app for cut in cuts.values()} - {app})
    if strangers:
        return wrong(
            name,
            f"{settings.kafka.topic_prefix + topic} contains the state of {_some(strangers)}",
            f"set worker.app_id to that name, or kafka.topic_prefix to other topics for {app}",
        )
    ahead = sorted(p for p, cut in cuts.items() if cut.offset >= written.ends.get(p, 0))
    if ahead:
        return wrong(
            name,
            f"partition {ahead[0]} ends before the offset of the state: the log was recreated",
            f"delete {settings.kafka.topic_prefix + topic} and create it again: `wakewatch topics create`",
        )
    behind = {p: end - 1 - (cuts[p].offset if p in cuts else -1) for p, end in written.ends.items()}
    records = sum(behind.values())
    if not records:
        return ok(name, "the whole log is processed and saved")
    oldest_ms = min((cuts[p].at_ms if p in cuts else 0 for p, n in behind.items() if n), default=0)
    limit_s = max(_BEHIND_LEAST_S, _SNAPSHOTS_LATE * settings.worker.snapshot_every_s)
    if oldest_ms == 0:
        return wrong(
            name, f"{records} records, and at least one partition has no snapshot yet", "check that a worker runs"
        )
    age_s = (now_ms - oldest_ms) / _MS
    said = f"{records} records behind the log; the oldest snapshot is {span(age_s)} old"
    if age_s > limit_s:
        return wrong(name, said, "check that the worker runs and its log; if it is too slow, start another")
    return ok(name, said)


def _some(words: list[str]) -> str:
    more = f" and {len(words) - _TELL_AT_MOST} more" if len(words) > _TELL_AT_MOST else ""
    return ", ".join(words[:_TELL_AT_MOST]) + more
