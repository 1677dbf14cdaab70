"""A system to measure: a broker, topics, workers as processes, and records made before the measurement.

Markers show how far the worker is: one ship per partition that states a listed IMO number for the first time. Its alert
is written at once, so when it can be read, all earlier records of the log have been processed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final
from urllib.request import urlopen

import msgspec
from kafka import TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from detectors.core.alert import Alert
from streams.bench.frame import process_cpu_s
from streams.broker import clients, embedded
from streams.broker.node import HOST, free_port
from streams.errors import WakewatchError
from streams.ingest.core import Ingest
from streams.ingest.model import SourceKind
from streams.ingest.outbound import Sender, of_sentences, of_tick
from streams.messages.log_records import MarkRecord, Record, TickRecord, partition_of
from streams.messages.topics import ALERTS, SENTENCES, create_missing
from streams.nmea.encoder import EncodedFix, Particulars, position, sentences, static, tagged
from streams.settings.model import IngestSettings, KafkaSettings

START_MS: Final = 1_707_000_000_000
SOURCE: Final = "bench"
_LISTED_IMO: Final = 9_179_842  # the first of the ships that are listed by default
_MARKER_MMSI: Final = 990_000_000  # no country has these: no vessel of a feed has one
_PATIENCE_S: Final = 600.0
_LOOK_S: Final = 0.02
SNAPSHOT_EVERY_S: Final = 5
"""Six times as often as usual: a measurement must include several."""
_METRICS_WAIT_S: Final = 5.0


class TimedLines:
    """Lines on their way into the log: timed, packed and ticked as ingest does for a live source."""

    def __init__(self, partitions: int, rate_hz: float, start_ms: int = START_MS) -> None:
        self._spacing_ms, self._rate, self._partitions = 1000 / rate_hz, int(rate_hz), partitions
        self._time_ms = float(start_ms)
        self._markers = 0

    def records(self, lines: Sequence[bytes], pack: int) -> list[Record]:
        """Records of at most ``pack`` sentences, and one tick per second; the clock continues by the rate."""
        ingest = Ingest(
            SOURCE, self._partitions, IngestSettings(pack_sentences=pack), source_kind=SourceKind(live=True)
        )
        made = ingest.clock(int(self._time_ms))
        for at in range(0, len(lines), self._rate):
            made += ingest.feed(b"".join(self._timed(lines[at : at + self._rate])), int(self._time_ms))
            made += ingest.clock(int(self._time_ms))
        return made + ingest.flush()

    def _timed(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        for line in lines:
            self._time_ms += self._spacing_ms
            yield tagged([line[line.rfind(b"!") :]], int(self._time_ms), SOURCE)[0] + b"\n"

    def markers(self) -> tuple[list[Record], set[int]]:
        """A marker in each partition, and their MMSIs."""
        self._markers += 1
        first = _MARKER_MMSI + 1000 * self._markers
        mmsis = {
            next(m for m in range(first, first + 1000) if partition_of(m, self._partitions) == number)
            for number in range(self._partitions)
        }
        return self.records([line for mmsi in sorted(mmsis) for line in marker(mmsi)], 1000), mmsis


def marker(mmsi: int) -> list[bytes]:
    """The sentences of a ship that causes an alert as soon as it is heard."""
    ship = Particulars(imo=_LISTED_IMO, name="MARKER", ship_type=70, length_m=150, beam_m=20)
    return sentences(static(mmsi, ship), sequence=mmsi)


def fleet(vessels: int) -> list[bytes]:
    """One position of each of this many vessels, over all seas."""
    spread = 10_007
    return [
        sentences(
            position(
                200_000_000 + number * 503,
                EncodedFix(
                    number * spread % 13_000 / 100 - 65, number * spread % 35_000 / 100 - 175, 10.0, 45.0, 45.0, 0
                ),
                status=0,
            )
        )[0]
        for number in range(vessels)
    ]


class AlertListener:
    """Reads the alert topic and notes when each vessel's first alert could be read (seconds of ``time.time``)."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self.seen: dict[int, float] = {}
        self.alerts = 0
        self._stop = Event()
        self._client: Any = clients.consumer(kafka, auto_offset_reset="earliest", fetch_max_wait_ms=5)
        self._client.subscribe([kafka.topic_prefix + ALERTS])
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            for records in self._client.poll(timeout_ms=50).values():
                now_s = time.time()
                for record in records:
                    self.alerts += 1
                    mmsi = msgspec.json.decode(record.value, type=Alert).mmsi
                    if mmsi is not None:
                        self.seen.setdefault(mmsi, now_s)

    def close(self) -> None:
        """Ends reading."""
        self._stop.set()
        self._thread.join()
        self._client.close()


class KafkaRun:
    """Use ``opened``. ``worker`` starts one; none outlives the block."""

    def __init__(self, kafka: KafkaSettings, home: Path) -> None:
        self.kafka, self.home = kafka, home
        self.workers: list[subprocess.Popen[bytes]] = []
        self._metrics: dict[int, int] = {}
        self.listener = AlertListener(kafka)
        self._producer: Any = clients.producer(kafka)
        self._sender = Sender(SOURCE, "bench", replayed=False, prefix=kafka.topic_prefix)

    def environ(self) -> dict[str, str]:
        """The environment of a process that is to find these topics."""
        return {
            **os.environ,
            "WAKEWATCH_KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "WAKEWATCH_KAFKA_TOPIC_PREFIX": self.kafka.topic_prefix,
            "WAKEWATCH_KAFKA_PARTITIONS": str(self.kafka.partitions),
        }

    def worker(self, name: str = "one") -> subprocess.Popen[bytes]:
        """A worker with its own name (static membership)."""
        port = free_port()
        environ = {
            **self.environ(),
            "WAKEWATCH_WORKER_APP_ID": f"{self.kafka.topic_prefix}app",
            "WAKEWATCH_WORKER_INSTANCE_ID": name,
            "WAKEWATCH_WORKER_DATA_DIR": str(self.home / name),
            "WAKEWATCH_WORKER_SNAPSHOT_EVERY_S": str(SNAPSHOT_EVERY_S),
            "WAKEWATCH_WORKER_METRICS_PORT": str(port),
        }
        with (self.home / "worker.log").open("ab") as log:
            process = subprocess.Popen([sys.executable, "-m", "streams.worker"], env=environ, stdout=log, stderr=log)
        self.workers.append(process)
        self._metrics[process.pid] = port
        return process

    def send(self, records: Sequence[Record]) -> None:
        """Writes records to the log, ticks to every partition, and waits until Kafka has them."""
        read_ms = int(time.time() * 1000)
        for record in records:
            if isinstance(record, MarkRecord):
                continue
            letters = (
                [of_tick(record, number, self._sender, read_ms) for number in range(self.kafka.partitions)]
                if isinstance(record, TickRecord)
                else [of_sentences(record, self._sender, read_ms)]
            )
            for one in letters:
                self._producer.send(
                    one.topic, one.value, partition=one.partition, headers=one.headers, timestamp_ms=one.timestamp_ms
                )
        self._producer.flush()

    def until(self, done: Callable[[], bool]) -> None:
        """Waits. Raises WakewatchError if a worker ends in the meantime, or it takes too long."""
        deadline_s = time.monotonic() + _PATIENCE_S
        while not done():
            if any(worker.poll() is not None for worker in self.workers) or time.monotonic() > deadline_s:
                raise WakewatchError(f"the worker did not get there: {self.last_words()}")
            time.sleep(_LOOK_S)

    def passed(self, mmsis: set[int]) -> Callable[[], bool]:
        """Whether there are alerts about all these markers."""
        return lambda: mmsis <= self.listener.seen.keys()

    def last_words(self) -> str:
        """The end of the workers' log."""
        return (self.home / "worker.log").read_text(errors="replace")[-1000:]

    def prepare(self, made: TimedLines, known: Sequence[bytes], workers: int = 1) -> None:
        """Starts workers and puts the vessels of ``known`` into their state."""
        for number in range(workers):
            self.worker(f"worker-{number}")
        for lines in ([], known):
            records = made.records(lines, 1000)
            last, mmsis = made.markers()
            self.send([*records, *last])
            self.until(self.passed(mmsis))

    def await_snapshots(self) -> None:
        """Returns when snapshots cover the whole log: only then is input acknowledged."""
        admin, topic = clients.admin(self.kafka), self.kafka.topic_prefix + SENTENCES
        client = clients.consumer(self.kafka)
        ends = client.end_offsets([TopicPartition(topic, number) for number in range(self.kafka.partitions)])

        def covered() -> bool:
            group = f"{self.kafka.topic_prefix}app"
            acked = admin.list_group_offsets(group)[group]
            return all(part in acked and acked[part].offset >= end for part, end in ends.items())

        self.until(covered)
        client.close()
        admin.close()

    def cpu_s(self) -> float:
        """CPU seconds of all running workers."""
        return sum(process_cpu_s(worker.pid) for worker in self.workers)

    def snapshots(self) -> int:
        """Number of snapshots, one per partition, that the running workers have committed."""
        return self.counted("wakewatch_snapshot_duration_seconds_count")

    def counted(self, name: str) -> int:
        """The sum of a metric over its labels and the running workers that serve it."""
        return sum(_counted(self._metrics[worker.pid], name) for worker in self.workers)

    def settle(self) -> None:
        """Ends the workers in good order, so that all processed records are acknowledged. Raises WakewatchError
        otherwise."""
        for worker in self.workers:
            worker.terminate()
        codes = [worker.wait(_PATIENCE_S) for worker in self.workers]
        if any(codes):
            raise WakewatchError(f"a worker ended with {codes}: {self.last_words()}")
        self.workers.clear()

    def close(self) -> None:
        """Ends the workers."""
        for worker in self.workers:
            worker.kill()
            worker.wait()
        self.listener.close()
        self._producer.close()


def _counted(port: int, name: str) -> int:
    with urlopen(f"http://{HOST}:{port}/metrics", timeout=_METRICS_WAIT_S) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    samples = (sample for family in families for sample in family.samples)
    return round(sum(s.value for s in samples if s.name == name))


@contextmanager
def opened(partitions: int) -> Iterator[KafkaRun]:
    """A system with its own broker, empty; everything is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="wakewatch-bench-") as folder:
        home = Path(folder)
        broker = embedded.start(home / "kafka", port=0, die_with_parent=True)
        try:
            kafka = KafkaSettings(bootstrap_servers=broker.bootstrap_servers, partitions=partitions)
            admin = clients.admin(kafka)
            create_missing(admin, kafka)
            admin.close()
            kafka_run = KafkaRun(kafka, home)
            try:
                yield kafka_run
            finally:
                kafka_run.close()
        finally:
            embedded.stop(home / "kafka")
