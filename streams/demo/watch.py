"""The output while the demonstration runs: alerts as they are written, notices, and the worker's own figures."""

from __future__ import annotations

import contextlib
import urllib.request
from collections.abc import Callable, Iterator
from threading import Event, Lock, Thread
from typing import IO, Final

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from detectors.core.alert import Alert
from streams.broker.reading import read
from streams.errors import InputError, WakewatchError
from streams.messages.topics import ALERTS
from streams.messages.values import decoded
from streams.settings.model import KafkaSettings

_SCRAPE_S: Final = 2.0


class AlertFollower:
    """Follows the alert topic in a thread of its own; ``show`` is called there for each new revision."""

    def __init__(self, kafka: KafkaSettings, show: Callable[[Alert], None]) -> None:
        self.alerts: list[Alert] = []
        self.failure: Exception | None = None
        self._kafka, self._show = kafka, show
        self._seen: set[tuple[str, int]] = set()
        self._stop, self._lock = Event(), Lock()
        self._thread = Thread(target=self._follow, name="alerts", daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        try:
            for record in read(self._kafka, ALERTS, follow=True, stop=self._stop):
                if record.value:
                    with contextlib.suppress(InputError):  # the other readers count it
                        self._take(decoded(record.value, Alert))
        except Exception as error:  # noqa: BLE001 - reported by the main thread
            self.failure = error

    def _take(self, alert: Alert) -> None:
        if (alert.id, alert.revision) in self._seen:
            return  # written twice after a crash
        self._seen.add((alert.id, alert.revision))
        with self._lock:
            self.alerts.append(alert)
        self._show(alert)

    def so_far(self) -> list[Alert]:
        """A copy of what has come so far. Raises WakewatchError if the thread has ended."""
        if self.failure is not None:
            raise WakewatchError(f"the alert topic cannot be followed: {self.failure}")
        with self._lock:
            return list(self.alerts)

    def close(self) -> None:
        """Ends the thread."""
        self._stop.set()
        self._thread.join(5)


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Figures from a worker's /metrics, summed over partitions."""

    ready: bool = False
    lag: float = 0
    """Records; NaN while not known."""
    vessels: int = 0
    reports: int = 0
    records: int = 0
    busy_s: float = 0.0
    """Time spent in decoding and in the engine's steps."""
    p99_s: float | None = None
    """From ingest's read to the alert's delivery, an upper bound from the histogram; None without alerts."""


def figures(port: int) -> Figures:
    """The worker's figures; ``ready`` is False while it does not answer or owns no partition."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=_SCRAPE_S) as answer:
            text = answer.read().decode()
    except OSError:
        return Figures()
    found: dict[str, float] = {}
    delays: list[tuple[float, float]] = []
    partitions = 0
    for name, labels, value in _samples(text):
        if name == "wakewatch_ingest_to_alert_seconds_bucket":
            delays.append((float(labels["le"]), value))
        else:
            found[name] = found.get(name, 0.0) + value
            partitions += name == "wakewatch_lag_records"
    return Figures(
        ready=partitions > 0,
        lag=found.get("wakewatch_lag_records", 0),
        vessels=int(found.get("wakewatch_vessels", 0)),
        reports=int(found.get("wakewatch_reports_total", 0)),
        records=int(found.get("wakewatch_step_duration_seconds_count", 0)),
        busy_s=found.get("wakewatch_step_duration_seconds_sum", 0.0),
        p99_s=quantile(delays, 0.99),
    )


def _samples(text: str) -> Iterator[tuple[str, dict[str, str], float]]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value


def quantile(buckets: list[tuple[float, float]], share: float) -> float | None:
    """The upper edge of the bucket that contains ``share`` of a cumulative histogram; None if it is empty."""
    total = max((count for _, count in buckets), default=0.0)
    if not total:
        return None
    return next(edge for edge, count in sorted(buckets) if count >= share * total)


def notices(stream: IO[bytes], show: Callable[[dict[str, object]], None]) -> Thread:
    """Passes each notice that the dry run prints to ``show``, in a thread that ends with the stream."""

    def follow() -> None:
        for line in stream:
            show(msgspec.json.decode(line))

    thread = Thread(target=follow, name="notices", daemon=True)
    thread.start()
    return thread
