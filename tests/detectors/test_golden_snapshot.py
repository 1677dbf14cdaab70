"""Snapshots of every former format are read, and the story goes on from them as if nothing had happened."""

from pathlib import Path

import msgspec
import pytest

from detectors.core.alert import encode
from detectors.core.engine.engine import Engine
from detectors.core.engine.migrations import FLEET_FORMAT
from detectors.core.engine.snapshot import SnapshotError
from detectors.core.reports import Batch
from detectors.core.testing import engine
from detectors.core.ticks import Tick
from tests.detectors.golden_snapshot import BEFORE_RATES, FOLDER, FORMAT_2, Golden, items, made, played


def rest_of(playing: Engine, log: list[Batch | Tick]) -> list[bytes]:
    written = []
    for item in log:
        emitted = playing.apply(item) if isinstance(item, Batch) else playing.tick(item, playing.counts["reports"])
        written += [encode(one.alert) for one in emitted]
    return written


def restored_from(path: Path) -> tuple[Golden, Engine]:
    golden = msgspec.msgpack.decode(path.read_bytes(), type=Golden)
    restored = engine().restore(golden.shards, golden.manifest)
    restored.counts["reports"] = sum(len(item.reports) for item in items()[: golden.taken] if isinstance(item, Batch))
    return golden, restored


def test_a_snapshot_from_before_rates_were_learned_is_read_and_they_start_at_their_defaults() -> None:
    golden, restored = restored_from(BEFORE_RATES)
    assert restored.open_alerts() == played(engine(), items()[: golden.taken]).open_alerts()
    assert not restored.reception.vessel_columns.gap.any() and not restored.reception.coverage.rest_rates.counts.any()
    assert len(rest_of(restored, items()[golden.taken :])) >= 3
    assert restored.reception.vessel_columns.gap.any()


def without_wording(alerts: list[bytes]) -> list[dict[str, object]]:
    """A closing alert repeats facts in the wording of the version that opened it: numbers, units and order count."""
    found = [msgspec.json.decode(alert) for alert in alerts]
    for alert in found:
        alert["why"] = [
            {key: fact[key] for key in ("value", "threshold", "unit") if key in fact} for fact in alert["why"]
        ]
    return found


def as_opened(alerts: list[bytes]) -> list[bytes]:
    """The outage that was open is closed with the severity that it was opened with: then every outage was a ticket."""
    old, new = b'"feed_outage","rule_version":1,"severity":"log"', b'"feed_outage","rule_version":1,"severity":"ticket"'
    first = next(place for place, alert in enumerate(alerts) if b'"feed_outage"' in alert)
    assert old in alerts[first] and b'"status":"closed"' in alerts[first]
    return [*alerts[:first], alerts[first].replace(old, new), *alerts[first + 1 :]]


def test_format_2_goes_on_as_if_nothing_had_happened() -> None:
    golden, restored = restored_from(FORMAT_2)
    whole = played(engine(), items()[: golden.taken])
    assert restored.open_alerts() == whole.open_alerts()
    assert sum(restored.open_alerts().values()) >= 3
    (source,) = restored.sources.sources
    assert source.repeated_ms is None  # it does not know when outages were last reported as repeated
    source.repeated_ms = whole.sources.sources[0].repeated_ms
    wanted = as_opened(rest_of(whole, items()[golden.taken :]))
    assert without_wording(rest_of(restored, items()[golden.taken :])) == without_wording(wanted)
    assert len(wanted) >= 3


@pytest.mark.parametrize("number", range(3, FLEET_FORMAT + 1))
def test_a_later_format_goes_on_as_if_nothing_had_happened(number: int) -> None:
    golden, restored = restored_from(FOLDER / f"snapshot_v{number}.msgpack")
    whole = played(engine(), items()[: golden.taken])
    assert restored.open_alerts() == whole.open_alerts()
    wanted = rest_of(whole, items()[golden.taken :])
    assert without_wording(rest_of(restored, items()[golden.taken :])) == without_wording(wanted)
    assert len(wanted) >= 3


def test_a_former_snapshot_is_written_whole_in_the_present_format() -> None:
    _, restored = restored_from(FOLDER / f"snapshot_v{FLEET_FORMAT - 1}.msgpack")
    assert msgspec.json.decode(restored.manifest())["format"] == FLEET_FORMAT
    assert set(restored.dirty()) == set(range(restored.shard_count()))


def test_a_format_that_nobody_wrote_is_refused_by_its_number() -> None:
    golden = made()
    head = msgspec.json.decode(golden.manifest) | {"format": FLEET_FORMAT + 1}
    with pytest.raises(SnapshotError, match=f"format {FLEET_FORMAT + 1}, expected {FLEET_FORMAT}"):
        engine().restore(golden.shards, msgspec.json.encode(head))
