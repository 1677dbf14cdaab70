"""``wakewatch imagery order``: what to send to a tasking system about a silent ship."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from detectors.core.units import MS
from streams.cli.options import Json, Servers, SettingsFile, alert_id_of, settings_of
from streams.cli.terminal import show_table, talk
from streams.explain.revisions import from_file, from_topic, gather
from streams.imagery.orders import OrderFormat, encoded, order_for
from streams.messages.cue import Cue, CuePass
from streams.messages.values import time_ms

_COLUMNS = ("pass", "satellite", "sensor", "from", "to (UTC)", "target", "share", "light", "tier")


def command(
    alert_id: Annotated[str, typer.Argument(help="Alert id, or its first digits.", metavar="ID")],
    number: Annotated[
        int | None,
        typer.Option(
            "--pass", help="One pass, by its number in the table. Default: all; of an order the first.", min=1
        ),
    ] = None,
    form: Annotated[
        OrderFormat | None,
        typer.Option(
            "--format",
            help="geojson: the cue; stapi-order, stapi-opportunities: the body of a STAPI request. Default: a table.",
        ),
    ] = None,
    alerts: Annotated[
        Path | None, typer.Option(help="Read alerts from a file of `replay --alerts` instead of Kafka.", metavar="FILE")
    ] = None,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
    json: Json = False,
) -> None:
    """Print an order for satellite images of a silent ship, from the passes in its alert. Nothing is sent.

    Without --format it prints a table of the passes. --json prints one line: the form of --format, otherwise the cue as
    GeoJSON. When the ship was heard again there is nothing to order: GeoJSON is the withdrawal, STAPI ends with exit
    code 1.

    Example: wakewatch imagery order 3f9a12 --pass 2 --format stapi-order
    """
    wanted = alert_id_of(alert_id)
    effective = settings_of(settings, bootstrap_servers)
    newest = gather(from_file(alerts) if alerts else from_topic(effective.kafka), wanted).revisions[-1]
    cue = order_for(newest, "geojson", number)
    assert isinstance(cue, Cue)
    if form is None and not json:
        _show(cue)
    else:
        typer.echo(encoded(order_for(newest, form or "geojson", number), indented=not json).decode().rstrip("\n"))
    _remark(cue)


def _show(cue: Cue) -> None:
    said = cue.properties
    typer.echo(f"{said.why[0]}\ncue {said.status}, priority {said.priority}, revision {said.revision}, {said.id}")
    if said.passes:
        show_table(_COLUMNS, [_row(one) for one in said.passes])


def _row(one: CuePass) -> tuple[object, ...]:
    light = None if one.daylight is None else "day" if one.daylight else "night"
    tier = "if ordered" if one.pointable and one.tier == "possible" else one.tier
    times = (one.begin.replace("T", " ").rstrip("Z"), one.end[11:19])
    return one.number, one.satellite, one.sensor, *times, one.target, f"{one.share:.0%}", light, tier


def _remark(cue: Cue) -> None:
    """What a person should know before it is sent, on stderr."""
    passes = cue.properties.passes
    if cue.properties.replayed:
        talk("this alert follows from a recording: there is nothing to order")
    elif passes and all(time_ms(one.end) < time.time() * MS for one in passes):
        talk("the passes are over" if len(passes) > 1 else "the pass is over")
