"""The topics, as data: the required configuration of each. Their purpose is shown in docs/ARCHITECTURE.md.

Rules.
- ``create_missing`` only adds; it never alters or deletes. ``differences`` only checks.
- Every relevant configuration is stated, even if it equals Kafka's default: a cluster may have its own defaults.
- The number of partitions cannot be changed later without separating vessels from their state: a person must handle a
  difference.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, Literal

import msgspec

from streams.errors import ConfigError, SinkError
from streams.settings.model import KafkaSettings

SENTENCES: Final = "ais.sentences.v1"
FLEET: Final = "ais.fleet.v1"
ALERTS: Final = "ais.alerts.v1"
ALERT_STATE: Final = "ais.alerts.state.v1"
VESSELS: Final = "ais.vessels.v1"
CUES: Final = "ais.cues.v1"
REFERENCE: Final = "ais.reference.v1"
IDENTITIES: Final = "ais.identities.v1"
HISTORIES: Final = "ais.histories.v1"
PLACES: Final = "ais.places.v1"
AREAS: Final = "ais.areas.v1"
SLOW: Final = "ais.slow.v1"
MEETINGS: Final = "ais.meetings.v1"
DEAD: Final = "ais.dead.v1"
IMAGES: Final = "ais.images.v1"
FEEDBACK: Final = "ais.feedback.v1"
DETECTIONS: Final = "ais.detections.v1"

MESSAGE_BYTES_MOST: Final = 8 << 20
"""Largest batch that a topic accepts: a 4 MiB shard or a packed record of 10,000 sentences, and its header."""
_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 24 * _HOUR_MS
_GONE_S, _LOOK_S = 30.0, 0.1
IMAGES_KEPT_MS: Final = 30 * _DAY_MS
"""After this an image is deleted, counted from its import."""
_SEGMENTS_KEPT: Final = 10
_SEGMENT_MS_LEAST: Final = 600_000
_ALL: Final[Mapping[str, str]] = {
    "max.message.bytes": str(MESSAGE_BYTES_MOST),
    "message.timestamp.type": "CreateTime",
    "compression.type": "producer",
}
_COMPACTED: Final[Mapping[str, str]] = {
    **_ALL,
    "cleanup.policy": "compact",
    "min.cleanable.dirty.ratio": "0.2",
    "segment.bytes": str(16 << 20),
    "segment.ms": "600000",
    "max.compaction.lag.ms": "600000",
    "delete.retention.ms": str(_DAY_MS),  # a reader that takes less than a day to catch up sees every deletion
}
# Snapshots are loaded to a known end, and the doctor reads the newest heads: what is deleted may disappear at once.
_FLEET: Final[Mapping[str, str]] = {**_COMPACTED, "delete.retention.ms": "60000"}

Rule = Literal["vessels", "one"]
"""``vessels``: as many partitions as in the settings; ``one``: a single partition, because order matters more."""


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table, before prefix and settings. ``kept`` names how long records stay."""

    name: str
    key: str
    rule: Rule
    kept: Literal["sentences", "alerts", "newest", "newest later", "newest for a time", "snapshots", "images"]


TABLE: Final = (
    Topic(name=SENTENCES, key="none (explicit partition)", rule="vessels", kept="sentences"),
    Topic(name=FLEET, key="shard/<i>[/<piece>], cut, crashes, claim", rule="vessels", kept="snapshots"),
    Topic(name=ALERTS, key="subject", rule="vessels", kept="alerts"),
    Topic(name=ALERT_STATE, key="alert id", rule="vessels", kept="newest"),
    Topic(name=VESSELS, key="mmsi", rule="vessels", kept="newest"),
    Topic(name=CUES, key="alert id", rule="vessels", kept="newest for a time"),
    Topic(name=REFERENCE, key="list + entry id", rule="one", kept="newest"),
    Topic(name=IDENTITIES, key="IMO/MMSI, heard/<i>", rule="one", kept="newest later"),
    Topic(name=HISTORIES, key="shard/<i>[/<piece>], cut, crashes, claim", rule="one", kept="snapshots"),
    Topic(name=PLACES, key="cell, heard/<i>", rule="one", kept="sentences"),
    Topic(name=AREAS, key="shard/<i>[/<piece>], cut, crashes, claim", rule="one", kept="snapshots"),
    Topic(name=SLOW, key="mmsi, heard/<i>", rule="one", kept="sentences"),
    Topic(name=MEETINGS, key="shard/<i>[/<piece>], cut, crashes, claim", rule="one", kept="snapshots"),
    Topic(name=DEAD, key="none", rule="one", kept="alerts"),
    Topic(name=FEEDBACK, key="alert id, digest of the record", rule="one", kept="newest"),
    Topic(name=DETECTIONS, key="image id", rule="one", kept="images"),
    Topic(name=IMAGES, key="image id", rule="one", kept="images"),
)


class TopicMissingError(ConfigError):
    """A topic does not exist."""


def missing(name: str) -> TopicMissingError:
    """The error: ``name`` (with prefix) is not among the topics that Kafka shows; it hides those without a right."""
    return TopicMissingError(
        f"topic {name} does not exist, or this user may not see it: create it with `wakewatch topics create`, "
        "check the prefix, or see `wakewatch topics rights`"
    )


class TopicPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How a topic must be created."""

    name: str
    """With prefix."""
    partitions: int
    replication: int
    configs: dict[str, str]


class TopicDifference(msgspec.Struct, frozen=True, kw_only=True, rename={"is_": "is"}):
    """Where a topic differs from its plan."""

    topic: str
    kind: Literal["missing", "partitions", "replication", "config"]
    what: str
    """``topic``, ``partitions``, ``replication`` or the name of the configuration."""
    is_: str
    wanted: str


def plans(kafka: KafkaSettings) -> list[TopicPlan]:
    """The plans of all topics under these settings, in the order of the table."""
    return [
        TopicPlan(
            name=kafka.topic_prefix + topic.name,
            partitions=kafka.partitions if topic.rule == "vessels" else 1,
            replication=kafka.replication,
            configs={**_configs(topic, kafka), "min.insync.replicas": str(max(1, kafka.replication - 1))},
        )
        for topic in TABLE
    ]


def _configs(topic: Topic, kafka: KafkaSettings) -> Mapping[str, str]:
    if topic.kept == "newest":
        return _COMPACTED
    if topic.kept == "newest later":  # a reader within the retention of the log finds every record
        kept_ms = int(kafka.sentences_kept_h * _HOUR_MS)
        lag = {"min.compaction.lag.ms": str(kept_ms), "max.compaction.lag.ms": str(kept_ms + _DAY_MS)}
        return {**_COMPACTED, **lag}
    if topic.kept == "newest for a time":  # the passes of a cue are over long before, also if nothing withdraws it
        kept_ms = int(kafka.alerts_kept_h * _HOUR_MS)
        return {**_COMPACTED, "cleanup.policy": "compact,delete", "retention.ms": str(kept_ms)}
    if topic.kept == "snapshots":
        return _FLEET
    if topic.kept == "images":  # the newest of each, until it is too old for any silence
        return {**_COMPACTED, "cleanup.policy": "compact,delete", "retention.ms": str(IMAGES_KEPT_MS)}
    kept_ms = int((kafka.sentences_kept_h if topic.kept == "sentences" else kafka.alerts_kept_h) * _HOUR_MS)
    # Kafka deletes whole segments: with its week-long ones a small feed would keep far more than configured.
    segment_ms = min(max(kept_ms // _SEGMENTS_KEPT, _SEGMENT_MS_LEAST), _DAY_MS)
    return {
        **_ALL,
        "cleanup.policy": "delete",
        "retention.ms": str(kept_ms),
        "segment.bytes": str(256 << 20),
        "segment.ms": str(segment_ms),
    }


def create_missing(admin: Any, kafka: KafkaSettings, needed: Collection[str] | None = None) -> list[str]:
    """Creates missing topics and waits until all can be written to. Returns the names of the created ones.

    ``needed`` (names without prefix; None: all): the others may be hidden from this user and are then skipped. Several
    processes may do this at once. Raises ConfigError if the cluster cannot create them as planned, SinkError if it does
    not in time.
    """
    from kafka.errors import KafkaTimeoutError

    wanted = {plan.name: plan for plan in plans(kafka)}
    must = {name for name in wanted if needed is None or name.removeprefix(kafka.topic_prefix) in needed}
    hidden: set[str] = set()
    there = set(admin.list_topics())
    missing = {name: _asked(plan) for name, plan in wanted.items() if name not in there}
    made: list[str] = []
    if missing:
        answer = admin.create_topics(missing, raise_errors=False)["topics"]
        failures = {topic["name"]: topic for topic in answer if topic["error_code"]}
        made = [name for name in missing if name not in failures]
        hidden = _judge(failures, must)
    try:
        admin.wait_for_topics([name for name in wanted if name not in hidden])
    except KafkaTimeoutError as error:
        raise SinkError(f"the topics are not ready: {error}", retriable=True) from error
    return made


def make_again(admin: Any, kafka: KafkaSettings, topic: str) -> None:
    """Deletes ``topic`` (without prefix) with its contents and recreates it. Raises SinkError if it stays."""
    name = kafka.topic_prefix + topic
    admin.delete_topics([name])
    deadline_s = time.monotonic() + _GONE_S
    while name in admin.list_topics():  # the controller notifies the broker of it
        if time.monotonic() > deadline_s:
            raise SinkError(f"topic {name} still exists {_GONE_S:.0f} s after its deletion", retriable=True)
        time.sleep(_LOOK_S)
    create_missing(admin, kafka, {topic})


def _asked(plan: TopicPlan) -> dict[str, Any]:
    """The plan as an argument of kafka-python's ``create_topics``."""
    return {"num_partitions": plan.partitions, "replication_factor": plan.replication, "configs": plan.configs}


def _judge(failures: Mapping[str, Mapping[str, Any]], must: Collection[str]) -> set[str]:
    """Topics that this user may not see and does not need. Raises for the others that do not exist now."""
    from kafka.errors import RetriableError, TopicAlreadyExistsError, TopicAuthorizationFailedError, for_code

    hidden = set()
    for name, failure in failures.items():
        kind = for_code(failure["error_code"])
        said = f"topic {name} cannot be created: {failure.get('error_message') or kind.__name__}"
        if kind is TopicAlreadyExistsError:
            continue  # another process was quicker
        if issubclass(kind, RetriableError):
            raise SinkError(said, retriable=True)
        if kind is not TopicAuthorizationFailedError:
            raise ConfigError(f"{said}; fix kafka.replication, kafka.partitions or kafka.topic_prefix")
        if name in must:
            raise ConfigError(
                f"topic {name} does not exist, or this user may not see it, and may not create it: run "
                "`wakewatch topics create` as another user; `wakewatch topics rights` lists what each command needs"
            )
        hidden.add(name)
    return hidden


def partition_differences(admin: Any, kafka: KafkaSettings, needed: Collection[str]) -> list[TopicDifference]:
    """The existing ones of the topics ``needed`` (names without prefix) whose partitions are not as planned.

    It needs only the right to see them.
    """
    wanted = {plan.name: plan for plan in plans(kafka) if plan.name.removeprefix(kafka.topic_prefix) in needed}
    present = sorted(set(admin.list_topics()) & set(wanted))
    shapes = admin.describe_topics(present) if present else []
    found = [each for topic in shapes for each in _shape_differences(wanted[topic["name"]], topic["partitions"])]
    return [each for each in found if each.kind == "partitions"]


def differences(admin: Any, kafka: KafkaSettings) -> list[TopicDifference]:
    """Where the topics differ from their plans, by topic and configuration; empty if nothing is wrong."""
    from kafka.admin import ConfigResource, ConfigResourceType

    there = set(admin.list_topics())
    wanted = plans(kafka)
    present = [plan.name for plan in wanted if plan.name in there]
    shapes = {topic["name"]: topic["partitions"] for topic in admin.describe_topics(present)} if present else {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in present]
    # Without the filter kafka-python omits values that equal the cluster's default.
    configs = admin.describe_configs(resources, config_filter="all").get("topic", {}) if present else {}
    found: list[TopicDifference] = []
    for plan in wanted:
        if plan.name not in shapes:
            found.append(
                TopicDifference(topic=plan.name, kind="missing", what="topic", is_="missing", wanted="present")
            )
        else:
            found += _shape_differences(plan, shapes[plan.name])
            found += _config_differences(plan, configs.get(plan.name, {}))
    return sorted(found, key=lambda difference: (difference.topic, difference.what))


def _shape_differences(plan: TopicPlan, partitions: list[Mapping[str, Any]]) -> Iterator[TopicDifference]:
    replicas = min((len(partition["replica_nodes"]) for partition in partitions), default=0)
    if len(partitions) != plan.partitions:
        yield TopicDifference(
            topic=plan.name, kind="partitions", what="partitions", is_=str(len(partitions)), wanted=str(plan.partitions)
        )
    if replicas < plan.replication:  # more is not wrong
        yield TopicDifference(
            topic=plan.name, kind="replication", what="replication", is_=str(replicas), wanted=str(plan.replication)
        )


def _config_differences(plan: TopicPlan, actual: Mapping[str, Mapping[str, Any]]) -> Iterator[TopicDifference]:
    for key, value in plan.configs.items():
        entry = actual.get(key)
        is_ = str(entry["value"]) if entry else "unset"
        if is_ != value:
            yield TopicDifference(topic=plan.name, kind="config", what=key, is_=is_, wanted=value)
