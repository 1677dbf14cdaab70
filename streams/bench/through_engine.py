"""Plays a world through the whole engine with every detector: the alerts about the listed ships in it.

Reports have the times within their slots that ``steps`` of the world gives; positions are interpolated between two
slots. All stations are one source. MMSIs are invented (``number_of``), and no ship states an IMO number: the list uses
MMSIs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.alert import Alert, Severity
from detectors.core.coverage.slot_blocks import STEPS_A_SLOT
from detectors.core.engine.engine import Engine
from detectors.core.later_stages import LaterStages
from detectors.core.reference import Reference
from detectors.core.reports import REPORT, STATIC, Batch
from detectors.core.ticks import FeedRules, Tick
from detectors.core.units import MINUTE_MS, MS, STEP_MS
from streams.bench.thinning import spread
from streams.scenario.worlds import SLOT_S, Counts, World

SOURCE: Final = "bench"
START_MS: Final = 1_704_067_200_000
"""Start of the first slot: a midnight, so that days are calendar days."""
FIRST_MMSI, _FIRST_BASE = 201_000_001, 2_010_001
_CLASS_A, _CLASS_B, _BASE = 1, 18, 4
_SPACING_S: Final = 1.0
_NEAR_DEG: Final = 0.2  # consecutive fixes that are further apart are not joined by a line

Rows = npt.NDArray[np.void]


def number_of(world: World, ship: int) -> int:
    """The MMSI under which a ship of the world transmits."""
    return (_FIRST_BASE if world.base[ship] else FIRST_MMSI) + ship


def time_of(slot: int) -> int:
    """When a slot begins, Unix ms."""
    return START_MS + slot * SLOT_S * MS


def say(
    world: World,
    received: Counts,
    reference: Reference,
    thresholds: Mapping[str, Mapping[str, object]],
    severities: Mapping[str, Severity],
    *,
    change: Callable[[Rows], Rows] = lambda reports: reports,
) -> list[Alert]:
    """Every revision of every alert about ``received`` (stations, slots, ships), in order.

    ``change`` alters the reports of each minute (dtype REPORT) before they are played.
    """
    engine = Engine.build(
        partition=0, reference=reference, feed=FeedRules(), thresholds=thresholds, severities=severities
    )
    stages, alerts = LaterStages.build(1, thresholds, severities), list[Alert]()
    for item in _log(world, received, change):
        emitted = engine.apply(item) if isinstance(item, Batch) else engine.tick(item, engine.counts["reports"])
        stages.gather(engine)
        decided = stages.promise(engine)
        stages.tell([engine], decided)
        alerts += [each.alert for each in (*emitted, *decided)]
        engine.drain_faults()
    return alerts


def _log(world: World, received: Counts, change: Callable[[Rows], Rows]) -> Iterator[Batch | Tick]:
    """A batch per minute with a tick after it; an outage of the feed is a tick of its own."""
    written_ms = heard_ms = START_MS - 1
    for reports in minutes(world, received):
        first_ms = int(reports["time_ms"][0])
        if first_ms - heard_ms > FeedRules().silent_limit_ms(_SPACING_S):
            yield _tick(heard_ms, first_ms - 1, heard_ms)
            yield _tick(first_ms - 1, first_ms, first_ms)
            written_ms = first_ms
        yield _batch(change(reports))
        heard_ms = int(reports["time_ms"][-1])
        if heard_ms > written_ms:
            yield _tick(written_ms, heard_ms, heard_ms)
            written_ms = heard_ms


def _tick(from_ms: int, to_ms: int, heard_ms: int) -> Tick:
    return Tick(source=SOURCE, from_ms=from_ms, to_ms=to_ms, heard_ms=heard_ms, spacing_s=_SPACING_S)


def minutes(world: World, received: Counts) -> Iterator[Rows]:
    """The reports of each minute that has any, in order of time; dtype REPORT."""
    counts, draw, ordinal = received.astype(np.int64).sum(axis=0), np.random.default_rng(1), 0
    for slot in range(len(counts)):
        ships = counts[slot].nonzero()[0]
        if not len(ships):
            continue
        steps = spread(counts[slot, ships], None if world.steps is None else world.steps[slot, ships], draw)
        at, step = np.nonzero(steps[:, None] >> np.arange(STEPS_A_SLOT, dtype=np.uint32) & np.uint32(1))
        order = np.lexsort((at, step))
        reports = _reports(world, slot, ships[at[order]], step[order])
        reports["ordinal"] = ordinal + np.arange(len(reports))
        ordinal += len(reports)
        ends = np.flatnonzero(np.diff(reports["time_ms"] // MINUTE_MS)) + 1
        yield from np.split(reports, ends)


def _reports(world: World, slot: int, ships: npt.NDArray[np.intp], step: npt.NDArray[np.intp]) -> Rows:
    made = np.zeros(len(ships), REPORT)
    made["time_ms"] = time_of(slot) + step * STEP_MS
    made["mmsi"] = np.where(world.base[ships], _FIRST_BASE, FIRST_MMSI) + ships
    made["type"] = np.where(world.base[ships], _BASE, np.where(world.class_b[ships], _CLASS_B, _CLASS_A))
    made["status"], made["static"], made["heading_deg"] = -1, -1, np.nan
    made["moves"], made["class_b"] = ~world.base[ships], world.class_b[ships]
    share = (step + 1) / STEPS_A_SLOT
    for name, values in (("lat_deg", world.lat_deg), ("lon_deg", world.lon_deg)):
        here = values[slot, ships].astype(np.float64)
        before = values[slot - 1, ships].astype(np.float64) if slot else here
        joined = np.abs(here - before) < _NEAR_DEG  # false where it was not heard before
        made[name] = np.where(joined, before + (here - before) * share, here)
    made["sog_kn"], made["cog_deg"] = world.sog_kn[slot, ships], world.cog_deg[slot, ships]
    return made


def _batch(reports: Rows) -> Batch:
    line = b"bench"
    reports["payload"] = (reports["ordinal"].astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    reports["start"] = np.arange(len(reports)) * (len(line) + 1)
    reports["end"] = reports["start"] + len(line)
    return Batch(SOURCE, reports, np.zeros(0, STATIC), b"\n".join([line] * len(reports)))
