"""``wakewatch bench meetings``: what the stage of meetings costs for thousands of slow ships in one roadstead.

The ships lie a few hundred metres from each other, as off Singapore or Fujairah, and swing at their anchors; each has a
fact for every ten minutes, as engines write them. In the first hours the place is not known as one where ships stop.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

import msgspec
import numpy as np
import typer

from detectors.core.meeting_stage.stage import MeetingStage
from detectors.core.promises import PartitionWatermark
from detectors.core.slow_ships import BIN_MS, SlowShip, SlowShips
from detectors.core.units import HOUR_MS
from streams.bench.frame import Figure, Measured, Row, cpu_of
from streams.pipeline.engines import meetings_for
from streams.settings.model import Settings

_FIRST_STEP: Final = 2_833_340
_FIRST_MMSI: Final = 235_000_000
_HERE: Final = (1.2, 103.9)
_SPACING_DEG: Final = 0.004
_SWING_DEG: Final = 0.001
_RUN: Final = 100
"""Ships in a record, as an engine finds them together."""
_STEPS_H: Final = HOUR_MS // BIN_MS
_US: Final = 1e6
_MS: Final = 1e3
_MB: Final = 1e6


def run(
    ships: Annotated[int, typer.Option(help="Slow ships in one roadstead.", min=10)] = 3000,
    hours: Annotated[int, typer.Option(help="Event time of each row, hours.", min=3)] = 6,
) -> Measured:
    """Judge thousands of slow ships in one roadstead: CPU of the stage of meetings for each fact and step.

    Example: wakewatch bench meetings --ships 3000
    """
    stage, rows = meetings_for(Settings(), 1), []
    for name, first in (("the place is not known", 0), ("it is known", hours)):
        records = [[msgspec.json.encode(told) for told in step] for step in _steps(ships, first, hours)]
        alerts, cpu_s = cpu_of(lambda given=records: _judged(stage, given))  # type: ignore[misc]
        facts = ships * len(records)
        rows.append(
            Row(
                f"{name}, {ships:,} ships",
                (
                    Figure("us a fact", cpu_s * _US / facts),
                    Figure("ms a step", cpu_s * _MS / len(records)),
                    Figure("bytes a fact", sum(len(r) for step in records for r in step) / facts),
                    Figure("alerts", alerts),
                ),
            )
        )
    size, cpu_s = cpu_of(lambda: sum(len(stage.shard(number)) for number in range(stage.shard_count())))
    snapshot = Row("a whole snapshot", (Figure("MB", size / _MB), Figure("ms", cpu_s * _MS)))
    return Measured(
        input=f"{ships:,} generated ships at anchor {_SPACING_DEG:g} degrees apart, facts of {hours} h a row",
        rows=(*rows, snapshot),
        notes=("a step is ten minutes of event time", "decoding of the records is included"),
    )


def _judged(stage: MeetingStage, records: list[list[bytes]]) -> int:
    """Gives the stage the records of each step, with the promise after it. Returns the number of alerts."""
    alerts, decoder = 0, msgspec.json.Decoder(SlowShips | PartitionWatermark)
    for step in records:
        for value in step:
            alerts += len(stage.take(decoder.decode(value)))
    return alerts


def _steps(ships: int, first_h: int, hours: int) -> Iterator[list[SlowShips | PartitionWatermark]]:
    draw = np.random.default_rng(1)
    wide = int(np.ceil(np.sqrt(ships)))
    for step in range(_FIRST_STEP + first_h * _STEPS_H, _FIRST_STEP + (first_h + hours) * _STEPS_H):
        swing = draw.uniform(-_SWING_DEG, _SWING_DEG, (ships, 2)).round(5).tolist()
        facts = [_fact(number, step, wide, (north, east)) for number, (north, east) in enumerate(swing)]
        yield [
            *(SlowShips(ships=tuple(facts[at : at + _RUN])) for at in range(0, ships, _RUN)),
            PartitionWatermark(partition=0, heard_ms=(step + 1) * BIN_MS),
        ]


def _fact(number: int, step: int, wide: int, swing: tuple[float, float]) -> SlowShip:
    time_ms = step * BIN_MS + 60_000
    return SlowShip(
        mmsi=_FIRST_MMSI + number,
        at_ms=step * BIN_MS,
        time_ms=time_ms,
        stamp_ms=time_ms,
        lat_deg=round(_HERE[0] + number // wide * _SPACING_DEG + swing[0], 5),
        lon_deg=round(_HERE[1] + number % wide * _SPACING_DEG + swing[1], 5),
        heading_deg=90,
        status=1,
        name=f"SHIP {number}",
        ship_type=80,
        length_m=180,
        draught_m=9.5,
        destination="SGSIN",
        source="bench",
        sentence=f"\\c:{time_ms},s:bench*00\\!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23",
    )
