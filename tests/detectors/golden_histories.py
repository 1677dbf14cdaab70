"""``python -m tests.detectors.golden_histories FILE``: writes golden histories of the present format.

Done once a format, with the version before the change that raises it; each is read for ever.
"""

import sys
from pathlib import Path

import msgspec

from detectors.core.alert import encode
from detectors.core.identities.binding import Binding, SeenUnder
from detectors.core.imo_stage.histories import ImoHistories
from detectors.core.promises import PartitionWatermark
from detectors.core.testing import START_MS

FOLDER = Path(__file__).parents[1] / "golden"
_HOUR_MS = 3_600_000
_IMOS = (9_179_842, 9_074_729, 1_000_019)
Stated = Binding | SeenUnder


class GoldenHistories(msgspec.Struct, frozen=True):
    """The second stage in the middle of its story."""

    taken: int
    """How many bindings it has taken in."""
    manifest: bytes
    shards: list[bytes]


def bindings() -> list[Stated]:
    """Ships that change their MMSI, once and again, and one whose former number is still heard."""
    told: list[Stated] = []
    for hour in range(48):
        for number, imo in enumerate(_IMOS):
            turn = hour // (12 + 5 * number)
            at_ms = START_MS + hour * _HOUR_MS + number
            mmsi = 273_000_000 + 10 * number + turn
            told.append(
                Binding(
                    imo=imo,
                    mmsi=mmsi,
                    source="pier",
                    name="EXAMPLE",
                    first_ms=at_ms,
                    last_ms=at_ms,
                    statements=1 + hour % 12,
                    support=5,
                    lat_deg=38.0 + hour / 60,
                    lon_deg=130.0,
                    fix_ms=at_ms,
                    stamp_ms=at_ms,
                )
            )
            if number == 1 and turn:
                told.append(SeenUnder(imo=imo, mmsi=mmsi - 1, heard_ms=at_ms, stamp_ms=at_ms + 1))
    return told


def histories() -> ImoHistories:
    """An empty stage, with default settings."""
    return ImoHistories.build(1, {}, {})


def play(stage: ImoHistories, told: list[Stated]) -> list[bytes]:
    """The alerts, as they would be written; the promise of each binding comes with the one after it."""
    out = []
    for one in told:
        out += stage.take(PartitionWatermark(partition=0, heard_ms=one.stamp_ms - 1)) + stage.take(one)
    return [encode(emitted.alert) for emitted in out]


def made() -> GoldenHistories:
    """The golden histories, as this version would write them."""
    told, stage = bindings(), histories()
    half = len(told) // 2
    play(stage, told[:half])
    return GoldenHistories(half, stage.manifest(), [stage.shard(number) for number in range(stage.shard_count())])


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(msgspec.msgpack.encode(made()))
