"""Finds and checks the lines of a record that have the usual form, all at once: no loop over sentences.

The usual form is the one that ingest writes: ``\\s:STATION,c:MILLISECONDS*hh\\!ccVDx,1,1,,C,PAYLOAD,F*hh``, and a
message of two parts in two such lines, one after the other. ``messages`` reads this form too, with the same result.
Every other line is left to ``messages``.

Delimiters are checked at the places of the form; a count shows that a line has no others. Eight bytes at a time are
read as one word, the first byte lowest.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from streams.decode.bits import SLOT_CHARS, Chains, Mask, Words, chain, dearmour, number
from streams.decode.lines import RecordLines, between, blank, checksums, lines_of, word
from streams.decode.messages import agree
from streams.decode.times import anybodys, ours
from streams.nmea.byte_words import HEX, NO_HEX
from streams.nmea.sentence import FILL_MOST, MMSI_BITS

Ints = npt.NDArray[np.int64]

_HEAD: Final = number(4, np.int64)  # "*hh\" before the bang
_PAYLOAD_AT: Final = number(14, np.int64)  # from the bang; a part of several has a sequence number before it
_TAIL, _PAYLOAD_END = number(8, np.int64), number(5, np.int64)  # from the end: a word, ",F*hh"
_SLOT_CHARS: Final = number(SLOT_CHARS, np.int64)
_ONE, _SIX, _NO_CHARS = number(1, np.int64), number(6, np.int64), number(0, np.int64)
_MMSI_BITS: Final = number(MMSI_BITS, np.int64)
_FILL_MOST, _NINE, _BYTE, _ZERO = number(FILL_MOST), number(9), number(255), number(48)
_BY_32, _BY_48, _BY_56 = number(32), number(48), number(56)
_ARMOUR: Final = re.compile(rb"[0-W`-w]*")
_FEW: Final = 8
"""Up to one line in this number of another form is read by itself; with more, all tag blocks are searched."""

_VD, _VD_MASK = word(b"*\0\0\\!\0\0V"), word(b"\xff\0\0\xff\xff\0\0\xff")
_SINGLE, _SINGLE_MASK = word(b"DM,1,1,,"), word(b"\xff\xfd\xff\xff\xff\xff\xff\xff")  # M and O differ in one bit
_FIRST, _SECOND, _PART_MASK = word(b"DM,2,1,"), word(b"DM,2,2,"), word(b"\xff\xfd\xff\xff\xff\xff\xff")
_COMMA_0, _COMMA_1, _COMMA_2 = word(b","), word(b"\0,"), word(b"\0\0,")
_BYTE_0, _BYTE_1, _BYTE_2 = word(b"\xff"), word(b"\0\xff"), word(b"\0\0\xff")
_CLOSE, _CLOSE_MASK = word(b"\0\0\0,\0*"), word(b"\0\0\0\xff\0\xff")


class UsualLines(NamedTuple):
    """The lines of a record, and the messages in lines of the usual form: those of one slot first, then the others.

    Line ``i`` is ``raw[starts[i]:ends[i]]``.
    """

    raw: bytes
    """The record without its empty lines."""
    starts: Ints
    ends: Ints
    firsts: Ints
    """The first line of each message; ``lasts`` its last."""
    lasts: Ints
    times_ms: Ints
    bits: Ints
    """Number of bits in each message, without fill bits."""
    chains: Chains
    words: Words
    """Of the slots (``bits.dearmour``)."""
    wrong: dict[int, int]
    """For lines whose only fault is a wrong checksum, the right one."""
    others: Ints
    """Lines that are in no message here, rising; including those in ``wrong``."""


class _Form(NamedTuple):
    """What was read of each line if it has the usual form; otherwise the values of the line mean nothing."""

    single: Mask
    """A whole message in the usual form, though perhaps with a wrong checksum."""
    part: Mask
    """Perhaps a part of a message, with a right checksum."""
    right: Mask
    """The checksum is right."""
    computed: npt.NDArray[np.uint8]
    times_ms: Ints
    at: Ints
    """Where the payload begins, if the line is a whole message; ``chars`` long."""
    chars: Ints
    bits: Ints
    fills: Words
    numbering: Words
    """"DM,1,1,,", or "DM,2,1,3"."""
    channel: Words
    """"A," and the beginning of the payload, or ",A,"."""


class _Payloads(NamedTuple):
    """Messages in the order of their lines, and where their characters are."""

    firsts: Ints
    lasts: Ints
    bits: Ints
    chars: Ints
    at: Ints
    own: Ints
    """This number of characters is at ``at``, the others at ``then``."""
    then: Ints


def scan(value: bytes) -> UsualLines:
    """The lines of a record, and which of them are usual."""
    lines = lines_of(value)
    record, blanks = value, blank(value, lines)
    if blanks:
        record = b"\n".join(value[start:end] for start, end in between(blanks, lines))
        if not record:
            return _NOTHING
        lines = lines_of(record)
    form = _form(lines)
    payloads = _payloads(lines, form)
    chains, words, right = _words(lines, payloads)
    if np.count_nonzero(right) < len(right):
        payloads = _Payloads(*(column[right] for column in payloads))
        chains, words, _ = _words(lines, payloads)
    wrong, others = _rest(record, lines, form, payloads)
    times_ms = form.times_ms[payloads.firsts]
    return UsualLines(
        record,
        lines.starts,
        lines.ends,
        payloads.firsts,
        payloads.lasts,
        times_ms,
        payloads.bits,
        chains,
        words,
        wrong,
        others,
    )


def _form(lines: RecordLines) -> _Form:
    kind, numbering, channel = lines.words(lines.bangs - _HEAD, 3)
    (close,) = lines.words(lines.stops - _TAIL, 1)
    times_ms, formed = ours(lines)
    if (len(formed) - np.count_nonzero(formed)) * _FEW > len(formed):
        their_times_ms, theirs = anybodys(lines)
        times_ms = np.where(formed, times_ms, their_times_ms)
        formed |= theirs
    formed &= (kind & _VD_MASK) == _VD
    formed &= (close & _CLOSE_MASK) == _CLOSE
    written = HEX[(close >> _BY_48).view(np.int64)]
    formed &= written < NO_HEX
    computed = checksums(lines)
    right = computed == written
    fills = close >> _BY_32
    fills &= _BYTE
    fills -= _ZERO
    single = (numbering & _SINGLE_MASK) == _SINGLE
    single &= formed
    at, named = lines.bangs + _PAYLOAD_AT, (channel & _BYTE_1) == _COMMA_1
    if np.count_nonzero(named) < len(named):
        unnamed = (channel & _BYTE_0) == _COMMA_0
        at -= unnamed
        single &= named | unnamed
    chars = lines.stops - at
    chars -= _PAYLOAD_END
    bits = chars * _SIX
    bits -= fills.view(np.int64)
    single &= fills <= _FILL_MOST
    single &= bits >= _MMSI_BITS
    part = formed & right
    part &= ~single
    return _Form(single, part, right, computed, times_ms, at, chars, bits, fills, numbering, channel)


def _payloads(lines: RecordLines, form: _Form) -> _Payloads:
    """Messages in one line, and in two."""
    message = form.single & form.right
    parts = form.part.nonzero()[0]
    pairs = _pairs(lines, form, parts) if len(parts) > 1 else None
    if pairs is not None:
        message[pairs.firsts] = True
    rows = message.nonzero()[0]
    at, chars, bits = form.at[rows], form.chars[rows], form.bits[rows]
    if pairs is None:
        return _Payloads(rows, rows, bits, chars, at, chars, at)
    found = _Payloads(rows, rows.copy(), bits, chars, at, chars.copy(), at.copy())
    places = np.searchsorted(rows, pairs.firsts)
    for column, theirs in zip(found[1:], pairs[1:], strict=True):
        column[places] = theirs
    return found


def _pairs(lines: RecordLines, form: _Form, parts: Ints) -> _Payloads | None:
    """Messages of two parts with one sequence number and channel, one after the other. ``parts`` rises."""
    numbering, channel = form.numbering[parts], form.channel[parts]
    named, part = (channel & _BYTE_2) == _COMMA_2, numbering & _PART_MASK
    formed = named | ((channel & _BYTE_1) == _COMMA_1)
    formed &= (channel & _BYTE_0) == _COMMA_0
    formed &= (numbering >> _BY_56) - _ZERO <= _NINE
    at = lines.bangs[parts] + (_PAYLOAD_AT + named)
    own = lines.stops[parts] - _PAYLOAD_END - at
    formed &= own >= _NO_CHARS
    fills = form.fills[parts]
    first = (part == _FIRST) & formed & (fills <= _NINE)
    last = (part == _SECOND) & formed & (fills <= _FILL_MOST)
    chars = own[:-1] + own[1:]
    bits = chars * _SIX - fills[1:].view(np.int64)
    pair = first[:-1] & last[1:] & (bits >= _MMSI_BITS)
    pair &= parts[:-1] + _ONE == parts[1:]
    key = (numbering >> _BY_56) | channel & (_BYTE_1 | named * _BYTE_2)
    pair &= key[:-1] == key[1:]
    places = _agreeing(lines, parts, pair.nonzero()[0])
    if not len(places):
        return None
    firsts = parts[places]
    return _Payloads(firsts, firsts + _ONE, bits[places], chars[places], at[places], own[places], at[places + _ONE])


def _agreeing(lines: RecordLines, parts: Ints, places: Ints) -> Ints:
    """Pairs whose two tag blocks do not name two stations or groups."""
    firsts = parts[places]
    columns = (lines.starts[firsts], lines.bangs[firsts], lines.starts[firsts + _ONE], lines.bangs[firsts + _ONE])
    tags = [
        (lines.buffer[start + 1 : bang - 1], lines.buffer[then + 1 : stop - 1])
        for start, bang, then, stop in zip(*(column.tolist() for column in columns), strict=True)
    ]
    return places[[agree(tag, tag, second) for tag, second in tags]] if tags else places


def _words(lines: RecordLines, payloads: _Payloads) -> tuple[Chains, Words, Mask]:
    """The slots of messages, and which messages are all armour."""
    chains = chain(payloads.chars)
    if chains.places is None:
        slots = lines.blocks(payloads.at, SLOT_CHARS)
        words, right = dearmour(slots.view(np.uint8), payloads.chars)
        return chains, words, right
    owners, columns = chains.owners, chains.places * _SLOT_CHARS
    at = payloads.at[owners] + columns
    own = payloads.own[owners] - columns
    counts = payloads.chars[owners] - columns
    slots = lines.blocks(at, SLOT_CHARS)
    torn = ((own < _SLOT_CHARS) & (own < counts)).nonzero()[0]
    if len(torn):
        leap = payloads.then[owners[torn]] - at[torn] - own[torn]
        places = at[torn, None] + _INSIDE
        places += (own[torn, None] <= _INSIDE) * leap[:, None]
        slots[torn] = np.frombuffer(lines.buffer, np.uint8)[places].view(slots.dtype)[:, 0]
    words, right = dearmour(slots.view(np.uint8), np.minimum(counts, _SLOT_CHARS))
    return chains, words, np.bitwise_and.reduceat(right, chains.slots)


_INSIDE: Final = np.arange(SLOT_CHARS)


def _rest(record: bytes, lines: RecordLines, form: _Form, payloads: _Payloads) -> tuple[dict[int, int], Ints]:
    """Lines that are in no message; and for those whose only fault is a wrong checksum, the right one."""
    rest = np.ones(len(lines.starts), np.bool_)
    rest[payloads.firsts] = False
    if payloads.lasts is not payloads.firsts:
        rest[payloads.lasts] = False
    others = rest.nonzero()[0]
    if not len(others):
        return {}, others
    wrong = (form.single > form.right).nonzero()[0]
    columns = (wrong, form.computed[wrong], form.at[wrong], lines.stops[wrong] - _PAYLOAD_END)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return {line: computed for line, computed, at, end in rows if _ARMOUR.fullmatch(record, at, end)}, others


_NONE: Final = np.empty(0, np.int64)
_NOTHING: Final = UsualLines(
    b"", _NONE, _NONE, _NONE, _NONE, _NONE, _NONE, chain(_NONE), dearmour(_NONE.view(np.uint8), _NONE)[0], {}, _NONE
)
