"""Recordings on disk: plain, gzip, zstd, bzip2, xz, Parquet, or the members of a zip; detected by content, not by name.

Rules.
- Everything is read as a stream: the memory is bounded for any file.
- Any fault of a packed file is a ``PackedError``, an OSError, with the remedy.
- A member of a zip may be packed once more; an archive in an archive is rejected, and so is a file that unpacks to far
  more than any recording does.
"""

from __future__ import annotations

import glob
import importlib.util
import io
import os
import shutil
import struct
import tempfile
import zipfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, cast

from streams.errors import ConfigError
from streams.files.buffered import Buffered
from streams.files.pieces import file_of
from streams.files.unpackers import CHUNK, DAMAGES, Counted, PackedError, Watched, damaged, opened

_PARQUET: Final = b"PAR1"
_MAGIC: Final[dict[bytes, str]] = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    _PARQUET: "parquet",
}
SUFFIXES: Final = (".gz", ".zst", ".bz2", ".xz", ".zip")
_PEEKED: Final = 6
_COPIED: Final = 1 << 20
_MEMBERS_MOST: Final = 10_000
_ENCRYPTED: Final = 1
_ZIP_FAULTS: Final = (*DAMAGES, OSError, LookupError, struct.error, OverflowError)
"""Of a damaged list of members, which leads anywhere."""
_BESIDES: Final = ("__MACOSX/", ".DS_Store")
"""Files that macOS adds to archives."""


class RecordingFile(NamedTuple):
    """One recording: a file, or a member of an archive."""

    name: str
    file: BinaryIO
    parquet: Path | None = None
    """The file, if it is Parquet: its columns can be read by themselves."""


def recordings(path: Path) -> Generator[RecordingFile, None, None]:
    """The recordings in a file, one after another; each is closed when the next is requested.

    Raises ConfigError if the file cannot be opened, PackedError if it is not a whole archive, also while reading.
    """
    try:
        raw = path.open("rb")
    except OSError as error:
        hint = f"give the files in it, such as {path}/*.nmea" if path.is_dir() else "give a readable file"
        raise ConfigError(f"{path}: {error.strerror}; {hint}") from error
    with raw:
        if _kind(raw) == "zip":
            yield from _members(path, raw)
        else:
            with ExitStack() as closing:
                parquet = path if _kind(raw) == "parquet" else None
                yield RecordingFile(str(path), _unpacked(raw, str(path), closing, path), parquet)


def all_recordings(paths: Iterable[Path]) -> Iterator[RecordingFile]:
    """The recordings of several files. For an archive that cannot be opened, reading raises PackedError."""
    for path in paths:
        try:
            yield from recordings(path)
        except PackedError as error:
            yield RecordingFile(str(path), cast(BinaryIO, _Broken(error)))


def expanded(paths: Iterable[Path]) -> list[Path]:
    """The files that are meant: those of a folder and its sub-folders, or of a pattern, in the order of their names.

    Raises ConfigError if a folder or a pattern holds no file.
    """
    return [file for path in paths for file in _meant(path)]


def _meant(path: Path) -> list[Path]:
    if path.is_dir():
        found = [
            file for file in path.rglob("*") if not any(part.startswith(".") for part in file.relative_to(path).parts)
        ]
    elif not path.exists() and glob.has_magic(str(path)):
        found = [Path(file) for file in glob.glob(str(path), recursive=True)]  # noqa: PTH207
    else:
        return [path]
    files = sorted(file for file in found if file.is_file())
    if not files:
        raise ConfigError(f"{path}: no files; give a recording, a folder or a pattern that has some")
    return files


def refuse_unreadable(paths: Iterable[Path]) -> None:
    """Raises ConfigError for the first file that is missing or cannot be opened; nothing is read."""
    for path in paths:
        if path.is_dir():
            raise ConfigError(f"{path} is a folder: give the files in it, such as {path}/*.nmea")
        if not path.exists():
            raise ConfigError(f"{path}: no such file; give a readable recording")
        if not os.access(path, os.R_OK):
            raise ConfigError(f"{path}: no permission to read; give a readable recording")
        if path.is_file():
            with path.open("rb") as file:
                if _kind(file) == "parquet":
                    refuse_without_polars(str(path))


def unpacked_size(paths: Iterable[Path]) -> int | None:
    """Bytes of all files together; None if one is packed, for then it is known only at its end."""
    size = 0
    for path in paths:
        with path.open("rb") as file:
            if _kind(file):
                return None
        size += path.stat().st_size
    return size


@contextmanager
def open_recording(path: Path) -> Iterator[BinaryIO]:
    """The one recording of a file. Raises ConfigError if it cannot be opened, PackedError if it is damaged."""
    found = recordings(path)
    try:
        yield next(found).file
    finally:
        found.close()


class _Broken:
    """An archive that cannot be opened."""

    def __init__(self, error: PackedError) -> None:
        self._error = error

    def read(self, _size: int = -1) -> bytes:
        raise self._error


def _kind(file: io.BufferedReader[Any]) -> str:
    head = file.peek(_PEEKED)[:_PEEKED]
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), "")


def _members(path: Path, raw: io.BufferedReader[Any]) -> Iterator[RecordingFile]:
    if not raw.seekable():
        raise PackedError(f"{path}: a zip archive cannot be read from a pipe: give the file")
    try:
        archive = zipfile.ZipFile(raw)
        members = [one for one in archive.infolist() if one.filename and not one.is_dir()]
    except _ZIP_FAULTS as error:
        raise damaged(str(path), error) from error
    with archive:
        members = [one for one in members if not _is_beside(one.filename)]
        if len(members) > _MEMBERS_MOST:
            raise PackedError(f"{path}: {len(members)} members, more than {_MEMBERS_MOST}: unpack it")
        for member in members:
            with ExitStack() as closing:
                try:
                    one = _member(path, archive, member, closing)
                except PackedError as error:  # the other members may be sound
                    one = RecordingFile(_name(path, member), cast(BinaryIO, _Broken(error)))
                yield one


def _member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, closing: ExitStack) -> RecordingFile:
    name = _name(path, member)
    if member.flag_bits & _ENCRYPTED:
        raise PackedError(f"{name}: encrypted: unpack it with its password")
    try:
        unpacked = closing.enter_context(archive.open(member))
    except NotImplementedError as error:
        raise PackedError(f"{name}: {error}: unpack it with another program") from error
    except _ZIP_FAULTS as error:
        raise damaged(name, error) from error
    inner = io.BufferedReader(Watched(unpacked, name, lambda: member.compress_size), CHUNK)
    if _kind(inner) == "zip":
        raise PackedError(f"{name}: an archive within an archive: unpack it")
    return RecordingFile(name, _unpacked(inner, name, closing))


def _name(path: Path, member: zipfile.ZipInfo) -> str:
    """One line, whatever the archive says."""
    return f"{path}/" + "".join(letter if letter.isprintable() else "?" for letter in member.filename)


def _is_beside(name: str) -> bool:
    return name.startswith(_BESIDES[0]) or name.endswith(_BESIDES[1])


def _unpacked(raw: io.BufferedReader[Any], name: str, closing: ExitStack, path: Path | None = None) -> BinaryIO:
    """The bytes of a file, unpacked if it is packed. ``path``: of a file that is no member of an archive."""
    kind = _kind(raw)
    if not kind:
        return cast(BinaryIO, raw)
    if kind == "parquet":
        return _parquet(raw, name, closing, path)
    counted = Counted(raw)
    watched = Watched(opened(kind, counted), name, lambda: counted.taken)
    out = closing.enter_context(Buffered(watched, CHUNK))
    try:
        inside = _kind(out)
    except PackedError as error:
        return cast(BinaryIO, _Broken(error))
    if inside == "parquet":
        return _parquet(out, name, closing, None)
    if inside:
        raise PackedError(f"{name}: {inside} within {kind}: unpack it")
    return cast(BinaryIO, out)


def _parquet(raw: io.BufferedReader[Any], name: str, closing: ExitStack, path: Path | None) -> BinaryIO:
    """The rows of a Parquet file as text. It is read from its end: one in an archive becomes a temporary file."""
    refuse_without_polars(name)
    from streams.files.parquet import text_of

    if path is None:
        unpacked = closing.enter_context(tempfile.NamedTemporaryFile(suffix=".parquet"))  # noqa: SIM115  # closed with it
        try:
            shutil.copyfileobj(raw, unpacked, _COPIED)
        except PackedError as error:
            return cast(BinaryIO, _Broken(error))
        unpacked.flush()
        path = Path(unpacked.name)
    return closing.enter_context(file_of(text_of(path, name), CHUNK))


def refuse_without_polars(name: str) -> None:
    """Raises ConfigError if polars, which reads Parquet, is not installed."""
    if importlib.util.find_spec("polars") is None:
        raise ConfigError(f"{name}: Parquet needs polars: pip install 'wakewatch[tables]'")
