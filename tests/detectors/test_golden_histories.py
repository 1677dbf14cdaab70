"""Histories of every former format are read, and the story goes on from them as if nothing had happened."""

import msgspec
import pytest

from detectors.core.engine.snapshot import SnapshotError
from detectors.core.imo_stage.migrations import HISTORIES_FORMAT, StoredHistories, migrated
from tests.detectors.golden_histories import FOLDER, GoldenHistories, bindings, histories, made, play


@pytest.mark.parametrize("number", range(1, HISTORIES_FORMAT + 1))
def test_each_format_goes_on_as_if_nothing_had_happened(number: int) -> None:
    stored = msgspec.msgpack.decode((FOLDER / f"histories_v{number}.msgpack").read_bytes(), type=GoldenHistories)
    restored, whole, told = histories().restore(stored.shards, stored.manifest), histories(), bindings()
    play(whole, told[: stored.taken])
    assert restored.ships == whole.ships == 3 and restored.open_alerts() == whole.open_alerts() != {}
    wanted = play(whole, told[stored.taken :])
    assert play(restored, told[stored.taken :]) == wanted
    assert len(wanted) >= 3


def test_a_format_that_nobody_wrote_is_refused_by_its_number() -> None:
    golden = made()
    head = msgspec.json.decode(golden.manifest) | {"format": HISTORIES_FORMAT + 1}
    with pytest.raises(SnapshotError, match=f"format {HISTORIES_FORMAT + 1}, expected {HISTORIES_FORMAT}"):
        histories().restore(golden.shards, msgspec.json.encode(head))


def test_migrations_run_one_after_the_other() -> None:
    def renamed(stored: StoredHistories) -> StoredHistories:
        return stored._replace(manifest={**stored.manifest, "passed_ms": stored.manifest["passed"]})

    former = StoredHistories({"format": HISTORIES_FORMAT - 2, "passed": 7}, [])
    found = migrated(former, {HISTORIES_FORMAT - 2: lambda stored: stored, HISTORIES_FORMAT - 1: renamed})
    assert found.manifest["format"] == HISTORIES_FORMAT and found.manifest["passed_ms"] == 7
