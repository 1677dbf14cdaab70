"""A file whose content is made while it is read."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from streams.files.buffered import Buffered


class _Pieces(io.RawIOBase):
    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._ready = memoryview(piece)
        size = min(len(buffer), len(self._ready))
        buffer[:size], self._ready = self._ready[:size], self._ready[size:]
        return size


def file_of(pieces: Iterator[bytes], buffer_bytes: int = 1 << 16) -> BinaryIO:
    """A file of these pieces, one after another. An OSError of theirs comes after all that was before it."""
    return cast(BinaryIO, Buffered(_Pieces(pieces), buffer_bytes))
