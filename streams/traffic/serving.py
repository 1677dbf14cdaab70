"""The running traffic process: a thread that reads the log, and a thread with the web server's loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from functools import partial
from threading import Event, Thread
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry

from detectors.core.units import HOUR_MS, MS
from streams.errors import ConfigError, WakewatchError
from streams.observability.metrics import Metrics
from streams.settings.model import Settings
from streams.traffic.reading import LogReader
from streams.traffic.rules import rules_of
from streams.traffic.traffic import Counts, Traffic
from streams.traffic.web import application

_GOODBYE_S: Final = 1.0


class TrafficServer:
    """A running traffic process."""

    def __init__(self, settings: Settings) -> None:
        """Listens and reads from now on. Raises ConfigError if it cannot listen there."""
        self._settings = settings.traffic
        self._metrics = Metrics(CollectorRegistry())
        self.traffic = Traffic(rules_of(settings.traffic), int(settings.traffic.shown_h * HOUR_MS / MS))
        self._reader = LogReader(settings, self.traffic, self._metrics.traffic_reports.inc)
        self._measure()
        self._loop = asyncio.new_event_loop()
        self._stop = Event()
        self.failed: WakewatchError | None = None
        app = application(settings, self.traffic, self._reader, self._metrics)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GOODBYE_S)
        try:
            self.port = self._loop.run_until_complete(self._listen())
        except ConfigError:
            self._loop.close()
            raise
        self._web = Thread(target=self._loop.run_forever, name="traffic-web", daemon=True)
        self._reading = Thread(target=self._read, name="traffic-kafka", daemon=True)
        self._web.start()
        self._reading.start()

    @property
    def url(self) -> str:
        """Where it answers."""
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        return f"http://{host}:{self.port}"

    @property
    def ended(self) -> Event:
        """Set when the reading has stopped, by ``close`` or by a failure (``failed``)."""
        return self._stop

    def _measure(self) -> None:
        metrics = self._metrics
        metrics.ready.set_function(lambda: self._reader.ready)
        metrics.traffic_unread.set_function(lambda: self._reader.unread)
        for recorded, timeline in ((False, "live"), (True, "recorded")):
            self._measure_timeline(timeline, partial(self.traffic.counts, recorded=recorded))

    def _measure_timeline(self, timeline: str, counts: Callable[[], Counts]) -> None:
        metrics = self._metrics
        metrics.traffic_vessels.labels(timeline).set_function(lambda: counts().vessels)
        metrics.traffic_points.labels(timeline).set_function(lambda: counts().points)
        left_out = partial(metrics.traffic_left_out.labels, timeline)
        left_out("late").set_function(lambda: counts().left_out.late)
        left_out("doubted").set_function(lambda: counts().left_out.doubted)
        left_out("no room").set_function(lambda: counts().left_out.no_room)

    async def _listen(self) -> int:
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._settings.host, self._settings.port)
        try:
            await site.start()
        except (OSError, OverflowError) as error:
            await self._runner.cleanup()
            where = f"{self._settings.host}:{self._settings.port}"
            raise ConfigError(f"traffic: cannot listen on {where} ({error}); choose another --port") from error
        return int(self._runner.addresses[0][1])

    def _read(self) -> None:
        try:
            self._reader.run(self._stop)
        except (WakewatchError, CancelledError) as error:
            self.failed = error if isinstance(error, WakewatchError) else None
        finally:
            self._stop.set()

    def close(self) -> None:
        """Stops reading and answering."""
        self._stop.set()
        self._reading.join()
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._web.join()
        self._loop.close()


@contextlib.contextmanager
def traffic_server(settings: Settings) -> Iterator[TrafficServer]:
    """A traffic process for the duration of the context.

    Raises ConfigError or SinkError if Kafka or the port is not available.
    """
    _check_topic(settings)
    running = TrafficServer(settings)
    try:
        yield running
    finally:
        running.close()


def _check_topic(settings: Settings) -> None:
    from streams.broker.clients import consumer
    from streams.messages.topics import SENTENCES, missing

    client = consumer(settings.kafka)
    try:
        name = settings.kafka.topic_prefix + SENTENCES
        if not client.partitions_for_topic(name):
            raise missing(name)
    finally:
        client.close()
