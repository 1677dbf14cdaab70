"""Worlds with known truth for the accuracy benchmark: where each ship was, when it transmitted, and what was heard.

A world is made in slots of five minutes, not in sentences: the verdict on a silence depends on whether a ship was heard
in a slot, and days of hundreds of ships take only seconds. Receivers hear within a disk. Its edge is soft, varies with
time (ducting), and differs for every ship (its antenna). Satellites hear everything for a few minutes and then nothing.
Ships pass, sail out of range, call at ports, stay at berths and power down there; small craft with class B stay near
their harbour. No ship hides: the caller adds positives to a world.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

SLOT_S: Final = 300
SLOTS_A_DAY: Final = 288
NM_A_DEG: Final = 60.0
_SENT: Final = {"way": 30.0, "rest": 1.7, "small": 10.0, "base": 30.0}  # transmissions per slot (ITU-R M.1371)

_BOUND_AWAY: Final = 0.6  # share of voyages from a port that leave the world
_SPEED_MOST_KN: Final = 40.0

Floats = npt.NDArray[np.float32]
Counts = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]


class Station(NamedTuple):
    """A receiver. At ``range_nm`` half of a good ship's transmissions are lost."""

    north_nm: float
    east_nm: float
    range_nm: float
    ducting: float = 0.15
    """How much the range varies, as a share of it (standard deviation)."""
    pass_slots: int = 0
    """For a satellite: how long it hears, in slots; it then hears the whole world."""
    every_slots: int = 0
    """... and how often."""


class WorldShape(NamedTuple):
    """The properties of a world; a seed makes one world of it."""

    name: str
    stations: tuple[Station, ...]
    ships: int
    small_craft: int
    days: int = 4
    half_nm: float = 150.0
    """Half the side of the square in which ships sail; beyond it they have left."""
    ports: tuple[tuple[float, float], ...] = ((5.0, 0.0), (-20.0, 15.0), (30.0, -8.0))
    """North and east of the middle, nm."""
    passing: float = 0.6
    """Share of ships that only pass."""
    heard_share: float = 0.35
    """Share of a near ship's transmissions that is heard."""
    lat_deg: float = 45.0


class World(NamedTuple):
    """What happened, in slots. Arrays are (slots, ships) unless stated otherwise."""

    name: str
    received: Counts
    """(stations, slots, ships): transmissions heard."""
    lat_deg: Floats
    """Where the ship is; NaN if it is not in the world (or, in a recording, was not heard)."""
    lon_deg: Floats
    sog_kn: Floats
    cog_deg: Floats
    well: Bools
    """Water in which an ordinary ship is heard in nine slots of ten or more."""
    class_b: Bools
    """(ships,)"""
    base: Bools
    """(ships,): the receivers' own stations."""
    warm_slots: int
    """Slots before this one are for learning; nothing in them is scored."""
    steps: npt.NDArray[np.uint32] | None = None
    """(slots, ships): when each was heard, bit i for the i-th ten seconds of the slot; None: any time."""

    @property
    def heard(self) -> Bools:
        """Whether any station heard the ship in the slot."""
        return np.asarray((self.received > 0).any(axis=0))


def generate(shape: WorldShape, seed: int) -> World:
    """The world of that shape and seed."""
    draw = np.random.default_rng([seed, *shape.name.encode()])
    slots = shape.days * SLOTS_A_DAY
    ships = shape.ships + shape.small_craft
    north, east, sog_kn, on_air = (np.full((slots, ships), np.nan, np.float32) for _ in range(4))
    for ship in range(ships):
        small = ship >= shape.ships
        _live(draw, shape, small, north[:, ship], east[:, ship], on_air[:, ship])
    class_b = np.arange(ships) >= shape.ships
    sog_kn, cog_deg = _motion(north, east)
    received, well = _receptions(draw, shape, north, east, sog_kn, on_air, class_b)
    lat_deg = shape.lat_deg + north / NM_A_DEG
    lon_deg = east / NM_A_DEG / np.cos(np.radians(shape.lat_deg))
    return World(
        shape.name,
        received,
        lat_deg.astype(np.float32),
        lon_deg.astype(np.float32),
        sog_kn,
        cog_deg,
        well,
        class_b,
        np.zeros(ships, bool),
        slots // 2,
    )


def _live(  # noqa: PLR0917 - the three columns are one thing
    draw: np.random.Generator, shape: WorldShape, small: bool, north: Floats, east: Floats, on_air: Floats
) -> None:
    """One ship's days: voyages, berths, and the nights in which it is switched off at its berth."""
    slots, slot = len(north), 0
    passing = not small and draw.random() < shape.passing
    port = np.array(shape.ports[int(draw.integers(len(shape.ports)))]) + draw.normal(size=2) * 0.3
    slot = int(draw.integers(0, slots // 2)) if passing else 0
    here = _edge(draw, shape) if passing else port
    while slot < slots:
        if not passing:  # at the berth first
            stays = int(draw.uniform(3, 14) * 12)
            north[slot : slot + stays], east[slot : slot + stays] = here[0], here[1]
            off = draw.random() < (0.4 if small else 0.25)
            on_air[slot : slot + (stays // 4 if off else stays)] = 1
            slot += stays
        legs = [here, *_bound(draw, shape, port, small, passing)]
        speed_kn = float(draw.uniform(4, 8) if small else draw.uniform(8, 19))
        for start, end in pairwise(legs):
            slot = _sail(start, end, speed_kn, slot, north, east, on_air)
        here = legs[-1]
        away = np.abs(here).max() >= shape.half_nm - 1
        if away:
            slot += int(draw.uniform(6, 60) * 12)
            here = _edge(draw, shape)
            if not passing:
                slot = _sail(here, port, speed_kn, slot, north, east, on_air)
                here = port
        elif not small:
            port = here


def _bound(
    draw: np.random.Generator, shape: WorldShape, port: npt.NDArray[np.float64], small: bool, passing: bool
) -> list[npt.NDArray[np.float64]]:
    """The destination: small craft go out and home, passing ships and a share of the others leave the world."""
    if small:
        return [port + draw.normal(size=2) * 9, port]
    if passing or draw.random() < _BOUND_AWAY:
        return [_edge(draw, shape)]
    return [np.array(shape.ports[int(draw.integers(len(shape.ports)))])]


def _edge(draw: np.random.Generator, shape: WorldShape) -> npt.NDArray[np.float64]:
    along, side = draw.uniform(-1, 1), int(draw.integers(4))
    place = np.array([along, 1.0 if side % 2 else -1.0]) * shape.half_nm
    return place[::-1] if side > 1 else place


def _sail(  # noqa: PLR0917 - as above
    start: npt.NDArray[np.float64],
    end: npt.NDArray[np.float64],
    speed_kn: float,
    slot: int,
    north: Floats,
    east: Floats,
    on_air: Floats,
) -> int:
    far_nm = float(np.hypot(*(end - start)))
    takes = max(1, round(far_nm / speed_kn * 3600 / SLOT_S))
    share = np.arange(takes)[: max(0, len(north) - slot)] / takes
    span = slice(slot, slot + len(share))
    north[span], east[span] = start[0] + share * (end - start)[0], start[1] + share * (end - start)[1]
    on_air[span] = 1
    return slot + takes


def _motion(north: Floats, east: Floats) -> tuple[Floats, Floats]:
    """Speed (kn) and course (deg) over the slot that follows."""
    dn, de = np.diff(north, axis=0, append=np.nan), np.diff(east, axis=0, append=np.nan)
    dn, de = np.where(np.isnan(dn), 0, dn), np.where(np.isnan(de), 0, de)
    sog_kn = (np.hypot(dn, de) * 3600 / SLOT_S).astype(np.float32)
    sog_kn[sog_kn > _SPEED_MOST_KN] = 0  # a new voyage begins elsewhere
    return sog_kn, (np.degrees(np.arctan2(de, dn)) % 360).astype(np.float32)


def _waver(draw: np.random.Generator, shape: tuple[int, ...], slots: float) -> npt.NDArray[np.float64]:
    """Unit noise with a correlation time of about this many slots, along the first axis."""
    keep = np.exp(-1 / slots)
    noise = draw.normal(size=shape)
    noise[1:] *= np.sqrt(1 - keep * keep)
    for i in range(1, shape[0]):
        noise[i] += keep * noise[i - 1]
    return noise


def _receptions(  # noqa: PLR0917 - as above
    draw: np.random.Generator,
    shape: WorldShape,
    north: Floats,
    east: Floats,
    sog_kn: Floats,
    on_air: Floats,
    class_b: Bools,
) -> tuple[Counts, Bools]:
    slots, ships = north.shape
    at_rest = sog_kn < 0.5  # noqa: PLR2004 - M.1371's long interval begins about there
    sent = np.where(at_rest, _SENT["rest"], np.where(class_b, _SENT["small"], _SENT["way"])) * np.nan_to_num(on_air)
    sent = np.floor(sent + draw.random(sent.shape)).astype(np.int64)
    antenna = np.exp(draw.normal(size=ships) * 0.15) * np.where(class_b, 0.45, 1.0)
    fading = _waver(draw, (slots, ships), 4) * 0.08
    received = np.zeros((len(shape.stations), slots, ships), np.uint8)
    well = np.zeros((slots, ships), bool)
    for number, station in enumerate(shape.stations):
        far_nm = np.hypot(north - station.north_nm, east - station.east_nm)
        air = _waver(draw, (slots, 1), 72) * station.ducting + _waver(draw, (slots, 1), 12) * station.ducting / 3
        edge_nm = station.range_nm * np.exp(air + fading) * antenna
        share = shape.heard_share / (1 + np.exp(np.clip((far_nm / edge_nm - 1) * 9, -30, 30)))
        if station.every_slots:
            up = (np.arange(slots) + int(draw.integers(station.every_slots))) % station.every_slots < station.pass_slots
            share = np.where(up[:, None], shape.heard_share, 0.0) * np.ones_like(far_nm)
        else:
            well |= far_nm < station.range_nm * 0.75
        share = np.nan_to_num(share)
        received[number] = draw.binomial(sent, share).astype(np.uint8)
    return received, well
