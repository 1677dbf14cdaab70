"""``wakewatch bench delivery``: gaps behind feeds that deliver late, out of order, twice, or with a wrong clock.

The worlds of ``bench accuracy`` are played as NMEA sentences of live sources through ingest, decoding and all
detectors, with a simulated wall clock: each sentence has the time at which it was transmitted and the time at which it
arrives. What is received is the same in every row; only the delivery differs. A ship transmits at most twice in five
minutes, and every station that hears it in those passes both on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise, repeat
from multiprocessing import get_context
from typing import Annotated, Final, NamedTuple

import numpy as np
import typer

from detectors.core.alert import Alert
from detectors.core.engine.engine import Engine
from detectors.core.reference import Reference
from detectors.core.units import MS, unix_ms
from streams.bench.accuracy import REPORTED, TUNING
from streams.bench.faults import HOUR, DarkPeriod, Played, played
from streams.bench.frame import Figure, Measured, Row
from streams.bench.receptions import DELIVERIES, Receptions, Transmissions
from streams.bench.scoring import SCORED_HOURS, SLACK_SLOTS
from streams.bench.through_engine import FIRST_MMSI, START_MS, minutes
from streams.decode import decode
from streams.errors import ConfigError
from streams.ingest.core import Ingest, SourceKind
from streams.messages.log_records import Record, Sentences, TickRecord
from streams.nmea.encoder import EncodedFix, position, position_b, sentences, tagged
from streams.pipeline.engines import engine_for
from streams.scenario.worlds import SLOT_S, Counts, World, WorldShape, generate
from streams.settings.model import Settings

_TRANSMISSIONS_MOST: Final = 2
_WALL_STEP_MS: Final = 30 * MS
_DRAWS: Final = 4
"""Draws of switch-offs that are played at once; of each ship the first."""
_UNDER_WAY_KN: Final = 0.5
_CLASS_B: Final = 18


class Outcome(NamedTuple):
    """What was found in one row."""

    positives: int
    found: int
    false: int
    """Gaps of class A under way in well-heard water that no switch-off explains."""
    outages: int
    clocks: int
    """Alerts about the clock of a station."""
    delays_h: list[float]


def run(
    delivery: Annotated[list[str] | None, typer.Option(help="Only these rows.", metavar="NAME")] = None,
    tuning: Annotated[bool, typer.Option(help="Play the worlds on which settings were chosen instead.")] = False,
    worlds: Annotated[int, typer.Option(help="Number of worlds, those with several stations first.", min=1)] = 2,
    jobs: Annotated[int, typer.Option(help="Number of rows in parallel, one process each.", min=1)] = 1,
) -> Measured:
    """Score gaps in feeds that deliver late, out of order, twice, or with wrong times.

    Example: wakewatch bench delivery --delivery "shuffled by 10 min"
    """
    wanted = delivery or list(DELIVERIES)
    if unknown := [name for name in wanted if name not in DELIVERIES]:
        raise ConfigError(f"--delivery {unknown[0]}: there are {', '.join(DELIVERIES)}")
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        outcomes = list(pool.map(_outcome, wanted, repeat(tuning), repeat(worlds)))
    rows = tuple(Row(name, _figures(one)) for name, one in zip(wanted, outcomes, strict=True))
    return Measured(", ".join(shape.name for shape, _ in _shapes(tuning, worlds)), rows, notes=_NOTES)


_NOTES: Final = (
    "recall: switch-offs of 2 h and more of class A under way in well-heard water, found for a time while they lasted",
    "delay: from the switch-off to the alert, by the wall clock",
    "outages, clocks: alerts about the source or a station's clock",
)


def _shapes(tuning: bool, worlds: int) -> list[tuple[WorldShape, int]]:
    return sorted(TUNING if tuning else REPORTED, key=lambda one: -len(one[0].stations))[:worlds]


def _figures(one: Outcome) -> tuple[Figure, ...]:
    said = one.found + one.false
    named = {
        "positives": one.positives,
        "recall": one.found / max(1, one.positives),
        "precision": one.found / said if said else 1.0,
        "outages": one.outages,
        "clocks": one.clocks,
        "delay p50 h": np.median(one.delays_h) if one.delays_h else 0.0,
    }
    return tuple(Figure(name, float(value)) for name, value in named.items())


def _outcome(name: str, tuning: bool, worlds: int) -> Outcome:
    parts = []
    for shape, seed in _shapes(tuning, worlds):
        world, received, dark = _played(generate(shape, seed))
        sent = _transmissions(world, np.minimum(received, _TRANSMISSIONS_MOST))
        said = list(_said(sent, DELIVERIES[name](sent, np.random.default_rng(3))))
        parts.append(_scored(world, dark, said))
    return Outcome(
        sum(one.positives for one in parts),
        sum(one.found for one in parts),
        sum(one.false for one in parts),
        sum(one.outages for one in parts),
        sum(one.clocks for one in parts),
        [delay_h for one in parts for delay_h in one.delays_h],
    )


def _played(world: World) -> Played:
    """The world with several draws of switch-offs at once."""
    draws = [played(world, "untouched", draw) for draw in range(1, _DRAWS + 1)]
    by_ship: dict[int, DarkPeriod] = {}
    for period in (period for one in draws for period in one.dark):
        by_ship.setdefault(period.ship, period)
    received = draws[0].world.received.copy()
    for ship, first, last in by_ship.values():
        received[:, first:last, ship] = 0
    return Played(draws[0].world, received, list(by_ship.values()))


def _transmissions(world: World, received: Counts) -> Transmissions:
    """``received``: (stations, slots, ships)."""
    most = received.max(axis=0, keepdims=True)
    reports = np.concatenate(list(minutes(world, most)))
    slots = (reports["time_ms"] - START_MS) // (SLOT_S * MS)
    ships = reports["mmsi"].astype(np.int64) - FIRST_MMSI
    return Transmissions(reports["time_ms"], [_sentence(row) for row in reports], received[:, slots, ships] > 0)


def _sentence(report: np.void) -> bytes:
    lat_deg, lon_deg, sog_kn, cog_deg = (float(report[name]) for name in ("lat_deg", "lon_deg", "sog_kn", "cog_deg"))
    fix = EncodedFix(
        lat_deg=lat_deg,
        lon_deg=lon_deg,
        sog_kn=None if np.isnan(sog_kn) else sog_kn,
        cog_deg=None if np.isnan(cog_deg) else cog_deg % 360,
        second=int(report["time_ms"]) // MS % 60,
    )
    mmsi = int(report["mmsi"])
    (line,) = sentences(position_b(mmsi, fix) if report["type"] == _CLASS_B else position(mmsi, fix))
    return line


class Said(NamedTuple):
    """A revision of an alert, and the wall clock when it was written."""

    wall_ms: int
    alert: Alert


def _said(sent: Transmissions, receptions: Sequence[Receptions]) -> Iterator[Said]:
    """Plays the receptions in the order in which they arrive."""
    settings = Settings()
    engine = engine_for(settings, Reference(), 0)
    live = {r.source: Ingest(r.source, 1, settings.ingest, settings.feed, SourceKind(live=True)) for r in receptions}
    chunks = {r.source: _chunks(sent, r) for r in receptions}
    begin_ms = {source: min(steps) for source, steps in chunks.items()}
    for wall_ms in range(START_MS, int(sent.time_ms[-1]), _WALL_STEP_MS):
        for source, ingest in live.items():
            if wall_ms < begin_ms[source]:
                continue
            chunk = chunks[source].get(wall_ms, b"")
            for record in ingest.feed(chunk, wall_ms) + ingest.clock(wall_ms):
                yield from (Said(wall_ms, alert) for alert in _alerts(engine, record))
            ingest.refused.clear()


def _alerts(engine: Engine, record: Record) -> list[Alert]:
    if isinstance(record, TickRecord):
        emitted = engine.tick(record.tick, record.ordinal)
    elif isinstance(record, Sentences):
        emitted = engine.apply(decode(record.value, record.source, record.ordinals).batch)
    else:
        return []
    engine.drain_bindings()
    return [each.alert for each in emitted]


def _chunks(sent: Transmissions, one: Receptions) -> dict[int, bytes]:
    """The bytes that arrive by each step of the wall clock."""
    order = np.argsort(one.arrival_ms, kind="stable")
    steps = -(-one.arrival_ms[order] // _WALL_STEP_MS) * _WALL_STEP_MS
    edges = np.append(np.flatnonzero(np.diff(steps, prepend=-1)), len(steps)).tolist()
    made = {}
    for begin, end in pairwise(edges):
        rows = order[begin:end].tolist()
        lines = [
            tagged([sent.sentence[one.transmission[row]]], int(one.stamp_ms[row]), f"{one.source}-{one.station[row]}")
            for row in rows
        ]
        made[int(steps[begin])] = b"\n".join(line for (line,) in lines) + b"\n"
    return made


def _scored(world: World, dark: Sequence[DarkPeriod], said: Sequence[Said]) -> Outcome:
    opened = [each for each in said if each.alert.status == "opened"]
    scored = [d for d in dark if d.last - d.first >= SCORED_HOURS * HOUR]
    found: dict[DarkPeriod, float] = {}
    false = 0
    for each in opened:
        if each.alert.detector != "gap" or each.alert.mmsi is None:
            continue
        ship, slot = each.alert.mmsi - FIRST_MMSI, _slot(unix_ms(each.alert.time))
        last = _slot(unix_ms(str(each.alert.details["last_heard"])))
        mine = [d for d in dark if d.ship == ship and last < d.last and slot >= d.first]
        for d in mine:
            if last >= d.first - SLACK_SLOTS and slot < d.last:
                found.setdefault(d, (_slot(each.wall_ms) - d.first + 1) / HOUR)
        under_way = not world.class_b[ship] and world.sog_kn[last, ship] >= _UNDER_WAY_KN and world.well[last, ship]
        false += not mine and slot >= world.warm_slots and bool(under_way)
    hits = [found[d] for d in scored if d in found]
    kinds = [each.alert.detector for each in opened]
    return Outcome(len(scored), len(hits), false, kinds.count("feed_outage"), kinds.count("station_clock"), hits)


def _slot(time_ms: int) -> int:
    return (time_ms - START_MS) // (SLOT_S * MS)
