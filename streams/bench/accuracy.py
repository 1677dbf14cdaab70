"""``wakewatch bench accuracy``: how many gaps are true, how many are found and how soon, compared with simple rules.

Protocol. The priors (detectors/core/coverage/priors.py) and every setting were chosen on the first two days of the
Santa Barbara recording (also played backwards, each direction warming up the other) and on the worlds of TUNING. Scored
are days 3 and 4 of the recording (days 1 and 2 warm it up) and the worlds of REPORTED, which have other shapes and
seeds. In every scenario ships go dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import product, repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer

from streams.bench.calibration import calibrated
from streams.bench.copies import FEEDS, copied
from streams.bench.faults import DEAD_STATION, FAULTS, played
from streams.bench.frame import Figure, Measured, Row
from streams.bench.page import put, rates_table, table
from streams.bench.plot import draw
from streams.bench.rates import SHOWN, Rates, rates_of
from streams.bench.recorded import both_ways, read_table
from streams.bench.scoring import Score, joined, score
from streams.bench.silences import listen, rules
from streams.errors import ConfigError
from streams.scenario.worlds import Station, World, WorldShape, generate

RECORDING: Final = Path("../shared/data/tracks/sbarc-2018-06-01_04.csv.gz")
TUNING: Final = (
    (WorldShape("tune-one", (Station(0, 0, 50),), 120, 60), 0),
    (
        WorldShape(
            "tune-three",
            (Station(0, 0, 45), Station(40, 30, 40), Station(-60, 20, 35)),
            200,
            80,
            ports=((5, 0), (42, 28), (-55, 18)),
        ),
        1,
    ),
    (WorldShape("tune-small", (Station(0, 0, 40),), 30, 10, passing=0.4), 2),
    (WorldShape("tune-sat", (Station(0, 0, 40), Station(0, 0, 999, pass_slots=3, every_slots=20)), 120, 40), 3),
    (WorldShape("tune-duct", (Station(0, 0, 45, ducting=0.35),), 150, 60, heard_share=0.15), 4),
    (
        WorldShape(
            "tune-thin",
            (Station(5, 0, 46, 0.3), Station(-30, 30, 40, 0.25)),
            150,
            40,
            heard_share=0.1,
            lat_deg=30,
            ports=((7, 3), (-28, 27), (20, -15)),
        ),
        201,
    ),
    (
        WorldShape(
            "tune-four",
            (Station(15, -15, 40, 0.15), Station(-20, 20, 36, 0.15), Station(40, 25, 34), Station(-45, -25, 38)),
            170,
            50,
            half_nm=125,
            ports=((14, -12), (-18, 22), (38, 22)),
            lat_deg=33,
        ),
        202,
    ),
    (
        WorldShape(
            "tune-bay", (Station(0, 4, 52, 0.25),), 100, 60, ports=((3, 2), (-12, -20)), passing=0.45, lat_deg=52
        ),
        203,
    ),
    (WorldShape("tune-few", (Station(0, 0, 44),), 35, 8, passing=0.5, half_nm=130, lat_deg=62), 204),
    (WorldShape("tune-middling", (Station(0, 0, 48, 0.2),), 120, 40, heard_share=0.18, lat_deg=40), 205),
    (
        WorldShape(
            "x-norway",
            (Station(0, 0, 40, 0.2), Station(60, 10, 38, 0.2), Station(-55, 15, 42, 0.2), Station(10, -50, 36, 0.2)),
            260,
            60,
            half_nm=140,
            ports=((2, 4), (58, 14), (-50, 18), (8, -46)),
            lat_deg=66,
            passing=0.3,
        ),
        900,
    ),
    (WorldShape("x-lone", (Station(0, 0, 42, 0.3),), 30, 4, passing=0.6, lat_deg=10), 901),
    (
        WorldShape(
            "x-busy",
            (Station(3, 2, 55, 0.2),),
            320,
            80,
            ports=((3, 3), (-10, 8)),
            passing=0.4,
            lat_deg=51,
            heard_share=0.25,
        ),
        902,
    ),
    (
        WorldShape(
            "x-two",
            (Station(0, -30, 42, 0.2), Station(5, 35, 42, 0.2)),
            140,
            40,
            ports=((0, -28), (6, 30)),
            lat_deg=-30,
        ),
        903,
    ),
)
"""Worlds and seeds on which settings were chosen."""
REPORTED: Final = (
    (
        WorldShape(
            "sound",
            (Station(12, -25, 37, 0.12), Station(-18, 22, 44, 0.2), Station(48, 14, 31), Station(-52, -28, 35)),
            180,
            50,
            half_nm=120,
            ports=((14, -22), (-16, 20), (46, 15)),
            lat_deg=36,
        ),
        1101,
    ),
    (
        WorldShape("bight", (Station(2, -3, 54, 0.25),), 95, 70, ports=((1, -4), (21, 11)), passing=0.45, lat_deg=53),
        1102,
    ),
    (WorldShape("north", (Station(0, 0, 47),), 32, 6, passing=0.5, half_nm=130, lat_deg=61), 1103),
    (
        WorldShape(
            "haze",
            (Station(-6, 4, 51, 0.3), Station(36, -33, 43, 0.3)),
            130,
            40,
            heard_share=0.1,
            lat_deg=27,
            ports=((-4, 6), (18, 14), (34, -30)),
        ),
        1104,
    ),
    (
        WorldShape("gulf", (Station(0, 6, 50, 0.2),), 130, 30, heard_share=0.2, ports=((1, 8), (-22, -14)), lat_deg=25),
        1105,
    ),
)
"""Worlds and seeds that were not used for tuning."""


def run(  # noqa: PLR0917 - a command's options are its parameters
    data: Annotated[
        list[Path] | None,
        typer.Option(help="Position tables to score too (the first half of each is used to learn).", metavar="FILE"),
    ] = None,
    scenario: Annotated[list[str] | None, typer.Option(help="Only these scenarios.", metavar="NAME")] = None,
    seeds: Annotated[int, typer.Option(help="Number of random draws of switch-offs and faults.", min=1)] = 3,
    tuning: Annotated[bool, typer.Option(help="Score the data on which the settings were chosen instead.")] = False,
    jobs: Annotated[int, typer.Option(help="Number of scenarios in parallel, one process each.", min=1)] = 1,
    calibration: Annotated[bool, typer.Option(help="Also print the calibration table (takes minutes).")] = False,
    plot: Annotated[Path | None, typer.Option(help="Write the figure as SVG.", metavar="FILE.svg")] = None,
    page: Annotated[
        Path | None,
        typer.Option(help="Write the table into this page, in place of the previous one.", metavar="FILE.md"),
    ] = None,
) -> Measured:
    """Score the gap detector on data that was not used for tuning, and compare it with fixed hours and the GFW rule.

    Example: wakewatch bench accuracy --scenario untouched --scenario "one station dead 4 h"
    """
    wanted = scenario or list(FAULTS)
    if unknown := [name for name in wanted if name not in FAULTS]:
        raise ConfigError(f"--scenario {unknown[0]}: there are {', '.join(FAULTS)}")
    scores: dict[tuple[str, str], Score] = {}
    rates: list[Rates] = []
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        parts = pool.map(_scored, wanted, repeat(tuple(data or ())), repeat(tuning), repeat(seeds))
        for name, (by_rule, learned) in zip(wanted, parts, strict=True):
            scores |= {(name, rule): joined(parts) for rule, parts in by_rule.items()}
            rates += learned if name in SHOWN else []
    if plot is not None:
        plot.write_text(draw(scores), encoding="utf-8")
    if page is not None:
        put(page, table(scores))
        put(page, rates_table(rates))
    rows = tuple(Row(f"{name} | {rule}", _figures(one)) for (name, rule), one in scores.items())
    rows += tuple(one.row() for one in rates)
    if calibration:
        rows += calibrated(1)
    names = [*map(str, _recordings(data or [])), *(shape.name for shape, _ in (TUNING if tuning else REPORTED))]
    return Measured(", ".join(names), rows, notes=_NOTES)


_NOTES: Final = (
    "class A under way; precision, recall (switch-offs of 2 h and more) and delay in well-heard water",
    "all water: false gaps anywhere, mostly ships that sailed out of range; rest, B: those of ships at rest, class B",
    "ranges: 90 %, vessels drawn with replacement",
    "ships a day: generated worlds alone, copies side by side as one feed, one draw",
)


def _recordings(data: Sequence[Path]) -> list[Path]:
    return [RECORDING, *data] if RECORDING.exists() else [*data]


@cache
def _worlds(data: tuple[Path, ...], tuning: bool) -> list[World]:
    """The worlds; a process that plays several scenarios makes them once, and no one changes them."""
    tables = [read_table(path) for path in _recordings(data)]
    if tuning:
        return [both for t in tables for both in both_ways(t)] + [generate(shape, seed) for shape, seed in TUNING]
    return tables + [generate(shape, seed) for shape, seed in REPORTED]


def _shown(worlds: list[World], scenario: str) -> list[World]:
    """The worlds that suit the scenario; for a feed of a given size, copies of them as one."""
    if scenario in FEEDS:
        return [copied([world for world in worlds if world.steps is None], FEEDS[scenario])]
    return [world for world in worlds if scenario != DEAD_STATION or len(world.received) > 1]


def _scored(name: str, data: tuple[Path, ...], tuning: bool, seeds: int) -> tuple[dict[str, list[Score]], list[Rates]]:
    """One scenario, in its own process."""
    return _scenario(_shown(_worlds(data, tuning), name), name, 1 if name in FEEDS else seeds)


def _scenario(worlds: list[World], name: str, seeds: int) -> tuple[dict[str, list[Score]], list[Rates]]:
    """Scores by rule, one per world and draw; and the reporting rates learned in the first draw of each world."""
    scores: dict[str, list[Score]] = {}
    rates: list[Rates] = []
    for world, seed in product(worlds, range(1, seeds + 1)):
        there, received, dark = played(world, name, seed)
        told, coverage = listen(there, received, rules)
        heard = np.asarray((received > 0).any(axis=0))
        for rule, said in told.items():
            scores.setdefault(rule, []).append(score(there, heard, said, dark))
        if seed == 1:
            rates.append(rates_of(coverage, name, world.name))
    return scores, rates


def _figures(one: Score) -> tuple[Figure, ...]:
    (r_low, r_high), (p_low, p_high) = one.interval("recall"), one.interval("precision")
    named = {
        "positives": one.positives.sum(),
        "recall": one.recall,
        "from": r_low,
        "to": r_high,
        "precision": one.precision,
        "p from": p_low,
        "p to": p_high,
        "F0.5": one.f_half,
        "false per 1000 vessel-days": one.false_rate,
        "all water": one.false_all.sum(),
        "per 100 exits": one.exit_rate,
        "rest": one.false_rest,
        "B": one.false_b,
        "latest h": one.latest_h,
    }
    if len(one.delays_h):
        named |= {"delay p50 h": np.median(one.delays_h), "p90 h": np.quantile(one.delays_h, 0.9)}
    return tuple(Figure(name, float(value)) for name, value in named.items())
