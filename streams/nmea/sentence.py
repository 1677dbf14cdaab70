r"""The grammar of an AIS sentence and of the tag block before it, as used by ``ingest`` and ``decode``.

Sources: NMEA 0183 4.10 (tag blocks, groups), IEC 61162-1 (sentence, armour)::

    \g:1-2-77,s:PIER,c:1709510400*6C\!AIVDM,2,1,3,A,55NPRb02>KRa...,0*2B
     |        |      |            |   |     | | | | |               | checksum
     |        |      |            |   |     | | | | payload, fill bits
     |        |      |            |   |     | | | channel
     |        |      |            |   |     | | sequence number, which the parts of a message share
     |        |      |            |   |     part 1 of 2
     |        |      |            |   any talker, VDM or VDO
     |        |      |            checksum of the tag block
     |        |      time: Unix seconds or ms; with decimals, in us and in ns too
     |        station
     group: the first of two sentences of group 77, also written 1G2:77

Lines are read one by one here. Code that reads many at once (``ingest/scan.py``, ``decode/scan.py``) finds the usual
forms in columns and leaves every other line to this module; tests verify that the results agree.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from streams.nmea.byte_words import SIX_BITS
from streams.nmea.checksum import checksum
from streams.nmea.epochs import epoch_ms

PARTS_MOST: Final = 9
"""One digit in the sentence."""
FILL_MOST: Final = 5
MMSI_CHARS: Final = 7
"""Characters of a payload that hold its first 38 bits."""
MMSI_BITS: Final = 38
"""Type, repeat indicator and MMSI: what every message begins with."""
STATION_MOST: Final = 64

SENTENCE: Final = rb"!([^,*!\\]{2}VD[MO],(\d{1,2}),(\d{1,2}),(\d{0,3}),([^,*]*),([0-W`-w]*),(\d?))\*([0-9A-Fa-f]{2})"
"""A sentence as a pattern. Groups: the text under the checksum, total, number, sequence, channel, payload, fill bits,
checksum."""
TAG_BLOCK: Final = rb"\\([^\\]*)\\"

_GROUP: Final = re.compile(rb"g:(\d{1,3})-(\d{1,3})-(\w+)|(\d{1,3})G(\d{1,3}):(\w+)")
_HEX: Final = re.compile(rb"[0-9A-Fa-f]{2}")
_UNPRINTABLE: Final = re.compile(rb"[^ -~]|[\\,*]")


class Group(NamedTuple):
    """A sentence's place in a group of sentences (NMEA 0183 4.10)."""

    name: str
    number: int
    """From 1 to ``total``."""
    total: int

    def continues(self, first: Group | None, last: Group | None) -> bool:
        """Whether it is in the group of ``first``, and after ``last`` (None: no earlier sentence is known)."""
        if first is None or (first.name, first.total) != (self.name, self.total):
            return False
        return last is None or last.number < self.number


class Tag(NamedTuple):
    """What a tag block, or text appended to a sentence, states."""

    station: bytes = b""
    time_ms: int | None = None
    group: Group | None = None
    wrong: bool = False
    """Its checksum is missing or does not agree. The rest counts all the same: in some real feeds all are wrong."""
    doubtful: bool = False
    """The time is a number that was alone beside the sentence, or there was such a number that is not a time."""


def parse_tag(text: bytes) -> Tag:
    """A tag block, given without its backslashes. Fields of other names are ignored."""
    fields, star, written = text.rpartition(b"*")
    if not star or b"," in written:
        fields = text
    right = _HEX.fullmatch(written) and int(written, 16) == checksum(fields)
    station, time_ms, group = b"", None, None
    for field in fields.split(b","):
        name, colon, value = field.partition(b":")
        if name == b"s":
            station = clean_station(value)
        elif name == b"c" and colon:
            time_ms = epoch_ms(value.partition(b"*")[0].decode("latin-1"))
        elif name == b"g" or name[1:2] == b"G":
            group = _group(field)
    return Tag(station, time_ms, group, not right)


def _group(field: bytes) -> Group | None:
    found = _GROUP.fullmatch(field)
    if found is None:
        return None
    number, total, name = (part for part in found.groups() if part is not None)
    return Group(name.decode("latin-1"), int(number), int(total)) if 1 <= int(number) <= int(total) else None


def clean_station(name: bytes) -> bytes:
    """A name that is allowed in a tag block: printable ASCII without backslash, comma and asterisk."""
    return _UNPRINTABLE.sub(b"_", name)[:STATION_MOST]


def mmsi_of(payload: bytes) -> int:
    """The MMSI of a payload of at least seven characters, the beginning of a message: bits 8 to 37."""
    a, b, c, d, e, f = payload[1:MMSI_CHARS].translate(SIX_BITS)
    return (a & 15) << 26 | b << 20 | c << 14 | d << 8 | e << 2 | f >> 4
