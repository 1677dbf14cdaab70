"""One large feed: copies of worlds side by side, each in its own water, with other vessels going dark in each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from streams.scenario.worlds import SLOTS_A_DAY, World

FEEDS: Final = {f"{ships:,} ships a day": ships for ships in (5_000, 20_000)}
"""Scenarios by how many ships are heard in a day."""
_BAND_DEG: Final = 6.0
_MOST_DEG: Final = 60.0  # of latitude
_WIDE_DEG: Final = 7.0
"""Of longitude at the equator: worlds are 5 deg wide."""
_PER_SHIP: Final = ("lat_deg", "lon_deg", "sog_kn", "cog_deg", "well")


def copied(worlds: Sequence[World], ships_a_day: int) -> World:
    """Whole copies of the worlds, of equal length and without ``steps``, until this many ships are heard per day.

    A station and its copies count as one: it is silent only if all of them are.
    """
    copies = -(-ships_a_day // sum(map(heard_a_day, worlds)))
    places = _places()
    parts = [_moved(world, *next(places)) for _ in range(copies) for world in worlds]
    slots, first = len(parts[0].lat_deg), np.cumsum([0, *(len(world.received) for world in worlds)])
    size = sum(part.lat_deg.shape[1] for part in parts)
    received, at = np.zeros((int(first[-1]), slots, size), np.uint8), 0
    for number, part in enumerate(parts):
        ships, station = part.lat_deg.shape[1], first[number % len(worlds)]
        received[station : station + len(part.received), :, at : at + ships] = part.received
        at += ships
    joined = {name: np.concatenate([getattr(part, name) for part in parts], axis=1) for name in _PER_SHIP}
    class_b, base = (np.concatenate([getattr(part, name) for part in parts]) for name in ("class_b", "base"))
    return World(
        f"{copies} copies of {', '.join(world.name for world in worlds)}",
        received,
        **joined,
        class_b=class_b,
        base=base,
        warm_slots=parts[0].warm_slots,
    )


def heard_a_day(world: World) -> int:
    """How many ships are heard per day, the mean of the whole days."""
    days = len(world.lat_deg) // SLOTS_A_DAY
    heard = world.heard[: days * SLOTS_A_DAY].reshape(days, SLOTS_A_DAY, -1)
    return round(float(heard.any(axis=1).sum() / days))


def _places() -> Iterator[tuple[float, float]]:
    """Centres of water for one world each, (latitude, longitude) in deg."""
    for north in np.arange(-_MOST_DEG, _MOST_DEG + 1, _BAND_DEG):
        wide = _WIDE_DEG / np.cos(np.radians(abs(north) + _BAND_DEG / 2))
        for column in range(int(360 // wide)):
            yield float(north), column * wide - 180 + wide / 2


def _moved(world: World, lat_deg: float, lon_deg: float) -> World:
    """The world with its middle at that place. Distances and courses stay."""
    middle = float(np.nanmedian(world.lat_deg[world.well])), float(np.nanmedian(world.lon_deg[world.well]))
    lat = world.lat_deg - np.float32(middle[0] - lat_deg)
    shrink = np.cos(np.radians(middle[0])) / np.cos(np.radians(lat_deg))
    lon = (world.lon_deg - middle[1]) * shrink + lon_deg
    return world._replace(lat_deg=lat.astype(np.float32), lon_deg=lon.astype(np.float32))
