"""``python -m tests.detectors.golden_places FILE``: writes a golden snapshot of the stage of places in this format.

Done once per format, with the version before the change that raises it; each is read from then on.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from detectors.core.alert import encode
from detectors.core.displacements import Displacement
from detectors.core.place_stage.areas import DisplacedAreas
from detectors.core.promises import PartitionWatermark
from detectors.core.testing import START_MS

FOLDER = Path(__file__).parents[1] / "golden"
MINUTE_MS = 60_000


class GoldenPlaces(msgspec.Struct, frozen=True):
    """The third stage in the middle of its story."""

    taken: int
    """Number of facts it has processed or holds."""
    manifest: bytes
    shards: list[bytes]


def fact(
    mmsi: int,
    minutes: float,
    origin: tuple[float, float] = (36.9, 27.4),
    appears: tuple[float, float] = (37.4, 27.9),
    **more: object,
) -> Displacement:
    """A vessel that appears displaced ``minutes`` after the beginning."""
    at_ms = START_MS + round(minutes * MINUTE_MS)
    said: dict[str, object] = {"stamp_ms": at_ms, "source": "pier", "name": f"SHIP {mmsi % 1000}", **more}
    return Displacement(
        mmsi=mmsi,
        time_ms=at_ms,
        lat_deg=appears[0],
        lon_deg=appears[1],
        origin_lat_deg=origin[0],
        origin_lon_deg=origin[1],
        origin_ms=at_ms - MINUTE_MS,
        **said,  # type: ignore[arg-type]
    )


def facts() -> list[Displacement]:
    """Three areas that open, grow and close, two of which become one; and vessels that are displaced alone."""
    told = []
    for number in range(4):
        for minute in range(0, 60, 15):
            told.append(fact(205_000_001 + number, minute + number, (36.9, 27.4 + number / 10)))
            told.append(fact(210_000_001 + number, minute + number + 0.5, (36.9, 29.2 + number / 10)))
            told.append(fact(636_000_001 + number, minute + number + 0.2, (60.0, 28.0 + 10 * number)))
            told.append(fact(273_000_001 + number, minute + 70 + number, (70.0, 33.0), listed="OFAC"))
    told += [fact(215_000_001 + number, 61 + number, (36.9, 27.9 + 0.4 * number)) for number in range(4)]
    return sorted(told, key=lambda each: each.stamp_ms)


def places() -> DisplacedAreas:
    """An empty stage, with default settings."""
    return DisplacedAreas.build(1, {}, {})


def play(stage: DisplacedAreas, told: Sequence[Displacement]) -> list[bytes]:
    """The alerts as they are written; each fact is promised by the next one."""
    out = []
    for one in told:
        out += stage.take(PartitionWatermark(partition=0, heard_ms=one.stamp_ms - 1)) + stage.take(one)
    out += stage.take(PartitionWatermark(partition=0, heard_ms=told[-1].stamp_ms + 120 * MINUTE_MS)) if told else []
    return [encode(emitted.alert) for emitted in out]


def made() -> GoldenPlaces:
    """The golden snapshot, as this version writes it."""
    told, stage = facts(), places()
    half = len(told) // 2
    for one in told[:half]:
        stage.take(PartitionWatermark(partition=0, heard_ms=one.stamp_ms - 1))
        stage.take(one)
    return GoldenPlaces(half, stage.manifest(), [stage.shard(number) for number in range(stage.shard_count())])


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(msgspec.msgpack.encode(made()))
