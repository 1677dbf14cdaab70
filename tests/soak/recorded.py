"""Recordings played again and again, in each lap as vessels that were never heard before. Without them: nothing."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from streams.nmea.checksum import checksum
from tests.soak.traffic import OTHERS, imo_number

RECORDINGS: Final = Path(__file__).parents[3] / "shared" / "data" / "nmea"
_NAMES: Final = ("kystverket-1000.nm4", "pyais-sample.txt", "gpsd-sample.aivdm", "dma-stream-example.txt.gz")
_SENTENCE: Final = re.compile(rb"!..VD[MO],(\d),(\d),([^,]*),([^,]*),([^,]+),(\d)\*[0-9A-F]{2}")
_ARMOUR: Final = b"0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVW`abcdefghijklmnopqrstuvw"
_HEAD, _STATIC_HEAD = 7, 12
"""Characters of a payload that hold its type and MMSI; of a static report with its IMO number."""
_STATIC: Final = b"5"
_BITS: Final = 6
_WIDE: Final = 30
"""Bits of an MMSI, and of an IMO number."""
_MMSI_AT, _IMO_AT = 8, 40
"""Their first bits."""
_FIRST_MMSI: Final = 300_000_000
_MMSIS: Final = 400_000_000
_LAP_STEP: Final = 7_919_317
"""Prime to the number of MMSIs: no MMSI of a recording comes twice in millions of laps."""


@cache
def sentences() -> tuple[bytes, ...]:
    """All AIS sentences of the recordings, without their old times."""
    found: list[bytes] = []
    for name in _NAMES:
        path = RECORDINGS / name
        if path.is_file():
            raw = path.read_bytes()
            found += [m.group() for m in _SENTENCE.finditer(gzip.decompress(raw) if path.suffix == ".gz" else raw)]
    return tuple(found)


def lap(number: int, recorded: Sequence[bytes] | None = None) -> Iterator[bytes]:
    """The recordings once, each vessel under an MMSI and IMO number of this lap's own; a line end after each."""
    for sentence in sentences() if recorded is None else recorded:
        yield renamed(sentence, number) + b"\r\n"


def renamed(sentence: bytes, number: int) -> bytes:
    """The sentence with the numbers that its vessel has in that lap; later parts of a message stay as they are."""
    found = _SENTENCE.fullmatch(sentence)
    assert found is not None, sentence
    payload = found[5]
    size = _STATIC_HEAD if payload[:1] == _STATIC else _HEAD
    if found[2] != b"1" or len(payload) < size:
        return sentence
    head = 0
    for character in payload[:size]:
        head = head << _BITS | _ARMOUR.index(character)
    head = _replaced(head, size, _MMSI_AT, lambda mmsi: _FIRST_MMSI + (mmsi + number * _LAP_STEP) % _MMSIS)
    if size == _STATIC_HEAD:
        head = _replaced(head, size, _IMO_AT, lambda imo: imo and imo_number(imo // 10 + number * _LAP_STEP, OTHERS))
    written = bytes(_ARMOUR[head >> _BITS * place & 63] for place in reversed(range(size)))
    body = sentence[1:].partition(b"*")[0].replace(payload, written + payload[size:])
    return b"!%s*%02X" % (body, checksum(body))


def _replaced(head: int, size: int, at: int, other: Callable[[int], int]) -> int:
    """``size`` characters with another number from bit ``at`` on."""
    after = size * _BITS - at - _WIDE
    was = head >> after & (1 << _WIDE) - 1
    return head ^ (was ^ other(was)) << after
