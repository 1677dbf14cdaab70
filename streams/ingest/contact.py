"""What is known of a source's connections and of when it last sent something: for metrics, never for detectors."""

from __future__ import annotations

import msgspec

from streams.ingest.sources.events import Chunk, Connected, FromTopic, Heard, PeerGone, Refused, SourceEvent


class Contact(msgspec.Struct, kw_only=True):
    """A source's connections so far."""

    connects: bool = False
    """It has connections; a socket of datagrams or a file has none."""
    reconnects: int = 0
    """Connections opened after the first one to the same address; 0 if peers connect to us."""
    last_message_ms: int | None = None
    """When it last sent anything, by the wall clock."""
    _peers: set[str] = msgspec.field(default_factory=set)
    _opened: int = 0

    @property
    def connected(self) -> int | None:
        """Connections that are open; None if it has no connections."""
        return len(self._peers) if self.connects else None

    def take(self, event: SourceEvent, now_ms: int) -> None:
        """Adds what ``event`` says."""
        if isinstance(event, Chunk | Refused | FromTopic | Heard):
            self.last_message_ms = now_ms
        elif isinstance(event, Connected):
            self._peers.add(event.peer)
            self._opened += not event.peer
            self.reconnects = max(0, self._opened - 1)
        elif isinstance(event, PeerGone):
            self._peers.discard(event.peer)
