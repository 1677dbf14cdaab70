"""Converts the worker's reports (``streams.worker.observer.Observer``) to metrics. Fast, and never raises."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, Final, get_args

from prometheus_client import CollectorRegistry
from prometheus_client import Counter as PrometheusCounter

from detectors.core.alert import Severity, Status
from detectors.core.meeting_stage.kinds import REASONS
from detectors.core.reference import ListedShip
from detectors.core.registry import detectors
from streams.errors import Reason
from streams.observability.metrics import Metrics, forget, label

if TYPE_CHECKING:  # the worker's package starts Faust
    from streams.worker.observer import PartitionStanding, Progress, RecordsTaken, Tallies

_MS: Final = 1000
_HOUR_S: Final = 3600
FROM_DECODING: Final = (
    Reason.UNDECODABLE,
    Reason.MMSI_INVALID,
    Reason.POSITION_OUT_OF_RANGE,
    Reason.RECORD_UNREADABLE,
    Reason.SET_ASIDE,
)
MESSAGE_TYPES: Final = range(1, 28)
SKIPPED_FOR: Final = ("retention", "no_record")
UNJUDGED_FOR: Final = ("not_to_be_heard", "ordinary_here")
"""Reasons, from ``detectors.gap``, for which silences are not judged."""


class WorkerMeter:
    """The worker's observer."""

    def __init__(self, metrics: Metrics, wall_s: Callable[[], float] = time.time) -> None:
        self._metrics, self._wall_s = metrics, wall_s
        self._shown: set[str] = set()
        self._lists: set[str] = set()
        self._tallies: dict[int | str, Tallies] = {}
        self._speakers: set[str] = set()
        self._progress: Progress | None = None
        self._begin()

    def _begin(self) -> None:
        """Series are 0 before anything happens: Prometheus sees no increase in one that begins at 1."""
        for name in detectors():
            for status, severity in product(get_args(Status), get_args(Severity)):
                self._metrics.alerts.labels(name, status, severity)
            self._metrics.detector_errors.labels(name)
            self._metrics.alerts_open.labels(name)
        for reason in FROM_DECODING:
            self._metrics.rejected.labels(reason)
            self._metrics.dead_letters.labels(reason)
        for number in MESSAGE_TYPES:
            self._metrics.reports.labels(str(number))
        for cause in SKIPPED_FOR:
            self._metrics.skipped_records.labels(cause)
        for why in REASONS:
            self._metrics.no_meetings.labels(why)
        for why in UNJUDGED_FOR:
            self._metrics.cannot_tell.labels(why)

    @property
    def registry(self) -> CollectorRegistry:
        """What /metrics shows."""
        return self._metrics.registry

    def taken(self, record: RecordsTaken) -> None:
        """Counts a record: ingest counts sentences; here their outcome is counted."""
        metrics = self._metrics
        metrics.step_duration.observe(record.step_s)
        for reason, count in Counter(record.letters).items():
            metrics.dead_letters.labels(reason).inc(count)
            if reason == Reason.SET_ASIDE:
                metrics.set_aside.set(self._wall_s())
            if reason != Reason.DETECTOR:
                metrics.rejected.labels(reason).inc(count)
        for alert in record.alerts:
            metrics.alerts.labels(alert.detector, alert.status, alert.severity).inc()

    def delivered(self, read_at_ms: int) -> None:
        """An alert can be read from now on."""
        self._metrics.ingest_to_alert.observe(max(0.0, self._wall_s() - read_at_ms / _MS))

    def standing(self, standings: Sequence[PartitionStanding], open_alerts: dict[str, int]) -> None:
        """Shows the owned partitions; others are removed, so that no two workers report the same one."""
        metrics = self._metrics
        for one in standings:
            self._show(one)
            where = str(one.partition)
            metrics.vessels.labels(where).set(one.vessels)
            self._tally(one.partition, one.tallies)
            if one.watermark_ms:
                metrics.watermark.labels(where).set(one.watermark_ms / _MS)
        self._hide_all_but({str(one.partition) for one in standings})
        self._speakers.update(open_alerts)
        for detector in self._speakers:  # one with none open shows 0, not a hole
            metrics.alerts_open.labels(detector).set(open_alerts.get(detector, 0))

    def follow(self, progress: Progress) -> None:
        """The lag is requested at each scrape: a value from before Kafka stopped answering is not true now."""
        self._progress = progress
        self._metrics.ready.set_function(lambda: progress.ready()[0])
        self._metrics.broker_up.set_function(lambda: progress.broker_up)
        self._metrics.broker_answer.set_function(lambda: progress.answer_s)
        self._metrics.log_partitions.set_function(lambda: progress.partitions)

    def _show(self, one: PartitionStanding) -> None:
        progress, name, where = self._progress, str(one.partition), one.where
        if progress is not None and name not in self._shown:
            self._metrics.lag.labels(name).set_function(lambda: progress.lag(where))
            self._metrics.stalled.labels(name).set_function(lambda: progress.stalled_s(where))

    def _tally(self, partition: int | str, now: Tallies) -> None:
        """Adds the engine's counts since the last call; one that counts from 0 again is a new engine."""
        before = self._tallies.get(partition)
        if before is not None and _begins_again(before, now):
            before = None
        metrics = self._metrics
        metrics.duplicate_reports.inc(now.duplicates - (before.duplicates if before else 0))
        metrics.late_reports.inc(now.late - (before.late if before else 0))
        _raise_to(metrics.reports, before.types if before else {}, now.types)
        _raise_to(metrics.screened_rows, before.judged if before else {}, now.judged)
        _raise_to(metrics.detector_errors, before.failures if before else {}, now.failures)
        _raise_to(metrics.cannot_tell, before.cannot_tell if before else {}, now.cannot_tell)
        _raise_to(metrics.evicted, before.evicted if before else {}, now.evicted)
        _raise_to(metrics.no_meetings, before.no_meetings if before else {}, now.no_meetings)
        self._tallies[partition] = now

    def snapshot(self, partition: int, duration_s: float, size_bytes: int) -> None:
        """A snapshot has committed."""
        self._metrics.snapshot_duration.observe(duration_s)
        if size_bytes:  # a quiet partition's snapshots are a cut alone, and would always show 0
            self._metrics.snapshot_bytes.set(size_bytes)

    def recovered(self, partitions: Sequence[int], duration_s: float) -> None:
        """Partitions were taken over."""
        self._metrics.recovery.set(duration_s)

    def released(self) -> None:
        """No partition is owned."""
        self._hide_all_but(set())
        for detector in self._speakers:
            self._metrics.alerts_open.labels(detector).set(0)

    def skipped(self, partition: int, records: int, cause: str) -> None:
        """Offsets skipped."""
        self._metrics.skipped_records.labels(cause).inc(records)

    def restarted(self, times: int) -> None:
        """Restarted by the supervisor, this often."""
        self._metrics.worker_restarts.inc(times)

    def lists(self, ships: Sequence[ListedShip], written_ms: int) -> None:
        """The listed ships in force from now on; a list that is not among them is no longer shown."""
        counted = {label(name): count for name, count in Counter(ship.list for ship in ships).items()}
        since_s = written_ms / _MS if written_ms else self._wall_s()
        for gone in self._lists - set(counted):
            forget(self._metrics.watchlist_entries, gone)
            forget(self._metrics.watchlist_loaded, gone)
        for name, entries in counted.items():
            self._metrics.watchlist_entries.labels(name).set(entries)
            self._metrics.watchlist_loaded.labels(name).set(since_s)
        self._lists = set(counted)

    def fetched_every(self, hours: float) -> None:
        """How often a scheduler imports the lists; 0: by hand."""
        self._metrics.watchlist_fetch_interval.set(hours * _HOUR_S)

    def _hide_all_but(self, shown: set[str]) -> None:
        for where in self._shown - shown:
            for gauge in (self._metrics.lag, self._metrics.stalled, self._metrics.vessels, self._metrics.watermark):
                forget(gauge, where)
        self._shown = shown
        self._tallies = {number: told for number, told in self._tallies.items() if str(number) in shown}


def _begins_again(before: Tallies, now: Tallies) -> bool:
    return any(sum(b.values()) > sum(n.values()) for b, n in zip(_growing(before), _growing(now), strict=True))


def _growing(told: Tallies) -> tuple[Mapping[Any, int], ...]:
    return told.types, told.no_meetings


def _raise_to(counter: PrometheusCounter, before: Mapping[Any, int], now: Mapping[Any, int]) -> None:
    for name, total in now.items():
        counter.labels(str(name)).inc(max(0, total - before.get(name, 0)))
