"""Programs that run beside wakewatch in tests: Prometheus, Alertmanager, and a receiver of webhooks."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

from streams.broker.node import free_port
from tests.loopback import Handler, Loopback

DEPLOY = Path(__file__).parents[2] / "deploy"
PATIENCE_S = 30.0
ALERTMANAGER = ("prometheus-alertmanager", "alertmanager")
PROMETHEUS = ("prometheus",)


def installed(names: Sequence[str]) -> str | None:
    """The first of these programs that is on the PATH."""
    return next((found for name in names if (found := shutil.which(name))), None)


def for_all(query: str) -> str:
    """A dashboard's query with all values of the variables that filter it."""
    return re.sub(r"\$(source|detector|severity)\b", ".*", query)


def get_json(port: int, path: str, asked: Mapping[str, str] | None = None) -> Any:
    """What 127.0.0.1 answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path + (f"?{urlencode(asked)}" if asked else ""))
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def until(holds: Callable[[], Any], patience_s: float = PATIENCE_S, what: str = "it") -> Any:
    """Waits for something to be true, and returns it."""
    deadline = time.monotonic() + patience_s
    while True:
        found = holds()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what} did not come about in {patience_s:.0f} s"
        time.sleep(0.05)


class Receiver(Loopback):
    """Remembers what was posted; answers what it is told to, in turn, then 200."""

    def __init__(self, port: int = 0) -> None:
        self.got: list[tuple[str, dict[str, str], Any]] = []
        self.raw: list[bytes] = []
        self.answers: list[int] = []
        receiver = self

        class Remembers(Handler):
            def do_POST(self) -> None:
                raw = self.posted()
                status = receiver.answers.pop(0) if receiver.answers else 200
                if status == 200:
                    receiver.got.append((self.path, dict(self.headers), json.loads(raw)))
                    receiver.raw.append(raw)
                self.answer(status)

        self.serve(Remembers, port)


class Daemon:
    """A program of ours to start and stop."""

    def __init__(self, command: Sequence[str], log: Path, port: int, ready: str) -> None:
        self._command, self._log, self.port, self._ready = list(command), log, port, ready
        self.url = f"http://127.0.0.1:{port}"
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(self._command, stdout=log, stderr=log)
        until(self._answers, what=f"{self._command[0]} on {self.port} (see {self._log})")

    def _answers(self) -> bool:
        assert self.process.poll() is None, self._log.read_text(errors="replace")[-2000:]
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", self._ready)
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(20)

    def close(self) -> None:
        if self.process.poll() is None:
            self.stop()


class Alertmanager(Daemon):
    """A running one, with the shipped routes, its receivers pointed at ours and its waits made short."""

    def __init__(self, home: Path, receiver: Receiver, program: str) -> None:
        config = home / "alertmanager.yml"
        config.write_text(self.routes(receiver))
        port = free_port()
        super().__init__(
            [
                program,
                f"--config.file={config}",
                f"--storage.path={home / 'alertmanager'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
            ],
            home / "alertmanager.log",
            port,
            "/-/ready",
        )

    @staticmethod
    def routes(receiver: Receiver) -> str:
        made = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text())
        for one in made["receivers"]:
            if one["name"] != "watchdog":
                one["webhook_configs"] = [{"url": f"{receiver.url}/{one['name']}", "send_resolved": True}]
        for route in (made["route"], *made["route"]["routes"]):
            route["group_wait"] = "0s"
            if route.get("group_interval") == "1m":
                route["group_interval"] = "1s"
        return yaml.safe_dump(made, sort_keys=False)

    def alerts(self) -> list[Any]:
        """What it holds as active."""
        return list(get_json(self.port, "/api/v2/alerts?active=true&silenced=true&inhibited=true"))


class Prometheus(Daemon):
    """A running one, with the shipped rules and jobs, their targets replaced, scraping twice a second."""

    def __init__(self, home: Path, targets: Mapping[str, Sequence[int]], alertmanager: int, program: str) -> None:
        self._config, self._alertmanager = home / "prometheus.yml", alertmanager
        self._configure(targets)
        port = free_port()
        super().__init__(
            [
                program,
                f"--config.file={self._config}",
                f"--storage.tsdb.path={home / 'prometheus'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            home / "prometheus.log",
            port,
            "/-/ready",
        )

    def ask_only(self, targets: Mapping[str, Sequence[int]]) -> None:
        """Other targets from now on, as after an edit of its file."""
        self._configure(targets)
        self.process.send_signal(signal.SIGHUP)

    def _configure(self, targets: Mapping[str, Sequence[int]]) -> None:
        made = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
        made["global"] = {"scrape_interval": "500ms", "evaluation_interval": "1s"}
        made["rule_files"] = [str(DEPLOY / "prometheus" / name) for name in made["rule_files"]]
        made["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{self._alertmanager}"]
        made["scrape_configs"] = [
            {
                "job_name": job["job_name"],
                "static_configs": [{"targets": [f"127.0.0.1:{port}" for port in targets[job["job_name"]]]}],
            }
            for job in made["scrape_configs"]
            if job["job_name"] in targets
        ]
        self._config.write_text(yaml.safe_dump(made))

    def query(self, expression: str) -> list[Any]:
        """An instant vector, now. Fails on what is no PromQL."""
        said = get_json(self.port, "/api/v1/query", {"query": expression})
        assert said["status"] == "success", f"{expression}: {said.get('error')}"
        return list(said["data"]["result"])

    def series(self, expression: str, since_s: float, step_s: float = 1.0) -> list[Any]:
        """A range, from ``since_s`` (Unix) to now."""
        asked = {"query": expression, "start": f"{since_s}", "end": f"{time.time()}", "step": f"{step_s}"}
        said = get_json(self.port, "/api/v1/query_range", asked)
        assert said["status"] == "success", f"{expression}: {said.get('error')}"
        return list(said["data"]["result"])
