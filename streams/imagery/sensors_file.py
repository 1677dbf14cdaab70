"""Sensors of the user's own, in a TOML file: ``[[sensor]]`` with the fields of ``Sensor``."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

import msgspec

from detectors.core.orbits.model import Sensor
from detectors.core.orbits.sensors import SENSORS, with_own
from streams.errors import ConfigError
from streams.settings.imagery import ImagerySettings

_FILE_MOST: Final = 1_000_000
_EXAMPLE: Final = 'see docs/IMAGERY.md, "Sensors"'


def sensors_in_use(settings: ImagerySettings) -> tuple[Sensor, ...]:
    """Ours, and those of ``imagery.sensors_file`` if it is set. Raises ConfigError."""
    return with_own(read_sensors(Path(settings.sensors_file))) if settings.sensors_file else SENSORS


def read_sensors(path: Path) -> tuple[Sensor, ...]:
    """The sensors of a file, in its order. Raises ConfigError for the first mistake."""
    tables = _tables(path)
    sensors = tuple(_sensor(path, number, table) for number, table in enumerate(tables, 1))
    names = [sensor.name for sensor in sensors]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"{path}: two sensors are named {twice!r}; give each its own name")
    return sensors


def _tables(path: Path) -> list[Any]:
    try:
        with path.open("rb") as file:
            read = tomllib.loads(file.read(_FILE_MOST).decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"imagery.sensors_file: {path}: {error.strerror}; give a readable file") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not TOML: {error}; {_EXAMPLE}") from None
    tables = read.pop("sensor", None)
    if read or not isinstance(tables, list) or not tables:
        raise ConfigError(f"{path}: give each sensor as [[sensor]] and nothing else; {_EXAMPLE}")
    return tables


def _sensor(path: Path, number: int, table: Any) -> Sensor:
    where = f"{path}: sensor {number}"
    unknown = sorted(set(table) - set(Sensor.__struct_fields__)) if isinstance(table, dict) else []
    if unknown:
        raise ConfigError(f"{where}: {unknown[0][:40]!r} is not a field of a sensor; {_EXAMPLE}")
    try:
        sensor = msgspec.convert(table, Sensor)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {error}; {_EXAMPLE}") from None
    if not sensor.near_km < sensor.far_km:
        raise ConfigError(f"{where}: far_km must be above near_km; correct one of them")
    if sensor.look == "nadir" and sensor.near_km:
        raise ConfigError(f"{where}: near_km cannot be given for 'nadir'; leave it out, or write 'either'")
    if not sensor.norad_ids and not any(start.strip() for start in sensor.name_starts):
        raise ConfigError(f"{where}: without norad_ids and name_starts no satellite carries it; give one of them")
    return sensor
