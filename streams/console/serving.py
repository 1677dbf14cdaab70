"""The running console: a thread that reads Kafka, and a thread with the web server's loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from concurrent.futures import CancelledError
from threading import Event, Thread
from typing import Final

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry

from detectors.core.reference import Zone
from streams.broker.clients import consumer
from streams.console.alert_table import AlertTable
from streams.console.health_checks import HealthReport, watch
from streams.console.hub import Hub
from streams.console.topic_reader import Updates, follow
from streams.console.web import application
from streams.errors import ConfigError, WakewatchError
from streams.messages.topics import ALERT_STATE, missing
from streams.messages.unreadable import UnreadableRecords
from streams.observability.metrics import Metrics
from streams.settings.model import KafkaSettings, Settings

_GOODBYE_S: Final = 1.0
_LOOK_S: Final = 8.0
_log = structlog.get_logger("wakewatch.console")


class Console:
    """A running console."""

    def __init__(self, settings: Settings, zones: tuple[Zone, ...]) -> None:
        """Listens and reads from now on. Raises ConfigError if it cannot listen there."""
        self._settings = settings.console
        self._loop = asyncio.new_event_loop()
        self._hub = Hub(AlertTable(reach_kn=settings.console.reach_kn), zones)
        self._metrics = Metrics(CollectorRegistry())
        self._stop = Event()
        self.failed: WakewatchError | None = None
        self._runner = web.AppRunner(
            application(self._hub, self._metrics, settings), access_log=None, shutdown_timeout=_GOODBYE_S
        )
        try:
            self.port = self._loop.run_until_complete(self._listen())
        except ConfigError:
            self._loop.close()
            raise
        self._web = Thread(target=self._loop.run_forever, name="console-web", daemon=True)
        self._reader = Thread(target=self._read, args=(settings.kafka,), name="console-kafka", daemon=True)
        self._watcher = Thread(target=self._watch, args=(settings,), name="console-watch", daemon=True)
        self._web.start()
        self._reader.start()
        self._watcher.start()

    @property
    def url(self) -> str:
        """Where the page is."""
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        return f"http://{host}:{self.port}/"

    @property
    def ended(self) -> Event:
        """Set when the reading has stopped, by ``close`` or by a failure (``failed``)."""
        return self._stop

    async def _listen(self) -> int:
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._settings.host, self._settings.port)
        try:
            await site.start()
        except (OSError, OverflowError) as error:
            await self._runner.cleanup()
            where = f"{self._settings.host}:{self._settings.port}"
            raise ConfigError(f"console: cannot listen on {where} ({error}); choose another --port") from error
        return int(self._runner.addresses[0][1])

    def _read(self, kafka: KafkaSettings) -> None:
        try:
            follow(kafka, self._take, self._stop, UnreadableRecords(self._count))
        except (WakewatchError, CancelledError) as error:
            self.failed = error if isinstance(error, WakewatchError) else None
        finally:
            self._stop.set()

    def _watch(self, settings: Settings) -> None:
        with contextlib.suppress(CancelledError, RuntimeError):  # the loop has ended in the meantime
            watch(settings, self._take_health, lambda: self._hub.unread, self._stop, UnreadableRecords(self._count))

    def _count(self, topic: str) -> None:
        self._metrics.unreadable_records.labels(topic).inc()

    def _take_health(self, health: HealthReport) -> None:
        asyncio.run_coroutine_threadsafe(self._hub.take_health(health), self._loop).result()

    def _take(self, news: Updates) -> None:
        """Runs in the server's loop and is waited for: the reading cannot run ahead of it."""
        asyncio.run_coroutine_threadsafe(self._hub.take(news), self._loop).result()

    def close(self) -> None:
        """Stops reading and answering."""
        self._stop.set()
        self._reader.join()
        self._watcher.join(_LOOK_S)  # it may wait for a Kafka that does not answer
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._web.join()
        self._loop.close()


@contextlib.contextmanager
def console(settings: Settings, zones: tuple[Zone, ...]) -> Iterator[Console]:
    """A console for the duration of the context. Raises ConfigError or SinkError if Kafka or the port is not available.

    ``zones``: those of ``load_reference(settings.reference)``.
    """
    _check_topics(settings.kafka)
    running = Console(settings, zones)
    try:
        yield running
    finally:
        running.close()


def _check_topics(kafka: KafkaSettings) -> None:
    client = consumer(kafka)
    try:
        name = kafka.topic_prefix + ALERT_STATE
        if not client.partitions_for_topic(name):
            raise missing(name)
    finally:
        client.close()
