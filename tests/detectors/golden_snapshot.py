"""``python -m tests.detectors.golden_snapshot FILE``: writes a golden snapshot of the present format.

Done once a format, with the version before the change that raises it; each is read for ever.
"""

import sys
from pathlib import Path

import msgspec

from detectors.core.engine.engine import Engine
from detectors.core.reports import Batch
from detectors.core.testing import Report, Story, beside, engine, log, voyage
from detectors.core.ticks import Tick

FOLDER = Path(__file__).parents[1] / "golden"
FORMAT_2 = FOLDER / "snapshot_v2.msgpack"
BEFORE_RATES = FOLDER / "snapshot_v1.msgpack"
"""From before reporting rates were learned."""
_HOUR_S = 3600


class Golden(msgspec.Struct, frozen=True):
    """An engine's state in the middle of the story."""

    taken: int
    """How many items of the log it has taken in."""
    manifest: bytes
    shards: list[bytes]


def story() -> Story:
    """Ships that are listed, inside a zone, silent, and ordinary; the second half closes what the first opens."""
    minutes = range(0, 8 * _HOUR_S, 180)
    listed = [
        Report(at_s=at_s + 1, mmsi=273_000_001, type=5, imo=9179842, name="EXAMPLE ONE", destination="XX FBD")
        for at_s in minutes[::10]
    ]
    return beside(
        voyage(273_000_001, minutes),
        listed,
        voyage(667_001_001, minutes[10:60]),
        voyage(205_000_002, [at_s for at_s in minutes if at_s < _HOUR_S or at_s > 6 * _HOUR_S]),
        voyage(205_000_003, minutes, start=(41.98, 131.0), speed_kn=1.0),
        voyage(205_000_004, minutes, start=(36.0, 128.0)),
    )


def items() -> list[Batch | Tick]:
    """The log of the story."""
    return list(log(story(), batch=20, tick_s=60.0))


def played(playing: Engine, log_: list[Batch | Tick]) -> Engine:
    """The engine after ``log_``."""
    for item in log_:
        if isinstance(item, Batch):
            playing.apply(item)
        else:
            playing.tick(item, playing.counts["reports"])
    return playing


def made() -> Golden:
    """The golden snapshot, as this version would write it."""
    half = len(items()) // 2
    state = played(engine(), items()[:half])
    return Golden(half, state.manifest(), [state.shard(number) for number in range(state.shard_count())])


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(msgspec.msgpack.encode(made()))
