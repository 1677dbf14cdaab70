"""Reads files of detections, by content, packed or not.

| found at the beginning | format |
|---|---|
| ``{`` or ``[``, with ``features`` or a Feature | GeoJSON |
| ``{`` or ``[``, with a list of objects | events of Skylight, or plain detections |
| JSON objects, one a line | the same, one by one |
| anything else | a table, CSV |
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TextIO

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
JSON_MOST: Final = 64 << 20
"""One JSON document: its objects take ten times its room. Lines of JSON and tables may be longer."""
_HEAD: Final = 4096
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
        before = gathered.entries
        begin = _text(content[:_HEAD]).read().lstrip()[:1]
        if begin in {"{", "["}:
            _read_json(name, content, gathered)
        elif begin:
            read_table(name, _text(content), gathered, options.columns)
        if gathered.entries == before:
            gathered.reject(name, "no detection in it")
    images = images_of(gathered, options)
    return Detections(tuple(images), dict(gathered.reasons), tuple(gathered.rejected), dict(gathered.unused))


def _text(content: bytes) -> TextIO:
    """UTF-8, or UTF-16 with its mark; read piece by piece, because text takes up to four times the room of bytes."""
    utf_16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    return io.TextIOWrapper(io.BytesIO(content), "utf-16" if utf_16 else "utf-8-sig", "replace", newline="")


def _read_json(name: str, content: bytes, gathered: Gathered) -> None:
    whole = _loaded(_text(content).read()) if len(content) <= JSON_MOST else None
    if whole is None:
        for number, line in enumerate(_text(content), 1):
            if line.strip():
                gathered.each(f"{name}:{number}", _line(line))
    elif isinstance(whole, dict) and ("features" in whole or whole.get("type") == "Feature"):
        read_features(name, whole, gathered)
    else:
        read_events(name, events_in(whole) or [whole], gathered)


def _loaded(text: str) -> Any:
    """JSON as Python has it; None if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _line(line: str) -> Iterator[Row | Outlined]:
    if len(line) > JSON_MOST:
        raise RowError(f"JSON of more than {JSON_MOST >> 20} MiB; split it")
    content = _loaded(line)
    if content is None:
        raise RowError("not JSON")
    yield from feature_of(content, {}) if _is_feature(content) else event_of(content)


def _is_feature(content: Any) -> bool:
    return isinstance(content, dict) and content.get("type") == "Feature"


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
