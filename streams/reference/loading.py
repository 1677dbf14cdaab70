"""From settings to a Reference: reads the given files, or the included ones."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from detectors.core.reference import ListedShip, Reference, Zone
from streams.errors import ConfigError
from streams.reference.formats import ListFile, ListRead, read_lists
from streams.reference.list_cells import Refusal, RefusedRow
from streams.reference.ports import load_ports
from streams.reference.watchlist import WatchlistFile, read_watchlist
from streams.reference.zones import Zones, features_of, read_zones
from streams.settings.model import ReferenceSettings

SHIPPED_WATCHLIST: Final = "watchlist.toml"
SHIPPED_ZONES: Final = "zones.geojson"
_VERSION_LETTERS: Final = 12
_LARGEST_FILE_BYTES: Final = 512 * 1024 * 1024
_LARGEST_UNPACKED_BYTES: Final = 4 * _LARGEST_FILE_BYTES
_CHUNK_BYTES: Final = 1 << 20
_GZIP: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS


class RefusedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A rejected row, and its file."""

    file: str
    refused: RefusedRow

    def __str__(self) -> str:
        at = f":{self.refused.line}" if self.refused.line else ""
        return f"{self.file}{at}: {self.refused.reason}"


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """A reference, with rejected rows and doubts."""

    reference: Reference
    refused: tuple[RefusedIn, ...]
    settings: ReferenceSettings


def load_reference(settings: ReferenceSettings) -> Reference:
    """What the detectors know about the world.

    Raises ConfigError for a file that cannot be read or has no usable row. Single rejected rows are skipped here;
    ``read_reference`` returns them too.
    """
    return read_reference(settings).reference


def read_reference(settings: ReferenceSettings) -> Loaded:
    """As ``load_reference``, with the rejected rows, in the order of the files."""
    refused: list[RefusedIn] = []
    watchlists, zones = _watchlists(settings.watchlists), _zones(settings.zones)
    for name, watchlist in watchlists:
        refused += [RefusedIn(file=name, refused=each) for each in watchlist.refused]
    for name, read in zones:
        refused += [RefusedIn(file=name, refused=each) for each in read.refused]
    ships = first_of_each(watchlist for _, watchlist in watchlists)
    reference = make_reference(ships, _once_each(read for _, read in zones))
    return Loaded(reference=reference, refused=tuple(refused), settings=settings)


def make_reference(ships: Sequence[ListedShip], zones: Sequence[Zone]) -> Reference:
    """A reference whose ``version`` is a short hash of its content: the same for any files with the same content."""
    unsigned = [replace(ship, source=None) for ship in ships]
    digest = hashlib.sha256(msgspec.json.encode([unsigned, zones])).hexdigest()
    return Reference(ships=tuple(ships), zones=tuple(zones), ports=load_ports(), version=digest[:_VERSION_LETTERS])


def with_lists(reference: Reference, ships: Sequence[ListedShip], emptied: Iterable[str] = ()) -> Reference:
    """A reference in which the lists of ``ships``, and the lists ``emptied``, replace those of the same name.

    Everything else stays.
    """
    replaced = {ship.list for ship in ships} | set(emptied)
    kept = [ship for ship in reference.ships if ship.list not in replaced]
    return make_reference((*kept, *ships), reference.zones)


def ships_of(files: Sequence[str]) -> tuple[ListedShip, ...]:
    """The listed ships of files, each entry once. Raises ConfigError if a file cannot be used."""
    return first_of_each(watchlist for _, watchlist in _watchlists(files))


def zones_of(files: Sequence[str]) -> tuple[Zone, ...]:
    """The zones of files, each once. Raises ConfigError if a file cannot be used."""
    return _once_each(read for _, read in _zones(files))


def _once_each(read: Iterable[Zones]) -> tuple[Zone, ...]:
    found: dict[tuple[str, str | None, str | None], Zone] = {}
    for zone in (zone for zones in read for zone in zones.zones):
        found.setdefault((zone.name, zone.from_date, zone.to_date), zone)
    return tuple(found.values())


def first_of_each(watchlists: Iterable[WatchlistFile]) -> tuple[ListedShip, ...]:
    """Each entry once, at its first occurrence."""
    found: dict[tuple[str, str], ListedShip] = {}
    for watchlist in watchlists:
        for ship in watchlist.ships:
            found.setdefault((ship.list, ship.entry_id), ship)
    return tuple(found.values())


def read_watchlist_files(paths: Sequence[Path]) -> list[ListRead]:
    """List files of any known format, packed with gzip or not; OFAC's companion files are read with their ``sdn.csv``.

    Raises ConfigError if one cannot be read.
    """
    return read_lists([ListFile(str(path), _chunks(path)) for path in paths])


def read_watchlist_file(path: Path) -> WatchlistFile:
    """One list file. Raises ConfigError when it cannot be read."""
    return read_watchlist_files([path])[0].watchlist


def read_zones_file(path: Path) -> Zones:
    """A zones file. Raises ConfigError when it cannot be read."""
    return read_zones(_content(path))


def read_features(path: Path) -> list[Any]:
    """The features of a zones file, unchecked. Raises ConfigError."""
    try:
        return features_of(_content(path))
    except Refusal as why:
        raise ConfigError(f"{path}: {why}") from None


def included(name: str) -> bytes:
    """The content of a data file that comes with the package."""
    return resources.files("streams.reference").joinpath("data", name).read_bytes()


def _watchlists(files: Sequence[str]) -> list[tuple[str, WatchlistFile]]:
    if not files:
        return [(SHIPPED_WATCHLIST, read_watchlist(included(SHIPPED_WATCHLIST), "wakewatch"))]
    read = [(each.name, each.watchlist) for each in read_watchlist_files([Path(name) for name in files])]
    for name, watchlist in read:
        if not watchlist.passed_over:  # a list of people and companies is a list, though without ships
            _refuse_empty(name, len(watchlist.ships), watchlist.refused)
    return read


def _zones(files: Sequence[str]) -> list[tuple[str, Zones]]:
    if not files:
        return [(SHIPPED_ZONES, read_zones(included(SHIPPED_ZONES)))]
    read = [(name, read_zones_file(Path(name))) for name in files]
    for name, zones in read:
        _refuse_empty(name, len(zones.zones), zones.refused)
    return read


def _refuse_empty(name: str, usable: int, refused: tuple[RefusedRow, ...]) -> None:
    if not usable:
        why = RefusedIn(file=name, refused=refused[0]) if refused else f"{name}: it is empty"
        raise ConfigError(f"{why}; nothing in this file can be used")


def _content(path: Path) -> bytes:
    return b"".join(_chunks(path))


def _chunks(path: Path) -> Iterator[bytes]:
    """The bytes of a file, unpacked. Raises ConfigError, also in the middle, if it cannot be read further."""
    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise ConfigError(f"{path}: larger than {_LARGEST_FILE_BYTES} bytes; split the list")
        with path.open("rb") as file:
            packed = file.read(len(_GZIP)) == _GZIP
            file.seek(0)
            chunks = iter(lambda: file.read(_CHUNK_BYTES), b"")
            yield from _unpacked(chunks, path) if packed else chunks
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{path}: cannot be read: {reason}; check the path") from None
    except zlib.error as error:
        raise ConfigError(f"{path}: not gzip: {error}; download it again") from None


def _unpacked(chunks: Iterator[bytes], path: Path) -> Iterator[bytes]:
    """Never more than a chunk at once, so that a decompression bomb costs time, not memory."""
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    size = 0
    for chunk in chunks:
        rest = chunk
        while rest and not unpacker.eof:
            unpacked = unpacker.decompress(rest, _CHUNK_BYTES)
            rest = unpacker.unconsumed_tail
            size += len(unpacked)
            if size > _LARGEST_UNPACKED_BYTES:
                raise ConfigError(f"{path}: unpacks to more than {_LARGEST_UNPACKED_BYTES} bytes; split the list")
            yield unpacked
    if not unpacker.eof:
        raise ConfigError(f"{path}: the gzip file is cut off; download it again")
