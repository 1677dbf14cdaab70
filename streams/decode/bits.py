"""Many payloads as 64-bit words; fields are extracted from all of them at once.

A *slot* is 32 armoured characters, 192 bits, three words. A message is one slot, or several one after another.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
Chars = npt.NDArray[np.uint8]
Counts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def number(value: int, dtype: type[np.integer] = np.uint64) -> npt.NDArray[Any]:
    """A constant operand, as an array without axes.

    That makes an operation 0.25 us faster than a Python number: a fifth of the time for a record of 40 lines.
    """
    return np.array(value, dtype)


SLOT_CHARS: Final = 32
SLOT_WORDS: Final = 3
WORD_BITS: Final = 64
_BEHIND: Final = 16
"""Words of zeros after the last slot: a field is read before it is known whether the message contains it."""
_CHARS, _LESS_ONE, _SHIFT = number(SLOT_CHARS, np.int64), number(SLOT_CHARS - 1, np.int64), number(5, np.int64)
# Armour is 48 to 87 and 96 to 119 (ITU-R M.1371 table 47, IEC 61162-1).
_ARMOUR_FROM, _GAP_FROM, _GAP, _UPPER_FROM = (number(code, np.uint8) for code in (48, 88, 8, 48))
_SIX_BITS_MOST: Final = number(63, np.uint8)
_KEPT: Final = np.frombuffer(
    b"".join(b"\x3f" * chars + b"\0" * (SLOT_CHARS - chars) for chars in range(SLOT_CHARS + 1)), "V32"
)
"""By the number of characters that count in a slot: the bits that are kept of each."""
_TEXT: Final = np.array([*range(64, 96), *range(32, 64)], np.uint8)  # ITU-R M.1371 table 47
_TEXT_SHIFTS: Final = np.arange(58, 3, -6, dtype=np.uint64)
_ZERO, _ALL, _BY_16, _BY_24, _BY_32, _BY_48 = (number(value) for value in (0, 64, 16, 24, 32, 48))
_CHAR_2, _UP_2, _DOWN_2 = (number(value, np.uint16) for value in (0xFF, 6, 8))
_CHAR_4, _UP_4, _DOWN_4 = (number(value, np.uint32) for value in (0xFFFF, 12, 16))
_CHAR_8: Final = number(0xFFFFFFFF)
_SIX: Final = number(63)


class Chains(NamedTuple):
    """Which slots belong to which message."""

    slots: Counts
    """The first slot of each message, rising; the first one is 0."""
    places: Counts | None
    """The place of each slot within its message, from 0; None when every message is one slot."""
    owners: Counts
    """The message number of each slot."""


def chain(chars: Counts) -> Chains:
    """Messages of the given numbers of characters (at least one), one after the other."""
    counts = chars + _LESS_ONE
    counts >>= _SHIFT
    ends = counts.cumsum()
    numbers = np.arange(len(chars))
    if not len(chars) or ends[-1] == len(chars):
        return Chains(numbers, None, numbers)
    slots = ends - counts
    owners = numbers.repeat(counts)
    return Chains(slots, np.arange(len(owners)) - slots[owners], owners)


def dearmour(chars: Chars, counts: Counts) -> tuple[Words, Mask]:
    """Words of slots, first bit highest, with zeros after a slot's end; and which slots are all armour.

    ``chars`` has 32 bytes per slot and is overwritten; ``counts`` states how many of them count. A thousand slots take
    32 us this way; ``bytes.translate`` and ``binascii.a2b_base64`` alone took 58 us.
    """
    strange = (chars - _GAP_FROM) < _GAP
    chars -= _ARMOUR_FROM
    chars -= (chars >= _UPPER_FROM).view(np.uint8) * _GAP  # a shift of bytes is six times slower
    strange |= chars > _SIX_BITS_MOST
    kept = _KEPT[counts].view(np.uint64)
    eights = chars.view(np.uint64)
    eights &= kept
    kept &= strange.view(np.uint64)
    wrong = kept.reshape(-1, 4)
    right = (wrong[:, 0] | wrong[:, 1] | wrong[:, 2] | wrong[:, 3]) == _ZERO
    return _packed(chars), right


def _packed(six: Chars) -> Words:
    """Six-bit numbers, 32 per slot, as three words per slot and ``_BEHIND``: joined by twos, fours and eights."""
    twos = six.view("<u2")
    upper = twos & _CHAR_2
    upper <<= _UP_2
    twos >>= _DOWN_2
    twos |= upper
    fours = twos.view("<u4")
    upper = fours & _CHAR_4
    upper <<= _UP_4
    fours >>= _DOWN_4
    fours |= upper
    eights = fours.view("<u8")
    upper = eights & _CHAR_8
    upper <<= _BY_24
    eights >>= _BY_32
    eights |= upper
    a, b, c, d = eights.reshape(-1, 4).T
    words = np.empty(SLOT_WORDS * len(a) + _BEHIND, np.uint64)
    words[-_BEHIND:] = 0
    slots = words[:-_BEHIND].reshape(-1, SLOT_WORDS)
    np.bitwise_or(a << _BY_16, b >> _BY_32, slots[:, 0])
    np.bitwise_or(b << _BY_32, c >> _BY_16, slots[:, 1])
    np.bitwise_or(c << _BY_48, d, slots[:, 2])
    return words


def joined(words: Words, chains: Chains, more: Words, their: Chains) -> tuple[Words, Chains]:
    """The slots and messages of both, one after the other."""
    size = len(chains.owners)
    places = None
    if chains.places is not None or their.places is not None:
        places = np.concatenate([each.owners * 0 if each.places is None else each.places for each in (chains, their)])
    slots = np.concatenate((chains.slots, their.slots + size))
    owners = np.concatenate((chains.owners, their.owners + len(chains.slots)))
    return np.concatenate((words[:-_BEHIND], more)), Chains(slots, places, owners)


def windows(words: Words, at: Counts, start: Words) -> Words:
    """64 bits each, from bit ``start`` (0 to 63) of word ``at``. A window may reach into the next word."""
    left = words[at]
    left <<= start
    right = words[1:][at]
    right >>= _ALL - start
    left |= right
    return left


def text(sixty_bits: Words) -> Chars:
    """The ten characters at the upper end of each window, including padding, as one more axis of ASCII codes."""
    codes: Chars = _TEXT[(sixty_bits[..., None] >> _TEXT_SHIFTS & _SIX).view(np.int64)]
    return codes


# Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014), the finaliser of SplitMix64.
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_SALTS: Final = np.arange(1, SLOT_WORDS + 1, dtype=np.uint64) * _GOLDEN
_SALT_A_SLOT: Final = np.uint64(SLOT_WORDS) * np.array([_GOLDEN])
_MIX_A, _MIX_B, _BY_30, _BY_27, _BY_31 = (
    number(value) for value in (0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 30, 27, 31)
)


def hashes(words: Words, chains: Chains) -> Words:
    """A 64-bit hash of the bits of each message, the same on every machine; zeros at the end do not count.

    Fill bits and padding are zeros at the end, so the hashes of two receivers that cut a message differently agree.
    """
    flat = words[:-_BEHIND]
    slots = flat.reshape(-1, SLOT_WORDS)
    salts = _SALTS if chains.places is None else chains.places.view(np.uint64)[:, None] * _SALT_A_SLOT + _SALTS
    salted = _mix(slots ^ salts)
    salted.reshape(-1)[(flat == _ZERO).nonzero()[0]] = 0
    total = salted[:, 0] + salted[:, 1] + salted[:, 2]
    return _mix(total if chains.places is None else np.add.reduceat(total, chains.slots))


def _mix(value: Words) -> Words:
    """Changes ``value`` in place."""
    value ^= value >> _BY_30
    value *= _MIX_A
    value ^= value >> _BY_27
    value *= _MIX_B
    value ^= value >> _BY_31
    return value
