"""What former versions saved of meetings is read, and continues with the alerts that a whole run gives."""

import msgspec
import pytest

from detectors.core.engine.snapshot import SnapshotError
from detectors.core.meeting_stage.snapshot import MEETINGS_FORMAT
from tests.detectors.golden_meetings import FOLDER, HALF, GoldenMeetings, facts, made, meetings, play


@pytest.mark.parametrize("number", range(1, MEETINGS_FORMAT + 1))
def test_a_stage_saved_by_a_former_version_continues(number: int) -> None:
    stored = msgspec.msgpack.decode((FOLDER / f"meetings_v{number}.msgpack").read_bytes(), type=GoldenMeetings)
    restored, whole, told = meetings().restore(stored.shards, stored.manifest), meetings(), facts()
    before = play(whole, told[:HALF])
    after = play(whole, told[HALF:])
    assert before and after
    assert play(restored, told[HALF:]) == after == stored.alerts
    found = {msgspec.json.decode(each)["detector"] for each in (*before, *after)}
    assert found == {"encounter", "loitering", "rendezvous"}


def test_the_newest_golden_stage_is_what_this_version_writes() -> None:
    assert (FOLDER / f"meetings_v{MEETINGS_FORMAT}.msgpack").read_bytes() == msgspec.msgpack.encode(made())


def test_a_snapshot_of_a_later_version_is_rejected() -> None:
    golden = made()
    head = msgspec.json.decode(golden.manifest) | {"format": MEETINGS_FORMAT + 1}
    with pytest.raises(SnapshotError, match=f"format {MEETINGS_FORMAT + 1}, expected {MEETINGS_FORMAT}"):
        meetings().restore(golden.shards, msgspec.json.encode(head))


@pytest.mark.parametrize("damage", [b"", b"\xff", b"{}", b"[1"])
def test_a_damaged_snapshot_is_rejected(damage: bytes) -> None:
    golden = made()
    with pytest.raises(SnapshotError, match="unreadable"):
        meetings().restore(golden.shards, damage)
    with pytest.raises(SnapshotError, match="unreadable"):
        meetings().restore([damage, *golden.shards[1:]], golden.manifest)
