"""Disk usage of the brokers, as Kafka reports it, and when the log will fill the disks."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final, NamedTuple

_HOUR_MS: Final = 3_600_000
FREE_LEAST: Final = 0.05
"""Share of a disk; with less left it is nearly full."""
FORECAST_LEAST_H: Final = 1.0
"""A younger log does not show growth: a recording is read in minutes."""


class Disk(NamedTuple):
    """One folder in which a broker keeps its data. Several folders may share a disk."""

    broker: str
    folder: str
    total_bytes: int
    free_bytes: int
    held_bytes: int
    """Bytes of the given topics, all replicas in this folder."""


class Growth(NamedTuple):
    """Growth of the log of sentences on one disk."""

    bytes_a_day: float
    full_in_h: float | None
    """Hours until the disk is full; None if the log reaches its retention before."""


def disks(client: Any, topics: Collection[str]) -> list[Disk]:
    """The disks of all brokers, as an admin client's user may see them; brokers before Kafka 3.3 do not report them.

    Raises KafkaError; without the right to describe the cluster the list is empty.
    """
    found = []
    for answer in client.describe_log_dirs():
        for folder in answer["log_dirs"]:
            if folder.get("error_code") or folder.get("total_bytes", -1) < 0:
                continue
            held = sum(
                partition["partition_size"]
                for topic in folder["topics"]
                if topic["name"] in topics
                for partition in topic["partitions"]
            )
            where = str(answer["broker"]), str(folder["log_dir"])
            found.append(Disk(*where, folder["total_bytes"], folder["usable_bytes"], held))
    return found


def growth(disk: Disk, held_h: float, kept_h: float) -> Growth | None:
    """Growth of the log over the ``held_h`` hours that it covers, extrapolated to ``kept_h``.

    None for a log that is too young. It stops growing when it covers ``kept_h``: older records are deleted.
    """
    if held_h < FORECAST_LEAST_H:
        return None
    an_hour = disk.held_bytes / held_h
    missing_bytes = an_hour * max(0.0, kept_h - held_h)
    full_in_h = disk.free_bytes / an_hour if missing_bytes > disk.free_bytes else None
    return Growth(24 * an_hour, full_in_h)


def hours_since(time_ms: int, now_ms: int) -> float:
    """Hours between two times in Unix ms."""
    return max(0, now_ms - time_ms) / _HOUR_MS
