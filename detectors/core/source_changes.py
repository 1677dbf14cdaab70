"""What happens to sources, as the detectors that watch them are told."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Outage(NamedTuple):
    """A source went down, has been down for long, or was heard again."""

    source: int
    kind: Literal["began", "lasts", "ended"]
    time_ms: int
    """The step at which it became so; for ``ended`` the first sentence."""
    limit_ms: int
    start_ms: int
    """The last sentence before the outage."""
    one_vessel: bool
    """Only one MMSI was heard in the hour before it."""
    lasting: bool
    """It has lasted for ``SilencePatience.lasts_ms``."""
    repeats: int = 0
    """It is one of this many within ``SilencePatience.within_ms``, and the reported one; 0: it is not."""


class WrongClock(NamedTuple):
    """The clock of a station was found to be wrong, or to be right again."""

    source: int
    station: str
    ahead_s: float
    """Negative: behind. 0: it is right again."""
    corrected: bool
    time_ms: int


class SilencePatience(NamedTuple):
    """Which outages are more than an interruption."""

    lasts_ms: int = 900_000
    """An outage that lasts this long ..."""
    repeats: int = 4
    """... and the one with which there have been this many ..."""
    within_ms: int = 86_400_000
    """... within this time; the next report only after it."""
