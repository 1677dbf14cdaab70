"""The console's routes on a port of the loopback, asked with header lines as they are, from any of its addresses."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Final, NamedTuple

from aiohttp import web
from prometheus_client import CollectorRegistry

from streams.console.alert_table import AlertTable
from streams.console.hub import Hub
from streams.console.web import application
from streams.observability.metrics import Metrics
from streams.settings.console import ConsoleSettings
from streams.settings.model import Settings

PROXY: Final = "127.0.0.2"
"""On the loopback as all others: only their addresses tell them apart."""


class Answer(NamedTuple):
    status: int
    text: str


class Served:
    """The console's routes on a port of the loopback, without Kafka behind them."""

    def __init__(self, settings: ConsoleSettings) -> None:
        self.metrics = Metrics(CollectorRegistry())
        self.app = application(Hub(AlertTable()), self.metrics, Settings(console=settings))
        self.loop = asyncio.new_event_loop()
        self.runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=0.1)
        self.loop.run_until_complete(self.runner.setup())
        self.loop.run_until_complete(web.TCPSite(self.runner, "127.0.0.1", 0).start())
        self.port = self.runner.addresses[0][1]
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def ask(
        self, *headers: str, method: str = "GET", path: str = "/api/me", body: str = "", peer: str = PROXY
    ) -> Answer:
        """Sends these header lines as they are, from an address of the loopback."""
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost:8470", "Connection: close", *headers]
        sent = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode("utf-8")
        with socket.create_connection(("127.0.0.1", self.port), 20, (peer, 0)) as connection:
            connection.sendall(sent)
            got = b"".join(iter(lambda: connection.recv(65536), b""))
        head, _, text = got.partition(b"\r\n\r\n")
        return Answer(int(head.split()[1]), text.decode("utf-8", "replace"))

    def rejected(self, reason: str) -> float:
        return self.metrics.registry.get_sample_value("wakewatch_console_rejected_total", {"reason": reason}) or 0.0

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self.runner.cleanup(), self.loop).result(20)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(20)
        self.loop.close()
