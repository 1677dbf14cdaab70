"""``python -m tests.detectors.golden_meetings FILE``: writes a golden stage of meetings of the present format.

Run it with the version before a change of the format: what that wrote must remain readable.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from detectors.core.alert import encode
from detectors.core.meeting_stage.stage import MeetingStage
from detectors.core.promises import PartitionWatermark
from detectors.core.slow_ships import BIN_MS, ListedSilence, SlowShip, SlowShips

FOLDER: Final = Path(__file__).parents[1] / "golden"
FIRST_MS: Final = 2_833_340 * BIN_MS
HALF: Final = 30
"""Steps before the snapshot; as many come after it."""
Fact = SlowShips | ListedSilence


class GoldenMeetings(msgspec.Struct, frozen=True):
    """A stage after the first half of ``facts``, and the alerts that the second half gives in the present version."""

    shards: list[bytes]
    manifest: bytes
    alerts: list[bytes]


def slow(mmsi: int, step: int, north_m: float = 0.0, **more: object) -> SlowShip:
    """A tanker that lies north of a place."""
    at_ms = FIRST_MS + step * BIN_MS
    time_ms = at_ms + 60_000 + mmsi % 7
    made = SlowShip(
        mmsi=mmsi,
        at_ms=at_ms,
        time_ms=time_ms,
        stamp_ms=time_ms,
        lat_deg=round(20 + north_m / 111_120, 5),
        lon_deg=60.0,
        heading_deg=90,
        status=0,
        name=f"SHIP {mmsi % 1000}",
        ship_type=80,
        length_m=180,
        source="pier",
        sentence=f"\\c:{time_ms},s:pier*00\\!AIVDM,1,1,,A,{mmsi},0*00",
    )
    return msgspec.structs.replace(made, **more)


def silence(state: str, step: int) -> ListedSilence:
    """A listed ship 20 miles to the south falls silent, or is heard again."""
    known_ms = FIRST_MS + step * BIN_MS + 120_000
    since_ms = FIRST_MS + BIN_MS
    return ListedSilence(
        alert="a" * 32,
        revision=1 if state == "silent" else 2,
        mmsi=667_001_001,
        since_ms=since_ms,
        known_ms=known_ms,
        stamp_ms=known_ms,
        lat_deg=19.7,
        lon_deg=60.0,
        fix_ms=since_ms if state == "silent" else known_ms,
        state=state,  # type: ignore[arg-type]
        v_max_kn=12.0,
        listed="OFAC",
        name="DARK ONE",
    )


def facts() -> list[Fact]:
    """Two tankers side by side, one with six customers, six ships that stop, and a silent one."""
    made: list[Fact] = []
    for step in range(2 * HALF):
        ships = [slow(205_000_001, step), slow(205_000_002, step, 60.0, listed="EU")]
        customer = step // 8
        ships += [
            slow(205_000_010, step, 5000 + 2000.0 * customer),
            slow(205_000_011 + customer, step, 5050 + 2000.0 * customer),
        ]
        ships += [slow(205_000_030 + n, step, 40_000 + 100.0 * n, status=1) for n in range(6)]
        made.append(SlowShips(ships=tuple(ships)))
        if step in {3, 50}:
            made.append(silence("silent" if step == 3 else "heard", step))
    return made


def meetings() -> MeetingStage:
    """An empty stage."""
    return MeetingStage.build(1, {}, {})


def play(stage: MeetingStage, told: Sequence[Fact]) -> list[bytes]:
    """The alerts that facts give, each with the promise that nothing earlier follows."""
    out = []
    for fact in told:
        stamps = [ship.stamp_ms for ship in fact.ships] if isinstance(fact, SlowShips) else [fact.stamp_ms]
        emitted = [*stage.take(fact), *stage.take(PartitionWatermark(partition=0, heard_ms=max(stamps)))]
        out += [encode(each.alert) for each in emitted]
    return out


def made() -> GoldenMeetings:
    """The golden stage, as this version would write it."""
    told, stage = facts(), meetings()
    play(stage, told[:HALF])
    shards, manifest = [stage.shard(n) for n in range(stage.shard_count())], stage.manifest()
    return GoldenMeetings(shards, manifest, play(stage, told[HALF:]))


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(msgspec.msgpack.encode(made()))
