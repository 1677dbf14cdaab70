"""The topics, as data: what each is for is in the design; how each must be made is here."""

from __future__ import annotations

import time
from typing import Any, Final

import msgspec

from streams.settings import KafkaSettings

SENTENCES: Final = "ais.sentences.v1"
FLEET: Final = "ais.fleet.v1"
ALERTS: Final = "ais.alerts.v1"
ALERT_STATE: Final = "ais.alerts.state.v1"
DEAD: Final = "ais.dead.v1"
_KNOWN_S, _LOOK_S = 10.0, 0.05
_HOUR_MS: Final = 3_600_000
_MESSAGE_BYTES: Final = str(4 << 20)
_COMPACT: Final = {
    "cleanup.policy": "compact",
    "min.cleanable.dirty.ratio": "0.2",
    "segment.bytes": str(16 << 20),
    "segment.ms": "600000",
    "max.compaction.lag.ms": "600000",
    "delete.retention.ms": "60000",
    "max.message.bytes": _MESSAGE_BYTES,
}


class TopicPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How a topic must be made."""

    name: str
    """With prefix."""
    partitions: int
    configs: dict[str, str]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Where a topic is not as it must be."""

    topic: str
    what: str
    is_: str
    wanted: str


def plans(kafka: KafkaSettings) -> list[TopicPlan]:
    """All topics."""
    sentences = {
        "cleanup.policy": "delete",
        "retention.ms": _ms(kafka.sentences_kept_h),
        "max.message.bytes": _MESSAGE_BYTES,
    }
    letters = {
        "cleanup.policy": "delete",
        "retention.ms": _ms(kafka.alerts_kept_h),
        "max.message.bytes": _MESSAGE_BYTES,
    }
    table = (
        (SENTENCES, kafka.partitions, sentences),
        (FLEET, kafka.partitions, _COMPACT),
        (ALERTS, kafka.partitions, letters),
        (ALERT_STATE, kafka.partitions, _COMPACT),
        (DEAD, 1, letters),
    )
    return [TopicPlan(name=kafka.topic_prefix + name, partitions=n, configs=configs) for name, n, configs in table]


def _ms(hours: float) -> str:
    return str(int(hours * _HOUR_MS))


def create_missing(admin: Any, kafka: KafkaSettings) -> list[str]:
    """Makes the topics that are not there. Returns their names."""
    from kafka.admin import NewTopic
    from kafka.errors import TopicAlreadyExistsError

    there = set(admin.list_topics())
    missing = [plan for plan in plans(kafka) if plan.name not in there]
    made = []
    for plan in missing:
        topic = NewTopic(plan.name, plan.partitions, kafka.replication, topic_configs=plan.configs)
        try:
            admin.create_topics([topic])
        except TopicAlreadyExistsError:
            continue  # another worker was quicker
        made.append(plan.name)
    _await_known(admin, made)
    return made


def _await_known(admin: Any, names: list[str]) -> None:
    """A topic just made is not known to every client at once."""
    deadline = time.monotonic() + _KNOWN_S
    while time.monotonic() < deadline and not set(names) <= set(admin.list_topics()):
        time.sleep(_LOOK_S)


def differences(admin: Any, kafka: KafkaSettings) -> list[Difference]:
    """Where the topics are not as they must be: missing, other partitions, other configuration."""
    from kafka.admin import ConfigResource, ConfigResourceType

    wanted = {plan.name: plan for plan in plans(kafka)}
    there = set(admin.list_topics())
    found = [Difference(topic=n, what="topic", is_="missing", wanted="present") for n in wanted if n not in there]
    present = [name for name in wanted if name in there]
    for description in admin.describe_topics(present):
        name, count = description["name"], len(description["partitions"])
        if count != wanted[name].partitions:
            found.append(Difference(topic=name, what="partitions", is_=str(count), wanted=str(wanted[name].partitions)))
    for name in present:
        described = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])["topic"][name]
        actual = {key: str(entry["value"]) for key, entry in described.items()}
        found += [
            Difference(topic=name, what=key, is_=actual.get(key, "unset"), wanted=value)
            for key, value in wanted[name].configs.items()
            if actual.get(key) != value
        ]
    return sorted(found, key=lambda difference: (difference.topic, difference.what))
