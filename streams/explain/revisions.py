"""An alert's revisions, and the other alerts of its case: from the alert topic, or from a file of alerts."""

from __future__ import annotations

import contextlib
import gzip
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from detectors.core.alert import Alert
from streams.errors import ConfigError, InputError, WakewatchError
from streams.messages.topics import ALERTS
from streams.messages.values import decoded
from streams.settings.model import KafkaSettings

Source = Callable[[], Iterable[bytes]]
"""Reads all existing alerts, again at each call; one JSON object each."""


class _AlertHead(msgspec.Struct, frozen=True):
    """The part that is read of every alert: 1 us."""

    id: str
    case_id: str


class Gathered(NamedTuple):
    """``revisions`` of one id, oldest first, at least one; ``case`` has the other alerts of its case, by time."""

    revisions: list[Alert]
    case: list[Alert]


def gather(source: Source, alert_id: str) -> Gathered:
    """The alert with this id prefix. Raises WakewatchError if there is none, ConfigError for several."""
    heads = _heads(source)
    found = {(head.id, head.case_id) for head, _ in heads if head.id.startswith(alert_id)}
    ids = {known for known, _ in found}
    if not ids:
        raise WakewatchError(f"no alert {alert_id}: it may be older than the records kept")
    if len(ids) > 1:
        raise ConfigError(f"{alert_id} matches {len(ids)} ids: give more digits")
    cases = {case for _, case in found}
    told: dict[tuple[str, int], Alert] = {}
    for head, value in _heads(source):
        if head.case_id in cases or head.id in ids:
            with contextlib.suppress(InputError):  # one unreadable revision does not hide the others
                alert = decoded(value, Alert)
                told[alert.id, alert.revision] = alert  # written twice after a crash: identical
    (this,) = ids
    mine = sorted((a for a in told.values() if a.id == this), key=lambda alert: alert.revision)
    if not mine:
        raise WakewatchError(f"no revision of alert {this} can be read")
    others = [a for a in told.values() if a.id != this]
    return Gathered(mine, sorted(others, key=lambda alert: (alert.time, alert.id, alert.revision)))


def _heads(source: Source) -> Iterator[tuple[_AlertHead, bytes]]:
    for value in source():
        try:
            head = decoded(value, _AlertHead)
        except InputError:
            continue  # not an alert of ours: a foreign record, or an incomplete last line
        yield head, value


def from_file(path: Path, option: str = "--alerts") -> Source:
    """Alerts as ``wakewatch replay --alerts`` writes them, one per line, also ``.gz``.

    Raises ConfigError, which names ``option``.
    """
    if not path.is_file():
        raise ConfigError(f"{option} {path}: no such file")

    def lines() -> Iterator[bytes]:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            yield from (line for line in file if line.strip())

    return lines


def from_topic(kafka: KafkaSettings) -> Source:
    """The records of the alert topic."""
    from streams.broker.reading import read

    return lambda: (record.value for record in read(kafka, ALERTS) if record.value)
