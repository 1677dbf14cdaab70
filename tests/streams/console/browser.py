"""A headless Chromium, spoken to over its own debugging protocol: enough to load a page, click, and hear errors."""

import asyncio
import base64
import contextlib
import json
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

PATIENCE_S = 60.0


def chromium() -> str | None:
    """Where it is."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Tab:
    """One page."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self.errors: list[str] = []
        """Console errors, uncaught exceptions and refused loads."""
        self.requests: list[str] = []
        self._listener = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for message in self._socket:
            said = json.loads(message.data)
            waiting = self._waiting.pop(said.get("id", -1), None)
            if waiting is not None:
                waiting.set_result(said)
            self._note(said.get("method"), said.get("params", {}))

    def _note(self, method: str | None, said: dict[str, Any]) -> None:
        if method == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(said["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and said["type"] in {"error", "warning"}:
            self.errors.append(json.dumps(said["args"]))
        elif method == "Log.entryAdded" and said["entry"]["level"] in {"error", "warning"}:
            self.errors.append(said["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(said["request"]["url"])

    async def send(self, method: str, **params: Any) -> Any:
        self._number += 1
        future = asyncio.get_running_loop().create_future()
        self._waiting[self._number] = future
        await self._socket.send_json({"id": self._number, "method": method, "params": params})
        said = await asyncio.wait_for(future, PATIENCE_S)
        assert "error" not in said, said
        return said["result"]

    async def open(self, url: str, width: int = 1280, height: int = 720, *, mobile: bool = False) -> None:
        for domain in ("Runtime", "Log", "Page", "Network"):
            await self.send(f"{domain}.enable")
        await self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if mobile else 1,
            mobile=mobile,
        )
        await self.send("Page.navigate", url=url)

    async def evaluate(self, script: str) -> Any:
        said = await self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in said, said
        return said["result"].get("value")

    async def until(self, script: str) -> Any:
        """Waits for an expression to be true, and returns it."""
        deadline = time.monotonic() + PATIENCE_S
        while (found := await self.evaluate(script)) in (None, False, 0, ""):
            if time.monotonic() > deadline:
                shown = await self.evaluate("document.body.innerText")
                raise AssertionError(f"it did not come about: {script}; {self.errors}; the page: {shown}")
            await asyncio.sleep(0.05)
        return found

    async def press(self, key: str, code: int = 0) -> None:
        for kind in ("keyDown", "keyUp"):
            await self.send("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code)

    async def click(self, x: float, y: float) -> None:
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            await self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    async def picture(self, path: Path) -> None:
        said = await self.send("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(said["data"]))


@contextlib.asynccontextmanager
async def tab(home: Path, *, webgl: bool = False) -> AsyncIterator[Tab]:
    """A fresh browser with one page. ``home``: an empty folder for its profile. ``webgl``: drawn by the
    processor, where the page asks for it; otherwise there is none.
    """
    program = chromium()
    assert program is not None
    with (home / "chromium.log").open("wb") as log:
        process = subprocess.Popen(
            [
                program,
                "--headless=new",
                "--no-sandbox",
                *(
                    ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")
                    if webgl
                    else ("--disable-gpu", "--disable-3d-apis")
                ),
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--remote-debugging-port=0",
                f"--user-data-dir={home / 'profile'}",
                "about:blank",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        port = await _port(home / "profile" / "DevToolsActivePort", process)
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                pages = [page for page in await answer.json() if page["type"] == "page"]
            async with session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                yield Tab(socket)
    finally:
        process.terminate()
        process.wait(20)


async def _port(file: Path, process: subprocess.Popen[bytes]) -> int:
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        lines = file.read_text().splitlines() if file.exists() else []
        if len(lines) > 1:
            return int(lines[0])
        await asyncio.sleep(0.05)
    raise AssertionError("Chromium does not start")
