"""Many payloads as one array of 64-bit words, and fields cut out of all of them at once.

AIS six-bit armour is base64 in another alphabet: one ``bytes.translate`` and one ``a2b_base64`` unpack a batch.
"""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

WORD_BITS: Final = 64
_PAD_CHARS: Final = 32  # 32 characters are 192 bits, three words
_BASE64: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_ARMOUR: Final = bytes([*range(48, 88), *range(96, 120)])  # ITU-R M.1371 table 47, as NMEA 0183 sends it
_TO_BASE64: Final = bytes.maketrans(_ARMOUR, _BASE64)
_SIX_BITS: Final = np.array([*range(64, 96), *range(32, 64)], np.uint8)  # ITU-R M.1371 table 47
_CHARS_A_FETCH: Final = 10  # 60 bits

Words = npt.NDArray[np.uint64]
Text = npt.NDArray[np.bytes_]


def dearmour(payloads: Sequence[bytes]) -> Words:
    """Payload bits as (n, k) words, first bit highest, zeros behind the end. All characters must be armour."""
    chars = -(-max(map(len, payloads)) // _PAD_CHARS) * _PAD_CHARS
    armoured = b"".join([payload.ljust(chars, b"0") for payload in payloads])
    unpacked = binascii.a2b_base64(armoured.translate(_TO_BASE64))
    return np.frombuffer(unpacked, ">u8").astype(np.uint64).reshape(len(payloads), -1)


def unsigned(words: Words, start: int, width: int) -> Words:
    """The field of ``width`` <= 64 bits at bit ``start`` of each row."""
    word, offset = divmod(start, WORD_BITS)
    left = words[:, word] << np.uint64(offset)
    if offset + width > WORD_BITS:
        left |= words[:, word + 1] >> np.uint64(WORD_BITS - offset)
    return left >> np.uint64(WORD_BITS - width)


def signed(words: Words, start: int, width: int) -> npt.NDArray[np.int64]:
    """The same field in two's complement."""
    top = unsigned(words, start, width) << np.uint64(WORD_BITS - width)
    return top.view(np.int64) >> np.int64(WORD_BITS - width)


def text(words: Words, start: int, chars: int) -> Text:
    """Six-bit text of ``chars`` characters, padding included."""
    out = np.empty((len(words), chars), np.uint8)
    for done in range(0, chars, _CHARS_A_FETCH):
        count = min(_CHARS_A_FETCH, chars - done)
        bits = unsigned(words, start + 6 * done, 6 * count)
        shifts = np.arange(6 * (count - 1), -1, -6, dtype=np.uint64)
        out[:, done : done + count] = _SIX_BITS[(bits[:, None] >> shifts) & np.uint64(63)]
    return out.view(f"S{chars}").ravel()


# Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014), the finaliser of SplitMix64.
_GOLDEN: Final = 0x9E3779B97F4A7C15
_WORD: Final = (1 << WORD_BITS) - 1
_MIX_A, _MIX_B = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def hashes(words: Words) -> Words:
    """A 64-bit hash of each row's bits, the same on every machine; zeros at the end do not count.

    Fill bits and padding are zeros at the end: two receivers that cut a message differently agree.
    """
    total = np.zeros(len(words), np.uint64)
    for column in range(words.shape[1]):
        word = words[:, column]
        salt = np.uint64(_GOLDEN * (column + 1) & _WORD)
        salted = _mix(word ^ salt)
        total += np.where(word == 0, np.uint64(0), salted)
    return _mix(total)


def _mix(value: Words) -> Words:
    value = (value ^ (value >> np.uint64(30))) * _MIX_A
    value = (value ^ (value >> np.uint64(27))) * _MIX_B
    return value ^ (value >> np.uint64(31))
