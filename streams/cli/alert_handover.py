"""``wakewatch alerts handover``: what one watch hands to the next."""

from __future__ import annotations

import time
from typing import Annotated

import msgspec
import typer

from detectors.core.units import MS
from streams.cli.options import Json, Servers, SettingsFile, ago_ms, settings_of
from streams.cli.terminal import talk, tell_nothing
from streams.handover.text import as_text
from streams.handover.topics import gathered
from streams.messages.unreadable import UnreadableRecords


def handover(
    since: Annotated[str, typer.Option(help="Length of the watch, such as 8h.", metavar="8h")] = "8h",
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
    json: Json = False,
) -> None:
    """Print the hand-over of a watch: what waits for an answer, what opened, what changed, and who did what.

    Example: wakewatch alerts handover --since 8h
    """
    since_ms = ago_ms(since)
    kafka, unreadable = settings_of(settings, bootstrap_servers).kafka, UnreadableRecords(tell=tell_nothing)
    made = gathered(kafka, since_ms, int(time.time() * MS), unreadable)
    if unreadable.counts:
        talk(unreadable.summary())
    typer.echo(msgspec.json.encode(made) if json else as_text(made), nl=json)
