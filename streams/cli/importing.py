"""What an import of lists and one of zones have in common: what is in force, and the question before much vanishes."""

from __future__ import annotations

import sys
from typing import Final

import typer

from streams.broker.clients import servers_of
from streams.cli.terminal import talk
from streams.errors import ConfigError
from streams.reference.library import read_shelf
from streams.reference.shelf import Shelf
from streams.settings import KafkaSettings

VANISHING_MOST: Final = 0.1
"""A larger share that would vanish is asked about: a half download looks like that."""


def held_by(kafka: KafkaSettings, *, needed: bool) -> Shelf:
    """What the reference topic holds; nothing where no Kafka is set and it is not ``needed``."""
    return read_shelf(kafka) if needed or _has_kafka(kafka) else Shelf()


def _has_kafka(kafka: KafkaSettings) -> bool:
    try:
        servers_of(kafka)
    except ConfigError:
        return False
    return True


def agreed(number: int, share: float, what: str) -> bool:
    """Asks whether so much may vanish; without a terminal: no."""
    told = f"{number} {what} ({share:.0%}) would vanish"
    if not sys.stdin.isatty():
        talk(told)
        return False
    return typer.confirm(f"{told}. Go on?", err=True)
