"""``wakewatch imagery import``: detections that others made, for matching with vessels."""

from __future__ import annotations

import time as clock
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from detectors.core.units import MS, rfc3339
from streams.cli.options import Json, Servers, SettingsFile, settings_of, time_ms
from streams.cli.terminal import show_table, talk
from streams.files.recordings import expanded
from streams.imagery.detections.columns import COLUMNS, columns_of
from streams.imagery.detections.grouping import Options
from streams.imagery.detections.reading import Detections, read_detections
from streams.imagery.images import Image
from streams.imagery.importing import write_images

_EXAMPLES_MOST = 10


def command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files of detections, packed or not.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and show the images; write nothing.")] = False,
    sensor: Annotated[
        str | None, typer.Option(help="Sensor of detections that state none.", metavar="NAME", show_default=False)
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="Time of detections that state none.", metavar="ISO", show_default=False)
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            help=f"Tables: your own headings: lat=y,lon=x; names: {', '.join(COLUMNS)}.",
            metavar="MAP",
            show_default=False,
        ),
    ] = None,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
    json: Json = False,
) -> None:
    """Import detections in satellite images; running processes match them with vessels.

    The format is detected from the content: GeoJSON, CSV of Global Fishing Watch, of xView3 and with headings like
    theirs, events of Skylight. Contacts of one scene, or of one sensor within a minute, are one image. An image that is
    imported again replaces the earlier one. Rejected rows are counted with the reason, and the others are used.

    Example: wakewatch imagery import sar-vessels.csv footprints.csv --dry-run
    """
    options = Options(
        sensor=sensor or "",
        time_ms=None if time is None else time_ms("--time", time),
        columns=columns_of(columns) if columns else {},
    )
    kafka = settings_of(settings, bootstrap_servers).kafka
    found = read_detections(expanded(files), options)
    _tell(found)
    if json:
        typer.echo(msgspec.json.encode(_as_json(found)).decode())
    else:
        show_table(("image", "sensor", "time", "contacts", "outline"), [_row(image) for image in found.images])
    if not dry_run:
        write_images(kafka, found.images)
        talk(f"{_count(len(found.images), 'image')} written")


def _tell(found: Detections) -> None:
    for each in found.rejected[:_EXAMPLES_MOST]:
        talk(f"{each.at}: {each.reason}")
    for reason, number in sorted(found.reasons.items()):
        talk(f"{number} rejected: {reason}")
    for reason, number in sorted(found.unused.items()):
        talk(f"{number} left out: {reason}")
    contacts = sum(len(image.contacts) for image in found.images)
    talk(f"{_count(len(found.images), 'image')} with {_count(contacts, 'contact')}")
    ahead = sum(image.time_ms > clock.time() * MS for image in found.images)
    if ahead:
        talk(f"{_count(ahead, 'image')} of a time that has not come: not matched before; check the times in the file")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _row(image: Image) -> tuple[object, ...]:
    outline = "stated" if image.outlined else "drawn around the contacts"
    return image.id, image.sensor, rfc3339(image.time_ms), len(image.contacts), outline


def _as_json(found: Detections) -> dict[str, Any]:
    images = [
        {
            "id": image.id,
            "sensor": image.sensor,
            "kind": image.kind,
            "time": rfc3339(image.time_ms),
            "contacts": len(image.contacts),
            "outlined": image.outlined,
        }
        for image in found.images
    ]
    rejected = [{"at": each.at, "reason": each.reason} for each in found.rejected]
    return {"images": images, "reasons": found.reasons, "rejected": rejected, "unused": found.unused}
