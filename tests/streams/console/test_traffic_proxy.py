"""Questions about all vessels are passed on once for all who ask, and a viewer that does not read is cut off."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import aiohttp
import pytest
from aiohttp import web

from streams.console import traffic
from streams.console.traffic import TrafficProxy

BODY = bytes(range(256)) * (40 << 10)
"""10 MB: more than the buffers of a connection hold."""


@asynccontextmanager
async def listening(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def proxied(asked: Counter[str], status: int = 200) -> AsyncIterator[str]:
    """A console's route before a process that counts what it is asked."""

    async def answer(request: web.Request) -> web.Response:
        asked[request.path_qs] += 1
        await asyncio.sleep(0.1)
        return web.Response(status=status, body=BODY, headers={"Set-Cookie": "no=1"})

    behind = web.Application()
    behind.router.add_get("/{tail:.+}", answer)
    async with listening(behind) as url:
        proxy, app = TrafficProxy(url + "/"), web.Application()
        app.router.add_get("/api/traffic/{tail:.+}", proxy.answer)
        app.on_cleanup.append(proxy.close)
        async with listening(app) as console:
            yield console


def test_all_who_ask_the_same_get_one_answer() -> None:
    asked: Counter[str] = Counter()

    async def run() -> None:
        async with proxied(asked) as url, aiohttp.ClientSession() as session:

            async def one() -> bytes:
                async with session.get(f"{url}/api/traffic/vessels?since=a-live-1") as answer:
                    assert "Set-Cookie" not in answer.headers
                    return await answer.read()

            bodies = await asyncio.gather(*(one() for _ in range(30)))
            assert all(body == BODY for body in bodies)
            async with session.get(f"{url}/api/traffic/track/1") as answer:
                assert answer.status == 200

    asyncio.run(run())
    assert asked == {"/api/traffic/vessels?since=a-live-1": 1, "/api/traffic/track/1": 1}


async def read_all(reader: asyncio.StreamReader) -> bytes:
    """What comes until the connection ends."""
    found = bytearray()
    with suppress(ConnectionError):
        while piece := await reader.read(1 << 20):
            found += piece
    return bytes(found)


def test_a_viewer_that_does_not_read_is_cut_off_and_costs_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "SEND_S", 1.0)

    async def run() -> None:
        async with proxied(Counter()) as url, aiohttp.ClientSession() as session:
            host, port = url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port), limit=1)
            writer.write(b"GET /api/traffic/vessels HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.3)
            async with session.get(f"{url}/api/traffic/vessels") as answer:
                assert await answer.read() == BODY
            await asyncio.sleep(1.5)
            assert len(await read_all(reader)) < len(BODY)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("url", "path", "said"),
    [
        ("http://127.0.0.1:1", "vessels", "`wakewatch traffic` does not answer at http://127.0.0.1:1"),
        ("", "vessels", "console.traffic_url is not set"),
    ],
)
def test_what_is_not_there_is_one_line(url: str, path: str, said: str) -> None:
    async def run() -> tuple[int, str]:
        proxy, app = TrafficProxy(url), web.Application()
        app.router.add_get("/api/traffic/{tail:.+}", proxy.answer)
        app.on_cleanup.append(proxy.close)
        async with listening(app) as console, aiohttp.ClientSession() as session:
            async with session.get(f"{console}/api/traffic/{path}?{'x' * 400}") as answer:
                assert answer.status in {400, 503}
            async with session.get(f"{console}/api/traffic/{path}") as answer:
                return answer.status, await answer.text()

    status, words = asyncio.run(run())
    assert status == 503 and said in words and words.count("\n") == 1


def test_a_fault_behind_is_passed_on_as_it_is() -> None:
    async def run() -> int:
        async with (
            proxied(Counter(), status=400) as url,
            aiohttp.ClientSession() as session,
            session.get(f"{url}/api/traffic/at?time=x") as answer,
        ):
            return answer.status

    assert asyncio.run(run()) == 400
