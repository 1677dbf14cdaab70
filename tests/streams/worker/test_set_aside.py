"""A record at which the work raises is set aside after a few crashes, and everything else is taken in."""

from pathlib import Path

import msgspec
import pytest

from detectors.core.alert import encode
from streams.broker import tether
from streams.broker.node import free_port
from streams.broker.reading import read
from streams.settings import KafkaSettings
from streams.topics import FLEET
from streams.worker.codec import Entry
from streams.worker.crashes import Crash, Crashes, RecordError, work_on
from streams.worker.fleetlog import CRASHES, CUT, Cut
from tests.streams.worker.conftest import StartWorker, alerts_in_process, key_of, send, written
from tests.streams.worker.test_states import ask, series

RAISES = """
import os, sys
from streams.worker import __main__ as worker, runs
take, poison = runs.take, os.environ["WW_TEST_POISON"].encode()
def raises(engine, run):
    if any(poison in entry.value for entry in run):
        engine.apply = None  # the state is half changed, as an error leaves it
        raise IndexError("index -1 is out of bounds")
    return take(engine, run)
runs.take = raises
sys.exit(worker.main())
"""
SUPERVISED = f"""
import os, sys
from streams.worker.supervisor import Supervisor
tied = [sys.executable, {str(tether.__file__)!r}, str(os.getpid())]
sys.exit(Supervisor(os.environ, [*tied, sys.executable, "-c", {RAISES!r}]).run())
"""


def an_entry(offset: int) -> Entry:
    return Entry(offset, b"", "pier", True, False, True, 0, None, False, "")


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
    lines = feed.splitlines(keepends=True)
    poison = next(line for line in lines[len(lines) // 2 :] if feed.count(sentence_of(line)) == 1)
    send(kafka, feed, tmp_path, pack=20)
    port = free_port()
    told = {"WW_TEST_POISON": sentence_of(poison).decode(), "WAKEWATCH_WORKER_SET_ASIDE_AFTER": str(times)}
    worker = start_worker(kafka, ("-c", SUPERVISED), WAKEWATCH_WORKER_METRICS_PORT=str(port), **told)
    for n in range(1, times + 1):  # each start has a patience of its own
        worker.until(lambda n=n: worker.said().count("worker ended, starting again") >= n)  # type: ignore[misc]
    worker.until(lambda: ask(port, "readyz") == (200, "1 partition, 0 records behind\n"))
    letters = [one for one in read(kafka, "ais.dead.v1") if one.headers["reason"] == b"set_aside"]
    (lost,) = {one.value or b"" for one in letters}  # told again when the snapshot was not yet written
    held = [sentence_of(line) for line in lost.splitlines()]
    first = lines.index(poison) - held.index(sentence_of(poison))
    assert [sentence_of(line) for line in lines[first : first + len(held)]] == held
    rest = b"".join(lines[:first] + lines[first + len(held) :])
    assert set(written(kafka)) == {key_of(encode(alert)) for alert in alerts_in_process(rest, kafka.partitions)}
    assert f"crashed {times} times at this record: IndexError" in letters[0].headers["detail"].decode()
    assert float(series(port, "record_set_aside_timestamp_seconds")) > 0
    crashes = worker.said().count("worker ended, starting again")
    assert times <= crashes <= times + 1, worker.said()[-3000:]  # one more, when it came together with others
    worker.until(lambda: not _noted(kafka))


def sentence_of(line: bytes) -> bytes:
    """Without the tag block, which ingest writes in its own way."""
    return line.strip().rpartition(b"\\")[2]


def _noted(kafka: KafkaSettings) -> bool:
    """Whether the newest word on some partition's state still speaks of a crash."""
    newest = {one.partition: one for one in read(kafka, FLEET) if one.key in {CUT, CRASHES} and one.value}
    return any(one.key == CRASHES or msgspec.json.decode(one.value, type=Cut).crashes for one in newest.values())
