"""What the worker reports to the code that measures it. Nothing here depends on a metrics library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from detectors.core.alert import Alert
from detectors.core.engine.engine import Engine
from detectors.core.reference import ListedShip


class RecordsTaken(NamedTuple):
    """Waiting records of one source, or a single record, processed at once."""

    partition: int
    source: str
    tick: bool
    sentences: int
    reports: int
    alerts: Sequence[Alert]
    letters: Sequence[str]
    """Reasons of the dead letters they caused, one per letter."""
    step_s: float
    """Wall time of decoding and of the engine's step."""


class Tallies(NamedTuple):
    """What a partition's engine has counted since it was taken over; every number only grows."""

    duplicates: int = 0
    late: int = 0
    types: Mapping[int, int] = {}
    """Reports by AIS message type."""
    judged: Mapping[str, int] = {}
    failures: Mapping[str, int] = {}
    cannot_tell: Mapping[str, int] = {}
    evicted: Mapping[str, int] = {}
    """Vessels forgotten, by reason."""
    no_meetings: Mapping[str, int] = {}
    """In the stage of meetings: pairs that are no meeting, and ships at stop places, once a step, by reason."""


def tallies_of(engine: Engine) -> Tallies:
    """A copy of the present tallies."""
    types = {number: count for number, count in enumerate(engine.types.tolist()) if count}
    return Tallies(
        engine.counts["duplicates"],
        engine.counts["late"],
        types,
        dict(engine.dispatcher.judged),
        dict(engine.dispatcher.failures),
        dict(engine.cannot_tell),
        dict(engine.dropped),
    )


class PartitionStanding(NamedTuple):
    """The state of a partition, about once a second."""

    partition: int | str
    """Number of the partition of the log; another stage has a name."""
    where: tuple[str, int]
    """The partition and its topic, with the prefix."""
    watermark_ms: int
    """Event time reached; 0 before the first tick."""
    vessels: int
    tallies: Tallies = Tallies()


class Progress(Protocol):
    """Whether the work is done; called from any thread, also while the event loop hangs. See ``health``."""

    @property
    def broker_up(self) -> bool:
        """Whether Kafka answers."""

    @property
    def answer_s(self) -> float:
        """Kafka's longest response time in the last half minute; NaN without an answer."""

    @property
    def partitions(self) -> float:
        """Number of partitions of the log; NaN while Kafka does not report."""

    def ready(self) -> tuple[bool, str]:
        """Whether all is well, and one line that gives the reason."""

    def lag(self, where: tuple[str, int]) -> float:
        """Number of records that wait in a partition of a topic; NaN if not known."""

    def stalled_s(self, where: tuple[str, int]) -> float:
        """For how long records have waited there while none was processed; NaN if not known."""


class Observer(Protocol):
    """Called from the worker's event loop: an implementation must be quick and must not raise."""

    def taken(self, record: RecordsTaken) -> None:
        """A record was processed."""

    def delivered(self, read_at_ms: int) -> None:
        """Kafka has acknowledged an alert whose record ingest read then, Unix ms."""

    def standing(self, standings: Sequence[PartitionStanding], open_alerts: dict[str, int]) -> None:
        """All partitions owned, and their open alerts by detector."""

    def snapshot(self, partition: int, duration_s: float, size_bytes: int) -> None:
        """A snapshot was committed; ``size_bytes`` counts the shards written."""

    def recovered(self, partitions: Sequence[int], duration_s: float) -> None:
        """Partitions were claimed, loaded and rebuilt; reading continues."""

    def released(self) -> None:
        """No partition is owned any more."""

    def skipped(self, partition: int, records: int, cause: str) -> None:
        """Skipped offsets without a record for us; ``cause`` is ``retention`` or ``no_record``."""

    def restarted(self, times: int) -> None:
        """How often the supervisor has started this worker again."""

    def lists(self, ships: Sequence[ListedShip], written_ms: int) -> None:
        """The listed ships in force from now on, and when they were imported, Unix ms; 0: read by this process."""


class Unobserved:
    """Observes nothing."""

    def taken(self, record: RecordsTaken) -> None:
        """Nothing."""

    def delivered(self, read_at_ms: int) -> None:
        """Nothing."""

    def standing(self, standings: Sequence[PartitionStanding], open_alerts: dict[str, int]) -> None:
        """Nothing."""

    def snapshot(self, partition: int, duration_s: float, size_bytes: int) -> None:
        """Nothing."""

    def recovered(self, partitions: Sequence[int], duration_s: float) -> None:
        """Nothing."""

    def released(self) -> None:
        """Nothing."""

    def skipped(self, partition: int, records: int, cause: str) -> None:
        """Nothing."""

    def restarted(self, times: int) -> None:
        """Nothing."""

    def lists(self, ships: Sequence[ListedShip], written_ms: int) -> None:
        """Nothing."""
