"""The cost of the clock: CPU for each second of a large fleet, including slots of coverage and due checks."""

from __future__ import annotations

from typing import Annotated, Final

import numpy as np
import typer

from detectors.core.coverage.cells import FINE
from streams.bench.frame import Figure, Measured, Row, cpu_of
from streams.bench.invented import START_MS, InventedReports
from streams.pipeline.engines import engine_for
from streams.reference.loading import load_reference
from streams.settings.model import Settings

_SECOND_MS: Final = 1000
_SLOT_S: Final = 300
_SILENT_SHARE: Final = 0.1
_MS: Final = 1e3


def run(
    vessels: Annotated[int, typer.Option(help="Vessels in one partition.", min=1000)] = 200_000,
    slots: Annotated[int, typer.Option(help="Number of slots of five minutes.", min=2)] = 12,
) -> Measured:
    """Measure each second of a fleet whose vessels report every five minutes; halfway a tenth of it falls silent.

    Example: wakewatch bench ticks --vessels 50000
    """
    settings = Settings()
    engine, sea = engine_for(settings, load_reference(settings.reference), 0), InventedReports(vessels, vessels)
    draw, silent, spent_s = np.random.default_rng(1), np.zeros(vessels, bool), []
    for slot in range(slots):
        if slot == slots // 2:
            silent = draw.random(vessels) < _SILENT_SHARE
        for second, part in enumerate(np.array_split(draw.permutation(vessels), _SLOT_S)):
            sea.time_ms = START_MS + (slot * _SLOT_S + second) * _SECOND_MS
            batch = sea.batch(part[~silent[part]])
            spent_s.append(cpu_of(lambda batch=batch: (engine.apply(batch), engine.tick(sea.tick())))[1])  # type: ignore[misc]
    cells, rate_hz = len(engine.reception.coverage.cell_statistics.cells.counts(FINE)[0]), vessels // _SLOT_S
    return Measured(
        input=f"{vessels:,} vessels in {cells:,} cells, one partition; {slots} slots, {rate_hz} reports per second",
        rows=(_row("a tick", spent_s[_SLOT_S:]), _row("as the fleet fills, in the first slot", spent_s[:_SLOT_S])),
        notes=("engine and all detectors; a slot closes at a tick, or as the first report beyond it is processed",),
    )


def _row(name: str, spent_s: list[float]) -> Row:
    usual_s, whole_s = float(np.median(spent_s)), np.array(spent_s)
    return Row(
        name,
        (
            Figure("ms of the reports of its second", usual_s * _MS),
            Figure("ms beside them, on average", float(whole_s.mean() - usual_s) * _MS),
            Figure("ms at worst (a slot closes, or the fleet's tables grow)", float(whole_s.max() - usual_s) * _MS),
        ),
    )
