"""Many open pages of the console: each follows the events and asks for cases and vessels as the page does."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections import defaultdict
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

import aiohttp

ASK_EVERY_S: Final = 5.0
CASES_EVERY_S: Final = 20.0
_HEAD_MOST: Final = 400
_WAIT_S: Final = 60.0


class ViewerTimes:
    """What the pages met."""

    def __init__(self) -> None:
        self.took_s: dict[str, list[float]] = defaultdict(list)
        """Seconds from a question to the last byte of its answer, by what was asked."""
        self.bytes = 0
        self.failed = 0


async def watch(url: str, viewers: int, seconds: float, stalled: int) -> ViewerTimes:
    """So many pages for so long; ``stalled`` further ones ask and never read an answer."""
    times, until_s = ViewerTimes(), time.monotonic() + seconds
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
        idle = [await _stall(url, path) for path in ("/api/traffic/vessels", "/api/events") for _ in range(stalled)]
        pages = [_page(session, url, times, until_s, number / viewers) for number in range(viewers)]
        await asyncio.gather(*pages)
        for writer in idle:
            writer.close()
    return times


async def _page(session: aiohttp.ClientSession, url: str, times: ViewerTimes, until_s: float, share: float) -> None:
    await asyncio.sleep(share * ASK_EVERY_S)
    events = asyncio.create_task(_follow(session, url, until_s))
    version, cases_s = "", 0.0
    while time.monotonic() < until_s:
        asked_s = time.monotonic()
        if asked_s - cases_s >= CASES_EVERY_S:
            cases_s = asked_s
            await _asked(session, f"{url}/api/alerts?log=0", "cases", times)
        body = await _asked(session, f"{url}/api/traffic/vessels?since={version}", "vessels", times)
        version = _version(body) or version
        await asyncio.sleep(max(0.0, asked_s + ASK_EVERY_S - time.monotonic()))
    events.cancel()
    with suppress(asyncio.CancelledError, aiohttp.ClientError):
        await events


async def _asked(session: aiohttp.ClientSession, url: str, what: str, times: ViewerTimes) -> bytes:
    began_s = time.monotonic()
    try:
        async with session.get(url, timeout=aiohttp.ClientTimeout(total=_WAIT_S)) as answer:
            body = await answer.read()
            fine = answer.ok
    except (aiohttp.ClientError, TimeoutError):
        body, fine = b"", False
    times.failed += not fine
    times.took_s[what].append(time.monotonic() - began_s)
    times.bytes += len(body)
    return body if fine else b""


def _version(body: bytes) -> str:
    """The version of an answer about vessels, from its first bytes: a page of a bench need not unpack all."""
    if not body:
        return ""
    head = zlib.decompressobj(wbits=31).decompress(body, _HEAD_MOST)
    return head.partition(b'"version":"')[2].partition(b'"')[0].decode()


async def _follow(session: aiohttp.ClientSession, url: str, until_s: float) -> None:
    async with session.get(f"{url}/api/events", timeout=aiohttp.ClientTimeout(total=None)) as events:
        async for _ in events.content:
            if time.monotonic() >= until_s:
                return


async def _stall(url: str, path: str) -> asyncio.StreamWriter:
    """A viewer that asks and does not read: its window stays closed."""
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port, limit=1)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    await writer.drain()
    del reader
    return writer
