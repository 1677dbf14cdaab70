"""Snapshots of the stage of places in every former format are read, and the story continues unchanged."""

import msgspec
import pytest

from detectors.core.engine.snapshot import SnapshotError
from detectors.core.place_stage.snapshot import PLACES_FORMAT
from tests.detectors.golden_places import FOLDER, GoldenPlaces, facts, made, places, play


@pytest.mark.parametrize("number", range(1, PLACES_FORMAT + 1))
def test_each_format_continues_as_if_nothing_had_happened(number: int) -> None:
    stored = msgspec.msgpack.decode((FOLDER / f"places_v{number}.msgpack").read_bytes(), type=GoldenPlaces)
    told, restored = facts(), places().restore(stored.shards, stored.manifest)
    assert restored.open_alerts() == {"interference": 2} and restored.vessels == 12
    wanted = play(places(), told)
    rest = play(restored, told[stored.taken :])
    assert rest == wanted[len(wanted) - len(rest) :] and len(rest) >= 5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": PLACES_FORMAT + 1}, f"format {PLACES_FORMAT + 1}, expected {PLACES_FORMAT}"),
        ({"heard": [0, 0]}, "made of 2 partitions of the log, which has 1 now"),
        ({"heard": "x"}, "snapshot unreadable"),
    ],
)
def test_what_cannot_be_read_is_rejected_with_the_reason(change: dict[str, object], words: str) -> None:
    golden = made()
    head = msgspec.json.decode(golden.manifest) | change
    with pytest.raises(SnapshotError, match=words):
        places().restore(golden.shards, msgspec.json.encode(head))


def test_a_damaged_shard_is_rejected() -> None:
    golden = made()
    with pytest.raises(SnapshotError, match="snapshot unreadable"):
        places().restore([golden.shards[0][:-1], *golden.shards[1:]], golden.manifest)
