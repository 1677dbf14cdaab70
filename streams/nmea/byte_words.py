"""Many short pieces of one buffer read and written at once, as words that may begin at any byte.

A view with a stride of one byte makes ``view[starts]`` copy one piece a row: 3 ns for 48 bytes, where gathering byte by
byte costs 100.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
_NO_HEX: Final = -4096


def at(buffer: bytes | Bytes, dtype: str) -> npt.NDArray[Any]:
    """The buffer as words of ``dtype``, one beginning at every byte; it must be as long as one word at least."""
    size = np.dtype(dtype).itemsize
    length = len(buffer) - size + 1
    return np.ndarray((length,), dtype, buffer=buffer, strides=(1,))


def _six_bits() -> bytes:
    table = bytearray(256)
    for byte in (*range(0x30, 0x58), *range(0x60, 0x78)):
        table[byte] = byte - 48 if byte <= 88 else byte - 56  # noqa: PLR2004  # ITU-R M.1371 table 47
    return bytes(table)


SIX_BITS: Final = _six_bits()
"""For bytes.translate: a payload's characters into their six bits."""


def _hex_values() -> npt.NDArray[np.int16]:
    values = np.full(256, _NO_HEX, np.int16)
    for digit in b"0123456789ABCDEFabcdef":
        values[digit] = int(bytes([digit]), 16)
    return values


_HEX: Final = _hex_values()
_PAIRS: Final = np.frombuffer(b"".join(b"%02X" % n for n in range(256)), "<u2")
_FOURS: Final = np.frombuffer(b"".join(b"%04d" % n for n in range(10_000)), "<u4")
_FOURS_XOR: Final = np.bitwise_xor.reduce(_FOURS.view(np.uint8).reshape(-1, 4), axis=1)


def xor_of(buffer: Bytes, start: Ints, end: Ints) -> Bytes:
    """The XOR of the bytes from each start to its end; pieces in order, none empty, none overlapping."""
    if not len(start):
        return np.zeros(0, np.uint8)
    edges = np.stack([start, end], axis=1).reshape(-1)
    return np.asarray(np.bitwise_xor.reduceat(buffer, edges)[::2])


def hex_at(buffer: Bytes, start: Ints) -> npt.NDArray[np.int16]:
    """The number that two hexadecimal digits write, in either case; negative where they are none."""
    high, low = _HEX[buffer[start]], _HEX[buffer[start + 1]]
    return np.where((high < 0) | (low < 0), np.int16(-1), high * np.int16(16) + low)


def number(buffer: Bytes, end: Ints, size: Ints) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Numbers of 8 to 16 decimal digits that end before ``end``, and whether all of them are digits."""
    view = at(buffer, "<u8")
    low, high = view[end - 8], view[end - 16]
    shift = (np.uint64(8) * (16 - size).astype(np.uint64)).clip(max=np.uint64(63))
    keep = np.where(size > 8, ~np.uint64(0) << shift, np.uint64(0))  # noqa: PLR2004
    zeros = np.uint64(0x3030303030303030)
    high = (high & keep) | (zeros & ~keep)
    digits = _all_digits(low) & _all_digits(high)
    return (_eight(high) * np.uint64(100_000_000) + _eight(low)).astype(np.int64), digits


def _all_digits(word: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    tens, zeros = np.uint64(0xF0F0F0F0F0F0F0F0), np.uint64(0x3030303030303030)
    plus_six = word + np.uint64(0x0606060606060606)
    return np.asarray(((word & tens) == zeros) & ((plus_six & tens) == zeros))


def _eight(word: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Eight digits, the first in the lowest byte, by three multiplications (Lemire's)."""
    pairs = (word & np.uint64(0x0F0F0F0F0F0F0F0F)) * np.uint64(2561) >> np.uint64(8)
    fours = (pairs & np.uint64(0x00FF00FF00FF00FF)) * np.uint64(6553601) >> np.uint64(16)
    return (fours & np.uint64(0x0000FFFF0000FFFF)) * np.uint64(42949672960001) >> np.uint64(32)


def write_pairs(out: Bytes, places: Ints, values: Bytes) -> None:
    """Writes each value as two hexadecimal digits."""
    at(out, "<u2")[places] = _PAIRS[values]


def write_digits(out: Bytes, places: Ints, values: Ints, size: int) -> Bytes:
    """Writes each value as ``size`` digits (12 or 13). Returns the XOR of each value's digits."""
    low, middle, high, top = values % 10_000, values // 10_000 % 10_000, values // 10**8 % 10_000, values // 10**12
    xor = _FOURS_XOR[low] ^ _FOURS_XOR[middle] ^ _FOURS_XOR[high]
    fours = at(out, "<u4")
    for back, four in ((4, low), (8, middle), (12, high)):
        fours[places + size - back] = _FOURS[four]
    if size > 12:  # noqa: PLR2004
        digit = (top + ord("0")).astype(np.uint8)
        out[places] = digit
        xor = xor ^ digit
    return np.asarray(xor)
