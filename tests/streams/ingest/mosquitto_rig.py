"""A real mosquitto: plain, with a password, with TLS; what publishes to it, and a websocket before it."""

import asyncio
import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from tests.streams.ingest.web_rig import served

USER, PASSWORD = "watch", "hunter2"


@contextlib.contextmanager
def mosquitto(folder: Path, *, port: int = 0, password: bool = False, certificate: Path | None = None) -> Iterator[int]:
    """Its port. ``certificate`` (PEM with the key) makes it speak TLS. Skips where mosquitto is missing."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if not (program and shutil.which("mosquitto_pub")):
        pytest.skip("mosquitto and mosquitto_pub are not installed")
    if not port:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
    lines = [f"listener {port} 127.0.0.1", "user root", f"allow_anonymous {str(not password).lower()}"]
    if password:
        (folder / "users").touch(0o600)
        subprocess.run(["mosquitto_passwd", "-b", folder / "users", USER, PASSWORD], check=True, capture_output=True)
        lines.append(f"password_file {folder / 'users'}")
    if certificate is not None:
        lines += [f"certfile {certificate}", f"keyfile {certificate}"]
    (folder / "mosquitto.conf").write_text("\n".join([*lines, ""]))
    process = subprocess.Popen(
        [program, "-c", str(folder / "mosquitto.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _await(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def publish(port: int, topic: str, payload: bytes, *more: str) -> None:
    """Publishes one message; ``more`` are options of mosquitto_pub."""
    command = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(port), "-t", topic, "-s", *more]
    subprocess.run(command, input=payload, check=True, timeout=60)


def _await(port: int, process: "subprocess.Popen[bytes]") -> None:
    end_s = time.monotonic() + 60
    while time.monotonic() < end_s:
        if process.poll() is not None:
            pytest.skip("mosquitto does not run here")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError("mosquitto does not answer")


@contextlib.contextmanager
def websocket_before(port: int) -> Iterator[int]:
    """A websocket whose bytes go to ``port``: Debian's mosquitto does not open one everywhere."""

    async def handle(request: web.Request) -> web.WebSocketResponse:
        assert request.path == "/mqtt"
        talk = web.WebSocketResponse(protocols=("mqtt",))
        await talk.prepare(request)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def answer() -> None:
            while data := await reader.read(65_536):
                await talk.send_bytes(data)

        answering = asyncio.create_task(answer())
        try:
            async for message in talk:
                writer.write(message.data)
        finally:  # also when the server ends and cancels this
            answering.cancel()
            writer.close()
        return talk

    with served(handle) as open_port:
        yield open_port
