"""Reads files of detections, by content, packed or not.

| found at the beginning | format |
|---|---|
| ``{`` or ``[``, with ``features`` or a Feature | GeoJSON |
| ``{`` or ``[``, with a list of objects | events of Skylight, or plain detections |
| JSON objects, one a line | the same, one by one |
| anything else | a table, CSV |
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from streams.errors import ConfigError, InputError, Reason
from streams.files.recordings import recordings
from streams.files.unpackers import PackedError
from streams.imagery.detections.cells import RowError
from streams.imagery.detections.events import event_of, events_in, read_events
from streams.imagery.detections.geojson import feature_of, read_features
from streams.imagery.detections.grouping import Options, images_of
from streams.imagery.detections.rows import Gathered, Outlined, Rejected, Row
from streams.imagery.detections.tables import read_table
from streams.imagery.images import Image

BYTES_MOST: Final = 256 << 20
_PIECE: Final = 1 << 20


class Detections(NamedTuple):
    """What files hold."""

    images: tuple[Image, ...]
    """By time and identity."""
    reasons: dict[str, int]
    """Rejected rows, by reason."""
    rejected: tuple[Rejected, ...]
    """Some of them, with their place."""
    unused: dict[str, int]
    """What was left out of rows that were used."""


def read_detections(files: Sequence[Path], options: Options | None = None) -> Detections:
    """The images in files; what is wrong in some rows is counted, and the others are used.

    What several files state of one image is put together: an outline, and contacts.
    Raises ConfigError for a file that cannot be read, InputError if nothing in the files can be used.
    """
    found = read_contents((each for path in files for each in _contents(path)), options)
    if not found.images:
        first = f"{found.rejected[0].at}: {found.rejected[0].reason}" if found.rejected else "no detection in them"
        raise InputError(Reason.IMAGERY_UNUSABLE, first)
    return found


def read_contents(contents: Iterable[tuple[str, bytes]], options: Options | None = None) -> Detections:
    """The images in the bytes of files; their names are used in the places of rejected rows. Never raises."""
    options, gathered = options or Options(), Gathered()
    for name, content in contents:
        text = _decoded(content)
        begin = text.lstrip()[:1]
        if begin in {"{", "["}:
            _read_json(name, text, gathered)
        elif begin:
            read_table(name, text, gathered, options.columns)
    images = images_of(gathered, options)
    return Detections(tuple(images), dict(gathered.reasons), tuple(gathered.rejected), dict(gathered.unused))


def _read_json(name: str, text: str, gathered: Gathered) -> None:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        _read_lines(name, text, gathered)
        return
    if isinstance(content, dict) and ("features" in content or content.get("type") == "Feature"):
        read_features(name, content, gathered)
        return
    events = events_in(content)
    if events is None:
        gathered.reject(name, "JSON without detections")
    else:
        read_events(name, events, gathered)


def _read_lines(name: str, text: str, gathered: Gathered) -> None:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            gathered.each(f"{name}:{number}", _line(line))


def _line(line: str) -> Iterator[Row | Outlined]:
    try:
        content: Any = json.loads(line)
    except (ValueError, RecursionError):
        raise RowError("not JSON") from None
    if isinstance(content, dict) and content.get("type") == "Feature":
        yield from feature_of(content, {})
    else:
        yield from event_of(content)


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """The name and bytes of each file in a file. Raises ConfigError."""
    try:
        for name, file, _ in recordings(path):
            content = bytearray()
            while piece := file.read(_PIECE):  # an error in a packed file comes with the piece after the good ones
                content += piece
                if len(content) > BYTES_MOST:
                    raise ConfigError(f"{name}: larger than {BYTES_MOST >> 20} MiB; split it")
            yield name, bytes(content)
    except PackedError as error:
        raise ConfigError(f"{error}; get the file again") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}; check the path") from error


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    return content.decode("utf-8-sig", "replace")
