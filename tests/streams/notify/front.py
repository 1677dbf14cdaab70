"""A gate in front of a real Alertmanager, which is slow, refuses, or is away, as it is told."""

from __future__ import annotations

import http.client
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


class Front:
    """Passes posts on. What it does first or instead stands in ``faults``, one a post, and is used up."""

    def __init__(self, port: int) -> None:
        self.faults: list[str] = []
        """``500``, ``400``, ``slow`` (the post is taken, the answer comes too late), ``hang`` (taken by nobody)."""
        self.poison = ""
        """A post that holds this alert id gets 400, as from a receiver that cannot take it."""
        self.down = False
        self.let_go = Event()
        front = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                fault = "500" if front.down else front.faults.pop(0) if front.faults else ""
                if front.poison and front.poison.encode() in raw:
                    fault = "400"
                status, body = (int(fault), b"no") if fault.isdigit() else (200, b"")
                if fault in {"", "slow"}:
                    status, body = self._pass_on(raw)
                if fault in {"slow", "hang"}:
                    front.let_go.wait(30)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

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

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.let_go.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def told(receiver: Any) -> list[tuple[str, str]]:
    """What reached the receiver: (case, status), one a notification."""
    return [(call["groupLabels"].get("case_id", ""), call["status"]) for _, _, call in receiver.got]
