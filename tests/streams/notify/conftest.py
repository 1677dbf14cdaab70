"""A real Alertmanager and a webhook receiver, on free loopback ports."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from detectors.core.alert import Alert

PATIENCE_S = 15.0


@pytest.fixture
def make() -> Callable[..., Alert]:
    """An alert with some fields changed."""

    def make(**changes: Any) -> Alert:
        fields: dict[str, Any] = {
            "id": "0123456789abcdef0123456789abcdef", "revision": 1, "status": "opened", "detector": "gap",
            "rule_version": 1, "severity": "page", "subject": "mmsi/273999001", "case_id": "imo/9179842",
            "mmsi": 273_999_001, "headline": "ANGARA IMO9179842 silent 1h 34.6N129.5E since 0412Z",
            "episode_start": "2024-02-04T04:12:00.000Z", "time": "2024-02-04T05:12:00.000Z",
        }  # fmt: skip
        return Alert(**{**fields, **changes})

    return make


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get_json(port: int, path: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


class Receiver:
    """Remembers what was posted; answers what it is told to, in turn, then 200."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], Any]] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = receiver.answers.pop(0) if receiver.answers else 200
                if status == 200:
                    receiver.got.append((self.path, dict(self.headers), body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


class Alertmanager:
    """A running one, with the shipped routes, its receivers pointed at ours."""

    def __init__(self, home: Path, receiver: Receiver) -> None:
        program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
        if program is None:
            pytest.skip("Alertmanager is not installed (apt-get install prometheus-alertmanager)")
        shipped = Path(__file__).parents[3] / "deploy" / "alertmanager" / "alertmanager.yml"
        text = shipped.read_text()
        for name in ("page", "ticket", "nobody", "operations"):
            hook = f"webhook_configs: [{{url: '{receiver.url}/{name}', send_resolved: true}}]"
            text = text.replace(f"  - name: {name}\n", f"  - name: {name}\n    {hook}\n")
        config = home / "alertmanager.yml"
        config.write_text(
            text.replace("group_wait: 30s", "group_wait: 0s").replace("group_interval: 1m", "group_interval: 1s")
        )
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = [program, f"--config.file={config}", f"--storage.path={home / 'data'}",
                         f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address="]  # fmt: skip
        self._log = (home / "alertmanager.log").open("wb")
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=self._log, stderr=self._log)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                if get_json(self.port, "/api/v2/status")["cluster"]:
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("Alertmanager does not answer")

    def stop(self) -> None:
        os.kill(self._process.pid, 15)
        self._process.wait(10)

    def alerts(self) -> list[Any]:
        """What it holds as active."""
        return get_json(self.port, "/api/v2/alerts?active=true&silenced=true&inhibited=true")

    def close(self) -> None:
        if self._process.poll() is None:
            self.stop()
        self._log.close()


@pytest.fixture
def alertmanager(tmp_path: Path, receiver: Receiver) -> Iterator[Alertmanager]:
    started = Alertmanager(tmp_path, receiver)
    yield started
    started.close()


@pytest.fixture
def until() -> Callable[[Callable[[], Any]], Any]:
    """Waits for something to be true, and returns it."""

    def until(holds: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
        deadline = time.monotonic() + patience_s
        while True:
            found = holds()
            if found or time.monotonic() > deadline:
                assert found, "it did not come about in time"
                return found
            time.sleep(0.05)

    return until
