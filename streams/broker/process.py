"""Processes: identity, ending, ending with the parent, and locks between processes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from streams.broker import kill_with_parent
from streams.errors import WakewatchError

_LOOK_S: Final = 0.05
_START_TIME: Final = 19  # fields after the name in /proc/PID/stat, from 0: state, ppid, ..., start time
_SWITCHES: Final = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH")
_children: Final[dict[int, subprocess.Popen[bytes]]] = {}
"""Processes that this process started and must reap."""


def started(pid: int) -> str:
    """When process ``pid`` started, as counted by the system; empty if there is no such process or it is a zombie.

    A pid alone may be another process's by now; a pid with its start time is unique.
    """
    if Path("/proc/self/stat").exists():
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
        except (OSError, IndexError):
            return ""
        return "" if fields[0] in "ZX" else fields[_START_TIME]
    return _ps(pid, "lstart=")


def command_of(pid: int) -> str:
    """The command line of process ``pid``, words separated by blanks; empty when there is none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="surrogateescape")
    except OSError:
        return "" if Path("/proc/self/stat").exists() else _ps(pid, "command=")


def _ps(pid: int, column: str) -> str:
    call = ["ps", "-o", "stat=", "-o", column, "-p", str(pid)]
    found = subprocess.run(call, capture_output=True, text=True, check=False).stdout.strip()
    return "" if found.startswith("Z") else found.partition(" ")[2].strip()


def launch(call: Sequence[str], home: Path, errors: Path, *, die_with_parent: bool) -> int:
    """Starts ``call`` in its own session with working folder ``home``; returns its pid.

    With ``die_with_parent`` it is killed when the thread that called this ends, however it ends (Linux only).
    """
    before = [sys.executable, "-I", "-S", str(kill_with_parent.__file__), str(os.getpid())] if die_with_parent else []
    environ = {name: value for name, value in os.environ.items() if name not in _SWITCHES}
    with errors.open("ab") as file:
        child = subprocess.Popen(
            [*before, *call],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            cwd=home,
            env={**environ, "LC_ALL": "C.UTF-8"},  # otherwise Java cannot open folders with non-ASCII names
            start_new_session=True,
        )
    _children[child.pid] = child
    return child.pid


def send(pid: int, sign: signal.Signals) -> None:
    """Sends a signal; a process that has already ended is not an error. Raises WakewatchError if we may not."""
    with contextlib.suppress(ProcessLookupError):
        try:
            os.kill(pid, sign)
        except PermissionError:
            raise WakewatchError(f"process {pid} belongs to another user; stop it as that user") from None


def await_gone(pid: int, start: str, wait_s: float) -> bool:
    """Whether the process that started at ``start`` ends within ``wait_s``. Reaps it if it was ours."""
    deadline = time.monotonic() + wait_s
    while started(pid) == start:
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_S)
    child = _children.pop(pid, None)
    if child is not None:
        child.wait()
    return True


@contextlib.contextmanager
def only_one(path: Path, wait_s: float) -> Iterator[None]:
    """Holds the lock file ``path`` until released or the process ends. Raises WakewatchError after ``wait_s``."""
    deadline = time.monotonic() + wait_s
    with path.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise WakewatchError(f"another wakewatch has held {path} for {wait_s:.0f} s; try again") from None
                time.sleep(_LOOK_S)
        yield
