"""A real gpsd, fed by gpsfake with the sentences of a file over and over."""

import contextlib
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def gpsd(sentences: list[bytes], folder: Path) -> Iterator[int]:
    """Its port. Skips where gpsd is missing, or cannot make a pseudo terminal."""
    if not (shutil.which("gpsd") and shutil.which("gpsfake")):
        pytest.skip("gpsd and gpsfake are not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "ais.log").write_bytes(b"".join(line + b"\r\n" for line in sentences))
    process = subprocess.Popen(
        ["gpsfake", "-q", "-n", "-c", "0.02", "-P", str(port), str(folder / "ais.log")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _await(port, process)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)  # it ends its gpsd
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(port: int, process: "subprocess.Popen[bytes]") -> None:
    end_s = time.monotonic() + 60
    while time.monotonic() < end_s:
        if process.poll() is not None:
            pytest.skip("gpsfake does not run here")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise AssertionError("gpsd does not answer")
