"""A small file system for the broker, without being root: mounts that only this process and its children see."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_MARK: Final = "WW_STATES_MOUNTS"
_SIZE: Final = "512m"


def mounts_of_its_own() -> None:
    """Begins this program again in a mount namespace of its own, where it is not in one."""
    if os.environ.get(_MARK) == "1":
        return
    os.environ[_MARK] = "1"
    os.execvp("unshare", ["unshare", "-Urm", sys.executable, "-m", "tests.states", *sys.argv[1:]])


@contextmanager
def mounted(folder: Path) -> Iterator[None]:
    """A file system in memory, at ``folder``."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
