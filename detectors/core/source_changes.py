"""What happens to sources, as the detectors that watch them are told."""

from __future__ import annotations

from typing import Literal, NamedTuple

from detectors.core.ticks import StationClock


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


class WrongClocks(NamedTuple):
    """Which stations of a source have a wrong clock at present."""

    source: int
    time_ms: int
    clocks: tuple[StationClock, ...]
    complete: bool
    """All others are right; False: nothing is known of them."""


class SilencePatience(NamedTuple):
    """Which outages are more than an interruption."""

    lasts_ms: int = 900_000
    """An outage that lasts this long ..."""
    repeats: int = 4
    """... and the one with which there have been this many ..."""
    within_ms: int = 86_400_000
    """... within this time; the next report only after it."""
