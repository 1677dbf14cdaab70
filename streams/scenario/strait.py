"""A dense scene at full reporting rates: for load tests, chaos tests, and ships that go dark among many others.

Ships sail in the Korea Strait and report at the rates of ITU-R M.1371 (class A under way 10 s, 6 s above 14 kn; moored
3 min; class B 30 s; static data 6 min). A few go dark, a few sail into the far port's zone (heard there as by a
satellite), and one line in a hundred is damaged. It is written window by window, so a scene of any length takes little
memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import numpy as np

from streams.nmea import encoder
from streams.scenario.air import OtherMessage, on_the_air
from streams.scenario.honest import base_stations, ordinary, roams
from streams.scenario.model import (
    HOUR_MS,
    MINUTE_MS,
    SECOND_MS,
    Expected,
    Options,
    Scenario,
    ScenarioTruth,
    ShoreStation,
    at,
)
from streams.scenario.story import StoryScript, StoryShip
from streams.scenario.track import CLASS_A, CLASS_B, MOORED, SAID, Times, Track, every, positions, sail, stay

TITLE: Final = "a busy Korea Strait at full reporting rates; some go dark, some enter a sanctioned zone, 1 % damaged"
START_MS: Final = at("2024-02-07 02:00")
RECEIVER: Final = ShoreStation(name="busan", mmsi=4_409_983, lat_deg=34.95, lon_deg=129.15, range_nm=50)
WINDOW_MS: Final = 6 * MINUTE_MS
DAMAGED_SHARE: Final = 0.01
_SHIPS, _HOURS, _FIRST = 300, 2.0, 6000
_MIDS: Final = (440, 441, 431, 412, 636, 352)
_FAST_KN, _FAST_S, _SLOW_S, _REST_S, _CLASS_B_S, _BASE_S = 14.0, 6.0, 10.0, 180.0, 30.0, 10.0
_DARK_EVERY, _MOORED_EVERY, _CLASS_B_EVERY, _CALLER_EVERY = 25, 6, 7, 40
_CALLER_KN, _CALLER_NM = 10.0, 25.0


class Player(NamedTuple):
    """A ship of the scene: where it goes, how often it reports, and when it stops reporting."""

    ship: StoryShip
    track: Track
    interval_s: float
    status: int
    phase_ms: int
    until_ms: int


def build(options: Options) -> Scenario:
    """The scene; ``vessels``, ``hours`` and ``far`` (the port that some enter) can be changed."""
    end_ms = START_MS + int((options.hours or _HOURS) * HOUR_MS)
    far = ShoreStation(
        name="satellite", mmsi=4_409_984, lat_deg=options.far.lat_deg, lon_deg=options.far.lon_deg, range_nm=60
    )
    story = StoryScript(options.seed, [RECEIVER, far])
    count = _SHIPS if options.vessels is None else options.vessels
    players = [_player(story, options, number, end_ms) for number in range(count)]
    base_stations(story, (START_MS, end_ms), _BASE_S)
    truths = (ScenarioTruth(kind="honest", note="all vessels without another truth", from_ms=START_MS, to_ms=end_ms),)
    return Scenario(
        "strait",
        TITLE,
        story.receivers,
        _damaged(_windows(story, players, end_ms), options.seed),
        truths + tuple(story.truths),
    )


def _player(story: StoryScript, options: Options, number: int, end_ms: int) -> Player:
    """The ship of that number: its properties follow from the number, its place from the seed."""
    moored, small = number % _MOORED_EVERY == 1, number % _CLASS_B_EVERY == 3  # noqa: PLR2004
    ship = ordinary(_FIRST + number, _MIDS, class_b=small)
    track = roams(story, RECEIVER, START_MS, end_ms)
    phase_ms = int(story.draw.integers(WINDOW_MS))
    if number % _CALLER_EVERY == _CALLER_EVERY - 1:
        return Player(ship, _caller(story, options, ship, end_ms), _SLOW_S, 0, phase_ms, end_ms)
    if moored:
        berth = stay((float(track.lat_deg[0]), float(track.lon_deg[0])), START_MS, end_ms)
        return Player(ship, berth, _REST_S, MOORED, phase_ms, end_ms)
    until_ms = end_ms
    if number % _DARK_EVERY == 0 and not small:
        until_ms = START_MS + int((end_ms - START_MS) * story.draw.uniform(0.2, 0.4))
        story.truths.append(_dark(ship, until_ms, end_ms))
    speed_kn = _speed_kn(track)
    return Player(
        ship, track, _CLASS_B_S if small else _FAST_S if speed_kn > _FAST_KN else _SLOW_S, 0, phase_ms, until_ms
    )


def _speed_kn(track: Track) -> float:
    north, east = track.lat_deg[1] - track.lat_deg[0], track.lon_deg[1] - track.lon_deg[0]
    miles = 60 * float(np.hypot(north, east * np.cos(np.radians(track.lat_deg[0]))))
    return miles / (int(track.times_ms[1] - track.times_ms[0]) / HOUR_MS)


def _caller(story: StoryScript, options: Options, ship: StoryShip, end_ms: int) -> Track:
    """A way into the middle of the far port's zone, reached half way through the scene; the ship stays there."""
    far, inside_ms = (options.far.lat_deg, options.far.lon_deg), START_MS + (end_ms - START_MS) // 2
    angle = float(story.draw.uniform(0, 2 * np.pi))
    start = (far[0] + _CALLER_NM / 60 * np.sin(angle), far[1] + _CALLER_NM / 60 * np.cos(angle))
    way = sail([start, far], inside_ms - int(_CALLER_NM / _CALLER_KN * HOUR_MS), _CALLER_KN)
    expected = Expected(
        detector="port_proximity",
        severity="ticket",
        after_ms=START_MS,
        before_ms=inside_ms,
        reason="inside",
        zone=options.far.name.title(),
    )
    story.truths.append(
        ScenarioTruth(
            kind="calls",
            note=f"sails into {options.far.name}",
            mmsi=ship.mmsi,
            from_ms=inside_ms,
            to_ms=end_ms,
            places=(options.far,),
            expected=(expected,),
        )
    )
    rest = np.array([max(end_ms, way.to_ms + 1)])
    return Track(np.append(way.times_ms, rest), np.append(way.lat_deg, far[0]), np.append(way.lon_deg, far[1]))


def _dark(ship: StoryShip, from_ms: int, end_ms: int) -> ScenarioTruth:
    due_ms = from_ms + HOUR_MS
    gap = Expected(detector="gap", severity="log", after_ms=due_ms - MINUTE_MS, before_ms=due_ms + 15 * MINUTE_MS)
    return ScenarioTruth(
        kind="dark",
        note="switches off in the crowd",
        mmsi=ship.mmsi,
        from_ms=from_ms,
        to_ms=end_ms,
        expected=(gap,) if due_ms + 15 * MINUTE_MS <= end_ms else (),
    )


def _windows(story: StoryScript, players: list[Player], end_ms: int) -> Iterator[bytes]:
    for from_ms in range(START_MS, end_ms, WINDOW_MS):
        to_ms = min(end_ms, from_ms + WINDOW_MS)
        said = [_said(story, player, from_ms, to_ms) for player in players] or [np.zeros(0, SAID)]
        messages = [m for player in players for m in _static(player, from_ms, to_ms)]
        base = story.said(from_ms, to_ms)
        yield from on_the_air(np.concatenate([*said, base]), messages, story.receivers)


def _said(story: StoryScript, player: Player, from_ms: int, to_ms: int) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    times_ms = _due(player, from_ms, to_ms, player.interval_s)
    kind = CLASS_B if player.ship.class_b else CLASS_A
    return positions(player.track, times_ms, player.ship.mmsi, story.draw, kind=kind, status=player.status)


def _static(player: Player, from_ms: int, to_ms: int) -> Iterable[OtherMessage]:
    says, mmsi = player.ship.says, player.ship.mmsi
    for time_ms in _due(player, from_ms, to_ms, WINDOW_MS / SECOND_MS).tolist():
        lat = float(np.interp(time_ms, player.track.times_ms, player.track.lat_deg))
        lon = float(np.interp(time_ms, player.track.times_ms, player.track.lon_deg))
        if player.ship.class_b:
            yield OtherMessage(time_ms, lat, lon, encoder.static_b_name(mmsi, says))
            yield OtherMessage(time_ms, lat, lon, encoder.static_b_hull(mmsi, says))
        else:
            yield OtherMessage(time_ms, lat, lon, encoder.static(mmsi, says))


def _due(player: Player, from_ms: int, to_ms: int, interval_s: float) -> Times:
    """Its regular times in [from, to), for any window."""
    first_s = (START_MS + player.phase_ms - from_ms) / SECOND_MS % interval_s
    return every(from_ms, min(to_ms, player.until_ms), interval_s, first_s)


def _damaged(lines: Iterator[bytes], seed: int) -> Iterator[bytes]:
    """One line in a hundred is cut short, has a wrong byte, or lacks its beginning."""
    draw = np.random.default_rng([seed, 1])
    gap = int(draw.geometric(DAMAGED_SHARE))
    for line in lines:
        gap -= 1
        yield _broken(line, draw) if not gap else line
        if not gap:
            gap = int(draw.geometric(DAMAGED_SHARE))


def _broken(line: bytes, draw: np.random.Generator) -> bytes:
    sentence_at = line.index(b"!")
    where = int(draw.integers(sentence_at + 1, len(line) - 3))
    kind = int(draw.integers(3))
    if kind == 0:
        return line[:where]
    if kind == 1:
        return line[:where] + bytes([line[where] ^ 1 << int(draw.integers(3))]) + line[where + 1 :]
    return line[where:]
