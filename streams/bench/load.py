"""``wakewatch bench load``: how many alerts a list causes for a watch, and how many dark ships it finds.

Protocol. Ships of a recording and of generated worlds are put on a list by seed. Most of them are honest: by assumption
no ship switches off in a recording, and by construction none does in a world. Some go dark (streams/bench/faults.py) in
the same runs. All data is processed by the engine with every detector. Settings were chosen on ``--tuning`` data;
without it days 3 and 4 of the recording and the worlds of REPORTED are scored, and the earlier half warms up.

An alert counts once, by the highest severity that it reached after the warm-up. A listed ship-day is a ship on the list
for a day, heard or not: ships are drawn from all that are heard in the whole of a recording. A ship counts as found if
there is a page about it while it is dark, or at its return.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Annotated, Final, NamedTuple

import numpy as np
import typer

from detectors.core.alert import Alert, Severity
from detectors.core.reference import ListedShip, Reference, Zone
from detectors.core.units import DAY_MS, MINUTE_MS, unix_ms
from streams.bench.accuracy import RECORDING, REPORTED, TUNING
from streams.bench.faults import DarkPeriod, positives
from streams.bench.frame import Figure, Measured, Row
from streams.bench.recorded import both_ways, read_table
from streams.bench.through_engine import number_of, say, time_of
from streams.reference.loading import load_reference
from streams.scenario.worlds import NM_A_DEG, SLOTS_A_DAY, Counts, World, WorldShape, generate
from streams.settings import loading

PER_SHIP_DAYS: Final = 50.0
"""Goals: at most 5 pages and 15 tickets in this many ship-days."""
DURATIONS_H: Final = (2, 4, 8, 24)
_RANK: Final = ("log", "ticket", "page")


class Rule(NamedTuple):
    """Settings that disable one rule."""

    thresholds: Mapping[str, Mapping[str, object]] = {}
    severities: Mapping[str, Severity] = {}


DEFAULTS: Final = "defaults"
RULES: Final[dict[str, Rule]] = {
    "a page needs a chance of .1": Rule({"gap": {"alpha_listed": 0.5}}),
    "a page needs others heard around": Rule({"gap": {"peers_least": 0}}),
    "a page needs others heard ahead": Rule({"gap": {"heard_ahead_least_h": 0.0}}),
    "at rest is a ticket": Rule(severities={"gap.listed_at_rest": "page"}),
    "a return pages only after a dark silence": Rule(severities={"watchlist.back_in_range": "page"}),
    "an ordinary port is a ticket": Rule(severities={"port_proximity.listed_in_port": "page"}),
    "the way to one is for the record": Rule(severities={"port_proximity.listed_near_port": "ticket"}),
    "a call in one is for the record": Rule(severities={"port_call.in_zone": "ticket"}),
    "a blip needs a silence that could be judged": Rule(severities={"blip.listed_possible": "ticket"}),
}
"""The silencing rules; disabling one alone shows how many alerts it avoids."""


class Scene(NamedTuple):
    """One world with a list: which ships are on it, and which of them go dark."""

    world: World
    received: Counts
    reference: Reference
    honest: frozenset[int]
    """MMSIs."""
    dark: tuple[DarkPeriod, ...]


class LoadResult(NamedTuple):
    """The alerts in scenes played under one rule."""

    notices: Counter[tuple[str, str]]
    """By severity and reason, of honest ships."""
    ship_days: float
    """Listed honest ships, times days."""
    heard_days: int
    """Of these, calendar days on which the ship was heard."""
    told_days: int
    """Of these, days with a page or ticket about the ship: what an officer who works by ship checks."""
    delays_min: tuple[float, ...]
    """From the last report to the page, for ships with a page while dark."""
    at_return: int
    """Of the others, those with a page when they were heard again."""
    dark: int

    def per_50(self, severity: str, reason: str | None = None) -> float:
        """Alerts of honest ships in 50 listed ship-days."""
        count = sum(n for (s, r), n in self.notices.items() if s == severity and reason in {None, r})
        return PER_SHIP_DAYS * count / max(1, self.ship_days)


def run(
    ships: Annotated[
        int, typer.Option(help="Number of honest vessels on the list of each world.", min=1, max=2000)
    ] = 50,
    seeds: Annotated[int, typer.Option(help="Number of lists for each world.", min=1, max=100)] = 3,
    world: Annotated[list[str] | None, typer.Option(help="Only worlds with this text in their name.")] = None,
    rules: Annotated[
        bool, typer.Option(help="Also measure the effect of each suppression rule (takes ten times as long).")
    ] = False,
    tuning: Annotated[bool, typer.Option(help="Score the data on which the settings were chosen instead.")] = False,
) -> Measured:
    """Count pages and tickets about honest listed vessels, and measure how many that go dark are found.

    Example: wakewatch bench load --rules --json > load.json
    """
    settings = loading.load(None, {})
    zones = load_reference(settings.reference).zones
    wanted = [each for each in all_worlds(tuning=tuning) if not world or any(part in each[0].name for part in world)]
    scenes = [scene(w, (*zones, *ports), ships, seed) for (w, ports), seed in product(wanted, range(1, seeds + 1))]
    told = {each: heard(each_scene, Rule()) for each, each_scene in enumerate(scenes)}
    rows = [_row(f"{DEFAULTS}, all", joined(told.values()))]
    rows += [
        _row(f"{DEFAULTS}, {w.name}", joined(t for n, t in told.items() if scenes[n].world.name == w.name))
        for w, _ in wanted
    ]
    rows += _reasons(joined(told.values()))
    if rules:
        rows += [_row(f"without: {name}", joined(heard(one, rule) for one in scenes)) for name, rule in RULES.items()]
    return Measured(", ".join(w.name for w, _ in wanted), tuple(rows), notes=_NOTES)


_NOTES: Final = (
    "pages, tickets: alerts of honest listed ships per 50 listed ship-days; days: such ship-days; heard: of these",
    "ship-days told of: of 50, those on which any page or ticket about that ship came",
    "recall: of ships dark for 2 h and more, those paged about meanwhile; and return: or when heard again",
    "without: with that rule alone taken out",
)


def all_worlds(*, tuning: bool) -> list[tuple[World, tuple[Zone, ...]]]:
    """All of them, with the ports of each."""
    tables = [read_table(RECORDING)] if RECORDING.exists() else []
    if tuning:
        tables = [both for one in tables for both in both_ways(one)]
    shapes = TUNING[:4] if tuning else REPORTED
    return [(one, ()) for one in tables] + [(generate(shape, seed), ports_of(shape)) for shape, seed in shapes]


def ports_of(shape: WorldShape) -> tuple[Zone, ...]:
    """The ports of a world as ordinary ports of the routes that a watch checks."""
    east_nm = NM_A_DEG * float(np.cos(np.radians(shape.lat_deg)))
    return tuple(
        Zone(
            name=f"{shape.name} {number}",
            kind="associated",
            lat_deg=shape.lat_deg + north / NM_A_DEG,
            lon_deg=east / east_nm,
        )
        for number, (north, east) in enumerate(shape.ports)
    )


def scene(world: World, zones: tuple[Zone, ...], ships: int, seed: int) -> Scene:
    """The world with a list drawn by ``seed``: ``ships`` honest ones of all that are heard in it, and the dark ones."""
    draw = np.random.default_rng([seed, *world.name.encode()])
    dark = positives(world, draw, DURATIONS_H)
    received = world.received.copy()
    for ship, first, last in dark:
        received[:, first:last, ship] = 0
    fit = np.flatnonzero(world._replace(received=received).heard.any(axis=0) & ~world.class_b & ~world.base)
    fit = np.setdiff1d(fit, [d.ship for d in dark])
    honest = draw.choice(fit, min(ships, len(fit)), replace=False).tolist()
    listed = tuple(
        ListedShip(list="LOAD", entry_id=str(ship), name=f"LISTED {ship}", mmsi=number_of(world, ship))
        for ship in (*honest, *(d.ship for d in dark))
    )
    reference = Reference(ships=listed, zones=zones, version=f"load {seed}")
    return Scene(world, received, reference, frozenset(number_of(world, ship) for ship in honest), tuple(dark))


def heard(one: Scene, rule: Rule) -> LoadResult:
    """Plays a scene with one rule disabled, or none."""
    alerts = say(one.world, one.received, one.reference, rule.thresholds, rule.severities)
    from_ms = time_of(one.world.warm_slots)
    raised = highest((a for a in alerts if a.mmsi in one.honest), from_ms)
    told_days = {(a.mmsi, (unix_ms(a.time) - from_ms) // DAY_MS) for a in raised}
    notices = Counter[tuple[str, str]]((a.severity, reason_of(a)) for a in raised)
    slots = one.world._replace(received=one.received).heard[one.world.warm_slots :]
    days = [np.asarray(slots[at : at + SLOTS_A_DAY].any(axis=0)) for at in range(0, len(slots), SLOTS_A_DAY)]
    mine = [number_of(one.world, ship) in one.honest for ship in range(slots.shape[1])]
    delays, at_return = found(one, [a for a in alerts if a.severity == "page"])
    listed_days = len(one.honest) * len(slots) / SLOTS_A_DAY
    heard_days = int(sum(day[mine].sum() for day in days))
    return LoadResult(notices, listed_days, heard_days, len(told_days), delays, at_return, len(one.dark))


def highest(alerts: Iterable[Alert], from_ms: int) -> list[Alert]:
    """For each alert above ``log`` the revision that first had its highest severity, if that came after ``from_ms``."""
    ranks, raised = dict[str, int](), dict[str, Alert]()
    for alert in alerts:
        rank = _RANK.index(alert.severity)
        if rank <= ranks.get(alert.id, 0):
            continue
        ranks[alert.id] = rank
        if unix_ms(alert.time) >= from_ms:
            raised[alert.id] = alert
        else:
            raised.pop(alert.id, None)
    return list(raised.values())


def reason_of(alert: Alert) -> str:
    """The detector and its reason: the verdict on a silence, or why a ship is near a port."""
    said = [alert.details.get(key) for key in ("reason", "absence", "verdict")]
    if alert.details.get("out_of_range"):
        said = ["out of range"]
    if alert.verification == "unverified":
        said.append("unverified")
    return " ".join([alert.detector, *(str(each).replace("_", " ") for each in said if each)])


def found(one: Scene, pages: Sequence[Alert]) -> tuple[tuple[float, ...], int]:
    """Minutes until the page of each ship with a page while dark, and the number of others with one at return."""
    delays, at_return = list[float](), 0
    for d in one.dark:
        from_ms, to_ms = time_of(d.first), time_of(d.last)
        mine = [unix_ms(a.time) for a in pages if a.mmsi == number_of(one.world, d.ship)]
        while_dark = [at for at in mine if from_ms <= at <= to_ms]
        if while_dark:
            delays.append((min(while_dark) - from_ms) / MINUTE_MS)
        else:
            at_return += any(to_ms < at <= to_ms + DURATIONS_H[0] * 60 * MINUTE_MS for at in mine)
    return tuple(delays), at_return


def joined(parts: Iterable[LoadResult]) -> LoadResult:
    """Several runs as one."""
    told = list(parts)
    return LoadResult(
        sum((one.notices for one in told), Counter[tuple[str, str]]()),
        sum(one.ship_days for one in told),
        sum(one.heard_days for one in told),
        sum(one.told_days for one in told),
        tuple(delay for one in told for delay in one.delays_min),
        sum(one.at_return for one in told),
        sum(one.dark for one in told),
    )


def _row(name: str, told: LoadResult) -> Row:
    recall, dark = len(told.delays_min) / max(1, told.dark), max(1, told.dark)
    figures = {
        "pages": told.per_50("page"),
        "tickets": told.per_50("ticket"),
        "ship-days told of": PER_SHIP_DAYS * told.told_days / max(1, told.ship_days),
        "days": told.ship_days,
        "heard": told.heard_days,
        "dark": told.dark,
        "recall": recall,
        "and return": recall + told.at_return / dark,
    }
    if told.delays_min:
        figures["delay p50 min"] = float(np.median(told.delays_min))
    return Row(name, tuple(Figure(key, float(value)) for key, value in figures.items()))


def _reasons(told: LoadResult) -> list[Row]:
    reasons = sorted({reason for _, reason in told.notices}, key=lambda r: -told.per_50("page", r))
    return [
        Row(f"because of: {reason}", tuple(Figure(f"{s}s", told.per_50(s, reason)) for s in ("page", "ticket")))
        for reason in reasons
    ]
