"""``wakewatch topics``: how our topics are made."""

from __future__ import annotations

import msgspec
import typer

from streams.cli.options import Json, Servers, SettingsFile, settings_of

app = typer.Typer(help="The topics: make what is missing, compare what is there.", no_args_is_help=True)


@app.command()
def create(settings: SettingsFile = None, bootstrap_servers: Servers = None, json: Json = False) -> None:
    """Make the topics that are missing. Example: wakewatch topics create"""
    from streams.broker.clients import admin
    from streams.topics import create_missing

    kafka = settings_of(settings, bootstrap_servers).kafka
    client = admin(kafka)
    made = create_missing(client, kafka)
    client.close()
    typer.echo(msgspec.json.encode(made).decode() if json else "\n".join(made) or "nothing was missing")


@app.command()
def check(settings: SettingsFile = None, bootstrap_servers: Servers = None, json: Json = False) -> None:
    """Compare the topics with how they must be; exit code 1 on a difference. Example: wakewatch topics check"""
    from streams.broker.clients import admin
    from streams.topics import differences

    kafka = settings_of(settings, bootstrap_servers).kafka
    client = admin(kafka)
    found = differences(client, kafka)
    client.close()
    if json:
        typer.echo(msgspec.json.encode(found).decode())
    else:
        for difference in found:
            typer.echo(f"{difference.topic}: {difference.what} is {difference.is_}, must be {difference.wanted}")
        typer.echo(f"{len(found)} differences" if found else "all topics are as they must be")
    raise typer.Exit(1 if found else 0)
