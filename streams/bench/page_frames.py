"""How quickly a browser draws the map while it is moved: Chromium, spoken to over its debugging protocol."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiohttp

from streams.bench.frame import process_cpu_s

_BEGIN_S: Final = 30.0
_SETTLE_S: Final = 15.0
_WARM: Final = 30
"""The first frames make what the later ones use."""
_NUMBERS: Final = itertools.count(1)
_WORDS: Final = ("chromium", "chromium-browser", "google-chrome")
_MOVE: Final = """(async (frames) => {
  const map = document.getElementById("map"), times = [];
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  let last = await frame();
  for (let i = 0; i < frames; i++) {
    map.dispatchEvent(new KeyboardEvent("keydown", { key: Math.floor(i / 30) % 2 ? "ArrowLeft" : "ArrowRight" }));
    const now = await frame();
    times.push(now - last);
    last = now;
  }
  return JSON.stringify({ times, notes: document.getElementById("map-notes").innerText });
})(COUNT)"""


class Frames(NamedTuple):
    """How a map was drawn while it was moved."""

    times_ms: Sequence[float]
    """Between frames."""
    page_cpu_ms: float
    """CPU of the page's main thread a frame: it does not depend on what else runs, as times do."""
    browser_cpu_ms: float
    """CPU of all processes of the browser a frame, drawing by the processor included."""
    notes: str
    """What the page reports of its map."""


def chromium() -> str | None:
    """Where a Chromium is; None if none is installed."""
    return next(filter(None, map(shutil.which, _WORDS)), None)


async def frames(url: str, home: Path, count: int = 150) -> Frames:
    """Moves the map ``count`` times and measures each frame.

    ``home``: an empty folder for the browser's profile.
    The browser is that of a machine without a graphics card: it has no WebGL and draws all by the processor.
    """
    program = chromium()
    assert program is not None
    flags = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-3d-apis")
    more = ("--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-port=0", f"--user-data-dir={home}")
    process = subprocess.Popen(
        [program, *flags, *more, "--window-size=1280,720", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        return await _measured(url, home / "DevToolsActivePort", count, process.pid)
    finally:
        process.terminate()
        process.wait()


async def _measured(url: str, port_file: Path, count: int, pid: int) -> Frames:
    port = await _port(port_file)
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
            (page, *_) = [one for one in await answer.json() if one["type"] == "page"]
        async with session.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0) as socket:
            await _said(socket, "Performance.enable", timeDomain="threadTicks")
            await _said(socket, "Page.navigate", url=url)
            await asyncio.sleep(_SETTLE_S)
            await _moved(socket, _WARM)
            before = await _page_cpu_s(socket), _tree_cpu_s(pid)
            made = await _moved(socket, count)
            after = await _page_cpu_s(socket), _tree_cpu_s(pid)
    page_ms, browser_ms = (1000 * (end - begin) / count for begin, end in zip(before, after, strict=True))
    return Frames(made["times"], page_ms, browser_ms, made["notes"])


async def _moved(socket: aiohttp.ClientWebSocketResponse, count: int) -> Any:
    script = _MOVE.replace("COUNT", str(count))
    found = await _said(socket, "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
    return json.loads(found["result"]["value"])


async def _page_cpu_s(socket: aiohttp.ClientWebSocketResponse) -> float:
    found = await _said(socket, "Performance.getMetrics")
    return next(float(one["value"]) for one in found["metrics"] if one["name"] == "TaskDuration")


def _tree_cpu_s(pid: int) -> float:
    """CPU seconds of a process and of all below it that live."""
    total = 0.0
    with contextlib.suppress(OSError):
        total += process_cpu_s(pid)
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += sum(_tree_cpu_s(int(child)) for child in (task / "children").read_text().split())
    return total


async def _port(file: Path) -> int:
    for _ in range(int(_BEGIN_S / 0.1)):
        if file.exists() and (text := file.read_text()):
            return int(text.split()[0])
        await asyncio.sleep(0.1)
    raise TimeoutError("Chromium did not begin")


async def _said(socket: aiohttp.ClientWebSocketResponse, method: str, **params: Any) -> Any:
    number = next(_NUMBERS)
    await socket.send_json({"id": number, "method": method, "params": params})
    async for message in socket:
        said = json.loads(message.data)
        if said.get("id") == number:
            return said["result"]
    raise ConnectionError("Chromium ended")
