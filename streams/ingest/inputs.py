"""What has been read of one input: a file, a member of an archive, or a live source from its beginning."""

from __future__ import annotations

from typing import Final

import msgspec

from streams.ingest.model import InputCounts

OPENING_BYTES: Final = 4096
"""Bytes of the beginning that are kept, to describe what the input looks like if none of it was AIS."""


class Input(msgspec.Struct, kw_only=True):
    """One input, as far as it has been read."""

    opening: bytes = b""
    size: int = 0
    """Bytes so far."""
    before: InputCounts = msgspec.field(default_factory=InputCounts)
    """The counts when it began."""
    refusal: str = ""
    """Why its first refused line was refused."""

    def take(self, chunk: bytes) -> None:
        """Adds bytes."""
        self.size += len(chunk)
        if len(self.opening) < OPENING_BYTES:
            self.opening += chunk[: OPENING_BYTES - len(self.opening)]

    def since(self, now: InputCounts) -> InputCounts:
        """The counts of this input alone, when the total counts are ``now``."""
        before = self.before
        rejected = {reason: n - before.rejected.get(reason, 0) for reason, n in now.rejected.items()}
        return InputCounts(
            lines=now.lines - before.lines,
            sentences=now.sentences - before.sentences,
            other=now.other - before.other,
            messages=now.messages - before.messages,
            merged=now.merged - before.merged,
            rejected={reason: n for reason, n in rejected.items() if n},
        )


def kept(counts: InputCounts) -> InputCounts:
    """A copy that later counting does not change."""
    return msgspec.structs.replace(counts, rejected=dict(counts.rejected))
