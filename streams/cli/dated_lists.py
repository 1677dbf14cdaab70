"""Lists and zones of a replay that come into force at an event time: FILE@ISO."""

from __future__ import annotations

from pathlib import Path

from detectors.core.reference import Reference
from streams.cli.options import time_ms
from streams.reference.loading import load_reference, make_reference, ships_of, with_lists, zones_of
from streams.settings.model import Settings

Dated = dict[int, list[str]]
"""Files in force from an event time on, Unix ms."""


def by_time(option: str, files: list[str]) -> tuple[list[str], Dated]:
    """Files in force from the beginning, and those in force from an event time on."""
    always: list[str] = []
    dated: Dated = {}
    for given in files:
        file, at, time = given.rpartition("@")
        if at and not Path(given).exists():
            dated.setdefault(time_ms(f"{option} FILE@ISO:", time), []).append(file)
        else:
            always.append(given)
    return always, dated


def at_first(settings: Settings, only_dated: tuple[bool, bool]) -> Reference:
    """What is in force at the beginning: no ships, or no zones, if all given ones come later."""
    reference, (no_ships, no_zones) = load_reference(settings.reference), only_dated
    if not (no_ships or no_zones):
        return reference
    return make_reference(() if no_ships else reference.ships, () if no_zones else reference.zones)


def in_force(reference: Reference, lists: Dated, zoned: Dated) -> dict[int, Reference]:
    """The reference from each time on: a later list replaces that of the same name, later zones replace all zones."""
    found: dict[int, Reference] = {}
    for from_ms in sorted({*lists, *zoned}):
        if from_ms in lists:
            reference = with_lists(reference, ships_of(lists[from_ms]))
        if from_ms in zoned:
            reference = make_reference(reference.ships, zones_of(zoned[from_ms]))
        found[from_ms] = reference
    return found
