"""The events of a source, and the promise that all sources keep.

A source is an iterator of events. It yields at least every ``idle_s`` seconds, None if there is nothing, so that its
reader can handle time. It ends when the input ends or soon after ``stop`` is set. It never busy-waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event
from typing import NamedTuple, Protocol


class Chunk(NamedTuple):
    """Bytes of one peer, cut anywhere."""

    data: bytes
    peer: str = ""


class Refused(NamedTuple):
    """A message from which no sentence can be written: counted as malformed, and kept as a dead letter."""

    raw: bytes
    detail: str
    peer: str = ""


class Connected(NamedTuple):
    """A connection to a peer is open."""

    peer: str = ""


class Heard(NamedTuple):
    """A peer has sent something that holds nothing for us: it is not silent."""

    peer: str = ""


class PeerGone(NamedTuple):
    """A peer is gone; its unfinished messages will not be completed."""

    peer: str
    why: str = ""


class NextFile(NamedTuple):
    """The next bytes are another member of the same archive, in a format of its own."""

    name: str


class FromTopic(NamedTuple):
    """A record of a Kafka topic: what it holds, and its place there. Ingest states the place in its own log."""

    partition: int
    offset: int
    events: tuple[Chunk | Refused, ...]
    written_ms: int | None = None
    """When it was written: the time of what states none; None if that is not known."""


class StationPosition(NamedTuple):
    """Where a receiving station says that it is. ``station`` is the name in the tag blocks of its sentences."""

    station: str
    lat_deg: float
    lon_deg: float


SourceEvent = Chunk | Refused | FromTopic | Connected | Heard | PeerGone | NextFile | StationPosition | None


class InputSource(Protocol):
    """One configured input."""

    live: bool
    """Heard as it happens: it has no end, and its clock runs with the wall clock."""
    waits: bool
    """Can be kept waiting (a file, a TCP peer); False: what is not read now is lost."""
    resumes: bool
    """What did not reach the log is read again at the next start: a file, a Kafka topic."""

    def close(self) -> None:
        """Releases what it holds, also if ``events`` was never called."""

    def events(self, stop: Event) -> Iterator[SourceEvent]:
        """The events, until the end or until ``stop`` is set. Raises WakewatchError if it cannot continue."""
        ...
