"""How quickly a browser draws the map while it is moved: Chromium, spoken to over its debugging protocol."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiohttp

_BEGIN_S: Final = 30.0
_SETTLE_S: Final = 15.0
_WORDS: Final = ("chromium", "chromium-browser", "google-chrome")
_MOVE: Final = """(async (frames) => {
  const map = document.getElementById("map"), times = [];
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  let last = await frame();
  for (let i = 0; i < frames; i++) {
    map.dispatchEvent(new KeyboardEvent("keydown", { key: Math.floor(i / 30) % 2 ? "ArrowLeft" : "ArrowRight" }));
    const now = await frame();
    if (i >= 30) times.push(now - last); // the first frames make what the later ones use
    last = now;
  }
  return JSON.stringify({ times, notes: document.getElementById("map-notes").innerText });
})(COUNT)"""


class Frames(NamedTuple):
    """The times between frames, ms, and what the page says of its map."""

    times_ms: Sequence[float]
    notes: str


def chromium() -> str | None:
    """Where a Chromium is; None if none is installed."""
    return next(filter(None, map(shutil.which, _WORDS)), None)


async def frames(url: str, home: Path, count: int = 150) -> Frames:
    """Moves the map ``count`` times and measures each frame after the first 30.

    ``home``: an empty folder for the browser's profile.
    The browser draws with the processor (SwiftShader): a machine without a graphics card.
    """
    program = chromium()
    assert program is not None
    flags = ("--headless=new", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
    more = ("--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-port=0", f"--user-data-dir={home}")
    process = subprocess.Popen(
        [program, *flags, *more, "--window-size=1280,720", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        return await _measured(url, home / "DevToolsActivePort", count)
    finally:
        process.terminate()
        process.wait()


async def _measured(url: str, port_file: Path, count: int) -> Frames:
    port = await _port(port_file)
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
            (page, *_) = [one for one in await answer.json() if one["type"] == "page"]
        async with session.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0) as socket:
            await _said(socket, 1, "Page.navigate", url=url)
            await asyncio.sleep(_SETTLE_S)
            found = await _said(
                socket,
                2,
                "Runtime.evaluate",
                expression=_MOVE.replace("COUNT", str(count)),
                awaitPromise=True,
                returnByValue=True,
            )
    made = json.loads(found["result"]["value"])
    return Frames(made["times"], made["notes"])


async def _port(file: Path) -> int:
    for _ in range(int(_BEGIN_S / 0.1)):
        if file.exists() and (text := file.read_text()):
            return int(text.split()[0])
        await asyncio.sleep(0.1)
    raise TimeoutError("Chromium did not begin")


async def _said(socket: aiohttp.ClientWebSocketResponse, number: int, method: str, **params: Any) -> Any:
    await socket.send_json({"id": number, "method": method, "params": params})
    async for message in socket:
        said = json.loads(message.data)
        if said.get("id") == number:
            return said["result"]
    raise ConnectionError("Chromium ended")
