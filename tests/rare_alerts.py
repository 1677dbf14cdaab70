"""``python -m tests.rare_alerts``: alerts of detectors that are to be rare, per 10,000 vessel-days of recordings.

Replays each real recording of ``../shared/data``, and those given as arguments, in process with the included list. A
vessel-day is an MMSI that is heard on a calendar day (UTC). With ``--listed`` each is played again with all its ships
on a watchlist, for detectors of listed vessels. Exit code 2 when there is nothing to play.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np

from detectors.core.alert import Alert
from detectors.core.engine.alert_writer import Emitted
from detectors.core.engine.engine import Engine
from detectors.core.reference import ListedShip
from detectors.core.reports import Batch
from detectors.core.units import DAY_MS
from streams.files.recordings import recordings
from streams.ingest.model import SourceKind
from streams.pipeline.replay import InProcessPipeline, ReplayPlan, play
from streams.reference import load_reference
from streams.settings.model import Settings

DATA: Final = Path(__file__).parents[2] / "shared" / "data"
COUNTED: Final = (
    "shared_mmsi",
    "position_jump",
    "interference",
    "broken_up",
    "invalid_number",
    "smooth_track",
    "drifting",
)
_START_MS: Final = int(datetime(2024, 3, 4, tzinfo=UTC).timestamp() * 1000)
"""For recordings without times."""
_PER: Final = 10_000


class Played(NamedTuple):
    vessel_days: int
    opened: Counter[str]
    mmsis: frozenset[int] = frozenset()


def played(path: Path, listed: frozenset[int] | None = None) -> Played:
    """What a recording gives; ``listed``: the MMSIs that are on the list, instead of the included one."""
    settings = Settings()
    reference = load_reference(settings.reference)
    if listed is not None:
        ships = tuple(ListedShip(list="TEST", entry_id=str(m), name=f"SHIP {m}", mmsi=m) for m in sorted(listed))
        reference = msgspec.structs.replace(reference, ships=ships)
    pipeline = InProcessPipeline(settings, reference, 1)
    days = watched(pipeline.engines[0])
    opened = [alert for alert in alerts_of(path, pipeline) if alert.status == "opened"]
    counts = Counter(alert.detector for alert in opened if alert.detector in COUNTED)
    return Played(len(days), counts, frozenset(mmsi for mmsi, _ in days))


def alerts_of(path: Path, pipeline: InProcessPipeline | None = None) -> list[Alert]:
    """The alerts that a recording gives; through a pipeline with the included list if none is given."""
    settings = Settings()
    pipeline = pipeline or InProcessPipeline(settings, load_reference(settings.reference), 1)
    kind = SourceKind(replayed=True, start_ms=_START_MS)
    files = [io.BytesIO(table_of(path))] if path.name.endswith(".json.gz") else recordings(path)
    items = play(files, ReplayPlan(source=path.name, source_kind=kind), pipeline, settings)
    return [item.alert for item in items if isinstance(item, Emitted)]


def table_of(path: Path) -> bytes:
    """The track of one vessel in JSON lines, as a table that ingest reads; the MMSI is in the name of the file."""
    mmsi = path.name.removeprefix("gfw-").split(".", 1)[0]
    rows = [json.loads(text) for text in gzip.decompress(path.read_bytes()).splitlines()]
    lines = [f"{mmsi},{r['timestamp']},{r['lat']},{r['lon']},{r['speed']},{r['course']}" for r in rows if r.get("lat")]
    return "\n".join(["mmsi,timestamp,lat,lon,speed,course", *lines, ""]).encode()


def watched(engine: Engine) -> set[tuple[int, int]]:
    """The vessel-days that an engine is given, as they come."""
    seen, apply = set[tuple[int, int]](), engine.apply

    def applied(batch: Batch) -> list[Emitted]:
        pairs = np.stack([batch.reports["mmsi"].astype(np.int64), batch.reports["time_ms"] // DAY_MS])
        seen.update(map(tuple, np.unique(pairs, axis=1).T.tolist()))
        return apply(batch)

    engine.apply = applied  # type: ignore[method-assign]
    return seen


def line(name: str, one: Played) -> str:
    """One recording: its vessel-days, and per 10,000 of them each detector that spoke."""
    share = _PER / max(1, one.vessel_days)
    told = [f"{detector} {count} ({count * share:.1f})" for detector, count in one.opened.items()]
    return f"{name}: {one.vessel_days:,} vessel-days, opened (per 10,000): {', '.join(told) or 'none'}"


def main(arguments: Sequence[str]) -> int:
    """See the module."""
    asked = argparse.ArgumentParser(prog="python -m tests.rare_alerts")
    asked.add_argument("recordings", nargs="*", type=Path)
    asked.add_argument("--listed", action="store_true", help="with all ships of a recording on a watchlist")
    given = asked.parse_args(arguments)
    paths = [*sorted(path for folder in ("tracks", "nmea") for path in (DATA / folder).glob("*.*")), *given.recordings]
    total = Played(0, Counter())
    for path in paths:
        one = played(path)
        one = played(path, one.mmsis) if given.listed else one
        total = Played(total.vessel_days + one.vessel_days, total.opened + one.opened)
        sys.stdout.write(line(path.name, one) + "\n")
        sys.stdout.flush()
    sys.stdout.write(line("all", total) + "\n")
    return 0 if paths else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
