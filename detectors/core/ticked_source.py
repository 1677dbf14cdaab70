"""One source, as far as its ticks describe it."""

from __future__ import annotations

import msgspec

from detectors.core.ticks import StationPlace


class TickedSource(msgspec.Struct, kw_only=True):
    """One source, as its ticks describe it. Times are Unix ms of event time."""

    name: str
    since_ms: int = 0
    heard_ms: int = 0
    watermark_ms: int = 0
    to_ms: int = 0
    """How far it has reported: its last tick's ``to_ms``. A quiet source reports that nothing was heard."""
    reported_ms: int = 0
    """The same less its lateness; it never decreases."""
    spacing_s: float = 0.0
    lateness_ms: int | None = None
    """How late its sentences may arrive; None: the allowed lateness of the rules."""
    behind_ms: int = 0
    """How far it usually is behind the fastest source, in whole ``BEHIND_STEP_MS``; 0 unless it is slow."""
    ended: bool = False
    was_heard: bool = False
    """A tick has stated a sentence of it."""
    replayed: bool | None = None
    """It is a recording; None: a snapshot from before each source stated this for itself."""
    down_since_ms: int | None = None
    """Its last sentence before the present outage; None while it is up."""
    downs: list[tuple[int, int]] = []
    """Past outages, oldest first: (last sentence before, first sentence after)."""
    one_vessel: bool = False
    """Only one MMSI was heard in the hour before its last sentence."""
    lasting: bool = False
    """The present outage has been reported as one that lasts."""
    repeated_ms: int | None = None
    """When an outage was last reported as repeated; None: never."""

    stations: tuple[StationPlace, ...] = ()
    """Where its stations are, as far as ticks have stated it."""

    @property
    def up(self) -> bool:
        """It is heard: it has sent something, has not ended, and is not down."""
        return self.was_heard and not self.ended and self.down_since_ms is None

    def down_ms(self, from_ms: int, to_ms: int) -> int:
        """How much of (from, to] the source was down."""
        total = 0
        for start, end in reversed(self.downs):
            if end <= from_ms:
                break
            total += max(0, min(end, to_ms) - max(start, from_ms))
        if self.down_since_ms is not None:
            total += max(0, to_ms - max(self.down_since_ms, from_ms))
        return total

    def silent_by_ms(self, from_ms: int, needed_ms: int) -> int:
        """When ``needed_ms`` of the time since ``from_ms`` will have passed with the source up, as far as is known."""
        at_ms = from_ms + needed_ms
        for start, end in self.downs:
            if end > from_ms and start < at_ms:
                at_ms += end - max(start, from_ms)
        return at_ms
