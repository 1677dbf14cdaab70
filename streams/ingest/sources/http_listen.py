"""Posts of receivers, such as AIS-catcher's ``-H``.

What a post may be is bounded: its size, also after unpacking, the time that it takes to arrive, and the number of
connections. One that cannot be read is answered with a status from 400 on, counted, and kept as a dead letter.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import logging
import socket
import time
from collections.abc import Iterator
from http import HTTPStatus
from threading import Event
from typing import TYPE_CHECKING, Final

import structlog

from streams.errors import ConfigError
from streams.ingest.posts import PostError, PostReader, unpacked
from streams.ingest.sources.async_connection import Put, events_of
from streams.ingest.sources.connector import Connector, OpenRules, SourceUrl
from streams.ingest.sources.events import Chunk, Refused, SourceEvent
from streams.ingest.sources.secret_files import secret_of
from streams.settings.sources import HttpListenSettings

if TYPE_CHECKING:
    from aiohttp import web

PEERS_MOST: Final = 256
HELD_MOST_BYTES: Final = 64_000_000
"""Of all posts that are read at a time, as they came, and of what they gave and nobody has taken yet."""
_CHECK_S: Final = 0.5
_FORMS: Final = ("multipart/form-data", "application/x-www-form-urlencoded")
_CHALLENGE: Final = {"WWW-Authenticate": 'Basic realm="wakewatch"'}
_WARN_EVERY_S: Final = 60.0
_log = structlog.get_logger("ingest.http")


class HttpListenSource:
    """A listening socket, bound at once: ``port`` is the real one, also if 0 was requested."""

    live = True
    waits = True
    resumes = False

    def __init__(
        self, host: str, port: int, settings: HttpListenSettings, *, idle_s: float, path: str = "", password: str = ""
    ) -> None:
        """``path`` without its first slash."""
        self._settings, self._idle_s, self._path, self._password = settings, idle_s, "/" + path, password
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._socket = socket.create_server((host, port), family=family)
        except OSError as error:
            raise ConfigError(
                f"http-listen://{host}:{port}: {error.strerror}; choose a free port of this machine"
            ) from error
        self.port: int = self._socket.getsockname()[1]
        self._reader = PostReader()
        self._warned_s = float("-inf")
        self._busy: set[web.RequestHandler] = set()
        """Connections with a request that is being answered."""
        self._held_bytes = 0
        """Of all posts that are being read, and of what waits for the reader."""

    def close(self) -> None:
        """Releases the port."""
        self._socket.close()

    def events(self, stop: Event) -> Iterator[SourceEvent]:
        """The events of all posts."""
        with self._socket:
            for event in events_of(self._serve, stop=stop, idle_s=self._idle_s):
                self._held_bytes -= _size(event)
                yield event

    async def _serve(self, put: Put) -> str:
        from aiohttp import web

        async def handle(request: web.Request) -> web.Response:
            self._busy.add(request.protocol)
            try:
                return await self._answer(request, put)
            finally:
                self._busy.discard(request.protocol)

        timeout_s = self._settings.timeout_s
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(
            application,
            access_log=None,
            logger=_server_log(),
            shutdown_timeout=1.0,
            auto_decompress=False,
            keepalive_timeout=timeout_s,
        )
        await runner.setup()
        try:
            await web.SockSite(runner, self._socket).start()
            assert runner.server is not None  # it has been set up
            await self._close_idle(runner.server)
        finally:
            await runner.cleanup()
        return ""

    async def _answer(self, request: web.Request, put: Put) -> web.Response:
        from aiohttp import web

        body = bytearray()
        try:
            self._check(request)
            await self._body(request, body)
            data = unpacked(bytes(body), *self._packing(request))
            others_bytes = self._held_bytes - len(body)
            if others_bytes and others_bytes + len(data) > HELD_MOST_BYTES:
                raise PostError(HTTPStatus.SERVICE_UNAVAILABLE, "too many posts at once")
            events = self._reader.events(data)
            self._held_bytes += sum(map(_size, events))
            for event in events:
                await put(event)
        except PostError as error:
            self._warn(request, error)
            if error.status in _WITH_LOSS:
                await put(Refused(bytes(body), f"post of {request.remote}: {error}"))
            headers = _CHALLENGE if error.status is HTTPStatus.UNAUTHORIZED else None
            return web.Response(status=error.status, text=f"{error}\n", headers=headers)
        finally:
            self._held_bytes -= len(body)
        return web.Response(text="ok\n")

    def _check(self, request: web.Request) -> None:
        """Whether it may post, and here. Raises PostError."""
        if self._password and not _knows(request.headers.get("Authorization", ""), self._password):
            raise PostError(HTTPStatus.UNAUTHORIZED, "a password is required")
        if request.path.rstrip("/") != self._path.rstrip("/"):
            raise PostError(HTTPStatus.NOT_FOUND, "not the path for posts")  # strangers need not know it
        if request.method != "POST":
            raise PostError(HTTPStatus.METHOD_NOT_ALLOWED, "only POST is understood")
        if request.content_type in _FORMS:
            raise PostError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a form; post JSON (AIS-catcher: PROTOCOL AISCATCHER)")

    def _packing(self, request: web.Request) -> tuple[str, int]:
        return request.headers.get("Content-Encoding", ""), self._settings.body_bytes

    async def _body(self, request: web.Request, body: bytearray) -> None:
        """Reads the body as it came into ``body``. Raises PostError if it is too large, too slow or cut off."""
        from aiohttp.http import HttpProcessingError

        most = self._settings.body_bytes
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                async for piece in request.content.iter_any():
                    body += piece
                    self._held_bytes += len(piece)
                    if len(body) > most:
                        raise PostError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {most} bytes")
                    if self._held_bytes > HELD_MOST_BYTES:
                        raise PostError(HTTPStatus.SERVICE_UNAVAILABLE, "too many posts at once")
        except TimeoutError:
            raise PostError(HTTPStatus.REQUEST_TIMEOUT, f"not complete after {self._settings.timeout_s:g} s") from None
        except (ConnectionError, HttpProcessingError):
            raise PostError(HTTPStatus.BAD_REQUEST, "cut off") from None

    def _warn(self, request: web.Request, error: PostError) -> None:
        """At most once a minute: strangers must not fill the log."""
        if time.monotonic() - self._warned_s >= _WARN_EVERY_S:
            self._warned_s = time.monotonic()
            _log.warning("post rejected", peer=request.remote, status=int(error.status), why=str(error))

    async def _close_idle(self, server: web.Server) -> None:
        """Closes connections that wait too long for a request, and those beyond the most. Runs for ever."""
        since_s: dict[web.RequestHandler, float] = {}
        while True:
            await asyncio.sleep(_CHECK_S)
            now_s = time.monotonic()
            connections = server.connections
            since_s = {each: now_s if each in self._busy else since_s.get(each, now_s) for each in connections}
            for number, each in enumerate(connections):
                if number >= PEERS_MOST or now_s - since_s[each] > self._settings.timeout_s:
                    each.force_close()


_WITH_LOSS: Final = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
"""A post that came to the right place with the right password, and has lost something."""


class _ServerErrors(logging.Handler):
    """What aiohttp reports. Garbage is answered with 400 and is no news; anything else is an error here."""

    def emit(self, record: logging.LogRecord) -> None:
        """Passes on what is an error here."""
        from aiohttp.http import HttpProcessingError

        if not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError)):
            _log.error("post failed", why=record.getMessage(), exc_info=record.exc_info)


def _server_log() -> logging.Logger:
    logger = logging.Logger("ingest.http.server", logging.ERROR)
    logger.addHandler(_ServerErrors())
    return logger


def _size(event: SourceEvent) -> int:
    return len(event.data) if isinstance(event, Chunk) else 0


def _knows(authorization: str, password: str) -> bool:
    """Whether a header holds the password: ``Basic`` with any user name, or ``Bearer``."""
    scheme, _, given = authorization.partition(" ")
    as_sent, wanted = _as_bytes(given.strip()), _as_bytes(password)
    if scheme.lower() == "basic":
        with contextlib.suppress(ValueError):
            decoded = base64.b64decode(as_sent, validate=True)
            return hmac.compare_digest(decoded.partition(b":")[2], wanted)
    return scheme.lower() == "bearer" and hmac.compare_digest(as_sent, wanted)


def _as_bytes(text: str) -> bytes:
    """Bytes of a header, or of the environment, that are not UTF-8 are surrogates in the text."""
    return text.encode("utf-8", "surrogateescape")


def _open(place: SourceUrl, rules: OpenRules) -> HttpListenSource:
    settings = rules.settings.http_listen
    password = secret_of(place, "password-file", settings.password)
    return HttpListenSource(place.host, place.port, settings, idle_s=rules.idle_s, path=place.path, password=password)


CONNECTORS: Final = (
    Connector(
        scheme="http-listen",
        form="http-listen://[HOST]:PORT/PATH",
        example="http-listen://:8100",
        sentence="Receives posts, such as those of AIS-catcher -H; PATH may be empty",
        open=_open,
        host="127.0.0.1",
        listens=True,
        has_path=True,
        options=("password-file",),
    ),
)
