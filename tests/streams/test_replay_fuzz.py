"""Mutated feeds give the same bytes however they are cut; ``python -m tests.fuzz_replay --seconds N`` runs long."""

import inspect
import textwrap
from pathlib import Path
from typing import Any

import pytest

from detectors.core.coverage import slots
from detectors.core.engine.alert_writer import Emitted
from detectors.core.engine.engine import Engine
from detectors.core.reports import Batch
from tests import fuzz_replay
from tests.fuzz_replay import trial

SEEDS = range(14)
"""The fixed budget: about two CPU seconds a feed."""
FIRST_SLOT_SEED = 12
NO_SHIP_SEED = 90_257


@pytest.mark.parametrize("seed", [*SEEDS[:4], *(pytest.param(seed, marks=pytest.mark.full) for seed in SEEDS[4:])])
def test_mutated_feeds_are_the_same_at_any_cut(seed: int) -> None:
    _, wrong, names = trial(seed)
    assert not wrong, (names, wrong)


def test_a_feed_in_which_no_ship_is_heard_is_compared_too() -> None:
    lines, wrong, _ = trial(NO_SHIP_SEED)
    assert not lines and not wrong


def test_a_first_slot_that_depends_on_the_cut_is_found_within_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule that once was: the first slot is the earliest of the first batch, and nothing before it is late."""
    source = textwrap.dedent(inspect.getsource(slots.SlotRecorder.take))
    for now, then in (
        ('(int(reports["time_ms"][0]) - self.lateness_ms) // SLOT_MS', "int(slots.min())"),
        ("max(self.over, self.next_slot)", "self.over"),
    ):
        assert source.count(now) == 1
        source = source.replace(now, then)
    made: dict[str, Any] = {}
    exec(source, vars(slots), made)
    monkeypatch.setattr(slots.SlotRecorder, "take", made["take"])
    assert FIRST_SLOT_SEED in SEEDS
    assert "IndexError" in trial(FIRST_SLOT_SEED)[1]


def test_a_state_that_depends_on_the_cut_is_found_and_cut_down(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The run ends with 1 and keeps a short feed that shows it."""
    apply = Engine.apply

    def every_other(self: Engine, batch: Batch) -> list[Emitted]:
        return apply(self, batch._replace(reports=batch.reports[::2]) if len(batch.reports) > 3 else batch)

    monkeypatch.setattr(Engine, "apply", every_other)
    monkeypatch.setattr(fuzz_replay, "BATCHES", (1, 1000))
    kept = tmp_path / "kept.nmea"
    assert fuzz_replay.main(["--seconds", "20", "--feeds", "40", "--keep", str(kept)]) == 1
    assert kept.read_bytes().count(b"\n") >= 1
