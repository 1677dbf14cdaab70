"""A record at which the work raises is set aside after a few crashes, and everything else is taken in."""

from pathlib import Path

import msgspec
import pytest

from detectors.core.alert import encode
from streams.broker.reading import read
from streams.messages.topics import FLEET
from streams.settings.model import KafkaSettings
from streams.worker.codec import LogEntry
from streams.worker.crashes import Crash, Crashes, RecordError, work_on
from streams.worker.state_log import CRASHES, HEAD, SnapshotHead
from tests.streams.worker.conftest import StartWorker, alerts_in_process, key_of, written
from tests.streams.worker.poisoned import AGAIN, set_aside
from tests.streams.worker.test_states import series

RAISES = """engine.apply = None  # the state is half changed, as an error leaves it
        raise IndexError("index -1 is out of bounds")"""


def an_entry(offset: int) -> LogEntry:
    return LogEntry(offset, b"", "pier", True, False, True, 0, None, False, "")


def crashed(crashes: Crashes, first: int, last: int, times: int = 1) -> None:
    for _ in range(times):
        crashes.add(RecordError(first, last, IndexError("no such slot")))


def test_a_crash_of_many_records_is_looked_for_among_them_one_by_one() -> None:
    crashes = Crashes(most=3)
    assert crashes.together(0, 50) == 50
    crashed(crashes, 10, 19, times=5)
    assert [crashes.together(first, 5) for first in (0, 5, 6, 10, 19, 20)] == [5, 5, 1, 1, 1, 5]
    assert crashes.final(10) is None  # nobody knows which of them it is
    crashed(crashes, 12, 12, times=2)
    assert crashes.final(12) is None
    crashed(crashes, 12, 12)
    final = crashes.final(12)
    assert final is not None and (final.times, final.why) == (3, "IndexError('no such slot')")
    assert crashes.final(13) is None


def test_two_records_are_both_set_aside_and_are_forgotten_once_a_snapshot_covers_them() -> None:
    """With one place to note them they would take turns for ever."""
    crashes = Crashes(most=2)
    crashed(crashes, 7, 7, times=2)
    crashed(crashes, 9, 9, times=2)
    again = Crashes(msgspec.json.decode(msgspec.json.encode(crashes.after(6)), type=list[Crash]), 2)
    assert again.final(7) and again.final(9) and not again.final(8)
    assert [one.first for one in again.after(7)] == [9]
    assert again.after(9) == []


def test_only_what_the_work_raises_is_the_record_s_fault() -> None:
    with pytest.raises(RecordError, match=r"records 3 to 4: ZeroDivisionError"), work_on([an_entry(3), an_entry(4)]):
        1 / 0  # noqa: B018
    with pytest.raises(MemoryError), work_on([an_entry(3)]):
        raise MemoryError


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 3])
def test_a_crash_loop_ends_and_the_rest_is_as_if_the_record_had_not_been(
    kafka_settings: KafkaSettings, start_worker: StartWorker, feed: bytes, tmp_path: Path, times: int
) -> None:
    kafka = msgspec.structs.replace(kafka_settings, partitions=1)
    found = set_aside(kafka, start_worker, feed, tmp_path, how=RAISES, times=times)
    wanted = alerts_in_process(found.rest, kafka.partitions)
    assert set(written(kafka)) == {key_of(encode(alert)) for alert in wanted}
    assert f"crashed {times} times at this record: IndexError" in found.letters[0]
    assert float(series(found.port, "record_set_aside_timestamp_seconds")) > 0
    crashes = found.worker.said().count(AGAIN)
    assert times <= crashes <= times + 1, found.worker.said()[-3000:]  # one more, when it came together with others
    found.worker.until(lambda: not _noted(kafka))


def _noted(kafka: KafkaSettings) -> bool:
    """Whether the newest word on some partition's state still speaks of a crash."""
    newest = {one.partition: one for one in read(kafka, FLEET) if one.key in {HEAD, CRASHES} and one.value}
    return any(
        one.key == CRASHES or msgspec.json.decode(one.value, type=SnapshotHead).crashes for one in newest.values()
    )
