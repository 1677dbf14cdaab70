"""A STAC API asked for images of a box and a time: POST /search, page after page, within bounds.

pystac-client is not used: it brings requests and pystac, reads answers of any size, and follows links to any host. What
is needed of the protocol is one request and the link to the next page.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

import msgspec

from streams.errors import ConfigError, InputError, Reason

_PAGE: Final = 100
_PAGES_MOST: Final = 20
_ANSWER_MOST: Final = 16 << 20
_CHUNK: Final = 1 << 16
_FINE: Final = range(200, 300)
_SHOWN: Final = 200
_NOT_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class StacApi(NamedTuple):
    """Where images are catalogued."""

    url: SplitResult
    timeout_s: float = 60.0
    """For all pages together."""


class Question(NamedTuple):
    """Which images."""

    south: float
    west: float
    north: float
    east: float
    """Less than ``west`` across the antimeridian."""
    begin: str
    """RFC 3339, as ``end``."""
    end: str
    collections: tuple[str, ...] = ()
    """None: all that the API has."""


class _Asked(NamedTuple):
    method: str
    url: str
    body: dict[str, Any] | None


def stac_api(setting: str, url: str) -> StacApi:
    """The API at ``url``. Raises ConfigError, naming ``setting``."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ConfigError(f"{setting}: {url!r} is not a URL ({error})") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
        raise ConfigError(
            f"{setting}: {url!r} must be http://HOST[:PORT][/PATH] or https://..., without user and query"
        )
    return StacApi(parts._replace(path=parts.path.rstrip("/")))


def search(api: StacApi, question: Question) -> Iterator[object]:
    """The items of all pages, at most 2,000.

    Raises InputError if the API does not answer in time, not with items, or with too much; items of former pages have
    been yielded by then.
    """
    deadline_s = time.monotonic() + api.timeout_s
    asked: _Asked | None = _Asked("POST", f"{api.url.geturl()}/search", _body(question))
    for _ in range(_PAGES_MOST):
        if asked is None:
            return
        answer = _answer(api, asked, deadline_s)
        if not isinstance(answer, dict) or not isinstance(answer.get("features"), list):
            raise _failed(api, "answered without features: is it a STAC API?")
        yield from answer["features"]
        asked = _next(api, asked, answer.get("links")) if answer["features"] else None
    if asked is not None:
        raise _failed(api, f"has more than {_PAGES_MOST * _PAGE} items; ask for a shorter time or name collections")


def _body(question: Question) -> dict[str, Any]:
    body: dict[str, Any] = {
        "bbox": [question.west, question.south, question.east, question.north],
        "datetime": f"{question.begin}/{question.end}",
        "limit": _PAGE,
    }
    return body | ({"collections": list(question.collections)} if question.collections else {})


def _next(api: StacApi, asked: _Asked, links: object) -> _Asked | None:
    """The request for the next page, if there is one. It must be on the same host: only that one was configured."""
    found = (
        [one for one in links if isinstance(one, dict) and one.get("rel") == "next"] if isinstance(links, list) else []
    )
    if not found:
        return None
    link: Mapping[str, Any] = found[0]
    url = urljoin(asked.url, str(link.get("href")))
    if urlsplit(url)[:2] != api.url[:2]:
        raise _failed(api, f"has its next page on another host ({urlsplit(url).netloc[:_SHOWN]})")
    if str(link.get("method", "GET")).upper() != "POST":
        return _Asked("GET", url, None)
    body = link.get("body")
    body = body if isinstance(body, dict) else {}
    return _Asked("POST", url, {**(asked.body or {}), **body} if link.get("merge") else body or asked.body)


def _answer(api: StacApi, asked: _Asked, deadline_s: float) -> Any:
    try:
        status, content = _exchange(asked, deadline_s)
    except (OSError, http.client.HTTPException, ValueError) as error:
        late = isinstance(error, TimeoutError) or time.monotonic() >= deadline_s
        said = f"no complete answer within {api.timeout_s:g} s" if late else f"{type(error).__name__}: {error}"
        raise _failed(api, f"did not answer: {said}") from error
    if status not in _FINE:
        raise _failed(api, f"answered {status}: {content[:_SHOWN].decode('utf-8', 'replace')!r}")
    if len(content) > _ANSWER_MOST:
        raise _failed(api, f"answered with more than {_ANSWER_MOST >> 20} MiB")
    try:
        return msgspec.json.decode(content)
    except _NOT_JSON:
        raise _failed(api, "answered with something that is not JSON") from None


def _exchange(asked: _Asked, deadline_s: float) -> tuple[int, bytes]:
    """Status and content, cut off one byte beyond the most that is read."""
    parts = urlsplit(asked.url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    left_s = deadline_s - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    connection = kind(parts.hostname or "", parts.port, timeout=left_s)
    cutting = threading.Timer(left_s, _cut, [connection])
    cutting.daemon = True
    cutting.start()
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"Accept": "application/geo+json, application/json", "Content-Type": "application/json"}
        connection.request(
            asked.method, target, None if asked.body is None else msgspec.json.encode(asked.body), headers
        )
        response = connection.getresponse()
        content = bytearray()
        while len(content) <= _ANSWER_MOST and (chunk := response.read(_CHUNK)):
            content += chunk
        if time.monotonic() >= deadline_s:
            raise TimeoutError
        return response.status, bytes(content)
    finally:
        cutting.cancel()
        connection.close()


def _cut(connection: http.client.HTTPConnection) -> None:
    """Ends an exchange that takes too long, also if the server sends a byte now and then."""
    link = connection.sock
    if link is not None:
        with contextlib.suppress(OSError):
            link.shutdown(socket.SHUT_RDWR)


def _failed(api: StacApi, why: str) -> InputError:
    return InputError(Reason.IMAGERY_UNUSABLE, f"STAC API at {api.url.netloc} {why}")
