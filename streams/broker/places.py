"""Where the embedded broker keeps its data: the user's state folder, never the cache."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from streams.broker.jars import cache_dir

_BROKER: Final = "broker"
_STORAGE: Final = "data"


def state_dir() -> Path:
    """The part of the user's state folder that is wakewatch's."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "wakewatch"


def broker_dir() -> Path:
    """Where `wakewatch broker` keeps its data."""
    return state_dir() / _BROKER


def cached_broker_dir() -> Path:
    """Where earlier versions kept its data; a cache may be emptied at any time."""
    return cache_dir() / _BROKER


def move_from_cache(home: Path) -> bool:
    """Moves data of a stopped broker from the cache to ``home``, unless there is data. Returns whether it moved any.

    It appears at ``home`` completely or not at all, also if the two folders are on different disks. Raises OSError.
    """
    before, there = cached_broker_dir() / _STORAGE, home / _STORAGE
    if before.resolve() == there.resolve() or there.exists() or not before.is_dir():
        return False
    home.mkdir(parents=True, exist_ok=True)
    arriving = home / "data.arriving"
    shutil.rmtree(arriving, ignore_errors=True)
    try:
        before.rename(there)
    except OSError:  # another disk
        shutil.copytree(before, arriving)
        arriving.rename(there)
        shutil.rmtree(before)
    return True
