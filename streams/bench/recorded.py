"""A recording as a world in slots: which ship was heard when. Its truth is unknown; no ship is presumed dark."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.coverage.slot_blocks import STEPS_A_SLOT
from detectors.core.sphere import distances_nm, unit_vectors
from streams.errors import ConfigError
from streams.scenario.worlds import SLOT_S, World

WELL_NM: Final = 60.0
"""Well-heard water: within this distance of the middle of all reports in it (found by iteration)."""
_COLUMNS: Final = ("time_s", "mmsi", "type", "lat_deg", "lon_deg", "sog_kn", "cog_deg")
_CLASS_B: Final = (18, 19)
_BASE: Final = (4, 11, 21)
STEP_S: Final = SLOT_S // STEPS_A_SLOT
_COUNT_MOST: Final = 255


def read_table(path: Path, warm_share: float = 0.5) -> World:
    """A position table (``time_s,mmsi,type,lat_deg,lon_deg,sog_kn,cog_deg,...``). Raises ConfigError."""
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt") as file:
            heads = file.readline().strip().split(",")
            use = [heads.index(name) for name in _COLUMNS]
            rows = np.loadtxt(file, delimiter=",", usecols=use, ndmin=2)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: no position table: {error}") from error
    rows = rows[(np.abs(rows[:, 3]) <= 90) & (np.abs(rows[:, 4]) <= 180)]  # noqa: PLR2004 - the globe
    return _world(path.name, rows[np.argsort(rows[:, 0], kind="stable")], warm_share)


def _world(name: str, rows: npt.NDArray[np.float64], warm_share: float) -> World:
    slot = (rows[:, 0] // SLOT_S - rows[0, 0] // SLOT_S).astype(np.intp)
    mmsis, ship = np.unique(rows[:, 1], return_inverse=True)
    shape = (int(slot[-1]) + 1, len(mmsis))
    count = np.zeros(shape, np.int64)
    np.add.at(count, (slot, ship), 1)
    steps = np.zeros(shape, np.uint32)
    np.bitwise_or.at(steps, (slot, ship), np.uint32(1) << (rows[:, 0] % SLOT_S // STEP_S).astype(np.uint32))
    lat, lon, sog, cog = (np.full(shape, np.nan, np.float32) for _ in range(4))
    for column, values in ((lat, 3), (lon, 4), (sog, 5), (cog, 6)):
        column[slot, ship] = rows[:, values]
    return World(
        name,
        np.minimum(count, _COUNT_MOST).astype(np.uint8)[None],
        lat,
        lon,
        sog,
        cog,
        _near_middle(lat, lon),
        np.isin(np.arange(len(mmsis)), ship[np.isin(rows[:, 2], _CLASS_B)]),
        np.isin(np.arange(len(mmsis)), ship[np.isin(rows[:, 2], _BASE)]),
        int(shape[0] * warm_share),
        steps,
    )


def _near_middle(lat: npt.NDArray[np.float32], lon: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """The reports within WELL_NM of their own middle: a stand-in for the receiver's place."""
    known = ~np.isnan(lat)
    places = unit_vectors(lat[known].astype(np.float64), lon[known].astype(np.float64))
    middle = np.median(places, axis=1)
    for _ in range(10):
        near = distances_nm(places, (middle / np.linalg.norm(middle))[:, None]) < WELL_NM
        middle = places[:, near].mean(axis=1)
    well = np.zeros(lat.shape, bool)
    well[known] = distances_nm(places, (middle / np.linalg.norm(middle))[:, None]) < WELL_NM
    return well


def both_ways(world: World) -> list[World]:
    """The first half of a recording followed by the same half backwards, and the reverse.

    These are two worlds, each as long as the recording. The second half of each is scored: twice the data of the half
    itself, without a jump at the joint. A ship that came in leaves, and one that left a berth arrives there.
    """
    forth = np.arange(len(world.lat_deg) // 2)
    orders = {"there and back": (forth, forth[::-1]), "back and there": (forth[::-1], forth)}
    return [_reordered(world, f"{world.name}, {name}", *parts) for name, parts in orders.items()]


def _reordered(world: World, name: str, warm: npt.NDArray[np.intp], scored: npt.NDArray[np.intp]) -> World:
    slots = np.append(warm, scored)
    per_slot = {f: getattr(world, f)[slots] for f in ("lat_deg", "lon_deg", "sog_kn", "cog_deg", "well")}
    back = np.append(np.full(len(warm), warm[0] > warm[-1]), np.full(len(scored), scored[0] > scored[-1]))
    if world.steps is not None:
        per_slot["steps"] = np.where(back[:, None], _mirrored(world.steps[slots]), world.steps[slots])
    per_slot["cog_deg"] = np.where(back[:, None], (per_slot["cog_deg"] + 180) % 360, per_slot["cog_deg"])
    return world._replace(name=name, received=world.received[:, slots], warm_slots=len(warm), **per_slot)


def _mirrored(steps: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """The steps of slots played backwards."""
    made = np.zeros_like(steps)
    for step in range(STEPS_A_SLOT):
        made |= (steps >> np.uint32(step) & np.uint32(1)) << np.uint32(STEPS_A_SLOT - 1 - step)
    return made
