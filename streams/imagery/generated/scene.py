"""Scenes: ships with and without AIS, decoys, clouds and errors, as one image with its truth."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np

from streams.imagery.generated.ships import Ships, fixes_of, ships_at
from streams.imagery.images import Contact, Fixes, Image, Silence
from streams.imagery.matching.plane import EARTH_KM, KN_KM_S, Floats, degrees, moved, vectors
from streams.imagery.matching.radar_shift import SLANT_KM, SPEED_KM_S
from streams.imagery.matching.rules import found_chance

TIME_MS: Final = 1_770_000_000_000
_WIDE_KM, _LONG_KM = 250.0, 180.0
_HEARD_MMSI, _SILENT_MMSI, _DARK_MMSI, _ELSEWHERE_MMSI = 230_000_000, 310_000_000, 410_000_000, 510_000_000
_LEAST_M: Final = {"radar": 30.0, "optical": 25.0}
_INCIDENCE_DEG: Final = (31.0, 46.0)
_IMAGE_ERROR_KM: Final = 0.05


class SceneSpec(NamedTuple):
    """What is in a scene."""

    name: str
    heard: int
    """Ships with AIS."""
    silent: int = 4
    """Ships that stopped transmitting some hours before, in the image."""
    elsewhere: int = 6
    """Silent ships whose reach touches the image and that are not in it."""
    dark: int = 8
    """Ships that never transmit."""
    decoys: int = 15
    """Buoys, platforms and ghosts."""
    turbines: int = 0
    """Of a wind farm."""
    displaced: int = 0
    """Ships with AIS that report false positions."""
    crowded: float = 0.0
    """Share of the ships with AIS that are in one roadstead of 8 km."""
    kind: str = "radar"
    tracked: bool = True
    """Whether the satellite's track and look are stated."""
    wrong_time_min: float = 0.0
    """Error of the image's time."""
    lat_deg: float = 35.0
    lon_deg: float = 129.0


class Scene(NamedTuple):
    """An image, what AIS gives, and what is true."""

    spec: SceneSpec
    image: Image
    fixes: Fixes
    silences: tuple[Silence, ...]
    lengths: dict[int, float]
    truth: dict[str, int]
    """MMSI by contact, of contacts that are ships; ships that never transmit have one too."""
    displaced: frozenset[int]
    """Ships whose AIS positions are false."""


def scene_of(spec: SceneSpec, seed: int) -> Scene:
    """The same scene for the same numbers."""
    draw = np.random.default_rng(seed)
    middle = vectors(np.array([spec.lat_deg]), np.array([spec.lon_deg]))
    track_deg = float(draw.choice([348.0, 192.0]))
    heard = ships_at(draw, _spread(draw, middle, track_deg, spec.heard, spec.crowded), _HEARD_MMSI)
    silent = ships_at(draw, _spread(draw, middle, track_deg, spec.silent), _SILENT_MMSI)
    dark = ships_at(draw, _spread(draw, middle, track_deg, spec.dark), _DARK_MMSI)
    displaced = np.arange(spec.heard) < spec.displaced
    time_ms = TIME_MS + round(spec.wrong_time_min * 60_000)
    clouds = _cloud(draw, middle, track_deg) if spec.kind == "optical" else ()
    everyone = _joined([heard, silent, dark])
    shown = _shown(draw, spec, everyone, middle, track_deg)
    contacts, truth = _contacts(draw, everyone, shown, _decoys(draw, spec, middle, track_deg))
    if clouds:
        contacts = tuple(each for each in contacts if not _within(each, clouds[0]))
    image = Image(
        id=f"{spec.name}-{seed}",
        sensor="Sentinel-1" if spec.kind == "radar" else "Sentinel-2",
        kind="radar" if spec.kind == "radar" else "optical",
        time_ms=time_ms,
        footprint=_box(middle, track_deg, _WIDE_KM / 2, _LONG_KM / 2),
        contacts=contacts,
        track_deg=track_deg if spec.tracked else None,
        looks="right" if spec.tracked else None,
        clouds=clouds,
    )
    kept = {each.id for each in contacts}
    return Scene(
        spec,
        image,
        fixes_of(draw, heard, TIME_MS, displaced),
        (*_silences(draw, silent), *_gone(draw, middle, track_deg, spec.elsewhere)),
        _stated_lengths(draw, heard),
        {contact: mmsi for contact, mmsi in truth.items() if contact in kept},
        frozenset(heard.mmsi[displaced].tolist()),
    )


def _spread(draw: np.random.Generator, middle: Floats, track_deg: float, count: int, crowded: float = 0.0) -> Floats:
    """Places in the image, some of them in one roadstead."""
    across = draw.uniform(-0.46, 0.46, count) * _WIDE_KM
    along = draw.uniform(-0.46, 0.46, count) * _LONG_KM
    close = draw.random(count) < crowded
    across = np.where(close, 30 + draw.uniform(-4, 4, count), across)
    along = np.where(close, -20 + draw.uniform(-4, 4, count), along)
    return _placed(middle, track_deg, across, along)


def _placed(middle: Floats, track_deg: float, across_km: Floats, along_km: Floats) -> Floats:
    track = math.radians(track_deg)
    east = across_km * math.cos(track) + along_km * math.sin(track)
    north = -across_km * math.sin(track) + along_km * math.cos(track)
    return moved(np.repeat(middle, len(across_km), axis=0), east, north)


def _box(middle: Floats, track_deg: float, wide_km: float, long_km: float) -> tuple[tuple[float, float], ...]:
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]], np.float64)
    lat, lon = degrees(_placed(middle, track_deg, corners[:, 0] * wide_km, corners[:, 1] * long_km))
    return tuple(zip(lon.tolist(), lat.tolist(), strict=True))


def _cloud(draw: np.random.Generator, middle: Floats, track_deg: float) -> tuple[tuple[tuple[float, float], ...], ...]:
    side = np.array([draw.uniform(-60, 60)])
    return (_box(_placed(middle, track_deg, side, side / 2), track_deg, 40.0, 40.0),)


def _within(contact: Contact, ring: tuple[tuple[float, float], ...]) -> bool:
    from shapely import Point, Polygon

    return bool(Polygon(ring).contains(Point(contact.lon_deg, contact.lat_deg)))


def _joined(parts: list[Ships]) -> Ships:
    return Ships(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _shown(draw: np.random.Generator, spec: SceneSpec, ships: Ships, middle: Floats, track_deg: float) -> Floats:
    """Where the sensor shows ships, (n, 3)."""
    speed, course = ships.speed_kn * KN_KM_S, np.radians(ships.courses_deg)
    east, north = speed * np.sin(course), speed * np.cos(course)
    along = np.zeros(len(speed))
    if spec.kind == "radar":
        look = math.radians(track_deg + 90)
        side = (_placed(middle, track_deg, np.ones(1), np.zeros(1)) - middle)[0] * EARTH_KM
        part = 0.5 + (ships.places - middle) @ side * EARTH_KM / _WIDE_KM
        incidence = np.radians(_INCIDENCE_DEG[0] + (_INCIDENCE_DEG[1] - _INCIDENCE_DEG[0]) * part)
        slant_km = SLANT_KM * math.cos(math.radians(38)) / np.cos(incidence)
        along = -slant_km / SPEED_KM_S * (east * math.sin(look) + north * math.cos(look)) * np.sin(incidence)
    late_s = draw.uniform(-12, 12)  # the ship's place within a scene that has one time
    track = math.radians(track_deg)
    noise = draw.normal(0, _IMAGE_ERROR_KM, (2, len(speed)))
    return moved(
        ships.places,
        along * math.sin(track) + east * late_s + noise[0],
        along * math.cos(track) + north * late_s + noise[1],
    )


def _decoys(draw: np.random.Generator, spec: SceneSpec, middle: Floats, track_deg: float) -> Floats:
    scattered = _spread(draw, middle, track_deg, spec.decoys)
    rows = np.arange(spec.turbines, dtype=np.float64)
    return np.concatenate([scattered, _placed(middle, track_deg, -50 + rows % 8 * 0.9, 30 + rows // 8 * 0.9)])


def _contacts(
    draw: np.random.Generator, ships: Ships, shown: Floats, decoys: Floats
) -> tuple[tuple[Contact, ...], dict[str, int]]:
    """What is found of them, in any order, and which contact is which ship."""
    chance = np.array([found_chance(length, _LEAST_M["radar"]) for length in ships.length_m.tolist()])
    at = np.flatnonzero(draw.random(len(chance)) < chance)
    length = ships.length_m[at] * np.exp(draw.normal(0, 0.25, len(at))) + draw.normal(0, 8, len(at))
    length = np.concatenate([np.clip(length, 5, 600), np.exp(draw.normal(np.log(35), 0.6, len(decoys)))])
    heading = (ships.courses_deg[at] + draw.normal(0, 12, len(at)) + draw.choice([0.0, 180.0], len(at))) % 360
    heading = np.concatenate([heading, draw.uniform(0, 360, len(decoys))])
    lat, lon = degrees(np.concatenate([shown[at], decoys]))
    mmsi = np.concatenate([ships.mmsi[at], np.zeros(len(decoys), np.int64)])
    order = draw.permutation(len(mmsi))
    contacts = tuple(
        Contact(
            id=f"c{number}",
            lat_deg=round(float(lat[row]), 5),
            lon_deg=round((float(lon[row]) + 180) % 360 - 180, 5),
            length_m=round(float(length[row]), 1),
            heading_deg=round(float(heading[row]), 1) % 360 if row % 3 else None,
        )
        for number, row in enumerate(order.tolist())
    )
    return contacts, {f"c{number}": int(mmsi[row]) for number, row in enumerate(order.tolist()) if mmsi[row]}


def _silences(draw: np.random.Generator, ships: Ships) -> tuple[Silence, ...]:
    """Of ships in the image: silent since some time in its track, and half of them heard again."""
    found = []
    middle = ships.tracks.shape[1] // 2
    for number, mmsi in enumerate(ships.mmsi.tolist()):
        since = int(draw.integers(10, middle))
        again = int(draw.integers(10, middle)) if draw.random() < 0.5 else None  # noqa: PLR2004
        lat, lon = degrees(ships.tracks[number])
        last, following = middle - since, None if again is None else middle + again
        found.append(
            Silence(
                f"gap-{mmsi}",
                mmsi,
                TIME_MS - since * 20_000,
                float(lat[last]),
                float(lon[last]),
                float(max(12.0, ships.speed_kn[number] * 1.25)),
                float(ships.length_m[number]) if draw.random() < 0.8 else None,  # noqa: PLR2004
                None if again is None else TIME_MS + again * 20_000,
                None if following is None else float(lat[following]),
                None if following is None else float(lon[following]),
            )
        )
    return tuple(found)


def _gone(draw: np.random.Generator, middle: Floats, track_deg: float, count: int) -> tuple[Silence, ...]:
    """Of ships that left the image, or are in a port: nothing in it is theirs."""
    lat, lon = degrees(_spread(draw, middle, track_deg, count))
    hours = draw.uniform(0.5, 48, count)
    found = []
    for number in range(count):
        mmsi, place = _ELSEWHERE_MMSI + number, (float(lat[number]), float(lon[number]))
        length_m = float(draw.uniform(40, 250))
        found.append(Silence(f"gap-{mmsi}", mmsi, TIME_MS - int(hours[number] * 3_600_000), *place, 15.0, length_m))
    return tuple(found)


def _stated_lengths(draw: np.random.Generator, ships: Ships) -> dict[int, float]:
    """As AIS has them: one in ten none, one in twenty wrong."""
    stated = {}
    for mmsi, length in zip(ships.mmsi.tolist(), ships.length_m.tolist(), strict=True):
        if draw.random() > 0.1:  # noqa: PLR2004
            stated[mmsi] = float(draw.uniform(5, 400)) if draw.random() < 0.05 else round(length)  # noqa: PLR2004
    return stated
