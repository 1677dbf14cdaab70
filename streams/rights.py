"""What each command needs to be allowed at Kafka, and nothing more. The README's table and the ACLs are made from it.

Rules.
- READ and WRITE imply DESCRIBE; an idempotent producer needs WRITE on its topic and nothing on the cluster.
- Only ``topics create`` may make topics: other commands then find theirs, or say which is missing.
- Names are without prefix; ``acl_commands`` adds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from streams.errors import ConfigError
from streams.settings import Settings
from streams.topics import ALERT_STATE, ALERTS, DEAD, FEEDBACK, FLEET, REFERENCE, SENTENCES, TABLE

Operation = Literal["Read", "Write", "Create", "Describe", "DescribeConfigs"]
EVERY: Final = tuple(topic.name for topic in TABLE)


class Rights(msgspec.Struct, frozen=True, kw_only=True):
    """Of one command."""

    topics: tuple[tuple[Operation, tuple[str, ...]], ...]
    group: str = ""
    """The group that is read as: ``{app}`` is ``worker.app_id``. Only described by the doctor."""
    group_operation: Operation = "Read"
    transactions: str = ""
    """Beginning of its transactional ids."""

    def needed(self) -> frozenset[str]:
        """The topics that must be there."""
        return frozenset(name for _, names in self.topics for name in names)


RIGHTS: Final[dict[str, Rights]] = {
    "topics create": Rights(topics=(("Create", EVERY), ("Describe", EVERY))),
    "topics check": Rights(topics=(("Describe", EVERY), ("DescribeConfigs", EVERY))),
    "ingest": Rights(topics=(("Read", (SENTENCES,)), ("Write", (SENTENCES, DEAD)))),
    "detect": Rights(
        topics=(("Read", (SENTENCES, FLEET, REFERENCE)), ("Write", (FLEET, ALERTS, ALERT_STATE, DEAD))),
        group="{app}",
        transactions="{app}-fleet-",
    ),
    "notify": Rights(
        topics=(("Read", (ALERTS, ALERT_STATE, FEEDBACK)), ("Write", (DEAD,))),
        group="{app}-notify",
    ),
    "rows": Rights(topics=(("Read", (ALERT_STATE,)),)),
    "console": Rights(topics=(("Read", (ALERTS, ALERT_STATE)),)),
    "alerts": Rights(topics=(("Read", (ALERTS, ALERT_STATE, FEEDBACK)),)),
    "alerts ack": Rights(topics=(("Read", (ALERTS, ALERT_STATE)), ("Write", (FEEDBACK,)))),
    "explain": Rights(topics=(("Read", (ALERTS, SENTENCES)),)),
    "dead": Rights(topics=(("Read", (DEAD,)),)),
    "watchlist import": Rights(topics=(("Read", (REFERENCE,)), ("Write", (REFERENCE, SENTENCES)))),
    "doctor": Rights(
        topics=(("Read", (SENTENCES, FLEET)), ("Describe", EVERY), ("DescribeConfigs", EVERY)),
        group="{app}",
        group_operation="Describe",
    ),
}


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """One right on one thing, as an ACL names it."""

    operation: Operation
    kind: Literal["topic", "group", "transactional-id"]
    name: str
    prefixed: bool = False


def grants(command: str, settings: Settings) -> list[Grant]:
    """What ``command`` needs under these settings. Raises ConfigError when it is not in the table."""
    try:
        rights = RIGHTS[command]
    except KeyError:
        raise ConfigError(f"{command!r} needs no rights of its own; there are {', '.join(RIGHTS)}") from None
    return list(_grants(rights, settings))


def _grants(rights: Rights, settings: Settings) -> Iterator[Grant]:
    app = settings.worker.app_id
    for operation, names in rights.topics:
        for name in names:
            yield Grant(operation=operation, kind="topic", name=settings.kafka.topic_prefix + name)
    if rights.group:
        yield Grant(operation=rights.group_operation, kind="group", name=rights.group.format(app=app))
    if rights.transactions:
        for operation in ("Write", "Describe"):
            name = rights.transactions.format(app=app)
            yield Grant(operation=operation, kind="transactional-id", name=name, prefixed=True)


def acl_commands(command: str, principal: str, settings: Settings) -> list[str]:
    """Lines for Kafka's own ``kafka-acls.sh``, one a right."""
    return [_acl_command(grant, principal) for grant in grants(command, settings)]


def _acl_command(grant: Grant, principal: str) -> str:
    pattern = " --resource-pattern-type prefixed" if grant.prefixed else ""
    return (f"kafka-acls.sh --add --allow-principal {principal} --operation {grant.operation} "
            f"--{grant.kind} {grant.name}{pattern}")  # fmt: skip


def table() -> str:
    """The README's table."""
    rows = ["| command | Read | Write | else |", "|---|---|---|---|"]
    for command, rights in RIGHTS.items():
        said = {operation: _short(names) for operation, names in rights.topics}
        rows.append(f"| `{command}` | {said.pop('Read', '')} | {said.pop('Write', '')} | {_else(rights, said)} |")
    return "\n".join(rows)


def _short(names: tuple[str, ...]) -> str:
    return "every topic" if names == EVERY else ", ".join(name.removeprefix("ais.") for name in names)


def _else(rights: Rights, rest: dict[Operation, str]) -> str:
    parts = [f"{operation} on {names}" for operation, names in rest.items()]
    if rights.group:
        parts.append(f"{rights.group_operation} on group `{rights.group}`")
    if rights.transactions:
        parts.append(f"Write, Describe on transactional ids `{rights.transactions}*`")
    return "; ".join(parts)
