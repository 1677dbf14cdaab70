"""HTTP POST with the standard library, tried again with jitter while that can help."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec
import stamina

from streams.errors import ConfigError, SinkError

TIMEOUT_S: Final = 10.0
_ROUND_S: Final = 10.0
"""Tries are made in rounds of this length, so that a wish to stop is heard."""
_WAIT_FIRST_S, _WAIT_MOST_S, _JITTER_S = 0.1, 5.0, 1.0
_ANSWER_MOST: Final = 300
_SLOW_DOWN: Final = frozenset({408, 425, 429})
_SERVER_ERRORS: Final = range(500, 600)
_FINE: Final = range(200, 300)


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where to post."""

    secure: bool
    host: str
    port: int | None
    path: str
    """With its query, without a slash at its end."""
    timeout_s: float = TIMEOUT_S

    def under(self, path: str) -> Endpoint:
        """A path below this one."""
        return msgspec.structs.replace(self, path=self.path + path)


def endpoint(setting: str, url: str, timeout_s: float = TIMEOUT_S) -> Endpoint:
    """The endpoint that ``url`` names. Raises ConfigError, naming ``setting``."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"{setting}: {url!r} is no URL ({error})") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise ConfigError(f"{setting}: {url!r} must be http://HOST[:PORT][/PATH] or https://..., without a user")
    path = parts.path.rstrip("/") + (f"?{parts.query}" if parts.query else "")
    return Endpoint(secure=parts.scheme == "https", host=parts.hostname, port=port, path=path, timeout_s=timeout_s)


def post(to: Endpoint, body: bytes, headers: Mapping[str, str]) -> None:
    """One POST of JSON. Raises SinkError; ``retriable`` where the same post may fare better later."""
    kind = http.client.HTTPSConnection if to.secure else http.client.HTTPConnection
    connection = kind(to.host, to.port, timeout=to.timeout_s)
    try:
        connection.request("POST", to.path or "/", body, {"Content-Type": "application/json", **headers})
        response = connection.getresponse()
        answer = response.read(_ANSWER_MOST).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        raise SinkError(f"{to.host}: {type(error).__name__}: {error}", retriable=True) from error
    finally:
        connection.close()
    if response.status not in _FINE:
        again = response.status in _SERVER_ERRORS or response.status in _SLOW_DOWN
        raise SinkError(f"{to.host} answered {response.status}: {answer}", retriable=again)


def patiently(work: Callable[[], None], stopping: Callable[[], bool], failed: Callable[[SinkError], None]) -> bool:
    """Does ``work`` until it succeeds. False: it has not, and we are to stop.

    ``failed`` hears of each failure. Raises SinkError when trying again cannot help.
    """

    def again(error: Exception) -> bool:
        if not isinstance(error, SinkError):
            return False
        failed(error)
        return error.retriable and not stopping()

    while True:
        try:
            for attempt in stamina.retry_context(
                on=again, attempts=None, timeout=_ROUND_S,
                wait_initial=_WAIT_FIRST_S, wait_max=_WAIT_MOST_S, wait_jitter=_JITTER_S,
            ):  # fmt: skip
                with attempt:
                    work()
        except SinkError as error:
            if not error.retriable:
                raise
            if stopping():
                return False
        else:
            return True
