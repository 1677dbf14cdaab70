"""One round: topics of its own, the same input, workers that are watched and started again."""

import os
import shutil
import signal
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Event, Thread
from typing import Literal, NamedTuple

import msgspec
from kafka import TopicPartition

from streams.broker.clients import admin, consumer
from streams.broker.reading import read
from streams.doctor.reading import newest, newest_head
from streams.ingest.run import IngestPlan, run
from streams.messages.topics import (
    ALERT_STATE,
    ALERTS,
    AREAS,
    FLEET,
    HISTORIES,
    IDENTITIES,
    MEETINGS,
    PLACES,
    SENTENCES,
    SLOW,
    create_missing,
)
from streams.settings.model import KafkaSettings, Settings
from tests.chaos.outcome import Written, written
from tests.chaos.process import PATIENCE_S, StuckError, Worker, offsets_of
from tests.chaos.proxy import Proxy

PARTITIONS = 4
PACK = 10
SESSION_S = 6.0  # the least that Kafka allows
SNAPSHOT_S = 0.4
_LOOK_S = 0.02
_STACKS_S = 3.0
STUCK_LOG = Path(tempfile.gettempdir()) / "wakewatch-chaos-stuck.log"


class Feeding(NamedTuple):
    """How the input comes, and how long the workers are to take."""

    path: Path
    hours: float
    """Event time in it."""
    lasts_s: float
    """Ingest is live for so long."""
    slow_s: float
    """How long a worker rests after each record."""
    suspend: bool = False
    """Whether each send waits."""


class Rig:
    """Topics under a prefix of their own, an ingest that fills them, and the workers that read them."""

    def __init__(
        self, servers: str, feeding: Feeding, home: Path, sabotage: str = "", proxy: Proxy | None = None
    ) -> None:
        self.proxy = proxy
        """Between the workers and the broker; ingest and this rig speak to the broker itself."""
        prefix = f"chaos{uuid.uuid4().hex[:8]}."
        self.kafka = KafkaSettings(bootstrap_servers=servers, topic_prefix=prefix, partitions=PARTITIONS)
        self.home, self.workers = home / prefix, dict[str, Worker]()
        self.home.mkdir()
        self.slow(feeding.slow_s)
        self.make_topics()
        self._suspend = "1" if feeding.suspend else ""
        self._sabotage, self._failure = sabotage, list[BaseException]()
        self._ends: dict[int, int] = {}
        self._ingest = Thread(target=self._feed, args=(feeding,), daemon=True)
        self._ingest.start()

    def _feed(self, feeding: Feeding) -> None:
        settings = Settings(kafka=self.kafka)
        ingest = msgspec.structs.replace(settings.ingest, pack_sentences=PACK)
        plan = IngestPlan(urls=(f"file:{feeding.path}",), speed=feeding.hours * 3600 / feeding.lasts_s)
        try:
            run(plan, msgspec.structs.replace(settings, ingest=ingest), Event())
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            self._failure.append(error)

    @property
    def live(self) -> bool:
        """Ingest is still writing."""
        return self._ingest.is_alive()

    @property
    def group(self) -> str:
        """The workers' group."""
        return f"{self.kafka.topic_prefix}app"

    def environ(self, instance: str) -> dict[str, str]:
        """What a worker is told; an empty ``instance`` is a member without a name."""
        return {
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "WW_CHAOS_DIR": str(self.home),
            "WW_CHAOS_SABOTAGE": self._sabotage,
            "WW_CHAOS_SUSPEND": self._suspend,
            "WW_CHAOS_THROUGH": str(self.proxy.port) if self.proxy else "",
            "WAKEWATCH_KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "WAKEWATCH_KAFKA_TOPIC_PREFIX": self.kafka.topic_prefix,
            "WAKEWATCH_KAFKA_PARTITIONS": str(PARTITIONS),
            "WAKEWATCH_WORKER_APP_ID": self.group,
            "WAKEWATCH_WORKER_INSTANCE_ID": instance,
            "WAKEWATCH_WORKER_DATA_DIR": str(self.home / f"data-{instance}"),
            "WAKEWATCH_WORKER_SNAPSHOT_EVERY_S": str(SNAPSHOT_S),
            "WAKEWATCH_WORKER_SESSION_TIMEOUT_S": str(SESSION_S),
        }

    def slow(self, slow_s: float) -> None:
        """How long a worker rests after each record."""
        fresh = self.home / "slow.new"
        fresh.write_text(str(slow_s))
        fresh.replace(self.home / "slow")

    def make_topics(self) -> None:
        """Those that are missing."""
        client = admin(self.kafka)
        create_missing(client, self.kafka)
        client.close()

    def lose_fleet(self) -> None:
        """The state's topic is deleted and made again, empty."""
        client = admin(self.kafka)
        name = self.kafka.topic_prefix + FLEET
        client.delete_topics([name])
        self.until(lambda: name not in client.list_topics(), "the fleet topic goes")
        client.close()
        self.make_topics()

    def lose_offsets(self) -> None:
        """The group is deleted, once its members are forgotten."""
        client = admin(self.kafka)

        def gone() -> bool:
            try:
                client.delete_groups([self.group])
            except Exception:  # noqa: BLE001 - a group that still has a member; asked again until patience ends
                return False
            return self.group not in str(client.list_groups())

        self.until(gone, "the group goes", pause_s=0.3)
        client.close()

    def worker(self, name: str, instance: str | None = None) -> Worker:
        """Starts a worker, or returns the one of that name."""
        if name not in self.workers:
            self.workers[name] = Worker(self, name if instance is None else instance)
        return self.workers[name]

    def lag(self) -> int:
        """Records in the log, as last looked at, that nobody has begun to take in: never too many."""
        return self._behind(self.home.glob("*.at"), "begun")

    def left(self) -> int:
        """Records that are not in the state of a worker that lives."""
        return self._behind((self.home / f"{worker.process.pid}.at" for worker in self.workers.values()), "done")

    def _behind(self, files: Iterable[Path], word: Literal["begun", "done"]) -> int:
        best: Counter[int] = Counter()
        for path in files:
            for partition, offset in offsets_of(path, word).items():
                best[partition] = max(best[partition], offset + 1)
        return sum(max(0, end - best[number]) for number, end in self._ends.items())  # it may have grown since

    def look(self) -> int:
        """Asks how long the log is by now; returns the lag. Not while the broker is away."""
        client = consumer(self.kafka)
        parts = [TopicPartition(self.kafka.topic_prefix + SENTENCES, number) for number in range(PARTITIONS)]
        self._ends = {part.partition: end for part, end in client.end_offsets(parts).items()}
        client.close()
        return self.lag()

    def last_words(self) -> str:
        """The end of the workers' log."""
        return (self.home / "worker.log").read_text(errors="replace")[-2000:]

    def until(self, done: Callable[[], bool], what: str, pause_s: float = _LOOK_S) -> None:
        """Waits, tending the workers. Raises StuckError when nothing has moved for PATIENCE_S."""
        deadline, stood = time.monotonic() + PATIENCE_S, self._stand()
        while not done():
            if time.monotonic() > deadline and self._stand() == stood:
                self._ask_where()
                waited = f"{what}: nothing moves for {PATIENCE_S:.0f} s, lag {self.lag()}"
                raise StuckError(f"{waited}; the workers' log is kept in {STUCK_LOG}: {self.last_words()}")
            if time.monotonic() > deadline:
                deadline, stood = time.monotonic() + PATIENCE_S, self._stand()
            for worker in self.workers.values():
                worker.tend()
            time.sleep(pause_s)

    def _stand(self) -> tuple[int, int]:
        """Changes while records are taken in."""
        return self.lag(), self.left()

    def _ask_where(self) -> None:
        """The workers write down where they stand (see ``stacks``), and their log outlives the run."""
        for worker in self.workers.values():
            worker.send(signal.SIGRTMIN)
        time.sleep(_STACKS_S)
        shutil.copy(self.home / "worker.log", STUCK_LOG)

    def pause(self, pause_s: float) -> None:
        """Lets time pass, tending the workers."""
        until_s = time.monotonic() + pause_s
        self.until(lambda: time.monotonic() >= until_s, "time passes")

    def finish(self) -> Written:
        """Lets the rest be read, stops the workers in good order, and returns what was written."""
        if self.proxy is not None:
            self.proxy.damage(0)
        self.slow(0)
        self.worker("one")
        self.until(lambda: not self.live, "ingest ends", pause_s=0.1)
        if self._failure:
            raise StuckError(f"ingest failed: {self._failure[0]!r}")
        self.until(self._processed, "everything is processed", pause_s=0.3)
        self.stop()  # all that the first stage reports to the later ones is in the log now
        self.workers["one"].start()
        self.until(self._gathered, "every binding and displacement is processed", pause_s=0.3)
        self.stop()
        alerts, state = ([one.value for one in read(self.kafka, name) if one.value] for name in (ALERTS, ALERT_STATE))
        came = written(alerts, state)
        client = admin(self.kafka)
        client.delete_topics([name for name in client.list_topics() if name.startswith(self.kafka.topic_prefix)])
        client.close()
        return came

    def _processed(self) -> bool:
        """Whether all of the log is in the state. Workers add to it: areas go back to the stage of vessels."""
        self.look()
        return self.left() == 0

    def _gathered(self) -> bool:
        """Whether worker one runs, and snapshots of the later stages cover all that they read."""
        if not (self.home / f"{self.workers['one'].process.pid}.at").exists():
            return False
        client = consumer(self.kafka)
        try:
            for read_topic, state in ((IDENTITIES, HISTORIES), (PLACES, AREAS), (SLOW, MEETINGS)):
                end = newest(client, self.kafka.topic_prefix + read_topic).ends[0]
                cut = newest_head(client, self.kafka.topic_prefix + state).get(0)
                if end and (cut is None or cut.offset < end - 1):
                    return False
        finally:
            client.close()
        return True

    def stop(self) -> None:
        """Ends all workers in good order. Raises StuckError when one fails meanwhile."""
        for worker in self.workers.values():
            worker.end(signal.SIGTERM)
            if worker.process.returncode:
                raise StuckError(f"a worker ended with {worker.process.returncode}: {self.last_words()}")

    def kill_all(self) -> None:
        """Whatever happened, nothing stays behind."""
        for worker in self.workers.values():
            worker.process.kill()
            worker.process.wait()
        if self.proxy is not None:
            self.proxy.close()
