"""Converts what ingest knows to metrics: a source's totals become increments, about once a second."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Final

import msgspec
from prometheus_client import CollectorRegistry, Counter

from detectors.core.ticks import FeedRules
from streams.errors import Reason
from streams.ingest.source_runner import RunnerState
from streams.observability.metrics import Metrics, forget, label

_MS: Final = 1000
_MEAN_OF: Final = 100
"""The mean spacing of a source is calculated over about this number of sentences."""
_STUCK_S: Final = 30.0
FROM_READING: Final = (
    Reason.LINE_TOO_LONG,
    Reason.CHECKSUM,
    Reason.MALFORMED,
    Reason.FRAGMENT_EXPIRED,
    Reason.FRAGMENT_CLASH,
    Reason.NO_MMSI,
    Reason.TIME_AHEAD,
    Reason.TIME_BEHIND,
    Reason.BUFFER_FULL,
)
NOT_LETTERS: Final = frozenset({Reason.BUFFER_FULL})
"""What ingest drops while Kafka does not answer cannot be written to Kafka either."""


class _Feed(msgspec.Struct):
    """A source's totals at the last update. Seconds are of the monotonic clock."""

    heard_s: float
    """When its event time last moved."""
    counted_s: float
    """When the last sentences came."""
    told_s: float
    sentences: int = 0
    tag_block_errors: int = 0
    other: int = 0
    rejected: dict[str, int] = {}
    spacing_s: float = 0.0
    clock_ms: int | None = None
    """Its event time."""
    ended: bool = False
    reconnects: int = 0


class IngestMeter:
    """Ingest's observer: called with the State of a source about once a second, from the source's thread."""

    def __init__(self, metrics: Metrics, rules: FeedRules, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._metrics, self._rules, self._clock_s = metrics, rules, clock_s
        self._feeds: dict[str, _Feed] = {}
        self._lock = Lock()
        metrics.ready.set_function(lambda: self.ready()[0])
        for reason in FROM_READING:  # series are 0 before anything happens
            metrics.rejected.labels(reason)
            if reason not in NOT_LETTERS:
                metrics.dead_letters.labels(reason)

    @property
    def registry(self) -> CollectorRegistry:
        """What /metrics shows."""
        return self._metrics.registry

    def __call__(self, state: RunnerState) -> None:
        """Updates the metrics from a source's state."""
        now_s = self._clock_s()
        with self._lock:
            feed = self._feeds.get(state.source)
            if feed is None or (feed.ended and not state.ended):  # it begins, for the first time or again
                feed = self._feeds[state.source] = _Feed(heard_s=now_s, counted_s=now_s, told_s=now_s)
            self._count(feed, state, now_s)
            self._stand(feed, state, now_s)
            self._connections(feed, state)
            feed.ended = state.ended

    def ready(self) -> tuple[bool, str]:
        """Whether every source's thread still reports."""
        now_s = self._clock_s()
        with self._lock:
            reading = {name: feed for name, feed in self._feeds.items() if not feed.ended}
            stuck = sorted(name for name, feed in reading.items() if now_s - feed.told_s > _STUCK_S)
            known = len(reading)
        if stuck:
            return False, f"no data processed from {', '.join(stuck)}"
        return True, "1 source is read" if known == 1 else f"{known} sources are read"

    def _count(self, feed: _Feed, state: RunnerState, now_s: float) -> None:
        metrics, counts, source = self._metrics, state.counts, label(state.source)
        new = max(0, counts.sentences - feed.sentences)
        metrics.sentences.labels(source).inc(new)
        if state.live:
            metrics.other_lines.labels(source).inc(max(0, counts.other - feed.other))
            feed.other = counts.other
        metrics.tag_block_checksum_errors.inc(max(0, counts.tag_block_checksum_errors - feed.tag_block_errors))
        rejected = {reason.value: count for reason, count in counts.rejected.items()}
        _raise_to(metrics.rejected, feed.rejected, rejected)
        letters = {reason: count for reason, count in rejected.items() if reason not in NOT_LETTERS}
        _raise_to(metrics.dead_letters, feed.rejected, letters)
        if new:
            spacing_s = (now_s - feed.counted_s) / new
            feed.spacing_s += (spacing_s - feed.spacing_s) * min(1.0, new / _MEAN_OF)
            feed.counted_s = now_s
        if new and state.clock_ms != feed.clock_ms:  # sentences whose times are not believed do not count as heard
            feed.heard_s, feed.clock_ms = now_s, state.clock_ms
        feed.sentences, feed.tag_block_errors = counts.sentences, counts.tag_block_checksum_errors
        feed.rejected, feed.told_s = rejected, now_s

    def _stand(self, feed: _Feed, state: RunnerState, now_s: float) -> None:
        source = label(state.source)
        if state.clock_ms is not None:
            self._metrics.feed_last_sentence.labels(source).set(state.clock_ms / _MS)
        if state.ended:  # neither up nor down
            forget(self._metrics.feed_up, source)
            return
        self._metrics.feed_lateness.labels(source).set(state.lateness_ms / _MS)
        limit_s = self._rules.silent_limit_ms(feed.spacing_s, state.lateness_ms) / _MS
        self._metrics.feed_up.labels(source).set(now_s - feed.heard_s <= limit_s)

    def _connections(self, feed: _Feed, state: RunnerState) -> None:
        source = label(state.source)
        if state.live and state.last_message_ms is not None:
            self._metrics.source_last_message.labels(source).set(state.last_message_ms / _MS)
        if state.ended:
            forget(self._metrics.source_connected, source)
        elif state.connected is not None:
            self._metrics.source_connected.labels(source).set(state.connected)
            self._metrics.source_reconnects.labels(source).inc(max(0, state.reconnects - feed.reconnects))
            feed.reconnects = state.reconnects


def _raise_to(counter: Counter, before: Mapping[str, int], now: Mapping[str, int]) -> None:
    for name, total in now.items():
        counter.labels(name).inc(max(0, total - before.get(name, 0)))
