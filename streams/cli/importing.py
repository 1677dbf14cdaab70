"""Common parts of the commands on lists and on zones: what is in force, and imports."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from streams.broker.clients import servers_of
from streams.cli.terminal import talk
from streams.errors import ConfigError
from streams.reference.in_force import InForce, ask, unfinished_import_text
from streams.reference.library import read_versions
from streams.reference.loading import read_reference
from streams.reference.stored_versions import VersionStore
from streams.settings.model import KafkaSettings, Settings

FilesOnly = Annotated[bool, typer.Option("--files", help="Only the files of the settings, without a request to Kafka.")]
VANISHING_MOST: Final = 0.1
"""A larger share of removed entries needs a confirmation: an incomplete download looks like that."""


def in_force(settings: Settings, *, files_only: bool) -> InForce:
    """What is in force, or with ``files_only`` the settings' files; rejected rows and unfinished imports are reported.

    Raises ConfigError and SinkError like ``ask``.
    """
    loaded = read_reference(settings.reference)
    own = InForce(loaded.reference, None, 0, None, "Kafka was not asked")
    found = own if files_only else ask(settings.kafka, loaded.reference)
    for each in loaded.refused if found.version is None else ():
        talk(f"rejected: {each}")
    if found.unfinished is not None:
        said, command = unfinished_import_text(found.unfinished)
        talk(f"{said}; complete it with: {command}")
    return found


def called(group: str, files: Sequence[Path], settings: Path | None, servers: str | None) -> str:
    """The command line of an import, which can be repeated from any directory."""
    options = [
        *(("--settings", str(settings.resolve())) if settings else ()),
        *(("--bootstrap-servers", servers) if servers else ()),
    ]
    return shlex.join(["wakewatch", group, "import", *(str(path.resolve()) for path in files), *options])


def held_by(kafka: KafkaSettings, *, needed: bool) -> VersionStore:
    """The contents of the reference topic; empty if no Kafka is set and it is not ``needed``."""
    return read_versions(kafka) if needed or _has_kafka(kafka) else VersionStore()


def _has_kafka(kafka: KafkaSettings) -> bool:
    try:
        servers_of(kafka)
    except ConfigError:
        return False
    return True


def agreed(number: int, share: float, what: str) -> bool:
    """Asks whether this number of entries may be removed; without a terminal the answer is no."""
    question = f"{number} {what} ({share:.0%}) would be removed"
    if not sys.stdin.isatty():
        talk(question)
        return False
    return typer.confirm(f"{question}. Continue?", err=True)
