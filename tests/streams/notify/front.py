"""A gate in front of a real Alertmanager, which is slow, refuses, or is away, as it is told."""

from __future__ import annotations

import http.client
import json
from threading import Event
from typing import Any

from tests.loopback import Handler, Loopback


class Front(Loopback):
    """Passes posts on. What it does first or instead stands in ``faults``, one a post, and is used up."""

    def __init__(self, port: int) -> None:
        self.faults: list[str] = []
        """``500``, ``400``, ``slow`` (the post is taken, the answer comes too late), ``hang`` (taken by nobody)."""
        self.poison = ""
        """A post that holds this alert id gets 400, as from a receiver that cannot take it."""
        self.down = False
        self.let_go = Event()
        front = self

        class Gate(Handler):
            def do_POST(self) -> None:
                raw = self.posted()
                fault = "500" if front.down else front.faults.pop(0) if front.faults else ""
                if front.poison and front.poison.encode() in raw:
                    fault = "400"
                status, body = (int(fault), b"no") if fault.isdigit() else (200, b"")
                if fault in {"", "slow"}:
                    status, body = self._pass_on(raw)
                if fault in {"slow", "hang"}:
                    front.let_go.wait(30)
                self.answer(status, body)

            def _pass_on(self, raw: bytes) -> tuple[int, bytes]:
                link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
                try:
                    link.request("POST", self.path, raw, {"Content-Type": "application/json"})
                    answer = link.getresponse()
                    return answer.status, answer.read()
                except OSError as error:
                    return 502, json.dumps(str(error)).encode()
                finally:
                    link.close()

        self.serve(Gate)

    def close(self) -> None:
        self.let_go.set()
        super().close()


def told(receiver: Any) -> list[tuple[str, str]]:
    """What reached the receiver: (case, status), one a notification."""
    return [(call["groupLabels"].get("case_id", ""), call["status"]) for _, _, call in receiver.got]
