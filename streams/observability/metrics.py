"""Every metric that wakewatch exposes: name, labels, unit. The registry is passed in, never the global one.

Rules.
- Dashboards and rules depend on names and labels; a family is never renamed.
- No label holds an MMSI, a name or a position: received data cannot create series. A label that is not one of a fixed
  set (a source, a zone's list) is cut to 64 characters.
- Values are counted per batch, not per sentence.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics

PREFIX: Final = "wakewatch"
LABEL_MOST: Final = 64
_STEP_S: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_DELAY_S: Final = (0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
_SNAPSHOT_S: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_CGROUPS: Final = Path("/sys/fs/cgroup")
_OWN_CGROUP: Final = Path("/proc/self/cgroup")
_KIB: Final = 1024


class Metrics:
    """All families of one process, as attributes. A process sets those that apply to it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        # No second series with the creation time of each counter and histogram, which no query uses.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # prometheus-client ships it without types
        self.registry = registry
        self._feed()
        self._detection()
        self._state()
        self._process()

    def _feed(self) -> None:
        self.sentences = self._counter("sentences", "Sentences read", "source")
        self.other_lines = self._counter("other_lines", "Lines of live sources that are not AIS", "source")
        self.reports = self._counter("reports", "Reports decoded, by AIS message type (1 to 27)", "type")
        self.rejected = self._counter("rejected", "Sentences, reports and positions rejected", "reason")
        self.dead_letters = self._counter("dead_letters", "Records written to the dead-letter topic", "reason")
        self.duplicate_reports = self._counter("duplicate_reports", "Further receptions of the same transmission")
        self.late_reports = self._counter("late_reports", "Reports older than the state of their vessel")
        self.tag_block_checksum_errors = self._counter(
            "tag_block_checksum_errors", "Tag blocks with a wrong checksum; the sentence is still used"
        )
        self.feed_lateness = self._gauge(
            "feed_lateness_seconds", "How late the source's sentences may arrive, as learned from them", "source"
        )
        self.feed_last_sentence = self._gauge(
            "feed_last_sentence_timestamp_seconds", "Event time of the source's last sentence", "source"
        )
        self.source_connected = self._gauge(
            "source_connected",
            "Open connections of a source: 1 or 0 where we connect, any number where we listen",
            "source",
        )
        self.source_reconnects = self._counter(
            "source_reconnects", "Connections opened again after a loss or a silence", "source"
        )
        self.source_last_message = self._gauge(
            "source_last_message_timestamp_seconds", "Time when a live source last sent anything", "source"
        )
        self.feed_up = self._gauge("feed_up", "1 while the source is heard, 0 while it is down", "source")

    def _detection(self) -> None:
        self.alerts = self._counter("alerts", "Alert revisions written", "detector", "status", "severity")
        self.alerts_open = self._gauge("alerts_open", "Alerts open in this worker's partitions", "detector")
        self.detector_errors = self._counter("detector_errors", "Vessels skipped because a detector failed", "detector")
        self.cannot_tell = self._counter("cannot_tell", "Silences that could not be judged", "reason")
        self.no_meetings = self._counter(
            "no_meetings",
            "Pairs of ships that were near each other but no meeting, and ships at stop places, once in ten minutes",
            "reason",
        )
        self.false_alarms = self._counter("false_alarms", "Alerts that a person marked as false", "detector")
        self.screened_rows = self._counter(
            "screened_rows", "Vessels that screening passed on to a detector", "detector"
        )
        self.step_duration = self._histogram("step_duration_seconds", "Time to process one record", _STEP_S)
        self.ingest_to_alert = self._histogram(
            "ingest_to_alert_seconds", "Time from reading the sentence to delivery of the alert to Kafka", _DELAY_S
        )
        self.watchlist_entries = self._gauge("watchlist_entries", "Listed vessels loaded", "list")
        self.watchlist_loaded = self._gauge(
            "watchlist_loaded_timestamp_seconds", "Time when the list was loaded", "list"
        )
        self.watchlist_fetch_interval = self._gauge(
            "watchlist_fetch_interval_seconds", "Interval of scheduled list imports; 0: by hand"
        )

    def _state(self) -> None:
        self.vessels = self._gauge("vessels", "Vessels in state", "partition")
        self.evicted = self._counter("evicted", "Vessels dropped from state", "reason")
        self.watermark = self._gauge("watermark_timestamp_seconds", "Event time of the detectors", "partition")
        self.lag = self._gauge(
            "lag_records",
            "Records not processed yet; partitions identities, places and slow: of those stages",
            "partition",
        )
        self.stalled = self._gauge(
            "stalled_seconds", "How long records have been waiting while none is processed", "partition"
        )
        self.log_partitions = self._gauge(
            "log_partitions", "Number of partitions of the log; NaN while Kafka does not answer"
        )
        self.broker_up = self._gauge(
            "broker_up", "1 while Kafka answers this process; NaN if the process does not check"
        )
        self.broker_up.set(float("nan"))
        self.broker_answer = self._gauge(
            "broker_answer_seconds",
            "Longest response time of Kafka to this worker in the last half minute; NaN while it does not answer",
        )
        self.broker_answer.set(float("nan"))
        self.snapshot_duration = self._histogram("snapshot_duration_seconds", "Time to commit a snapshot", _SNAPSHOT_S)
        self.snapshot_bytes = self._gauge("snapshot_bytes", "Size of the last snapshot written")
        self.set_aside = self._gauge(
            "record_set_aside_timestamp_seconds",
            "Time when a record was last set aside after crashes; 0: not since the start",
        )
        self.skipped_records = self._counter("skipped_records", "Offsets of the log skipped", "cause")
        self.recovery = self._gauge("recovery_seconds", "Duration of the last takeover of partitions")
        self.worker_restarts = self._counter(
            "worker_restarts", "Number of times that the supervisor restarted the worker"
        )

        self.kafka_disk_free = self._gauge("kafka_disk_free_bytes", "Free space on a broker's disk", "broker", "folder")
        self.kafka_disk_total = self._gauge("kafka_disk_bytes", "Size of a broker's disk", "broker", "folder")
        self.kafka_log = self._gauge(
            "kafka_log_bytes", "Size of the sentences kept on a broker's disk", "broker", "folder"
        )

    def _process(self) -> None:
        self.unreadable_records = self._counter("unreadable_records", "Records that cannot be read, skipped", "topic")
        self.notifications = self._counter("notifications", "Notifications, by outcome", "target", "outcome")
        self.notify_failing = self._gauge(
            "notify_failing_seconds",
            "How long a target has accepted no notification while the notifier tried",
            "target",
        )
        self.images_matched = self._counter(
            "images_matched", "Satellite images matched with vessels, by outcome", "outcome"
        )
        self.image_wait = self._gauge(
            "image_wait_seconds", "How long the oldest image that can be matched has waited; 0: none waits"
        )
        self.sightings_reported = self._counter(
            "sightings_reported", "Records of what satellite images show, written to the log"
        )
        self._traffic()
        self.trouble = self._gauge(
            "trouble_seconds", "How long the console's banner has shown this; 0: not shown, NaN: unknown", "kind"
        )
        self.console_rejected = self._counter(
            "console_rejected", "Requests to the console rejected because of who sent them", "reason"
        )
        self.build_info = self._gauge("build_info", "1; the label gives the version", "version")
        self.build_info.labels(_version()).set(1)
        self.ready = self._gauge("ready", "Result of /readyz: 1 when the process does its work")
        self.memory = self._gauge("memory_bytes", "Resident memory of this process")
        self.memory.set_function(resident_bytes)
        self.memory_cap = self._gauge("memory_cap_bytes", "Memory limit of this process")
        self.memory_cap.set(memory_cap_bytes())
        ProcessCollector(registry=self.registry)

    def _traffic(self) -> None:
        self.traffic_reports = self._counter("traffic_reports", "Reports taken by the traffic process")
        self.traffic_vessels = self._gauge("traffic_vessels", "Vessels that the traffic process knows", "timeline")
        self.traffic_points = self._gauge("traffic_track_points", "Points of tracks that are kept", "timeline")
        self.traffic_left_out = self._gauge(
            "traffic_left_out", "Positions left out of tracks since the start, by reason", "timeline", "reason"
        )
        self.traffic_unread = self._gauge("traffic_unread_records", "Records of the log that are not read yet")

    def _counter(self, name: str, sentence: str, *labels: str) -> Counter:
        return Counter(name, sentence, labels, namespace=PREFIX, registry=self.registry)

    def _gauge(self, name: str, sentence: str, *labels: str) -> Gauge:
        return Gauge(name, sentence, labels, namespace=PREFIX, registry=self.registry)

    def _histogram(self, name: str, sentence: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, sentence, (), namespace=PREFIX, registry=self.registry, buckets=buckets)


def label(text: str) -> str:
    """A configured name as a label: printable and short."""
    return "".join(c if c.isprintable() else "?" for c in text[:LABEL_MOST])


def forget(gauge: Gauge, name: str) -> None:
    """Removes one series: its subject is no longer ours, or no longer exists."""
    with contextlib.suppress(KeyError):
        gauge.remove(name)


def resident_bytes() -> float:
    """Resident memory of this process, bytes; NaN if /proc is missing."""
    return _status_bytes(Path("/proc/self/status"), "VmRSS:")


def memory_cap_bytes(own: Path = _OWN_CGROUP, cgroups: Path = _CGROUPS) -> float:
    """The memory limit of this process: of its unit or container, their parents, the machine. NaN if unknown."""
    machine = _status_bytes(Path("/proc/meminfo"), "MemTotal:")
    limits = [text for path in _limits(_read(own), cgroups) if (text := _read(path).strip()).isdigit()]
    return min([machine, *map(float, limits)])


def _limits(own: str, cgroups: Path) -> Iterator[Path]:
    """Limits of the process's own group and of all around it, by versions 2 and 1 of cgroups."""
    for line in own.splitlines():
        _, controllers, path = line.split(":", 2)
        parts = [part for part in path.split("/") if part]
        if not controllers:
            yield from (cgroups.joinpath(*parts[:depth], "memory.max") for depth in range(len(parts) + 1))
        elif "memory" in controllers.split(","):
            top = cgroups / "memory"
            yield from (top.joinpath(*parts[:depth], "memory.limit_in_bytes") for depth in range(len(parts) + 1))


def _status_bytes(path: Path, key: str) -> float:
    for line in _read(path).splitlines():
        if line.startswith(key):
            return float(line.split()[1]) * _KIB
    return float("nan")


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace")
    except OSError:
        return ""


def _version() -> str:
    try:
        return version("wakewatch")
    except PackageNotFoundError:
        return "unknown"
