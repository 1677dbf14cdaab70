"""Unpackers of gzip, zstd, bzip2 and xz with bounds on memory and size, whose every fault is a ``PackedError``."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, Final, Protocol, cast

import zstandard

from streams.errors import WakewatchError

CHUNK: Final = 1 << 16
_MEMORY_MOST: Final = 256 << 20
"""Memory limit of an unpacker: xz at its highest setting needs 65 MiB, zstd with --long 128."""
FREE_BYTES: Final = 256 << 20
RATIO_MOST: Final = 500
"""Beyond FREE_BYTES no file may unpack to this many times its size: recordings have factors of 5 to 50."""
_ZSTD_FED: Final = 256
"""Bytes given to zstd at once: they unpack to at most 8 MB."""
DAMAGES: Final = (
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


def damaged(name: str, error: Exception) -> PackedError:
    """The error of a packed file whose unpacking raised ``error``."""
    said = str((isinstance(error, OSError) and error.strerror) or error).rstrip(".").lower() or type(error).__name__
    return PackedError(f"{name}: damaged or incomplete ({said})")


class _Unpacker(Protocol):
    """What bz2's and lzma's decompressors have in common."""

    eof: bool
    needs_input: bool
    unused_data: bytes

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


def opened(kind: str, file: Counted) -> Any:
    """A reader of what is packed in ``file``."""
    if kind == "gzip":
        return gzip.GzipFile(fileobj=cast(BinaryIO, file))
    if kind == "zstd":
        return _Zstd(file)
    new = bz2.BZ2Decompressor if kind == "bzip2" else _new_xz
    return _Streams(file, cast(Callable[[], _Unpacker], new))


def _new_xz() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(memlimit=_MEMORY_MOST)


class Counted:
    """Counts the bytes read from a packed file."""

    def __init__(self, file: BinaryIO | io.BufferedReader[Any]) -> None:
        self._file = file
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        """As the file itself."""
        data = self._file.read(size)
        self.taken += len(data)
        return data


class _Streams:
    """bzip2 and xz: one stream after another. The standard library's readers use any amount of memory for xz."""

    def __init__(self, file: Counted, new: Callable[[], _Unpacker]) -> None:
        self._file, self._new = file, new
        self._unpacker = new()

    def read(self, size: int) -> bytes:
        while True:
            if self._unpacker.eof:
                rest = self._unpacker.unused_data.lstrip(b"\0") or self._file.read(CHUNK)
                if not rest.strip(b"\0"):
                    return b""
                self._unpacker = self._new()
            else:
                rest = self._file.read(CHUNK) if self._unpacker.needs_input else b""
                if self._unpacker.needs_input and not rest:
                    raise EOFError("it is cut off")
            data = self._unpacker.decompress(rest, size)
            if data:
                return data


class _Zstd:
    """zstd: one frame after another. The library's own reader treats an incomplete frame as complete."""

    def __init__(self, file: Counted) -> None:
        self._file = file
        self._frame: Any = None
        self._packed = b""
        self._ready = memoryview(b"")

    def read(self, size: int) -> bytes:
        while not self._ready:
            self._packed = self._packed or self._file.read(CHUNK)
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


class Watched(io.RawIOBase):
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
        except (*DAMAGES, OSError) as error:
            raise damaged(self._name, error) from error
        self._given += len(data)
        if self._given > FREE_BYTES and self._given > RATIO_MOST * max(1, self._taken()):
            raise PackedError(f"{self._name}: unpacks to more than {RATIO_MOST} times its size: not a recording")
        buffer[: len(data)] = data
        return len(data)
