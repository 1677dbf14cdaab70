"""The times in the tag blocks of all lines at once."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from streams.decode.bits import Counts, Mask, number
from streams.decode.lines import RecordLines, word
from streams.nmea.byte_words import sixteen_digits
from streams.nmea.epochs import MS_FROM, TIME_END_MS

_BACKSLASH, _COLON, _C, _COMMA = (number(code, np.uint8) for code in b"\\:c,")
_ENDS: Final = np.isin(np.arange(256), [*b",*\\"])
"""Bytes that may follow a field."""
_DELIMITERS_BELOW: Final = number(45, np.uint8)  # newline, return, blank, "!", "*", ",", and some that no form has
_DELIMITERS: Final = number(13, np.uint8)  # two backslashes, two asterisks, seven commas, one bang, the newline
_SENTENCE_DELIMITERS: Final = number(9, np.uint8)  # one asterisk, six commas, the bang and the newline
_BYTES_MOST: Final = number(240, np.int64)  # of a line; its delimiters are counted in one byte
_HEAD: Final = number(20, np.int64)  # ",c:", 13 digits and "*hh\" before the bang
_TIME_FROM_MS, _TIME_END_MS = number(MS_FROM), number(TIME_END_MS)
_TIME_SPAN_MS: Final = _TIME_END_MS - _TIME_FROM_MS
_TIME, _TIME_MASK = word(b",c:"), word(b"\xff\xff\xff")
_DIGITS_5, _ZEROS_3 = word(b"\0\0\0\xff\xff\xff\xff\xff"), word(b"000")
_DIGITS_4, _ZEROS_4 = word(b"\0\0\0\0\xff\xff\xff\xff"), word(b"0000")
_ZEROS_6: Final = word(b"000000")
_UPPER: Final = number(100_000_000)
_BY_8, _BY_24, _BY_48 = number(8), number(24), number(48)


def ours(lines: RecordLines) -> tuple[Counts, Mask]:
    """Times in ms, and the lines of our own form: a station, then ",c:" and 13 digits, or 12 after one more byte."""
    upper, lower = lines.words(lines.bangs - _HEAD, 2)
    said = (upper & _TIME_MASK) == _TIME
    if np.count_nonzero(said) == len(said):
        leading = upper & _DIGITS_5 | _ZEROS_3
    else:
        short = (upper >> _BY_8 & _TIME_MASK) == _TIME
        leading = upper & _DIGITS_4 | _ZEROS_4
        if np.count_nonzero(short) < len(short):
            leading = np.where(said, upper & _DIGITS_5 | _ZEROS_3, leading)
        said |= short
        if not np.count_nonzero(said):
            return said.astype(np.int64), said
    (number, rest), figures = sixteen_digits(leading, lower)
    times_ms = number * _UPPER
    times_ms += rest
    said &= figures
    said &= times_ms - _TIME_FROM_MS < _TIME_SPAN_MS
    said &= _delimited(lines)
    return times_ms.view(np.int64), said


def anybodys(lines: RecordLines) -> tuple[Counts, Mask]:
    """Times in ms, and the lines with one "c:" among any fields, in 13 digits (ms) or 10 (s)."""
    colons = (lines.octets[2:] == _COLON).nonzero()[0]
    before = lines.octets[colons]
    fields = colons[(lines.octets[colons + 1] == _C) & ((before == _COMMA) | (before == _BACKSLASH))] + 2
    firsts = np.searchsorted(fields, lines.starts)
    field, another = np.append(fields, (len(lines.octets), len(lines.octets)))[firsts + np.array([[0], [1]])]
    octets = np.frombuffer(lines.buffer, np.uint8)
    in_s, in_ms = _ENDS[octets[field + 11]], _ENDS[octets[field + 14]]
    leading, lower = lines.words(field + 1, 2)
    trailing = np.where(in_s, lower << _BY_48 | _ZEROS_6, lower << _BY_24 | _ZEROS_3)
    (upper, rest), figures = sixteen_digits(leading, trailing)
    times_ms = np.where(in_s, (upper * 100 + rest) * 1000, upper * 100_000 + rest)
    said = figures & (in_s | in_ms & (times_ms >= _TIME_FROM_MS)) & (times_ms < _TIME_END_MS)
    said &= (field < lines.bangs) & (another >= lines.bangs)
    said &= _tagged(lines)
    return times_ms.view(np.int64), said


def _tagged(lines: RecordLines) -> Mask:
    """Lines with a tag block of any content, and as many delimiters as a sentence has."""
    edges = np.array((lines.starts, lines.bangs)).T.ravel()
    counts = np.add.reduceat(_delimiters(lines), edges, dtype=np.uint8)[1::2]
    slashes = np.add.reduceat((lines.octets == _BACKSLASH).view(np.uint8), edges, dtype=np.uint8)[::2]
    whole: Mask = (counts == _SENTENCE_DELIMITERS + (lines.ends - lines.stops)) & (slashes == 2)  # noqa: PLR2004 - a pair
    whole &= (lines.opening == _BACKSLASH) & (lines.lengths < _BYTES_MOST)
    whole &= (lines.bangs > lines.starts + 1) & (lines.bangs < lines.ends)
    return whole


def _delimited(lines: RecordLines) -> Mask:
    """Lines with as many delimiters as our form has, and a tag block from their first byte on."""
    counts = np.add.reduceat(_delimiters(lines), lines.starts, dtype=np.uint8)
    if lines.stops is not lines.ends:
        counts -= (lines.ends - lines.stops).astype(np.uint8)
    whole: Mask = counts == _DELIMITERS
    whole &= lines.lengths < _BYTES_MOST
    whole &= lines.opening == _BACKSLASH
    whole &= lines.bangs - lines.starts > _HEAD
    return whole


def _delimiters(lines: RecordLines) -> npt.NDArray[np.uint8]:
    found = lines.octets < _DELIMITERS_BELOW
    found |= lines.octets == _BACKSLASH
    return found.view(np.uint8)
