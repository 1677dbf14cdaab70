"""HTTP POST with the standard library: one deadline for all of it, and retries with jitter while they can help."""

from __future__ import annotations

import contextlib
import http.client
import socket
import time
from collections.abc import Callable, Mapping
from functools import partial
from threading import Thread
from typing import Final, TypeVar
from urllib.parse import urlsplit

import msgspec
import stamina

from streams.errors import ConfigError, SinkError

TIMEOUT_S: Final = 10.0
_ROUND_S: Final = 10.0
"""Tries are made in rounds of this length, so that a stop is noticed."""
STOP_S: Final = 3.0
"""How much longer an exchange may take after a stop is requested."""
_LOOK_S: Final = 0.2
_WAIT_FIRST_S, _WAIT_MOST_S, _JITTER_S = 0.1, 5.0, 1.0
_ANSWER_MOST: Final = 300
_SLOW_DOWN: Final = frozenset({408, 425, 429})
_SERVER_ERRORS: Final = range(500, 600)
_FINE: Final = range(200, 300)

T = TypeVar("T")


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where to post."""

    secure: bool
    host: str
    port: int | None
    path: str
    """The path with its query, without a slash at its end."""
    timeout_s: float = TIMEOUT_S

    def under(self, path: str) -> Endpoint:
        """The endpoint of a path below this one."""
        return msgspec.structs.replace(self, path=self.path + path)


def endpoint(setting: str, url: str, timeout_s: float = TIMEOUT_S) -> Endpoint:
    """The endpoint with the address ``url``. Raises ConfigError, naming ``setting``."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"{setting}: {url!r} is not a URL ({error})") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise ConfigError(f"{setting}: {url!r} must be http://HOST[:PORT][/PATH] or https://..., without a user")
    path = parts.path.rstrip("/") + (f"?{parts.query}" if parts.query else "")
    return Endpoint(secure=parts.scheme == "https", host=parts.hostname, port=port, path=path, timeout_s=timeout_s)


def post(to: Endpoint, body: bytes, headers: Mapping[str, str], stopping: Callable[[], bool] = lambda: False) -> None:
    """One POST of JSON, done within ``to.timeout_s`` in any case.

    That includes a name that is not resolved, a handshake that stops, and an answer of one byte per second. Raises
    SinkError; ``retriable`` if the same post may succeed later.
    """
    kind = http.client.HTTPSConnection if to.secure else http.client.HTTPConnection
    connection = kind(to.host, to.port, timeout=to.timeout_s)

    def exchange() -> tuple[int, str]:
        try:
            connection.request("POST", to.path or "/", body, {"Content-Type": "application/json", **headers})
            response = connection.getresponse()
            return response.status, response.read(_ANSWER_MOST).decode("utf-8", "replace")
        finally:
            connection.close()

    try:
        status, answer = within(to.timeout_s, exchange, partial(_cut, connection), stopping)
    except (OSError, http.client.HTTPException) as error:
        raise SinkError(f"{to.host}: {type(error).__name__}: {error}", retriable=True) from error
    if status not in _FINE:
        again = status in _SERVER_ERRORS or status in _SLOW_DOWN
        raise SinkError(f"{to.host} answered {status}: {answer}", retriable=again)


def _cut(connection: http.client.HTTPConnection) -> None:
    link = connection.sock
    if link is not None:
        with contextlib.suppress(OSError):
            link.shutdown(socket.SHUT_RDWR)


def within(
    limit_s: float, work: Callable[[], T], cut: Callable[[], None], stopping: Callable[[], bool] = lambda: False
) -> T:
    """What ``work`` returns or raises; TimeoutError if it is not done in time.

    Its time is ``limit_s``, or ``STOP_S`` after a stop is requested. ``cut`` is then called to end it: it continues in
    a daemon thread until it notices.
    """
    outcome: list[T] = []
    failure: list[BaseException] = []

    def do() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            failure.append(error)

    thread = Thread(target=do, name="request", daemon=True)
    thread.start()
    deadline_s = time.monotonic() + limit_s
    while thread.is_alive() and time.monotonic() < deadline_s:
        thread.join(min(_LOOK_S, max(0.0, deadline_s - time.monotonic())))
        if stopping():
            deadline_s = min(deadline_s, time.monotonic() + STOP_S)
            stopping = lambda: False  # noqa: E731 - noticed
    if failure:
        raise failure[0]
    if not outcome:
        cut()
        raise TimeoutError(f"no complete answer within {limit_s:g} s")
    return outcome[0]


def patiently(work: Callable[[], None], stopping: Callable[[], bool], failed: Callable[[SinkError], None]) -> bool:
    """Repeats ``work`` until it succeeds. False: a stop was requested before that.

    ``failed`` is called for each failure. Raises SinkError if a retry cannot help.
    """

    def again(error: Exception) -> bool:
        if not isinstance(error, SinkError):
            return False
        failed(error)
        return error.retriable and not stopping()

    while True:
        try:
            for attempt in stamina.retry_context(
                on=again,
                attempts=None,
                timeout=_ROUND_S,
                wait_initial=_WAIT_FIRST_S,
                wait_max=_WAIT_MOST_S,
                wait_jitter=_JITTER_S,
            ):
                with attempt:
                    work()
        except SinkError as error:
            if not error.retriable:
                raise
            if stopping():
                return False
        else:
            return True
