"""Samples of what a process holds, and whether that grows: a slope with its error, from means of blocks."""

from __future__ import annotations

import contextlib
import math
from collections import defaultdict
from pathlib import Path
from typing import Final, NamedTuple

WARM_SHARE: Final = 0.4
"""Share of a run that is not counted: caches fill, fleets reach their cap."""
BLOCKS: Final = 10
_SIGMAS: Final = 3.0
_HOUR_S: Final = 3600.0
_RISE_LEAST: Final = 1.5
"""One thread that starts late on a busy machine is not growth."""
LEAST: Final = {"memory MB": 0.04, "descriptors": 0.1, "threads": 0.1}
"""Share of its mean by which a figure may rise in what is counted of the run without being called growth."""
_KIB_A_MB: Final = 1024.0


class Sample(NamedTuple):
    """A process at a moment."""

    at_s: float
    memory_mb: float
    descriptors: int
    threads: int


class Trend(NamedTuple):
    """A figure over the counted part of a run."""

    mean: float
    slope_per_hour: float
    error_per_hour: float
    """Standard error of the slope."""
    rise: float
    """By how much it rose in the counted part."""

    def grows(self, least_share: float) -> bool:
        """Whether it rises beyond doubt (three standard errors) and by more than this share of its mean."""
        beyond_doubt = self.slope_per_hour > _SIGMAS * self.error_per_hour
        return beyond_doubt and self.rise > max(least_share * self.mean, _RISE_LEAST)


def sample(pid: int, at_s: float) -> Sample | None:
    """Of one process; None when it is gone."""
    try:
        status = dict(
            line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line
        )
        descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except OSError:
        return None
    if "VmRSS" not in status:
        return None
    return Sample(at_s, int(status["VmRSS"].split()[0]) / _KIB_A_MB, descriptors, int(status["Threads"]))


def topic_bytes(broker: Path, prefix: str) -> dict[str, int]:
    """Bytes of the log segments of each topic, by its name without the prefix."""
    found: dict[str, int] = defaultdict(int)
    for segment in broker.rglob(f"{prefix}*/*.log"):
        with contextlib.suppress(FileNotFoundError):  # deleted just now
            found[segment.parent.name.removeprefix(prefix).rpartition("-")[0]] += segment.stat().st_size
    return dict(found)


def trend(points: list[tuple[float, float]]) -> Trend:
    """Of (seconds, value), oldest first. Neighbouring samples are alike, so that means of ten blocks are fitted."""
    began_s, ended_s = points[0][0], points[-1][0]
    first_s = began_s + WARM_SHARE * (ended_s - began_s)
    length_s = (ended_s - first_s) / BLOCKS
    blocks: list[list[tuple[float, float]]] = [[] for _ in range(BLOCKS)]
    for at_s, value in points:
        if at_s >= first_s:
            blocks[min(BLOCKS - 1, int((at_s - first_s) / length_s))].append((at_s, value))
    means = [
        (sum(at for at, _ in block) / len(block), sum(v for _, v in block) / len(block)) for block in blocks if block
    ]
    return _fit(means, ended_s - first_s)


def _fit(means: list[tuple[float, float]], length_s: float) -> Trend:
    count = len(means)
    mean_at, mean = sum(at for at, _ in means) / count, sum(value for _, value in means) / count
    spread = sum((at - mean_at) ** 2 for at, _ in means)
    slope = sum((at - mean_at) * (value - mean) for at, value in means) / spread
    residual = sum((value - mean - slope * (at - mean_at)) ** 2 for at, value in means)
    error = math.sqrt(residual / (count - 2) / spread)
    return Trend(mean, slope * _HOUR_S, error * _HOUR_S, slope * length_s)
