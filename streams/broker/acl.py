"""The rights that each command needs at Kafka, and no more.

The table in docs/OPERATIONS.md and the ACLs are generated from it.

Rules.
- READ and WRITE imply DESCRIBE; an idempotent producer needs WRITE on its topic and nothing on the cluster.
- Only ``topics create`` may create topics: other commands find them, or report which one is missing.
- Names are without prefix; ``acl_commands`` adds it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final, Literal

import msgspec

from streams.errors import ConfigError
from streams.messages.topics import (
    ALERT_STATE,
    ALERTS,
    AREAS,
    CUES,
    DEAD,
    DETECTIONS,
    FEEDBACK,
    FLEET,
    HISTORIES,
    IDENTITIES,
    IMAGES,
    MEETINGS,
    PLACES,
    REFERENCE,
    SENTENCES,
    SLOW,
    TABLE,
    VESSELS,
)
from streams.settings.model import Settings

Operation = Literal["Read", "Write", "Create", "Delete", "Describe", "DescribeConfigs"]
EVERY: Final = tuple(topic.name for topic in TABLE)


class Rights(msgspec.Struct, frozen=True, kw_only=True):
    """The rights of one command."""

    topics: tuple[tuple[Operation, tuple[str, ...]], ...]
    group: str = ""
    """The consumer group: ``{app}`` is ``worker.app_id``. The doctor only describes it."""
    group_operation: Operation = "Read"
    group_prefixed: bool = False
    """Also groups with this prefix."""
    transactions: tuple[str, ...] = ()
    """Prefixes of its transactional ids."""

    def needed(self) -> frozenset[str]:
        """The topics that must exist."""
        return frozenset(name for _, names in self.topics for name in names)


_STATES: Final = (FLEET, HISTORIES, AREAS, MEETINGS)
_STAGES: Final = (IDENTITIES, HISTORIES, PLACES, AREAS, SLOW, MEETINGS)
"""What the later stages read, and where they save their state."""
RIGHTS: Final[dict[str, Rights]] = {
    "topics create": Rights(topics=(("Create", EVERY), ("Describe", EVERY))),
    "topics check": Rights(topics=(("Describe", EVERY), ("DescribeConfigs", EVERY))),
    "topics forget": Rights(
        topics=tuple((operation, _STATES) for operation in ("Create", "Delete", "Describe")),
        group="{app}",
        group_operation="Describe",
    ),
    "ingest": Rights(topics=(("Read", (SENTENCES,)), ("Write", (SENTENCES, DEAD)))),
    "detect": Rights(
        topics=(
            ("Read", (SENTENCES, FLEET, REFERENCE, *_STAGES)),
            ("Write", (SENTENCES, FLEET, ALERTS, ALERT_STATE, VESSELS, CUES, DEAD, *_STAGES)),
        ),
        group="{app}",
        transactions=("{app}-fleet-", "{app}-histories-", "{app}-areas-", "{app}-meetings-"),
    ),
    "notify": Rights(
        topics=(("Read", (ALERTS, ALERT_STATE, FEEDBACK)), ("Write", (DEAD, ALERT_STATE))),
        group="{app}-notify",  # and one per target, with this prefix
        group_prefixed=True,
    ),
    "grafana-datasource": Rights(topics=(("Read", (ALERT_STATE, VESSELS)),)),
    "console": Rights(
        topics=(("Read", (ALERTS, ALERT_STATE, FEEDBACK, SENTENCES, REFERENCE, MEETINGS)), ("Write", (FEEDBACK,))),
        group="{app}",  # and the notifier's, with this prefix
        group_operation="Describe",
        group_prefixed=True,
    ),
    "traffic": Rights(topics=(("Read", (SENTENCES,)),)),
    "alerts": Rights(topics=(("Read", (ALERTS, ALERT_STATE, FEEDBACK)),)),
    "alerts ack": Rights(topics=(("Read", (ALERT_STATE,)), ("Write", (FEEDBACK,)))),  # and assign, note and so on
    "explain": Rights(topics=(("Read", (ALERTS, SENTENCES, REFERENCE, MEETINGS)),)),
    "case export": Rights(topics=(("Read", (ALERTS, ALERT_STATE, FEEDBACK, SENTENCES)),)),
    "imagery order": Rights(topics=(("Read", (ALERTS,)),)),
    "dead": Rights(topics=(("Read", (DEAD, REFERENCE)),)),
    "watchlist list": Rights(topics=(("Read", (REFERENCE,)),)),
    "watchlist import": Rights(topics=(("Read", (REFERENCE,)), ("Write", (REFERENCE, SENTENCES)))),
    "imagery match": Rights(
        topics=(("Read", (DETECTIONS, IMAGES, ALERTS, SENTENCES, REFERENCE)), ("Write", (IMAGES, SENTENCES)))
    ),
    "imagery elements": Rights(topics=(("Write", (SENTENCES,)),)),
    "imagery list": Rights(topics=(("Read", (DETECTIONS, IMAGES)),)),
    "imagery import": Rights(topics=(("Write", (DETECTIONS,)),)),
    "doctor": Rights(
        topics=(
            ("Read", (SENTENCES, FLEET, REFERENCE, *_STAGES, DETECTIONS, IMAGES)),
            ("Describe", EVERY),
            ("DescribeConfigs", EVERY),
        ),
        group="{app}",
        group_operation="Describe",
    ),
}


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """One right on one resource, as in an ACL."""

    operation: Operation
    kind: Literal["topic", "group", "transactional-id"]
    name: str
    prefixed: bool = False


def grants(command: str, settings: Settings) -> list[Grant]:
    """The rights that ``command`` needs under these settings. Raises ConfigError if it is not in the table."""
    try:
        rights = RIGHTS[command]
    except KeyError:
        raise ConfigError(
            f"{command!r} needs no rights of its own; commands with rights: {', '.join(RIGHTS)}"
        ) from None
    return list(_grants(rights, settings))


def _grants(rights: Rights, settings: Settings) -> Iterator[Grant]:
    app = settings.worker.app_id
    for operation, names in rights.topics:
        for name in names:
            yield Grant(operation=operation, kind="topic", name=settings.kafka.topic_prefix + name)
    if rights.group:
        name = rights.group.format(app=app)
        yield Grant(operation=rights.group_operation, kind="group", name=name, prefixed=rights.group_prefixed)
    for beginning in rights.transactions:
        yield Grant(operation="Write", kind="transactional-id", name=beginning.format(app=app), prefixed=True)


def lacking(admin: Any, command: str, settings: Settings) -> list[str]:
    """The missing rights of this user for ``command``, in words: on topics, and on the group.

    Faust and kafka-python wait for ever if they may not read, without a message that an operator would understand. So
    the rights are checked before.
    """
    from kafka.errors import CoordinatorNotAvailableError, GroupAuthorizationFailedError, GroupIdNotFoundError

    wanted = grants(command, settings)
    topics = sorted({grant.name for grant in wanted if grant.kind == "topic"})
    there = set(admin.list_topics())
    described = admin.describe_topics([name for name in topics if name in there])
    allowed = {topic["name"]: topic.get("authorized_operations") for topic in described}
    missing = [
        f"{grant.operation} {grant.name}"
        for grant in wanted
        if grant.kind == "topic" and not (grant.name in there and _holds(allowed[grant.name], grant.operation))
    ]
    for grant in wanted:
        if grant.kind == "group":
            try:
                admin.describe_groups([grant.name])
            except GroupAuthorizationFailedError:
                missing.append(f"{grant.operation} group {grant.name}")
            except (GroupIdNotFoundError, CoordinatorNotAvailableError):
                pass  # the group has no commits yet: that is not a rejection
    return missing


def refuse_unless_allowed(admin: Any, command: str, settings: Settings) -> None:
    """Raises ConfigError, one line, if a topic that ``command`` needs is not there, or this user lacks a right."""
    missing = lacking(admin, command, settings)
    if not missing:
        return
    topics = dict.fromkeys(grant.name for grant in grants(command, settings) if grant.kind == "topic")
    there = set(admin.list_topics())
    absent = [name for name in topics if name not in there]
    if absent:
        raise ConfigError(
            f"topics do not exist, or this user may not see them: {', '.join(absent)}; create them with "
            f"`wakewatch topics create`, or see `wakewatch topics rights {command}`"
        )
    raise ConfigError(
        f"this user lacks rights at Kafka: {', '.join(missing)}; "
        f"`wakewatch topics rights {command} --principal User:NAME` prints how to grant them"
    )


def _holds(allowed: Collection[str] | None, operation: Operation) -> bool:
    """Without ACLs a broker lists all operations; an old broker lists none."""
    return not allowed or operation.upper() in allowed


def acl_commands(command: str, principal: str, settings: Settings) -> list[str]:
    """Lines for Kafka's own ``kafka-acls.sh``, one per right."""
    return [_acl_command(grant, principal) for grant in grants(command, settings)]


def _acl_command(grant: Grant, principal: str) -> str:
    pattern = " --resource-pattern-type prefixed" if grant.prefixed else ""
    return (
        f"kafka-acls.sh --add --allow-principal {principal} --operation {grant.operation} "
        f"--{grant.kind} {grant.name}{pattern}"
    )


def table() -> str:
    """The table in ``docs/OPERATIONS.md``."""
    rows = ["| command | Read | Write | else |", "|---|---|---|---|"]
    for command, rights in RIGHTS.items():
        said = {operation: _short(names) for operation, names in rights.topics}
        rows.append(f"| `{command}` | {said.pop('Read', '')} | {said.pop('Write', '')} | {_else(rights, said)} |")
    return "\n".join(rows)


def _short(names: tuple[str, ...]) -> str:
    return (
        "every topic" if names == EVERY else ", ".join(name.removeprefix("ais.").removesuffix(".v1") for name in names)
    )


def _else(rights: Rights, rest: dict[Operation, str]) -> str:
    parts = [f"{operation} on {names}" for operation, names in rest.items()]
    if rights.group:
        star = "*" if rights.group_prefixed else ""
        parts.append(f"{rights.group_operation} on group `{rights.group}{star}`")
    if rights.transactions:
        ids = ", ".join(f"`{beginning}*`" for beginning in rights.transactions)
        parts.append(f"Write on transactional ids {ids}")
    return "; ".join(parts)
