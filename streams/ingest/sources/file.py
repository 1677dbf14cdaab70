"""Files, packed or not (detected by content), and standard input. Uses constant memory."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Final

import structlog

from streams.errors import WakewatchError
from streams.files.recordings import RecordingFile, all_recordings, expanded, refuse_unreadable
from streams.ingest.line_times import OrderRules
from streams.ingest.sources.connector import Connector, OpenRules, SourceUrl
from streams.ingest.sources.events import Chunk, NextFile, SourceEvent
from streams.ingest.table_check import refuse_unreadable_tables
from streams.ingest.time_order import in_time_order

CHUNK_BYTES: Final = 1024 * 1024
_PACED_CHUNK_BYTES: Final = 2048
_log = structlog.get_logger("ingest")


class FileSource:
    """A recording, or those of a folder or pattern, in time order."""

    live = False
    waits = True

    def __init__(self, path: Path, chunk_bytes: int = CHUNK_BYTES, order: OrderRules | None = None) -> None:
        """``order`` None: as they are. Raises ConfigError if there is no file."""
        self.path = path
        self.files = expanded([path])
        self.resumes = all(file.is_file() for file in self.files)
        """False: there is a pipe among them."""
        self.order = order
        self._chunk_bytes = chunk_bytes

    def close(self) -> None:
        """Nothing is held between events."""

    def events(self, stop: Event) -> Iterator[SourceEvent]:
        """Chunks until the end, once their order is known.

        Raises WakewatchError at the end if a recording is damaged: the undamaged part and the others are given before.
        """
        damages: list[OSError] = []
        for number, recording in enumerate(self._recordings(stop)):
            if number:
                yield NextFile(recording.name)
            try:
                while data := recording.file.read(self._chunk_bytes):
                    if stop.is_set():  # what was read meanwhile may be incomplete
                        return
                    yield Chunk(data)
            except OSError as error:
                damages.append(error)
            if stop.is_set():
                return
        if damages:
            more = f"; {len(damages) - 1} more are damaged too" if len(damages) > 1 else ""
            raise WakewatchError(f"file:{self.path}: {damages[0]}; the part before it is ingested{more}")

    def _recordings(self, stop: Event) -> Iterator[RecordingFile]:
        if self.order is None:
            return all_recordings(self.files)
        return in_time_order(self.files, self.order, self._note, stop.is_set)

    def _note(self, said: str) -> None:
        _log.info("not in time order", source=f"file:{self.path}", why=said)


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


def _open_file(place: SourceUrl, rules: OpenRules) -> FileSource:
    order = OrderRules.of(rules.settings, rules.stamps, rules.columns)
    source = FileSource(Path(place.path), _PACED_CHUNK_BYTES if rules.paced else CHUNK_BYTES, order)
    refuse_unreadable(source.files)
    refuse_unreadable_tables(source.files, order)
    return source


def _open_stdin(_place: SourceUrl, rules: OpenRules) -> StdinSource:
    return StdinSource(rules.idle_s, live=rules.stdin_live)


CONNECTORS: Final = (
    Connector(
        scheme="file",
        form="file:PATH",
        example="file:day.nmea.gz",
        sentence="A recording, packed or not: NMEA, JSON lines or a table",
        open=_open_file,
    ),
    Connector(scheme="stdin", form="-", example="-", sentence="Standard input", open=_open_stdin),
)
