"""``wakewatch topics``: creates and checks our topics."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Any

import msgspec
import typer

from streams.cli.options import Json, Servers, SettingsFile, settings_of
from streams.cli.terminal import show_table
from streams.errors import ConfigError
from streams.settings.model import KafkaSettings

app = typer.Typer(
    help="Topics: create missing ones, compare existing ones.",
    no_args_is_help=True,
    epilog="Example: wakewatch topics check",
)


class SavedState(StrEnum):
    """Kinds of state that workers save."""

    FLEET = "fleet"
    HISTORIES = "histories"
    AREAS = "areas"
    MEETINGS = "meetings"


@contextmanager
def administering(kafka: KafkaSettings) -> Iterator[Any]:
    """An admin client, closed at the end; errors from Kafka become SinkError."""
    from kafka.errors import KafkaError

    from streams.broker.clients import admin
    from streams.broker.security import refusal_of
    from streams.errors import SinkError

    client = admin(kafka)
    try:
        yield client
    except KafkaError as error:
        refused = refusal_of(error)
        if refused is not None:
            raise refused from error
        raise SinkError(f"Kafka rejected the request: {type(error).__name__}: {error}", retriable=False) from error
    finally:
        client.close()


@app.command()
def create(settings: SettingsFile = None, bootstrap_servers: Servers = None, json: Json = False) -> None:
    """Create missing topics; existing topics are not changed.

    Example: wakewatch topics create --bootstrap-servers kafka:9092
    """
    from streams.messages.topics import create_missing

    kafka = settings_of(settings, bootstrap_servers).kafka
    with administering(kafka) as client:
        made = create_missing(client, kafka)
    typer.echo(msgspec.json.encode(made).decode() if json else "\n".join(made) or "no topic was missing")


@app.command()
def check(settings: SettingsFile = None, bootstrap_servers: Servers = None, json: Json = False) -> None:
    """Compare the topics with their expected configuration; exit code 1 on a difference.

    Example: wakewatch topics check --json
    """
    from streams.messages.topics import differences

    kafka = settings_of(settings, bootstrap_servers).kafka
    with administering(kafka) as client:
        found = differences(client, kafka)
    if json:
        typer.echo(msgspec.json.encode(found).decode())
    else:
        for difference in found:
            typer.echo(f"{difference.topic}: {difference.what} is {difference.is_}, expected {difference.wanted}")
        typer.echo(f"{len(found)} differences" if found else "all topics are as expected")
    raise typer.Exit(1 if found else 0)


@app.command()
def forget(
    state: Annotated[
        SavedState,
        typer.Argument(
            help="State to delete. fleet: of all vessels; histories: of all IMO numbers; areas: of displaced vessels; "
            "meetings: of slow vessels."
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
) -> None:
    """Delete saved state that cannot be read and create its topic again: workers rebuild the state from the log.

    Nothing else is changed. Not possible while workers run. State older than log retention cannot be rebuilt.

    Example: wakewatch topics forget fleet
    """
    from streams.messages.topics import AREAS, FLEET, HISTORIES, MEETINGS, create_missing, make_again

    effective = settings_of(settings, bootstrap_servers)
    name = {
        SavedState.FLEET: FLEET,
        SavedState.HISTORIES: HISTORIES,
        SavedState.AREAS: AREAS,
        SavedState.MEETINGS: MEETINGS,
    }[state]
    with administering(effective.kafka) as client:
        refuse_while_read(client, effective.worker.app_id)
        create_missing(client, effective.kafka, {name})
        if not yes:
            typer.confirm(f"delete all records of {effective.kafka.topic_prefix}{name}?", abort=True, err=True)
        make_again(client, effective.kafka, name)
    typer.echo(f"{effective.kafka.topic_prefix}{name} is empty; start the workers")


def refuse_while_read(client: Any, group: str) -> None:
    """Raises ConfigError while workers of this group run."""
    from kafka.errors import CoordinatorNotAvailableError, GroupIdNotFoundError

    try:
        described = client.describe_groups([group])[group]
    except (GroupIdNotFoundError, CoordinatorNotAvailableError):
        return  # the group has no commits yet
    if described["members"]:
        raise ConfigError(
            f"{len(described['members'])} workers of {group} are running: stop them first; a killed worker leaves "
            "the group after "
            "worker.session_timeout_s"
        )


@app.command()
def rights(
    command: Annotated[str | None, typer.Argument(help="Only the rights of this command, such as detect.")] = None,
    principal: Annotated[
        str | None,
        typer.Option(help="Print kafka-acls.sh commands for this user.", metavar="User:NAME", show_default=False),
    ] = None,
    settings: SettingsFile = None,
    json: Json = False,
) -> None:
    """List the least rights that each command needs at Kafka. There is no request to Kafka.

    Example: wakewatch topics rights detect --principal User:detect
    """
    from streams.broker.acl import RIGHTS, acl_commands, grants

    effective = settings_of(settings)
    wanted = [command] if command else list(RIGHTS)
    granted = {name: grants(name, effective) for name in wanted}
    if json:
        typer.echo(msgspec.json.encode(granted).decode())
    elif principal:
        for name in wanted:
            typer.echo("\n".join(acl_commands(name, principal, effective)))
    else:
        show_table(
            ("command", "operation", "on", "name"),
            [
                (name, grant.operation, grant.kind, grant.name + ("*" if grant.prefixed else ""))
                for name in wanted
                for grant in granted[name]
            ],
        )
