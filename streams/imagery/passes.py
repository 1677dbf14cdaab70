"""Passes over what is asked for, from the user's files: elements, plans, catalogues, and a STAC API if one is set."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from detectors.core.orbits.ground_tracks import Satellites
from detectors.core.orbits.model import ElementSet, Pass, Target
from detectors.core.orbits.search import find_passes, outdated
from detectors.core.sphere import NM_A_DEGREE
from detectors.core.units import DAY_MS, rfc3339
from streams.errors import ConfigError, InputError, WakewatchError
from streams.imagery.catalogue import acquisitions_of, read_catalogue
from streams.imagery.elements import read_elements, satellites_of
from streams.imagery.plans import Acquisition, AcquisitionsRead, read_plan
from streams.imagery.rejected import RejectedEntry, by_reason
from streams.imagery.sensors_file import sensors_in_use
from streams.imagery.stac import Question, StacApi, search, stac_api
from streams.imagery.targets import Asked
from streams.imagery.tiers import with_tiers
from streams.settings.imagery import ImagerySettings

Say = Callable[[str], None]
_HALF_TURN, _QUARTER_TURN = 180.0, 90.0
_NAMED_MOST: Final = 5
_LEAST_COSINE: Final = 0.01


class Files(msgspec.Struct, frozen=True, kw_only=True):
    """The user's files."""

    elements: tuple[Path, ...]
    plans: tuple[Path, ...] = ()
    catalogues: tuple[Path, ...] = ()

    def checked(self) -> Files:
        """Itself. Raises ConfigError if there are no elements or a file cannot be read."""
        if not self.elements:
            raise ConfigError(
                "no element sets: give --elements FILE or set imagery.elements_files; CelesTrak publishes them, "
                "for example its group `resource` in the format JSON"
            )
        for path in (*self.elements, *self.plans, *self.catalogues):
            if not path.is_file():
                raise ConfigError(f"{path}: no such file; give a readable file")
        return self


class Imagery:
    """What is known of satellites. ``failed`` counts sources that could not be used; the others were."""

    def __init__(self, files: Files, settings: ImagerySettings, say: Say, *, forced: bool = False) -> None:
        """Checks the settings and that the files exist. Raises ConfigError."""
        self._files, self._settings, self._say = files.checked(), settings, say
        self._age_most_d = None if forced else settings.elements_age_most_d
        self._stac = stac_api("imagery.stac_url", settings.stac_url) if settings.stac_url else None
        self._sensors = sensors_in_use(settings)
        self.failed = 0

    def passes(self, asked: Sequence[Asked], most: int | None = None) -> list[Pass]:
        """In the order of begin, satellite, sensor and target; with ``most`` the first of them.

        Raises InputError if no file has elements that can be used, WakewatchError if none is of this time or carries
        a known sensor.
        """
        if not asked:
            return []
        from_ms, to_ms = min(one.from_ms for one in asked), max(one.to_ms for one in asked)
        satellites = self._satellites((from_ms + to_ms) / 2)
        self._tell_outdated(satellites, from_ms, to_ms)
        found = [
            one
            for target, begin, end in asked
            for one in find_passes(satellites, [target], begin, end, most, age_most_d=self._age_most_d)
        ]
        found = sorted(found, key=lambda one: (one.begin, one.satellite, one.norad_id, one.sensor, one.target))[:most]
        planned = [take for path in self._files.plans for take in self._read(path, read_plan)]
        catalogued = [image for path in self._files.catalogues for image in self._read(path, read_catalogue)]
        catalogued += self._from_stac(asked) if found else ()
        return with_tiers(found, [one.target for one in asked], planned, catalogued)

    def _satellites(self, time_ms: float) -> Satellites:
        """Raises InputError."""
        elements: list[ElementSet] = []
        errors: list[InputError] = []
        for path in self._files.elements:
            try:
                read = read_elements(path)
            except InputError as why:
                errors.append(why)
                continue
            elements += read.elements
            self._tell_rejected(path, "element sets", read.rejected)
        if errors and not elements:
            raise errors[0]
        for error in errors:
            self._failure(error)
        satellites = satellites_of(elements, self._sensors, time_ms)
        known = len({one.norad_id for one in elements})
        if not satellites.pairs:
            raise WakewatchError(
                f"none of the {known} satellites in these files carries a sensor that is known; "
                "imagery.sensors_file adds sensors"
            )
        self._say(f"{len(satellites.pairs)} of {known} satellites in these files carry a sensor that is known")
        return satellites

    def _tell_outdated(self, satellites: Satellites, from_ms: int, to_ms: int) -> None:
        """Raises WakewatchError if no elements can be used for any part of the time."""
        most_d = self._settings.elements_age_most_d
        most_ms = most_d * DAY_MS
        usable = (satellites.epoch_ms - most_ms < to_ms) & (satellites.epoch_ms + most_ms > from_ms)
        if self._age_most_d is not None and not usable.any():
            raise WakewatchError(
                f"all elements are more than {most_d:g} days from {rfc3339(from_ms)} to {rfc3339(to_ms)}; "
                "give elements of that time, or --forced"
            )
        names = outdated(satellites, from_ms, to_ms, most_d)
        if names:
            shown = ", ".join(names[:_NAMED_MOST]) + (
                f" and {len(names) - _NAMED_MOST} more" * (len(names) > _NAMED_MOST)
            )
            used = "used all the same" if self._age_most_d is None else "not used for that; --forced uses them"
            self._say(f"elements more than {most_d:g} days from a part of this time are {used}: {shown}")

    def _read(self, path: Path, read: Callable[[Path], AcquisitionsRead]) -> Sequence[Acquisition]:
        try:
            found = read(path)
        except InputError as error:
            self._failure(error)
            return ()
        self._tell_rejected(path, "entries", found.rejected)
        return found.found

    def _from_stac(self, asked: Sequence[Asked]) -> list[Acquisition]:
        """The images that exist of the targets, each once."""
        if self._stac is None:
            return []
        found: dict[str, Acquisition] = {}
        for one in asked:
            read = acquisitions_of(self._items(self._stac, one))
            found |= {image.item: image for image in read.found}
            self._tell_rejected(self._stac.url.netloc, "items", read.rejected)
        return list(found.values())

    def _items(self, api: StacApi, asked: Asked) -> Iterator[object]:
        question = Question(
            *_box(asked.target, asked.to_ms),
            begin=rfc3339(asked.from_ms),
            end=rfc3339(asked.to_ms),
            collections=self._settings.stac_collections,
        )
        try:
            yield from search(api._replace(timeout_s=self._settings.stac_timeout_s), question)
        except InputError as error:
            self._failure(error)

    def _failure(self, error: InputError) -> None:
        self.failed += 1
        self._say(f"not used: {error}")

    def _tell_rejected(self, where: object, what: str, rejected: Iterable[RejectedEntry]) -> None:
        for reason, count in by_reason(rejected).items():
            self._say(f"{where}: {count} {what} rejected: {reason}")


def _box(target: Target, time_ms: int) -> tuple[float, float, float, float]:
    """South, west, north and east around a target as it will be; around a pole all longitudes."""
    half = target.radius_at(time_ms) / NM_A_DEGREE
    south, north = target.lat_deg - half, target.lat_deg + half
    widest = max(abs(south), abs(north))
    wide = half / max(math.cos(math.radians(min(widest, _QUARTER_TURN))), _LEAST_COSINE)
    if widest >= _QUARTER_TURN or wide >= _HALF_TURN:
        return max(south, -_QUARTER_TURN), -_HALF_TURN, min(north, _QUARTER_TURN), _HALF_TURN
    west, east = ((target.lon_deg + side * wide + _HALF_TURN) % 360 - _HALF_TURN for side in (-1, 1))
    return south, west, north, east
