"""Files, plain or gzip (told by content), and standard input. Constant memory."""

from __future__ import annotations

import gzip
import os
import select
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import BinaryIO, Final, cast

from streams.errors import ConfigError, WakewatchError
from streams.ingest.sources.events import Chunk, SourceEvent

_GZIP: Final = b"\x1f\x8b"
CHUNK_BYTES: Final = 1024 * 1024


def open_recording(path: Path) -> BinaryIO:
    """The file's bytes, unpacked when it is gzip. Raises ConfigError when it cannot be read."""
    try:
        with path.open("rb") as file:
            packed = file.read(len(_GZIP)) == _GZIP
        return cast(BinaryIO, gzip.open(path)) if packed else path.open("rb")
    except OSError as error:
        raise ConfigError(f"file:{path}: {error.strerror}; give the path of a file that can be read") from error


class FileSource:
    """A recording, read once from its beginning."""

    live = False
    waits = True

    def __init__(self, path: Path, chunk_bytes: int = CHUNK_BYTES) -> None:
        self.path = path
        self._chunk_bytes = chunk_bytes

    def events(self, stop: Event) -> Iterator[SourceEvent]:
        """Chunks until the end. Raises WakewatchError when the file breaks off or is damaged."""
        with open_recording(self.path) as file:
            while not stop.is_set():
                try:
                    data = file.read(self._chunk_bytes)
                except (OSError, EOFError, zlib.error) as error:
                    raise WakewatchError(f"file:{self.path}: {error}; what came before is ingested") from error
                if not data:
                    return
                yield Chunk(data)


class StdinSource:
    """Standard input: live, whoever writes into it; a pipe that closes is its end."""

    waits = True

    def __init__(self, idle_s: float, *, live: bool = True, descriptor: int | None = None) -> None:
        self.live = live
        self._idle_s = idle_s
        self._descriptor = sys.stdin.fileno() if descriptor is None else descriptor

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
