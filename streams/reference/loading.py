"""From settings to a Reference: reads the named files, or the shipped ones where none is named."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Final

import msgspec

from detectors.core.reference import ListedShip, Reference, Zone
from streams.errors import ConfigError
from streams.reference.cells import Refused
from streams.reference.watchlist import Watchlist, read_watchlist
from streams.reference.zones import Zones, read_zones
from streams.settings import ReferenceSettings

SHIPPED_WATCHLIST: Final = "watchlist.toml"
SHIPPED_ZONES: Final = "zones.geojson"
_VERSION_LETTERS: Final = 12
_LARGEST_FILE_BYTES: Final = 512 * 1024 * 1024


class RefusedIn(msgspec.Struct, frozen=True, kw_only=True):
    """What was refused, and in which file."""

    file: str
    refused: Refused

    def __str__(self) -> str:
        at = f":{self.refused.line}" if self.refused.line else ""
        return f"{self.file}{at}: {self.refused.reason}"


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """A reference and what its files held besides."""

    reference: Reference
    refused: tuple[RefusedIn, ...]
    settings: ReferenceSettings


def load_reference(settings: ReferenceSettings) -> Reference:
    """What the detectors are told of the world.

    Raises ConfigError for a file that cannot be read or of which nothing can be used; single refused rows are
    passed over here: ``read_reference`` gives them too.
    """
    return read_reference(settings).reference


def read_reference(settings: ReferenceSettings) -> Loaded:
    """As ``load_reference``, with the refused rows, in the order of the files."""
    refused: list[RefusedIn] = []
    ships: dict[tuple[str, str], ListedShip] = {}
    zones: dict[tuple[str, str | None, str | None], Zone] = {}
    for name, watchlist in _watchlists(settings.watchlists):
        refused += [RefusedIn(file=name, refused=each) for each in watchlist.refused]
        for ship in watchlist.ships:
            ships.setdefault((ship.list, ship.entry_id), ship)
    for name, read in _zones(settings.zones):
        refused += [RefusedIn(file=name, refused=each) for each in read.refused]
        for zone in read.zones:
            zones.setdefault((zone.name, zone.from_date, zone.to_date), zone)
    reference = make_reference(tuple(ships.values()), tuple(zones.values()))
    return Loaded(reference=reference, refused=tuple(refused), settings=settings)


def shipped_or_named(settings: ReferenceSettings) -> ReferenceSettings:
    """For people: the settings with the names of the shipped files where none is named."""
    return ReferenceSettings(
        watchlists=settings.watchlists or (SHIPPED_WATCHLIST,), zones=settings.zones or (SHIPPED_ZONES,)
    )


def make_reference(ships: Sequence[ListedShip], zones: Sequence[Zone]) -> Reference:
    """A reference whose ``version`` is a short hash of its content: the same content, the same version."""
    digest = hashlib.sha256(msgspec.json.encode([ships, zones])).hexdigest()
    return Reference(ships=tuple(ships), zones=tuple(zones), version=digest[:_VERSION_LETTERS])


def read_watchlist_file(path: Path) -> Watchlist:
    """A list file; its name stands in where its rows name no list. Raises ConfigError when it cannot be read."""
    return read_watchlist(_content(path), path.name.partition(".")[0] or path.name)


def read_zones_file(path: Path) -> Zones:
    """A zones file. Raises ConfigError when it cannot be read."""
    return read_zones(_content(path))


def shipped(name: str) -> bytes:
    """The content of a data file that comes with the package."""
    return resources.files("streams.reference").joinpath("data", name).read_bytes()


def _watchlists(files: Sequence[str]) -> list[tuple[str, Watchlist]]:
    if not files:
        return [(SHIPPED_WATCHLIST, read_watchlist(shipped(SHIPPED_WATCHLIST), "wakewatch"))]
    read = [(name, read_watchlist_file(Path(name))) for name in files]
    for name, watchlist in read:
        _refuse_empty(name, len(watchlist.ships), watchlist.refused)
    return read


def _zones(files: Sequence[str]) -> list[tuple[str, Zones]]:
    if not files:
        return [(SHIPPED_ZONES, read_zones(shipped(SHIPPED_ZONES)))]
    read = [(name, read_zones_file(Path(name))) for name in files]
    for name, zones in read:
        _refuse_empty(name, len(zones.zones), zones.refused)
    return read


def _refuse_empty(name: str, usable: int, refused: tuple[Refused, ...]) -> None:
    if not usable:
        why = RefusedIn(file=name, refused=refused[0]) if refused else f"{name}: it is empty"
        raise ConfigError(f"{why}; nothing in this file can be used")


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise ConfigError(f"{path}: larger than {_LARGEST_FILE_BYTES} bytes; split the list")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{path}: cannot be read: {reason}; check the path") from None
