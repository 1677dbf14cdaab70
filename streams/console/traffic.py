"""Passes questions about all vessels on to ``wakewatch traffic``: the page asks one address only.

Two hundred pages ask for the same bytes within seconds, so an answer about all vessels is fetched once and kept for
KEPT_S. It is sent in pieces: a viewer that does not read holds one piece, and is cut off after SEND_S.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from streams.errors import ConfigError

KEPT_S: Final = 2.0
SEND_S: Final = 60.0
_KEPT_MOST: Final = 8
_ANSWER_S: Final = 30.0
_ANSWER_BYTES_MOST: Final = 64 << 20
_PIECE_BYTES: Final = 64 << 10
_ADDRESS_MOST: Final = 300
_PASSED_ON: Final = ("Content-Type", "Content-Encoding")
_SHARED: Final = frozenset({"vessels", "at", "coverage"})


class _Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class TrafficProxy:
    """The route ``/api/traffic/...``. ``url``: where the traffic process is; empty: there is none."""

    def __init__(self, url: str) -> None:
        """Raises ConfigError if ``url`` is no address."""
        self._url = _checked(url)
        self._session: aiohttp.ClientSession | None = None
        self._kept: OrderedDict[str, tuple[float, asyncio.Future[_Answer]]] = OrderedDict()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The answer of the traffic process, or 503 with the reason in one line."""
        if not self._url:
            raise web.HTTPServiceUnavailable(text="no traffic: console.traffic_url is not set\n")
        if len(request.path_qs) > _ADDRESS_MOST:
            raise web.HTTPBadRequest(text="the question is too long\n")
        try:
            found = await self._found(request)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            said = f"no traffic: `wakewatch traffic` does not answer at {self._url} ({type(error).__name__})\n"
            raise web.HTTPServiceUnavailable(text=said) from error
        return await _sent(request, found)

    async def close(self, _app: web.Application) -> None:
        """Ends the connections."""
        if self._session is not None:
            await self._session.close()

    async def _found(self, request: web.Request) -> _Answer:
        if request.match_info["tail"] not in _SHARED:
            return await self._fetched(request.path_qs)
        key, now = request.path_qs, time.monotonic()
        until_s, future = self._kept.get(key, (0.0, None))
        if future is None or (future.done() and now >= until_s):
            future = asyncio.ensure_future(self._fetched(key))
            future.add_done_callback(lambda done: done.cancelled() or done.exception())  # perhaps nobody waits any more
            self._kept[key] = now + KEPT_S, future
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT_MOST:
                self._kept.popitem(last=False)
        return await asyncio.shield(future)  # whoever goes away does not take the answer from the others

    async def _fetched(self, path: str) -> _Answer:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=_ANSWER_S)
            self._session = aiohttp.ClientSession(timeout=timeout, auto_decompress=False)
        async with self._session.get(self._url + path, allow_redirects=False) as answer:
            body = await _read(answer)
            headers = {name: answer.headers[name] for name in _PASSED_ON if name in answer.headers}
            return _Answer(answer.status, headers, body)


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    """The body. Raises ValueError if it is larger than any of ours."""
    pieces, size = [], 0
    async for piece in answer.content.iter_chunked(_PIECE_BYTES):
        size += len(piece)
        if size > _ANSWER_BYTES_MOST:
            raise ValueError("the answer is too long")
        pieces.append(piece)
    return b"".join(pieces)


async def _sent(request: web.Request, found: _Answer) -> web.StreamResponse:
    response = web.StreamResponse(status=found.status, headers=found.headers)
    response.content_length = len(found.body)
    try:
        async with asyncio.timeout(SEND_S):
            await response.prepare(request)
            for begin in range(0, len(found.body), _PIECE_BYTES):
                await response.write(found.body[begin : begin + _PIECE_BYTES])
            await response.write_eof()
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()  # what is left would wait for ever
    except ConnectionError:
        pass  # it went away
    return response


def _checked(url: str) -> str:
    """The address without a slash at its end; empty if there is none. Raises ConfigError."""
    parts = urlsplit(url.strip())
    if url.strip() and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment):
        raise ConfigError(f"console.traffic_url: {url!r} is not an address such as http://127.0.0.1:8471")
    return url.strip().rstrip("/")
