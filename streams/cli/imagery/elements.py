"""``wakewatch imagery elements``: element sets for the engines, which state passes in alerts."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from detectors.core.orbits.choice import ELEMENTS_MOST, OrbitRecord
from detectors.core.orbits.sensors import sensor_of
from detectors.core.units import DAY_MS, MS
from streams.cli.options import Servers, SettingsFile, settings_of
from streams.cli.terminal import talk
from streams.errors import ConfigError
from streams.files.recordings import expanded
from streams.imagery.elements import nearest, read_elements
from streams.imagery.rejected import by_reason
from streams.imagery.sensors_file import sensors_in_use
from streams.matcher.elements import write_elements


def command(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Element sets (TLE, OMM); default: imagery.elements_files.", metavar="FILE..."),
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and show; write nothing.")] = False,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
) -> None:
    """Bring element sets of satellites into force: alerts about silent listed ships then state the next passes.

    The former sets are replaced. Of each satellite the newest is used, and only satellites with a known sensor. Run it
    daily: sets older than imagery.elements_age_most_d are not used.

    Example: wakewatch imagery elements resource.json
    """
    effective = settings_of(settings, bootstrap_servers)
    given = expanded(files or [Path(each) for each in effective.imagery.elements_files])
    if not given:
        raise ConfigError("no element sets: give files or set imagery.elements_files")
    sensors = sensors_in_use(effective.imagery)
    read = [read_elements(path) for path in given]
    for path, each in zip(given, read, strict=True):
        for reason, number in by_reason(each.rejected).items():
            talk(f"{path}: {number} rejected: {reason}")
    now_ms = time.time() * MS
    newest = nearest((one for each in read for one in each.elements), now_ms)
    fresh = [one for one in newest if abs(one.epoch_ms - now_ms) <= effective.imagery.elements_age_most_d * DAY_MS]
    used = [one for one in fresh if sensor_of(one, sensors) is not None]
    talk(f"{len(newest)} satellites, {len(newest) - len(fresh)} with elements too old, {len(used)} with a known sensor")
    if not used:
        raise ConfigError("none of these element sets can be used: give newer ones, of satellites that image")
    if len(used) > ELEMENTS_MOST:
        raise ConfigError(f"{len(used)} satellites, at most {ELEMENTS_MOST}: give a smaller group")
    if dry_run:
        return
    partitions = write_elements(
        effective.kafka, OrbitRecord(given_ms=int(now_ms), elements=tuple(used), sensors=sensors)
    )
    talk(f"in force: written to {partitions} partitions")
