"""``wakewatch decode``: prints the contents of a recording, message by message, as they were sent."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import msgspec
import typer

from detectors.core.ticks import FeedRules
from detectors.core.units import rfc3339
from streams.cli.options import time_ms
from streams.decode import RawMessage, RefusedReports, raw_messages
from streams.errors import InputError, Reason
from streams.explain.log_records import source_name
from streams.files.recordings import all_recordings
from streams.files.unpackers import PackedError
from streams.ingest.core import RATE_HZ, START_MS, Ingest, SourceKind
from streams.ingest.model import RefusedLine
from streams.messages.log_records import Record, Sentences

_CHUNK_BYTES: Final = 1 << 18
_AGES_S: Final = 1e11
_ANY_TIME: Final = FeedRules(refuse_behind_s=_AGES_S, jump_ahead_s=_AGES_S)
"""Here a sentence may have any time: it is printed, not believed."""

Line = dict[str, object]


def command(
    files: Annotated[list[Path], typer.Argument(help="Recordings, compressed or not.", metavar="FILE...")],
    start: Annotated[str | None, typer.Option(help="Time of the first sentence, for files without times.")] = None,
    rate: Annotated[float, typer.Option(help="Sentences per second, for files without times.", min=0.001)] = RATE_HZ,
    rejected: Annotated[bool, typer.Option("--rejected", help="Also print rejected lines, with the reason.")] = False,
) -> None:
    """Print each message of a recording as one JSON object: every field by its pyais name, raw.

    Sentinel values are kept as sent (heading 511, latitude 91), binary data is hex, enums are integers. Rejected lines
    (--rejected) follow the messages of their part of the file.

    Example: wakewatch decode day.nmea.gz | jq 'select(.mmsi == 273999001)'
    """
    source_kind = SourceKind(replayed=True, start_ms=time_ms("--start", start) if start else START_MS, rate_hz=rate)
    out = sys.stdout.buffer
    encoder = msgspec.json.Encoder()
    for path in files:
        for recording in all_recordings([path]):
            for line in decoded_lines(recording.file, path, source_kind):
                if rejected or "rejected" not in line:
                    out.write(encoder.encode(line) + b"\n")
    out.flush()


def decoded_lines(file: BinaryIO, path: Path, source_kind: SourceKind) -> Iterator[Line]:
    """The objects to print for one recording. Raises InputError if it is damaged, after its undamaged part."""
    source = source_name(path)
    ingest = Ingest(source, 1, rules=_ANY_TIME, source_kind=source_kind)
    for chunk in _chunks(file):
        yield from _printed(ingest.feed(chunk), source)
        yield from _refusals(ingest, source)
    yield from _printed(ingest.end(), source)
    yield from _refusals(ingest, source)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    try:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
    except PackedError as error:
        raise InputError(Reason.MALFORMED, str(error)) from error


def _printed(records: Iterable[Record], source: str) -> Iterator[Line]:
    for record in records:
        if isinstance(record, Sentences):
            for message in raw_messages(record.value, source):
                yield _refusal(message, source) if isinstance(message, RefusedReports) else _object(message, source)


def _object(message: RawMessage, source: str) -> Line:
    return {**message.fields, "time": rfc3339(message.time_ms), "source": source}


def _refusals(ingest: Ingest, source: str) -> Iterator[Line]:
    refused, ingest.refused = ingest.refused, []
    for line in refused:
        yield _refusal(line, source)


def _refusal(line: RefusedReports | RefusedLine, source: str) -> Line:
    raw = line.raw.decode("ascii", "backslashreplace")
    return {"rejected": line.reason.value, "detail": line.detail, "raw": raw, "source": source}
