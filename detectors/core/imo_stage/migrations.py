"""Converts histories of former formats to the present one, one format at a time, like ``engine.migrations``.

To change the format: raise ``HISTORIES_FORMAT``, add a function here, and write a golden snapshot with the previous
version (``python -m tests.detectors.golden_histories``), which the tests read from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

HISTORIES_FORMAT: Final = 1

Json = dict[str, Any]


class StoredHistories(NamedTuple):
    """A snapshot before it is read: manifest and shards as plain values."""

    manifest: Json
    shards: list[Any]


MIGRATIONS: Final[dict[int, Callable[[StoredHistories], StoredHistories]]] = {}
"""By the format that each converts; there has been one format only."""


def migrated(
    stored: StoredHistories, migrations: Mapping[int, Callable[[StoredHistories], StoredHistories]] = MIGRATIONS
) -> StoredHistories:
    """The snapshot in the present format. Raises ValueError for an unknown format."""
    while (found := stored.manifest["format"]) != HISTORIES_FORMAT:
        if found not in migrations:
            raise ValueError(f"format {found}, expected {HISTORIES_FORMAT}")
        stored = migrations[found](stored)
        stored.manifest["format"] = found + 1
    return stored
