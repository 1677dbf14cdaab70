"""A snapshot that the first version wrote is read by every later one, and the story goes on from it."""

import msgspec

from detectors.core.alert import encode
from detectors.core.engine import Engine
from detectors.core.reports import Batch
from detectors.core.testing import REFERENCE, engine
from detectors.core.ticks import FeedRules, Tick
from tests.detectors.golden_snapshot import GOLDEN, Golden, items, played


def rest_of(playing: Engine, log: list[Batch | Tick]) -> list[bytes]:
    written = []
    for item in log:
        emitted = playing.apply(item) if isinstance(item, Batch) else playing.tick(item, playing.counts["reports"])
        written += [encode(one.alert) for one in emitted]
    return written


def test_the_golden_snapshot_goes_on_as_if_nothing_had_happened() -> None:
    golden = msgspec.msgpack.decode(GOLDEN.read_bytes(), type=Golden)
    restored = Engine.restore(
        golden.shards, golden.manifest, partition=0, reference=REFERENCE, feed=FeedRules(), thresholds={},
        severities={},
    )  # fmt: skip
    restored.counts["reports"] = sum(len(item.reports) for item in items()[: golden.taken] if isinstance(item, Batch))
    whole = played(engine(), items()[: golden.taken])
    assert restored.open_alerts() == whole.open_alerts()
    assert sum(restored.open_alerts().values()) >= 3
    wanted = rest_of(whole, items()[golden.taken :])
    assert rest_of(restored, items()[golden.taken :]) == wanted
    assert len(wanted) >= 3
