"""``wakewatch bench interference``: alerts about ships whose positions are displaced, and pages that this hides.

The worlds and lists of ``bench load`` are played twice: undisturbed, and with a third of the ships displaced for two
hours, listed and dark ones among them. In the middle of where they appear there is a sanctioned port. Alerts above
``log`` that the undisturbed run does not have are false; what both have, such as a page about a ship that goes dark
elsewhere, must remain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from typing import Annotated, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import typer

from detectors.core.alert import Alert
from detectors.core.reference import Zone
from detectors.core.units import HOUR_MS, MINUTE_MS, unix_ms
from streams.bench.accuracy import REPORTED, TUNING
from streams.bench.faults import HOUR
from streams.bench.frame import Figure, Measured, Row
from streams.bench.load import Scene, found, highest, ports_of, scene
from streams.bench.through_engine import Rows, number_of, say, time_of
from streams.errors import ConfigError
from streams.scenario.worlds import NM_A_DEG, WorldShape, generate

SHARE: Final = 1 / 3
LASTS_H: Final = 2
_BEGINS_H: Final = 12
"""After the warm-up."""
_AFTER_H: Final = 3
"""So long after the end an alert about a victim counts as caused by the interference."""
_AWAY_NM: Final = 30.0
_CIRCLE_NM: Final = 1.5
_CIRCLE_S: Final = 600.0
_AT_A_TIME_MS: Final = 5 * MINUTE_MS
_LISTED: Final = 50

Floats = npt.NDArray[np.float64]
Places = tuple[Floats, Floats]
Displacing = Callable[[Floats, Floats, npt.NDArray[np.int64], npt.NDArray[np.int64]], Places]
"""North and east of the false port (nm) from north and east of it, the time (Unix ms) and a number of each ship."""


def _one_point(north: Floats, east: Floats, time_ms: npt.NDArray[np.int64], ship: npt.NDArray[np.int64]) -> Places:
    """All at one place."""
    return np.zeros_like(north), np.zeros_like(east)


def _circle(north: Floats, east: Floats, time_ms: npt.NDArray[np.int64], ship: npt.NDArray[np.int64]) -> Places:
    """All on one circle, at 56 kn."""
    angle = 2 * np.pi * (time_ms / 1000 % _CIRCLE_S / _CIRCLE_S)
    return _CIRCLE_NM * np.cos(angle), _CIRCLE_NM * np.sin(angle)


def _shifted(north: Floats, east: Floats, time_ms: npt.NDArray[np.int64], ship: npt.NDArray[np.int64]) -> Places:
    """Each by the same way, so that they keep their distances."""
    return north + _AWAY_NM, east - _AWAY_NM


def _by_turns(north: Floats, east: Floats, time_ms: npt.NDArray[np.int64], ship: npt.NDArray[np.int64]) -> Places:
    """At the false port in every other five minutes, each ship at times of its own."""
    away = (time_ms // _AT_A_TIME_MS + ship) % 2 == 0
    return np.where(away, 0.0, north), np.where(away, 0.0, east)


def _wild(north: Floats, east: Floats, time_ms: npt.NDArray[np.int64], ship: npt.NDArray[np.int64]) -> Places:
    """Each report at another place."""
    angle = (time_ms * 2654435761 + ship * 40503) % 6283 / 1000
    return _AWAY_NM * np.cos(angle), _AWAY_NM * np.sin(angle)


KINDS: Final[dict[str, Displacing]] = {
    "to one point": _one_point,
    "to a circle": _circle,
    "all by the same way": _shifted,
    "by turns": _by_turns,
    "to another place each time": _wild,
}


class _Disturbed(NamedTuple):
    """What came of one scene."""

    victims: int
    false: Counter[str]
    """Alerts above ``log`` about victims, by detector, that the undisturbed scene does not have."""
    found: int
    """Ships dark for 2 h and more that are paged about meanwhile, or when they are heard again."""
    dark: int


def run(
    kind: Annotated[list[str] | None, typer.Option(help="Only these rows.", metavar="NAME")] = None,
    seeds: Annotated[int, typer.Option(help="Number of lists for each world.", min=1, max=100)] = 2,
    tuning: Annotated[bool, typer.Option(help="Play the worlds on which settings were chosen instead.")] = False,
) -> Measured:
    """Count false alerts about ships whose positions are displaced, and pages that are lost by it.

    Example: wakewatch bench interference --kind "to one point"
    """
    wanted = kind or list(KINDS)
    if unknown := [name for name in wanted if name not in KINDS]:
        raise ConfigError(f"--kind {unknown[0]}: there are {', '.join(KINDS)}")
    shapes = TUNING[:4] if tuning else REPORTED
    scenes = [(shape, _scene(shape, world, seed)) for (shape, world), seed in product(shapes, range(1, seeds + 1))]
    calm = [say(one.world, one.received, one.reference, {}, {}) for _, one in scenes]
    rows = [
        _row(
            "undisturbed", [_judged(one, alerts, alerts, set()) for (_, one), alerts in zip(scenes, calm, strict=True)]
        )
    ]
    for name in wanted:
        told = [_disturbed(shape, one, before, KINDS[name]) for (shape, one), before in zip(scenes, calm, strict=True)]
        rows.append(_row(name, told))
    return Measured(", ".join(shape.name for shape, _ in shapes), tuple(rows), notes=_NOTES)


_NOTES: Final = (
    f"a third of the ships displaced for {LASTS_H} h; victims: of these, heard in that time",
    f"false: alerts above log about victims until {_AFTER_H} h later, which the undisturbed run does not have",
    "found: of the ships dark for 2 h and more, those paged about meanwhile or when heard again",
)


def _port(shape: WorldShape) -> tuple[float, float]:
    """Where the false positions are: latitude, longitude."""
    east_nm = NM_A_DEG * float(np.cos(np.radians(shape.lat_deg)))
    return shape.lat_deg + _AWAY_NM / NM_A_DEG, -_AWAY_NM / east_nm


def _scene(shape: WorldShape, number: int, seed: int) -> Scene:
    lat_deg, lon_deg = _port(shape)
    port = Zone(name=f"{shape.name} closed", kind="sanctioned", lat_deg=lat_deg, lon_deg=lon_deg)
    return scene(generate(shape, number), (*ports_of(shape), port), _LISTED, seed)


def _disturbed(shape: WorldShape, one: Scene, calm: Sequence[Alert], kind: Displacing) -> _Disturbed:
    slot = one.world.warm_slots + _BEGINS_H * HOUR
    from_ms, to_ms = time_of(slot), time_of(slot + LASTS_H * HOUR)
    ships = one.world.lat_deg.shape[1]
    numbers = np.array([number_of(one.world, ship) for ship in range(ships)])
    drawn = np.random.default_rng([7, *shape.name.encode()]).permutation(ships)[: int(SHARE * ships)]
    victims = numbers[np.setdiff1d(drawn, np.flatnonzero(one.world.base))]
    lat_deg, lon_deg = _port(shape)
    east_nm = NM_A_DEG * float(np.cos(np.radians(lat_deg)))
    heard = set[int]()

    def displaced(reports: Rows) -> Rows:
        at = np.flatnonzero((reports["time_ms"] >= from_ms) & (reports["time_ms"] < to_ms))
        at = at[np.isin(reports["mmsi"][at], victims)]
        if not len(at):
            return reports
        reports = reports.copy()
        heard.update(reports["mmsi"][at].tolist())
        north = (reports["lat_deg"][at] - lat_deg) * NM_A_DEG
        east = (reports["lon_deg"][at] - lon_deg) * east_nm
        north, east = kind(north, east, reports["time_ms"][at], reports["mmsi"][at].astype(np.int64))
        reports["lat_deg"][at], reports["lon_deg"][at] = lat_deg + north / NM_A_DEG, lon_deg + east / east_nm
        return reports

    alerts = say(one.world, one.received, one.reference, {}, {}, change=displaced)
    until_ms = to_ms + _AFTER_H * HOUR_MS
    return _judged(
        one,
        [a for a in calm if unix_ms(a.time) < until_ms],
        [a for a in alerts if unix_ms(a.time) < until_ms],
        heard,
        alerts,
    )


def _judged(
    one: Scene, calm: Sequence[Alert], alerts: Sequence[Alert], victims: set[int], whole: Sequence[Alert] | None = None
) -> _Disturbed:
    begins_ms = time_of(one.world.warm_slots + _BEGINS_H * HOUR)
    before = {(a.mmsi, a.detector) for a in _raised(calm, begins_ms)}
    after = {(a.mmsi, a.detector) for a in _raised(alerts, begins_ms)}
    false = Counter(detector for mmsi, detector in after - before if mmsi in victims)
    delays, at_return = found(one, [a for a in (alerts if whole is None else whole) if a.severity == "page"])
    return _Disturbed(len(victims), false, len(delays) + at_return, len(one.dark))


def _raised(alerts: Iterable[Alert], from_ms: int) -> list[Alert]:
    return [a for a in highest(alerts, from_ms) if a.status in {"opened", "updated"}]


def _row(name: str, told: Sequence[_Disturbed]) -> Row:
    false = sum((one.false for one in told), Counter[str]())
    figures = {
        "victims": sum(one.victims for one in told),
        "false": false.total(),
        **{detector: false[detector] for detector in ("gap", "port_proximity", "port_call", "long_stay")},
        "others": false.total() - sum(false[d] for d in ("gap", "port_proximity", "port_call", "long_stay")),
        "dark": sum(one.dark for one in told),
        "found": sum(one.found for one in told) / max(1, sum(one.dark for one in told)),
    }
    return Row(name, tuple(Figure(key, float(value)) for key, value in figures.items()))
