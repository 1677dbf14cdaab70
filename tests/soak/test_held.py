"""What ingest and the engines hold does not grow with traffic that never repeats itself, to the last container."""

from collections import Counter
from pathlib import Path
from typing import Final

import msgspec
import pytest

from detectors import identity_change
from detectors.core.identities import binding
from streams.ingest import packing, sentence
from streams.ingest.core import Ingest, SourceKind
from streams.pipeline.replay import InProcessPipeline
from streams.reference import load_reference
from streams.settings.loading import load
from tests.soak.held import grown, held
from tests.soak.traffic import lines

SHIPS: Final = 60
LAPS: Final = 70
WARM: Final = 30
"""Laps until every bound is reached; MMSIs of an hour are those of 120."""
LAP_MS: Final = 30_000
PIECES: Final = 6
OF_THE_WATER: Final = ".coverage.cell_statistics.cells."
"""As many as there is water in which anybody was heard; ``tests/detectors/test_cells.py`` bounds them."""
BEGIN_MS: Final = 1_764_000_000_000
SETTINGS: Final = """
[fleet]
vessels_most = 100
dropped_most = 100
[detectors.identity_change]
ships_most = 100
[ingest]
identity_pairs_most = 1000
[kafka]
partitions = 2
"""


class Playing:
    """A live source, its engines, and the second stage, in this process."""

    def __init__(self, home: Path) -> None:
        (home / "wakewatch.toml").write_text(SETTINGS)
        settings = load(home / "wakewatch.toml", environ={})
        self.pipeline = InProcessPipeline(settings, load_reference(settings.reference), settings.kafka.partitions)
        self.ingest = Ingest("pier", settings.kafka.partitions, settings.ingest, settings.feed, SourceKind(live=True))

    def lap(self, number: int) -> None:
        """All new ships, but those in port; then the engines are snapshotted."""
        said = list(lines(number, SHIPS))
        for piece in range(PIECES):
            now_ms = BEGIN_MS + number * LAP_MS + piece * LAP_MS // PIECES
            part = b"".join(said[len(said) * piece // PIECES : len(said) * (piece + 1) // PIECES])
            records = self.ingest.clock(now_ms) + self.ingest.feed(part, now_ms)
            assert list(self.pipeline.take(records)) is not None
            self.ingest.refused.clear()
        for engine in self.pipeline.engines:
            assert all(engine.shard(shard) for shard in engine.dirty()) and engine.manifest()
            engine.mark_clean()

    def held(self) -> Counter[str]:
        return held({"pipeline": self.pipeline, "ingest": self.ingest})


@pytest.fixture
def playing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Playing:
    """Caches and other bounds that take hours to be reached are small."""
    for module, name in (
        (sentence, "_CACHE_MMSI_MOST"),
        (sentence, "_CACHE_MOST"),
        (packing, "_CACHE_MMSI_MOST"),
        (packing, "_CACHE_MOST"),
        (binding, "_NUMBERS_LEAST"),
        (identity_change, "_CHANGES_MOST"),
    ):
        monkeypatch.setattr(module, name, 50)
    return Playing(tmp_path)


def test_nothing_is_held_of_vessels_that_are_never_heard_again(playing: Playing) -> None:
    seen, leak = [], dict[int, bytes]()
    for number in range(LAPS):
        playing.lap(number)
        leak[number] = b"kept"
        if number >= WARM:
            seen.append(playing.held() + held({"leak": leak}))
    assert playing.pipeline.vessels <= 200 and playing.pipeline.totals.alerts["identity_change opened"] > 0
    found = grown(seen)
    assert found.pop("{}", None) is not None  # the leak, which shows that what grows is found
    assert {path: most for path, most in found.items() if OF_THE_WATER not in path} == {}


def test_paths_name_what_holds() -> None:
    class Kept(msgspec.Struct):
        of: dict[int, list[int]] = {}

    assert held({"a": Kept({1: [1, 2, 3], 2: [4]})}) == Counter({"": 1, "{}.of": 2, "{}.of{}": 4})
