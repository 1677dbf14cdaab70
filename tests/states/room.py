"""The operations room of ``tests.ops`` with a console, two sources and two targets, and ways to ask how it is."""

from __future__ import annotations

import http.client
import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from streams.broker import embedded
from tests.ops.programs import Receiver, get_json, until
from tests.ops.rig import WAKEWATCH, Ours, Rig
from tests.states.air import Air

SILENT_S: Final = 10
"""After so many seconds without a sentence a source counts as silent (feed.feed_silent_after_s); 60 by default."""
WELL_S: Final = 600.0
_DOCTOR_S: Final = 300.0
_PATIENT: Final = ("--within", str(_DOCTOR_S / 2))
"""For a busy machine, where nothing is looked at yet."""
_ASK_S: Final = 10.0
_PROCESSES: Final = ("ingest", "detect", "notify", "console")


class Room(Rig):
    """See the module. All of it runs, and is well, when the context is entered."""

    scraped = _PROCESSES

    def _start_ours(self) -> None:
        self.injected: dict[str, str] = {}
        self.hook = Receiver()
        self._stack.callback(self._close_hook)
        self.hook_port = int(self.hook.url.rpartition(":")[2])
        self.air = Air("pier", "hill")
        self._stack.callback(self.air.close)
        for name in _PROCESSES:
            self.run(name)
        self.air.begin()

    def _close_hook(self) -> None:
        self.hook.close()  # another one, once it was closed and opened again

    def call_of(self, name: str) -> list[str]:
        """How a process is called."""
        more = [source.url for source in self.air.sources.values()] if name == "ingest" else []
        return [name, *more]

    def run(self, name: str, program: Sequence[str] = WAKEWATCH) -> Ours:
        """Starts one of ours: again, when it has ended."""
        return self.begin(name, self.call_of(name), program)

    def environ(self) -> dict[str, str]:
        """What all of ours are told."""
        return {
            **super().environ(),
            "WAKEWATCH_CONSOLE_PORT": str(self.ports["console"]),
            "WAKEWATCH_FEED_FEED_SILENT_AFTER_S": str(SILENT_S),
            "WAKEWATCH_NOTIFY_WEBHOOK_URL": f"{self.hook.url}/hook",
            **self.injected,
        }

    @property
    def broker_home(self) -> Path:
        """The folder of the broker."""
        return self.home / "kafka"

    def broker(self) -> embedded.Broker:
        """The one that runs."""
        found = embedded.status(self.broker_home)
        assert found is not None
        return found

    # -- how it is -----------------------------------------------------------------------------------------------------

    def readyz(self, name: str) -> str:
        """``503 Kafka has not answered ...``, or that nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[name], timeout=_ASK_S)
        try:
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            return f"{answer.status} {answer.read().decode().strip()}"
        except OSError:
            return "no answer"
        finally:
            connection.close()

    def health(self) -> dict[str, Any]:
        """What the console's page is told; empty when it does not answer."""
        try:
            return dict(get_json(self.ports["console"], "/api/health"))
        except (OSError, ValueError):
            return {}

    def metric(self, expression: str) -> str:
        """The first value of an expression as Prometheus has it, or that it has none."""
        found = self.prometheus.query(expression)
        return f"{float(found[0]['value'][1]):.3g}" if found else "no series"

    def rule(self, name: str) -> str:
        """``firing``, ``pending`` or ``quiet``."""
        states = {one["metric"]["alertstate"] for one in self.prometheus.query(f'ALERTS{{alertname="{name}"}}')}
        return "firing" if "firing" in states else "pending" if "pending" in states else "quiet"

    def doctor(self, *more: str) -> tuple[int, list[dict[str, str]]]:
        """The exit code of ``wakewatch doctor`` and its findings."""
        call = [*WAKEWATCH, "doctor", "--json", *more]
        done = subprocess.run(call, env=self.environ(), check=False, timeout=_DOCTOR_S, capture_output=True)
        return done.returncode, json.loads(done.stdout or b"[]")

    def ended(self, name: str) -> str:
        """``runs``, or with what exit code a process ended."""
        code = self.ours[name].process.poll()
        return "runs" if code is None else f"ended with {code}"

    def await_well(self) -> None:
        """Until every process, the page and the doctor say that all is well."""

        def well() -> bool:
            for name in _PROCESSES:
                assert self.ended(name) == "runs", f"{name} {self.ended(name)}: {self.ours[name].words()}"
            health = self.health()
            alarms = [one for one in health.get("troubles", ()) if one["level"] == "alarm"]
            ready = all(self.readyz(name).startswith("200 ") for name in _PROCESSES)
            return ready and health.get("state") == "following" and not alarms and self.doctor(*_PATIENT)[0] == 0

        try:
            until(well, WELL_S, "a sound system")
        except AssertionError as error:
            said = {name: self.readyz(name) for name in _PROCESSES}
            raise AssertionError(f"{error}: {said} {self.health()} {self.doctor()}") from error

    # -- what is done to it --------------------------------------------------------------------------------------------

    def targets(self, *without: str) -> Mapping[str, Sequence[int]]:
        """What Prometheus asks."""
        return {f"wakewatch-{name}": [self.ports[name]] for name in _PROCESSES if name not in without}

    def stop(self, name: str) -> int:
        """In good order; its exit code."""
        process = self.ours[name].process
        process.terminate()
        return process.wait(60)

    def restart(self, *names: str) -> None:
        """Stops and starts some of ours."""
        for name in names:
            self.stop(name)
            self.run(name)

    def run_command(self, *words: str, program: Sequence[str] = WAKEWATCH) -> int:
        """A command of ours, to its end; its exit code."""
        done = subprocess.run([*program, *words], env=self.environ(), check=False, timeout=120, capture_output=True)
        return done.returncode
