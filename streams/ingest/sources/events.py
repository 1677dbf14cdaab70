"""What a source says, and the promise all sources keep.

A source is an iterator of events. It yields at least every ``idle_s`` seconds, None when there is nothing, so that
its reader can attend to time; it ends when the input ends or soon after ``stop`` is set; it never spins.
"""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event
from typing import NamedTuple, Protocol


class Chunk(NamedTuple):
    """Bytes, cut anywhere, of one peer."""

    data: bytes
    peer: str = ""


class PeerGone(NamedTuple):
    """A peer is gone; what it left unfinished will not be finished."""

    peer: str
    why: str = ""


class NextFile(NamedTuple):
    """What follows is another member of the same archive, in a format of its own."""

    name: str


SourceEvent = Chunk | PeerGone | NextFile | None


class InputSource(Protocol):
    """One configured input."""

    live: bool
    """Heard as it happens: it has no end, and its clock runs with the wall's."""
    waits: bool
    """Can be kept waiting (a file, a TCP peer); False: what is not read now is lost."""

    def close(self) -> None:
        """Gives up what it holds, also when ``events`` was never asked for."""

    def events(self, stop: Event) -> Iterator[SourceEvent]:
        """The events, until the end or until ``stop`` is set. Raises WakewatchError where it cannot go on."""
        ...
