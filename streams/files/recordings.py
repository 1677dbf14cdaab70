"""Recordings on disk: plain, gzip, zstd, bzip2, xz, or the members of a zip; detected by content, not by name.

Rules.
- Everything is read as a stream: the memory is bounded for any file.
- Any fault of a packed file is a ``PackedError``, an OSError, with the remedy.
- A member of a zip may be packed once more; an archive in an archive is rejected, and so is a file that unpacks to far
  more than any recording does.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, Protocol, cast

import zstandard

from streams.errors import ConfigError, WakewatchError
from streams.files.buffered import Buffered

_MAGIC: Final[dict[bytes, str]] = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}
SUFFIXES: Final = (".gz", ".zst", ".bz2", ".xz", ".zip")
_PEEKED: Final = 6
_CHUNK: Final = 1 << 16
_MEMORY_MOST: Final = 256 << 20
"""Memory limit of an unpacker: xz at its highest setting needs 65 MiB, zstd with --long 128."""
FREE_BYTES: Final = 256 << 20
RATIO_MOST: Final = 500
"""Beyond FREE_BYTES no file may unpack to this many times its size: recordings have factors of 5 to 50."""
_ZSTD_FED: Final = 256
"""Bytes given to zstd at once: they unpack to at most 8 MB."""
_MEMBERS_MOST: Final = 10_000
_ENCRYPTED: Final = 1
_BESIDES: Final = ("__MACOSX/", ".DS_Store")
"""Files that macOS adds to archives."""
_DAMAGES: Final = (
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zstandard.ZstdError,
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    NotImplementedError,
    ValueError,
    RuntimeError,
)


class PackedError(WakewatchError, OSError):
    """A packed file that is damaged or cannot be unpacked; ``str()`` is one line."""


class RecordingFile(NamedTuple):
    """One recording: a file, or a member of an archive."""

    name: str
    file: BinaryIO


class _Unpacker(Protocol):
    """What bz2's and lzma's decompressors have in common."""

    eof: bool
    needs_input: bool
    unused_data: bytes

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


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
                yield RecordingFile(str(path), _unpacked(raw, str(path), closing))


def all_recordings(paths: Iterable[Path]) -> Iterator[RecordingFile]:
    """The recordings of several files. For an archive that cannot be opened, reading raises PackedError."""
    for path in paths:
        try:
            yield from recordings(path)
        except PackedError as error:
            yield RecordingFile(str(path), cast(BinaryIO, _Broken(error)))


def refuse_unreadable(paths: Iterable[Path]) -> None:
    """Raises ConfigError for the first file that is missing or cannot be opened; nothing is read."""
    for path in paths:
        if path.is_dir():
            raise ConfigError(f"{path} is a folder: give the files in it, such as {path}/*.nmea")
        if not path.exists():
            raise ConfigError(f"{path}: no such file; give a readable recording")
        if not os.access(path, os.R_OK):
            raise ConfigError(f"{path}: no permission to read; give a readable recording")


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
    except _DAMAGES as error:
        raise PackedError(f"{path}: {error}: the zip archive is damaged or incomplete") from error
    with archive:
        members = [one for one in archive.infolist() if not one.is_dir() and not _is_beside(one.filename)]
        if len(members) > _MEMBERS_MOST:
            raise PackedError(f"{path}: {len(members)} members, more than {_MEMBERS_MOST}: unpack it")
        for member in members:
            with ExitStack() as closing:
                yield _member(path, archive, member, closing)


def _member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, closing: ExitStack) -> RecordingFile:
    name = f"{path}/{member.filename}"
    if member.flag_bits & _ENCRYPTED:
        raise PackedError(f"{name}: encrypted: unpack it with its password")
    try:
        opened = closing.enter_context(archive.open(member))
    except _DAMAGES as error:
        raise PackedError(f"{name}: {error}: unpack it with another program") from error
    inner = io.BufferedReader(_Watched(opened, name, lambda: member.compress_size), _CHUNK)
    if _kind(inner) == "zip":
        raise PackedError(f"{name}: an archive within an archive: unpack it")
    return RecordingFile(name, _unpacked(inner, name, closing))


def _is_beside(name: str) -> bool:
    return name.startswith(_BESIDES[0]) or name.endswith(_BESIDES[1])


def _unpacked(raw: io.BufferedReader[Any], name: str, closing: ExitStack) -> BinaryIO:
    """The bytes of a file, unpacked if it is packed."""
    kind = _kind(raw)
    if not kind:
        return cast(BinaryIO, raw)
    counted = _Counted(raw)
    watched = _Watched(_opened(kind, counted), name, lambda: counted.taken)
    out = closing.enter_context(Buffered(watched, _CHUNK))
    try:
        inside = _kind(out)
    except PackedError as error:
        return cast(BinaryIO, _Broken(error))
    if inside:
        raise PackedError(f"{name}: {inside} within {kind}: unpack it")
    return cast(BinaryIO, out)


def _opened(kind: str, file: _Counted) -> Any:
    if kind == "gzip":
        return gzip.GzipFile(fileobj=cast(BinaryIO, file))
    if kind == "zstd":
        return _Zstd(file)
    new = bz2.BZ2Decompressor if kind == "bzip2" else _new_xz
    return _Streams(file, cast(Callable[[], _Unpacker], new))


def _new_xz() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(memlimit=_MEMORY_MOST)


class _Counted:
    """Counts the bytes read from a packed file."""

    def __init__(self, file: BinaryIO | io.BufferedReader[Any]) -> None:
        self._file = file
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.taken += len(data)
        return data


class _Streams:
    """bzip2 and xz: one stream after another. The standard library's readers use any amount of memory for xz."""

    def __init__(self, file: _Counted, new: Callable[[], _Unpacker]) -> None:
        self._file, self._new = file, new
        self._unpacker = new()

    def read(self, size: int) -> bytes:
        while True:
            if self._unpacker.eof:
                rest = self._unpacker.unused_data.lstrip(b"\0") or self._file.read(_CHUNK)
                if not rest.strip(b"\0"):
                    return b""
                self._unpacker = self._new()
            else:
                rest = self._file.read(_CHUNK) if self._unpacker.needs_input else b""
                if self._unpacker.needs_input and not rest:
                    raise EOFError("it is cut off")
            data = self._unpacker.decompress(rest, size)
            if data:
                return data


class _Zstd:
    """zstd: one frame after another. The library's own reader treats an incomplete frame as complete."""

    def __init__(self, file: _Counted) -> None:
        self._file = file
        self._frame: Any = None
        self._packed = b""
        self._ready = memoryview(b"")

    def read(self, size: int) -> bytes:
        while not self._ready:
            self._packed = self._packed or self._file.read(_CHUNK)
            if not self._packed:
                if self._frame is not None:
                    raise EOFError("it is cut off")
                return b""
            self._frame = self._frame or zstandard.ZstdDecompressor(max_window_size=_MEMORY_MOST).decompressobj()
            fed, self._packed = self._packed[:_ZSTD_FED], self._packed[_ZSTD_FED:]
            self._ready = memoryview(self._frame.decompress(fed))
            if self._frame.eof:
                self._packed, self._frame = self._frame.unused_data + self._packed, None
        data, self._ready = self._ready[:size], self._ready[size:]
        return bytes(data)


class _Watched(io.RawIOBase):
    """The output of an unpacker; ``taken`` returns how much was read of its input."""

    def __init__(self, file: Any, name: str, taken: Callable[[], int]) -> None:
        self._name, self._taken = name, taken
        self._read: Callable[[int], bytes] = getattr(file, "read1", file.read)  # undamaged data come before an error
        self._given = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Raises PackedError."""
        try:
            data = self._read(len(buffer))
        except PackedError:
            raise
        except (*_DAMAGES, OSError) as error:
            said = str(error).rstrip(".").lower() or type(error).__name__
            raise PackedError(f"{self._name}: damaged or incomplete ({said})") from error
        self._given += len(data)
        if self._given > FREE_BYTES and self._given > RATIO_MOST * max(1, self._taken()):
            raise PackedError(f"{self._name}: unpacks to more than {RATIO_MOST} times its size: not a recording")
        buffer[: len(data)] = data
        return len(data)
