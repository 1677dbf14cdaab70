"""The cost of a vessel: bytes, and CPU per sentence as the fleet grows; and the effect of invented MMSIs."""

from __future__ import annotations

import gc
import resource
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Annotated, Final

import msgspec
import numpy as np
import typer

from detectors.core.engine.engine import Engine
from detectors.core.imo_stage.histories import ImoHistories
from detectors.core.vessels.past import DARK, PORT_CALL, SILENCES_MOST_LISTED, PastSilence, Stay, VesselPasts
from streams.bench.frame import Figure, Measured, Row, cpu_of
from streams.bench.invented import FIRST_MMSI, InventedReports
from streams.bench.world import HOLDERS, STEP_DEG, heard_everywhere, held_by_many
from streams.broker.record_pieces import count_of
from streams.pipeline.engines import engine_for, histories_for, restored
from streams.reference.loading import load_reference
from streams.settings.model import Settings
from streams.worker import malloc

_BATCH: Final = 1000
_RATE_HZ: Final = 20_000
_TICK_EVERY: Final = 20
_KNOWN: Final = 1000
_DAY_MS: Final = 86_400_000
_DAYS_KNOWN: Final = 3
_PASTS: Final = 10_000
_SHARE_WITH_PAST: Final = 0.1
_COPIES: Final = 4
_MEGABYTE: Final = 1e6
_MS, _US = 1e3, 1e6


def run(
    vessels: Annotated[list[int] | None, typer.Option(help="Fleet sizes to measure, repeatable.", min=1000)] = None,
    batches: Annotated[int, typer.Option(help="Batches of 1,000 sentences in a round.", min=1)] = 100,
    rounds: Annotated[int, typer.Option(help="Rounds; the fleets alternate, the median is reported.", min=1)] = 5,
    invented: Annotated[
        int, typer.Option(help="Number of invented MMSIs, each heard once; 0: none.", min=0)
    ] = 5_000_000,
    *,
    cells: Annotated[
        float, typer.Option(help="Distance between cells, degrees; 0.125: every cell of the Earth; 0: none.", min=0)
    ] = STEP_DEG,
    holders: Annotated[int, typer.Option(help="Number of MMSIs with IMO numbers; 0: none.", min=0)] = HOLDERS,
) -> Measured:
    """Measure the engine with all detectors: bytes per vessel, CPU per sentence for growing fleets, a flood of MMSIs.

    Example: wakewatch bench state --vessels 10000 --vessels 1000000 --invented 0
    """
    sizes = vessels or [1000, 10_000, 100_000, 1_000_000]
    fleets = {size: _filled(size) for size in sizes}
    taken: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(rounds):
        for size, (engine, sea, _) in fleets.items():
            taken[size].append(_round(engine, sea, batches))
    cost_us = {size: median(costs) for size, costs in taken.items()}
    base_us = cost_us[min(sizes, key=lambda size: abs(size - 10_000))]
    rows = [_sized(size, fleets[size][0], fleets[size][2], cost_us[size], base_us) for size in sizes]
    rows.append(_pasts(fleets[max(sizes)][2]))
    fleets.clear()
    if invented:
        rows.append(_flood(invented))
    if cells:
        rows.append(_everywhere(cells))
    if holders:
        rows.append(_held(holders))
    return Measured(
        input=f"invented reports, {_BATCH:,} a batch, {_RATE_HZ:,} a second, 9 % static; one partition",
        rows=tuple(rows),
        notes=("engine and all detectors without decoding; bytes by resident memory, rows, index and wheel together",),
    )


def _sized(size: int, engine: Engine, vessel_bytes: float, cost_us: float, base_us: float) -> Row:
    return Row(
        f"{size:,} vessels",
        (
            Figure("us a sentence", cost_us),
            Figure("times that of 10,000", cost_us / base_us),
            Figure("bytes a vessel", vessel_bytes),
            *_snapshot(engine),
        ),
    )


def _snapshot(engine: Engine) -> tuple[Figure, ...]:
    """How long a snapshot of all shards stops the stream, and how long a restart takes to load it."""
    settings = Settings()
    reference = load_reference(settings.reference)
    malloc.keep_freed()  # as a worker does
    copied_s = [cpu_of(lambda: _copy(engine))[1] for _ in range(1 + _COPIES)]
    shards, manifest = _copy(engine)
    _, restore_s = cpu_of(lambda: restored(settings, reference, 0, shards, manifest))
    return (
        Figure("ms to copy the first snapshot", copied_s[0] * _MS),
        Figure("a later one", median(copied_s[1:]) * _MS),
        Figure("ms to restore it", restore_s * _MS),
        Figure("MB of it", sum(map(len, shards)) / _MEGABYTE),
    )


def _everywhere(step_deg: float) -> Row:
    """Coverage cells; those of the whole Earth are the maximum."""
    gc.collect()
    before = _resident()
    engine, settings = heard_everywhere(step_deg), Settings()
    held, reference = _resident() - before, load_reference(settings.reference)
    stored = _stored(engine, lambda shards, manifest: restored(settings, reference, 0, shards, manifest))
    count = len(engine.reception.coverage.cell_statistics.cells.keys)
    return Row(f"{count:,} cells", (Figure("bytes a cell", held / count), *stored))


def _held(holders: int) -> Row:
    """MMSIs that state IMO numbers, with an alert open about every second one: the maximum cost."""
    gc.collect()
    before = _resident()
    histories = held_by_many(holders)
    held = _resident() - before
    stored = _stored(histories, histories_for(Settings(), 1).restore)
    return Row(f"{holders:,} holders of IMO numbers", (Figure("bytes a holder", held / holders), *stored))


def _stored(state: Engine | ImoHistories, restore: Callable[[list[bytes], bytes], object]) -> tuple[Figure, ...]:
    """The cost of a snapshot of everything, and of the largest shard: the stream waits for changed shards."""
    sizes, copy_s = cpu_of(lambda: [len(state.shard(number)) for number in range(state.shard_count())])
    _, largest_s = cpu_of(lambda: state.shard(sizes.index(max(sizes))))
    shards, manifest = _copy(state)
    _, restore_s = cpu_of(lambda: restore(shards, manifest))
    return (
        Figure("ms to copy all", copy_s * _MS),
        Figure("ms to copy the largest shard", largest_s * _MS),
        Figure("ms to restore it", restore_s * _MS),
        Figure("MB of it", sum(sizes) / _MEGABYTE),
        Figure("shards", len(shards)),
        Figure("records of it", sum(map(count_of, shards))),
    )


def _copy(engine: Engine | ImoHistories) -> tuple[list[bytes], bytes]:
    return list(map(engine.shard, range(engine.shard_count()))), engine.manifest()


def _pasts(bytes_a_vessel: float) -> Row:
    """The cost of a history of maximum length: silences and stays."""
    ordinary, listed = (_past_bytes(listed=listed) for listed in (False, True))
    return Row(
        "full histories",
        (
            Figure("bytes of one", ordinary),
            Figure("of a listed ship's", listed),
            Figure("bytes a vessel, one in ten with one", bytes_a_vessel + _SHARE_WITH_PAST * ordinary),
        ),
    )


def _past_bytes(*, listed: bool) -> float:
    silence = PastSilence(1, 1, 2, (0.0, 0.0), (0.0, 0.0), DARK)
    model, memory = VesselPasts(), VesselPasts()
    for number in range(SILENCES_MOST_LISTED):
        model.add_silence(0, silence._replace(from_ms=number), listed=listed)
        model.add_stay(0, Stay(number, number, (0.0, 0.0), PORT_CALL, 4, True), listed=listed)
    ((_, packed),) = model.within(range(1))
    tracemalloc.start()
    memory.restore((row, bytes(bytearray(packed))) for row in range(_PASTS))
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return held / len(memory)


def _engine(vessels_most: int | None = None) -> Engine:
    settings = Settings()
    if vessels_most:
        settings = msgspec.structs.replace(
            settings, fleet=msgspec.structs.replace(settings.fleet, vessels_most=vessels_most)
        )
    return engine_for(settings, load_reference(settings.reference), 0)


def _filled(size: int) -> tuple[Engine, InventedReports, float]:
    """An engine that knows ``size`` vessels and their water well, and the bytes per vessel."""
    engine, sea = _engine(2 * size), InventedReports(size, _RATE_HZ)
    gc.collect()
    before = _resident()
    for _ in range(2):
        for start in range(0, size, _BATCH):
            engine.apply(sea.batch(np.arange(start, min(start + _BATCH, size))))
        engine.tick(sea.tick())
    gc.collect()
    return engine, sea, (_resident() - before) / size


def _round(engine: Engine, sea: InventedReports, batches: int) -> float:
    """Microseconds per sentence, including ticks."""
    made = [sea.some(_BATCH) for _ in range(batches)]

    def play() -> None:
        for number, batch in enumerate(made):
            engine.apply(batch)
            if number % _TICK_EVERY == 0:
                engine.tick(sea.tick())

    return cpu_of(play)[1] / (batches * _BATCH) * _US


def _resident() -> int:
    """Resident bytes of this process."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _flood(invented: int) -> Row:
    """Vessels known for days, then MMSIs that are each heard once, at the default cap."""
    engine = _engine()
    known = InventedReports(_KNOWN, 1)
    for _ in range(_DAYS_KNOWN):
        for batch in known.all_once(_BATCH):
            engine.apply(batch)
        engine.tick(known.tick())
        known.time_ms += _DAY_MS
    pouring = InventedReports(invented, _RATE_HZ, FIRST_MMSI + 7)  # none of them is known
    pouring.time_ms = known.time_ms
    gc.collect()
    before, alerts = _resident(), 0

    def pour() -> None:
        nonlocal alerts
        for number, start in enumerate(range(0, invented, _BATCH)):
            batch = pouring.batch(np.arange(start, min(start + _BATCH, invented)))
            alerts += sum(e.alert.detector == "flood" for e in engine.apply(batch))
            if number % _TICK_EVERY == 0:
                engine.tick(pouring.tick())

    cpu_s = cpu_of(pour)[1]
    held = (engine.fleet.index.find(known.mmsi) >= 0).mean()
    return Row(
        f"{invented:,} invented MMSIs",
        (
            Figure("us a sentence", cpu_s / invented * _US),
            Figure("vessels in state", engine.vessels),
            Figure("cap, vessels", Settings().fleet.vessels_most),
            Figure("MB taken", (_resident() - before) / _MEGABYTE),
            Figure("share of long-known still held", float(held)),
            Figure("flood alerts", alerts),
        ),
    )
