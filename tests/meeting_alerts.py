"""``python -m tests.meeting_alerts``: alerts about meetings of honest ships, by severity, per 1,000 vessel-days.

Plays each real recording of ``../shared/data`` with the included list, each again with every twentieth of its ships on
a watchlist, and the worlds of ``wakewatch bench load`` with 50 listed ships each, some of which go dark, and the
included gazetteer. In worlds ships state neither name nor type. Exit code 2 when there is nothing to play.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from detectors.core.alert import HEIGHT, Alert
from detectors.core.reference import ListedShip
from streams.bench.load import all_worlds, scene
from streams.bench.through_engine import say
from streams.pipeline.replay import InProcessPipeline
from streams.reference import load_reference
from streams.scenario.worlds import SLOTS_A_DAY
from streams.settings.model import Settings
from tests.rare_alerts import DATA, alerts_of, watched

COUNTED: Final = ("encounter", "loitering", "rendezvous")
_EVERY: Final = 20
_LISTED: Final = 50
_PER: Final = 1000
Days = set[tuple[int, int]]


def highest(alerts: Iterable[Alert]) -> Counter[tuple[str, str]]:
    """Each alert once, by the highest severity that it reached."""
    reached: dict[str, Alert] = {}
    for alert in alerts:
        known = reached.get(alert.id)
        if alert.detector in COUNTED and (known is None or HEIGHT[alert.severity] > HEIGHT[known.severity]):
            reached[alert.id] = alert
    return Counter((alert.detector, alert.severity) for alert in reached.values())


def recorded(path: Path, *, listed: bool, days: Days | None = None) -> tuple[Days, Counter[tuple[str, str]]]:
    """What a recording gives; with ``listed`` every twentieth of the ships of ``days`` is on a list."""
    settings = Settings()
    reference = load_reference(settings.reference)
    if listed:
        mmsis = sorted({mmsi for mmsi, _ in days or ()})[::_EVERY]
        ships = tuple(ListedShip(list="TEST", entry_id=str(m), name=f"SHIP {m}", mmsi=m) for m in mmsis)
        reference = msgspec.structs.replace(reference, ships=ships)
    pipeline = InProcessPipeline(settings, reference, 1)
    seen = watched(pipeline.engines[0])
    alerts = alerts_of(path, pipeline)
    return seen, highest(alerts)


def line(name: str, vessel_days: int, found: Counter[tuple[str, str]]) -> str:
    """One row: by detector and severity the number, and per 1,000 vessel-days."""
    share = _PER / max(1, vessel_days)
    told = [f"{detector} {severity} {n} ({n * share:.2f})" for (detector, severity), n in sorted(found.items())]
    return f"{name}: {vessel_days:,} vessel-days, opened (per 1,000): {', '.join(told) or 'none'}"


def main() -> int:
    """See the module."""
    paths = sorted(path for folder in ("tracks", "nmea") for path in (DATA / folder).glob("*.*"))
    totals = [0, Counter[tuple[str, str]](), Counter[tuple[str, str]]()]
    for path in paths:
        days, honest = recorded(path, listed=False)
        _, some = recorded(path, listed=True, days=days)
        _show(line(path.name, len(days), honest), line(f"{path.name}, every twentieth listed", len(days), some))
        totals = [totals[0] + len(days), totals[1] + honest, totals[2] + some]  # type: ignore[operator]
    _show(line("all recordings", *totals[:2]), line("all, every twentieth listed", totals[0], totals[2]))  # type: ignore[arg-type]
    ports = load_reference(Settings().reference).ports
    for world, zones in all_worlds(tuning=False):
        one = scene(world, zones, _LISTED, 1)
        reference = msgspec.structs.replace(one.reference, ports=ports)
        heard = one.received.astype(np.int64).sum(axis=0)
        days_heard = sum(
            int((part.sum(axis=0) > 0).sum()) for part in np.split(heard, range(SLOTS_A_DAY, len(heard), SLOTS_A_DAY))
        )
        _show(
            line(
                f"world {world.name}, {_LISTED} listed",
                days_heard,
                highest(say(one.world, one.received, reference, {}, {})),
            )
        )
    return 0 if paths else 2


def _show(*lines: str) -> None:
    for each in lines:
        sys.stdout.write(each + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
