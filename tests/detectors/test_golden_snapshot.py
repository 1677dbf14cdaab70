"""A snapshot that the first version wrote is read by every later one, and the story goes on from it."""

from pathlib import Path

import msgspec

from detectors.core.alert import encode
from detectors.core.engine.engine import Engine
from detectors.core.reports import Batch
from detectors.core.testing import REFERENCE, engine
from detectors.core.ticks import FeedRules, Tick
from tests.detectors.golden_snapshot import BEFORE_RATES, GOLDEN, Golden, items, played


def rest_of(playing: Engine, log: list[Batch | Tick]) -> list[bytes]:
    written = []
    for item in log:
        emitted = playing.apply(item) if isinstance(item, Batch) else playing.tick(item, playing.counts["reports"])
        written += [encode(one.alert) for one in emitted]
    return written


def restored_from(path: Path) -> tuple[Golden, Engine]:
    golden = msgspec.msgpack.decode(path.read_bytes(), type=Golden)
    restored = Engine.restore(
        golden.shards, golden.manifest, partition=0, reference=REFERENCE, feed=FeedRules(), thresholds={}, severities={}
    )
    restored.counts["reports"] = sum(len(item.reports) for item in items()[: golden.taken] if isinstance(item, Batch))
    return golden, restored


def test_a_snapshot_from_before_rates_were_learned_is_read_and_they_start_at_their_defaults() -> None:
    golden, restored = restored_from(BEFORE_RATES)
    assert restored.open_alerts() == played(engine(), items()[: golden.taken]).open_alerts()
    assert not restored.reception.vessel_columns.gap.any() and not restored.reception.coverage.rest_rates.counts.any()
    assert len(rest_of(restored, items()[golden.taken :])) >= 3
    assert restored.reception.vessel_columns.gap.any()


def as_opened(alerts: list[bytes]) -> list[bytes]:
    """The outage that was open is closed with the severity that it was opened with: then every outage was a ticket."""
    old, new = b'"feed_outage","rule_version":1,"severity":"log"', b'"feed_outage","rule_version":1,"severity":"ticket"'
    first = next(place for place, alert in enumerate(alerts) if b'"feed_outage"' in alert)
    assert old in alerts[first] and b'"status":"closed"' in alerts[first]
    return [*alerts[:first], alerts[first].replace(old, new), *alerts[first + 1 :]]


def test_the_golden_snapshot_goes_on_as_if_nothing_had_happened() -> None:
    golden, restored = restored_from(GOLDEN)
    whole = played(engine(), items()[: golden.taken])
    assert restored.open_alerts() == whole.open_alerts()
    assert sum(restored.open_alerts().values()) >= 3
    (source,) = restored.sources.sources
    assert source.repeated_ms is None  # it does not know when outages were last reported as repeated
    source.repeated_ms = whole.sources.sources[0].repeated_ms
    wanted = as_opened(rest_of(whole, items()[golden.taken :]))
    assert rest_of(restored, items()[golden.taken :]) == wanted
    assert len(wanted) >= 3
