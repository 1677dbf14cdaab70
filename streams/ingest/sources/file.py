"""Files, packed or not (detected by content), and standard input. Uses constant memory."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Final

from streams.errors import WakewatchError
from streams.files.recordings import recordings
from streams.ingest.sources.events import Chunk, NextFile, SourceEvent

CHUNK_BYTES: Final = 1024 * 1024


class FileSource:
    """A recording, read once from its beginning."""

    live = False
    waits = True
    resumes = True

    def __init__(self, path: Path, chunk_bytes: int = CHUNK_BYTES) -> None:
        self.path = path
        self._chunk_bytes = chunk_bytes

    def close(self) -> None:
        """Nothing is held between events."""

    def events(self, stop: Event) -> Iterator[SourceEvent]:
        """Chunks until the end. Raises WakewatchError if the file breaks off or is damaged."""
        try:
            for number, recording in enumerate(recordings(self.path)):
                if number:
                    yield NextFile(recording.name)
                while not stop.is_set() and (data := recording.file.read(self._chunk_bytes)):
                    yield Chunk(data)
                if stop.is_set():
                    return
        except OSError as error:
            raise WakewatchError(f"file:{self.path}: {error}; the part before it is ingested") from error


class StdinSource:
    """Standard input: live, whichever program writes into it; it ends when the pipe closes."""

    waits = True

    def __init__(self, idle_s: float, *, live: bool = True, descriptor: int | None = None) -> None:
        self.live = live
        self.resumes = not live
        self._idle_s = idle_s
        self._descriptor = sys.stdin.fileno() if descriptor is None else descriptor

    def close(self) -> None:
        """Nothing is held between events."""

    def events(self, stop: Event) -> Iterator[SourceEvent]:
        """Chunks as they come, until the writer closes."""
        while not stop.is_set():
            if not select.select([self._descriptor], [], [], self._idle_s)[0]:
                yield None
                continue
            data = os.read(self._descriptor, CHUNK_BYTES)
            if not data:
                return
            yield Chunk(data)
