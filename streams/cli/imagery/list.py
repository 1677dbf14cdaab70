"""``wakewatch imagery list``: images, and the contacts in them that no vessel explains."""

from __future__ import annotations

import contextlib
from typing import Annotated

import msgspec
import typer

from detectors.core.units import rfc3339
from streams.broker.reading import read
from streams.cli.options import Json, Servers, SettingsFile, settings_of
from streams.cli.terminal import show_table, talk
from streams.errors import InputError
from streams.imagery.images import Image
from streams.messages.matched import ImageMatch, version_of
from streams.messages.topics import DETECTIONS, IMAGES
from streams.messages.values import T, decoded
from streams.settings.model import KafkaSettings


def command(
    *,
    image: Annotated[
        str | None, typer.Option("--image", help="List the unexplained contacts of this image.", metavar="ID")
    ] = None,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
    json: Json = False,
) -> None:
    """List imported images, how they were matched, and contacts that no vessel with AIS explains.

    Example: wakewatch imagery list --image S1A_IW_GRDH_1SDV_20240301T221000
    """
    kafka = settings_of(settings, bootstrap_servers).kafka
    images, matches = _newest(kafka, DETECTIONS, Image), _newest(kafka, IMAGES, ImageMatch)
    if image is not None:
        _contacts(images.get(image), matches.get(image), image, json=json)
        return
    found = sorted(images.values(), key=lambda each: (each.time_ms, each.id))
    rows = [_row(each, matches.get(each.id)) for each in found]
    if json:
        names = ("image", "sensor", "time", "contacts", "expected", "seen", "absent", "unexplained", "state")
        for row in rows:
            typer.echo(msgspec.json.encode(dict(zip(names, row, strict=True))).decode())
    elif rows:
        show_table(("image", "sensor", "time", "contacts", "with AIS", "seen", "absent", "unexplained", "state"), rows)
    talk(f"{len(rows)} images")


def _row(image: Image, match: ImageMatch | None) -> tuple[object, ...]:
    head = image.id, image.sensor, rfc3339(image.time_ms), len(image.contacts)
    if match is None or match.version != version_of(image):
        return *head, None, None, None, None, "waits"
    return *head, match.expected, match.seen, match.absent, len(match.unmatched), match.why_not or "matched"


def _contacts(image: Image | None, match: ImageMatch | None, name: str, *, json: bool) -> None:
    if image is None or match is None:
        talk(f"{name}: no such image, or it is not matched yet; `wakewatch imagery list` lists them")
        raise typer.Exit(1)
    unmatched = set(match.unmatched)
    rows: list[tuple[object, ...]] = [
        (each.id, round(each.lat_deg, 5), round(each.lon_deg, 5), each.length_m, each.confidence)
        for each in image.contacts
        if each.id in unmatched
    ]
    names = ("contact", "lat_deg", "lon_deg", "length_m", "confidence")
    if json:
        for row in rows:
            typer.echo(msgspec.json.encode(dict(zip(names, row, strict=True))).decode())
    elif rows:
        show_table(names, rows)
    talk(f"{len(rows)} contacts that no vessel with AIS explains")


def _newest(kafka: KafkaSettings, topic: str, kind: type[T]) -> dict[str, T]:
    """By key; unreadable records are left out, as every reader does."""
    found: dict[str, T] = {}
    for record in read(kafka, topic):
        key = (record.key or b"").decode("utf-8", "replace")
        found.pop(key, None)
        if record.value is not None:
            with contextlib.suppress(InputError):
                found[key] = decoded(record.value, kind)
    return found
