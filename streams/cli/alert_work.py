"""What people do about alerts: the sub-commands of ``wakewatch alerts``, most of which write feedback."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, Final

import msgspec
import typer

from detectors.core.units import MS, rfc3339
from streams.broker.feedback_writing import write_feedback
from streams.cli.alert_handover import handover
from streams.cli.alert_topic import find
from streams.cli.options import Json, Servers, SettingsFile, settings_of
from streams.cli.terminal import talk
from streams.errors import ConfigError
from streams.messages import feedback
from streams.messages.alert_line import visible
from streams.messages.feedback import NAME_MOST, NOTE_MOST, Kind, Reason, in_words, lacks
from streams.settings.model import KafkaSettings

AlertId = Annotated[str, typer.Argument(help="Alert id, or its first digits.", metavar="ID")]
By = Annotated[str, typer.Option("--by", help="Your name.")]
Note = Annotated[str, typer.Option("--note", help="Note for the next watch.")]


def ack(
    alert_id: AlertId,
    by: By,
    note: Note = "",
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
    json: Json = False,
) -> None:
    """Acknowledge an alert: no further notification for its case until it changes.

    Example: wakewatch alerts ack 3f9a12 --by Kim --note "coast guard informed"
    """
    _record(settings_of(settings, bootstrap_servers).kafka, alert_id, "acknowledged", by, note, json=json)


def false_alarm(
    alert_id: AlertId,
    by: By,
    reason: Annotated[Reason | None, typer.Option("--reason", help="Why it is false.")] = None,
    note: Note = "",
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
    json: Json = False,
) -> None:
    """Mark an alert as false: no further notification until it changes; it counts against its detector.

    Example: wakewatch alerts false-alarm 3f9a12 --by Kim --reason reception --note "receiver was being repaired"
    """
    kafka = settings_of(settings, bootstrap_servers).kafka
    _record(kafka, alert_id, "false_alarm", by, note, reason=reason, json=json)


def unack(
    alert_id: AlertId,
    by: By,
    note: Note = "",
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
    json: Json = False,
) -> None:
    """Withdraw an acknowledgement or a false-alarm mark: an alert that is still open is notified again.

    Example: wakewatch alerts unack 3f9a12 --by Kim --note "the wrong vessel"
    """
    _record(settings_of(settings, bootstrap_servers).kafka, alert_id, "withdrawn", by, note, json=json)


def note(
    alert_id: AlertId,
    text: Annotated[str, typer.Argument(help="The note.", metavar="TEXT")],
    by: By,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
    json: Json = False,
) -> None:
    """Add a note to an alert. Notifications and acknowledgements stay as they are.

    Example: wakewatch alerts note 3f9a12 "coast radio called, no answer" --by Kim
    """
    _record(settings_of(settings, bootstrap_servers).kafka, alert_id, "note", by, text, json=json)


def assign(
    alert_id: AlertId,
    by: By,
    to: Annotated[str, typer.Option("--to", help="The person who works on the case; without it no one does.")] = "",
    note: Note = "",
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
    json: Json = False,
) -> None:
    """Assign the case of an alert to a person. Notifications and acknowledgements stay as they are.

    Example: wakewatch alerts assign 3f9a12 --to Lee --by Kim
    """
    _record(settings_of(settings, bootstrap_servers).kafka, alert_id, "assigned", by, note, to=to, json=json)


def _record(
    kafka: KafkaSettings,
    alert_id: str,
    kind: Kind,
    by: str,
    note: str,
    *,
    reason: Reason | None = None,
    to: str = "",
    json: bool,
) -> None:
    by, note, to = by.strip(), note.strip(), to.strip()
    if not by:
        raise ConfigError("--by: give your name")
    if wrong := lacks(kind, note, reason, to):
        raise ConfigError(wrong)
    for name, text, most in (("--by", by, NAME_MOST), ("--to", to, NAME_MOST), ("the note", note, NOTE_MOST)):
        if len(text) > most:
            raise ConfigError(f"{name} has {len(text)} characters: {most} at most")
    alert = find(kafka, alert_id)
    said = feedback.about(alert, kind, by, note, rfc3339(int(time.time() * MS)), reason=reason, to=to)
    write_feedback(kafka, said)
    if json:
        typer.echo(msgspec.json.encode(said))
    else:
        talk(visible(f"{in_words(said)}: {alert.headline}"))


COMMANDS: Final[dict[str, Callable[..., None]]] = {
    "ack": ack,
    "assign": assign,
    "false-alarm": false_alarm,
    "handover": handover,
    "note": note,
    "unack": unack,
}
