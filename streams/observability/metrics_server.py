"""/metrics, /healthz and /readyz of one process: a small HTTP server in its own thread.

``/healthz`` answers 200 while the process can answer at all; ``/readyz`` queries the process and answers 200 or 503
with one line that gives the reason. It is bound to loopback by default, because there is no authentication.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import time
from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar, Final, NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from streams.errors import ConfigError
from streams.observability.hosts import answers_to

_log = structlog.get_logger("wakewatch.metrics")
LOOPBACK: Final = "127.0.0.1"
_TEXT: Final = "text/plain; charset=utf-8"
_JSON: Final = "application/json"
_FORM_MOST: Final = 16_384
_READ_S: Final = 5.0
_QUESTION_S: Final = 30.0
"""Limit for a whole request, from its first byte to the last of its response."""
_AT_ONCE: Final = 64
_LOOK_S: Final = 0.05  # how soon a stop is noticed

Ask = Callable[[Mapping[str, str]], "Answer"]
"""Answers a request from its parameters: those of the address, or of a posted form."""
Ready = Callable[[], tuple[bool, str]]
"""Whether the process does its work, and one line that gives the reason."""


class Answer(NamedTuple):
    """The response."""

    status: HTTPStatus
    body: bytes
    kind: str = _TEXT


class MetricsServer:
    """A running server. ``close`` ends it; so does the end of the process."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self._server = server
        self._thread = Thread(target=server.serve_forever, args=(_LOOK_S,), name="metrics", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port it listens on: useful if 0 was requested."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stops listening; requests in progress are answered."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def json_answer(status: int, body: bytes) -> Answer:
    """JSON."""
    return Answer(HTTPStatus(status), body, _JSON)


def serve(
    host: str,
    port: int,
    registry: CollectorRegistry,
    ready: Ready,
    more: Mapping[str, Ask] | None = None,
    *,
    names: Collection[str] = (),
) -> MetricsServer:
    """Starts answering on ``host`` and ``port`` (0: any free one), with ``more`` routes by path.

    ``names``: other names of this server that a request may have in its Host header.

    Raises ConfigError if it cannot listen there.
    """

    class Handler(_Handler):
        bound = host
        named = names
        answers: ClassVar[dict[str, Ask]] = {
            "/metrics": lambda _: Answer(HTTPStatus.OK, generate_latest(registry), CONTENT_TYPE_LATEST),
            "/healthz": lambda _: Answer(HTTPStatus.OK, b"alive\n"),
            "/readyz": lambda _: _readiness(ready),
            **(more or {}),
        }

    try:
        server = _Server((host, port), Handler)
    except (OSError, OverflowError) as error:
        raise ConfigError(f"metrics: cannot listen on {host}:{port} ({error}); choose another metrics port") from error
    return MetricsServer(server)


def _readiness(ready: Ready) -> Answer:
    fine, why = ready()
    return Answer(HTTPStatus.OK if fine else HTTPStatus.SERVICE_UNAVAILABLE, f"{why}\n".encode())


class _Server(ThreadingHTTPServer):
    """A thread per request, bounded in number and time: a client that sends one byte at a time cannot block it.

    A failed request is logged as one line, or not at all if the client has disconnected.
    """

    daemon_threads = True

    def __init__(self, *args: Any) -> None:
        self._since_s: dict[socket.socket, float] = {}
        super().__init__(*args)

    def verify_request(self, request: Any, client_address: object) -> bool:
        """Whether there is a free thread."""
        if len(self._since_s) >= _AT_ONCE:
            return False
        self._since_s[request] = time.monotonic()
        return True

    def shutdown_request(self, request: Any) -> None:
        """Frees its thread."""
        self._since_s.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Ends requests that take too long. Called between two checks of the listening socket."""
        late_s = time.monotonic() - _QUESTION_S
        for request, since_s in list(self._since_s.items()):
            if since_s < late_s:
                self._since_s[request] = float("inf")
                with contextlib.suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Replaces the traceback on stderr: a scraper's time-out is not a fault of ours."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            _log.error("a request was not answered", error=repr(error))


class _Handler(BaseHTTPRequestHandler):
    """Answers from a table of paths; writes nothing on stderr."""

    answers: ClassVar[dict[str, Ask]] = {}
    bound: ClassVar[str] = LOOPBACK
    named: ClassVar[Collection[str]] = ()
    timeout = _READ_S
    server_version = "wakewatch"
    sys_version = ""

    def do_GET(self) -> None:
        """One answer."""
        self._reply(dict(parse_qsl(urlsplit(self.path).query)), body=True)

    def do_HEAD(self) -> None:
        """Its head alone."""
        self._reply({}, body=False)

    def do_POST(self) -> None:
        """A query in a form, as Grafana sends a long one."""
        size = self.headers.get("Content-Length", "0")
        if not size.isdigit() or int(size) > _FORM_MOST:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        self._reply(dict(parse_qsl(self.rfile.read(int(size)).decode("utf-8", "replace"))), body=True)

    def _reply(self, asked: Mapping[str, str], *, body: bool) -> None:
        if not answers_to(self.headers.get("Host", "localhost"), self.bound, self.named):
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST, "this server serves its own host names only")
            return
        answer = self.answers.get(urlsplit(self.path).path, _unknown)(asked)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if body:
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:
        """Scrapes are not news."""


def _unknown(_: Mapping[str, str]) -> Answer:
    return Answer(HTTPStatus.NOT_FOUND, b"/metrics, /healthz and /readyz are here\n")
