"""Recordings played again and again, in each lap under MMSIs that were never heard before. Without them: nothing."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from streams.encode import checksum

RECORDINGS: Final = Path(__file__).parents[3] / "shared" / "data" / "nmea"
_NAMES: Final = ("kystverket-1000.nm4", "pyais-sample.txt", "gpsd-sample.aivdm", "dma-stream-example.txt.gz")
_SENTENCE: Final = re.compile(rb"!..VD[MO],(\d),(\d),([^,]*),([^,]*),([^,]+),(\d)\*[0-9A-F]{2}")
_ARMOUR: Final = b"0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVW`abcdefghijklmnopqrstuvw"
_HEAD: Final = 7
"""Characters of a payload that hold its first 42 bits: type, repeat, and the MMSI in bits 8 to 37."""
_AFTER: Final = 4
"""Bits of them after the MMSI."""
_MMSI_BITS: Final = 30
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
    """The recordings once, each vessel under an MMSI of this lap's own; a line end after each sentence."""
    for sentence in sentences() if recorded is None else recorded:
        yield renamed(sentence, number) + b"\r\n"


def renamed(sentence: bytes, number: int) -> bytes:
    """The sentence with the MMSI that its vessel has in that lap; later parts of a message stay as they are."""
    found = _SENTENCE.fullmatch(sentence)
    assert found is not None, sentence
    payload = found[5]
    if found[2] != b"1" or len(payload) < _HEAD:
        return sentence
    head = 0
    for character in payload[:_HEAD]:
        head = head << 6 | _ARMOUR.index(character)
    mmsi = head >> _AFTER & (1 << _MMSI_BITS) - 1
    other = _FIRST_MMSI + (mmsi + number * _LAP_STEP) % _MMSIS
    head ^= (mmsi ^ other) << _AFTER
    written = bytes(_ARMOUR[head >> 6 * place & 63] for place in reversed(range(_HEAD)))
    body = sentence[1:].partition(b"*")[0].replace(payload, written + payload[_HEAD:])
    return b"!%s*%02X" % (body, checksum(body))
