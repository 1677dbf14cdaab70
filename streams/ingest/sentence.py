r"""One unit of input into one sentence, one word about time, one refusal, or nothing of ours.

What is understood around the sentence itself:
- tag blocks ``\s:station,c:seconds-or-ms,g:1-2-77*hh\``, the group also as ``1G2:77``; a wrong tag-block checksum is
  noted and the block is still used (all of some real feeds' are wrong); fields of other names are ignored;
- what loggers and receivers write before and after it (``affixes``);
- ``$PGHP,1,year,month,day,hour,minute,second,ms,country,region,station,...``, which times the next sentence;
- any talker with VDM or VDO, with or without something before it on the line.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final, NamedTuple

from streams.errors import Reason
from streams.ingest.line_affixes import affixes
from streams.ingest.stamps import StampRules
from streams.ingest.stamps import epoch_ms as time_ms_of
from streams.nmea.checksum import checksum
from streams.nmea.epochs import TIME_END_MS

__all__ = ["Bad", "Parser", "Sentence", "Tag", "Timing", "clean_station", "parse_tag", "time_ms_of"]

PARTS_MOST: Final = 9  # one digit in the sentence (IEC 61162-1)
_MMSI_CHARS: Final = 7  # 38 bits: type, repeat indicator, MMSI
_CACHE_MOST: Final = 4096
_CACHE_MMSI_MOST: Final = 8192

_BARE: Final = (
    rb"!(([^,*!\\]{2}VD[MO],(\d{1,2}),(\d{1,2}),(\d{0,3}),([^,*]*),([0-W`-w]*),\d?)\*([0-9A-Fa-f]{2}))([^\\]*)"
)
_UNIT: Final = re.compile(rb"(?:\\([^\\]*)\\\s*)?" + _BARE)
_SOMEWHERE: Final = re.compile(_BARE)
_HEAD: Final = re.compile(rb"![^,*!\\]{2}VD[MO](?:,|$)")
_PGHP: Final = re.compile(rb"(?:\\[^\\]*\\\s*)?\$(PGHP,1,([0-9,]*)[^*]*)\*([0-9A-Fa-f]{2})")
_GROUP: Final = re.compile(rb"g:(\d{1,3})-(\d{1,3})-(\w+)|(\d{1,3})G(\d{1,3}):(\w+)")
_TAG_ALONE: Final = re.compile(rb"\s*\\([^\\]*)\\")
_UNPRINTABLE: Final = re.compile(rb"[^ -~]|[\\,*]")


class Group(NamedTuple):
    """A sentence's place in a group of sentences (NMEA 0183 4.10)."""

    name: str
    number: int
    """From 1 to ``total``."""
    total: int


class Tag(NamedTuple):
    """What a tag block, or what was appended to a sentence, says."""

    station: bytes = b""
    time_ms: int | None = None
    group: Group | None = None
    wrong: bool = False
    """Its checksum is missing or does not agree."""
    doubtful: bool = False
    """The time is a number that stood alone beside the sentence, or there was such a number that is no time."""


class Sentence(NamedTuple):
    """One AIS sentence with a right checksum."""

    text: bytes
    """``!AIVDM,...*hh``, nothing before or after."""
    tag: Tag
    total: int
    number: int
    sequence: bytes
    channel: bytes
    payload: bytes


class Timing(NamedTuple):
    """A line that gives the time, and perhaps the station, of the sentence after it."""

    time_ms: int
    station: bytes


class Bad(NamedTuple):
    """A sentence that is refused."""

    reason: Reason
    detail: str


Parsed = Sentence | Timing | Bad | Tag | None
"""What a unit is: a Tag is one that opens a group, with no sentence of ours behind it; None is none of ours."""

_NO_TAG: Final = Tag()


def clean_station(name: bytes) -> bytes:
    """A name that can stand in a tag block: printable ASCII without backslash, comma and asterisk."""
    return _UNPRINTABLE.sub(b"_", name)[:64]


class Parser:
    """Parses units. Keeps bounded caches, which change nothing but the pace."""

    def __init__(self, rules: StampRules | None = None) -> None:
        self.rules = rules or StampRules()
        """How times beside sentences are read."""
        self._tags: dict[bytes, Tag] = {}
        self._mmsis: dict[bytes, int] = {}

    def parse(self, unit: bytes) -> Parsed:
        """What ``unit`` is; None for what is none of ours (comments, other sentences, noise)."""
        found = _UNIT.match(unit) or _search(unit)
        if found is None:
            return _not_a_sentence(unit)
        tag_text, rest, body, total_text, number_text, sequence, channel, payload, written, after = found.groups()
        if checksum(body) != int(written, 16):
            return Bad(Reason.CHECKSUM, f"computed {checksum(body):02X}")
        total, number = int(total_text), int(number_text)
        if not 1 <= number <= total <= PARTS_MOST:
            return Bad(Reason.MALFORMED, f"part {number} of {total}")
        if number == 1 and len(payload) < _MMSI_CHARS:
            return Bad(Reason.NO_MMSI, f"{len(payload)} characters of payload")
        tag = self._tag(tag_text) if tag_text is not None else _NO_TAG
        if tag.time_ms is None and (after or found.start()):
            tag = self._with_beside(tag, unit[: found.start()], after)
        return Sentence(b"!" + rest, tag, total, number, sequence, channel, payload)

    def mmsi(self, payload: bytes) -> int:
        """The MMSI of a payload of at least seven characters, which is a message's beginning."""
        key = payload[1:_MMSI_CHARS]
        known = self._mmsis.get(key)
        if known is None:
            if len(self._mmsis) >= _CACHE_MMSI_MOST:
                self._mmsis.clear()
            known = self._mmsis[key] = _mmsi(key)
        return known

    def _with_beside(self, tag: Tag, before: bytes, after: bytes) -> Tag:
        station, time_ms, doubtful = affixes(before, after, self.rules)
        return tag._replace(station=tag.station or clean_station(station), time_ms=time_ms, doubtful=doubtful)

    def _tag(self, text: bytes) -> Tag:
        known = self._tags.get(text)
        if known is None:
            if len(self._tags) >= _CACHE_MOST:
                self._tags.clear()
            known = self._tags[text] = parse_tag(text)
        return known


def parse_tag(text: bytes) -> Tag:
    """A tag block, given without its backslashes."""
    fields, star, written = text.rpartition(b"*")
    if not star:
        fields = text
    right = star and re.fullmatch(rb"[0-9A-Fa-f]{2}", written) and int(written, 16) == checksum(fields)
    station, time_ms, group = b"", None, None
    for field in fields.split(b","):
        name, _, value = field.partition(b":")
        if name == b"s":
            station = clean_station(value)
        elif name == b"c":
            time_ms = time_ms_of(value.decode("latin-1"))
        elif name == b"g" or name[1:2] == b"G":
            group = _group(field)
    return Tag(station, time_ms, group, not right)


def _group(field: bytes) -> Group | None:
    found = _GROUP.fullmatch(field)
    if found is None:
        return None
    number, total, name = (part for part in found.groups() if part is not None)
    return Group(name.decode("latin-1"), int(number), int(total)) if 1 <= int(number) <= int(total) else None


def _search(unit: bytes) -> re.Match[bytes] | None:
    """A sentence that something else stands before, such as a logger's date; comments are not searched."""
    if unit[:1] == b"#" or not _SOMEWHERE.search(unit):  # 0.2 us where there is none, against 2 us for the whole search
        return None
    return _UNIT.search(unit)


def _not_a_sentence(unit: bytes) -> Timing | Bad | Tag | None:
    if unit[:1] == b"#":
        return None
    if _HEAD.search(unit):
        return Bad(Reason.MALFORMED, "does not read as !ccVDx,total,part,sequence,channel,payload,fill*hh")
    if b"$PGHP," in unit[:80]:
        return _timing(unit)
    alone = _TAG_ALONE.match(unit)
    tag = parse_tag(alone[1]) if alone else _NO_TAG
    return tag if tag.group is not None and tag.group.number < tag.group.total else None


def _timing(unit: bytes) -> Timing | None:
    found = _PGHP.match(unit)
    if found is None or checksum(found.group(1)) != int(found.group(3), 16):
        return None
    fields = found.group(2).split(b",")
    try:
        year, month, day, hour, minute, second, ms = (int(field) for field in fields[:7])
        stamp = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    time_ms = int(stamp.timestamp()) * 1000 + ms
    if not 0 < time_ms < TIME_END_MS:
        return None
    station = fields[9] if len(fields) > 9 else b""  # noqa: PLR2004  # after country and region
    return Timing(time_ms, clean_station(station))


def _six_bits(character: int) -> int:
    value = character - 48
    return value - 8 if value > 40 else value  # noqa: PLR2004  # ITU-R M.1371 table 47


def _mmsi(key: bytes) -> int:
    """MMSI from the second to seventh payload characters: 4 + 4 * 6 + 2 bits."""
    a, b, c, d, e, f = (_six_bits(character) for character in key)
    return (a & 15) << 26 | b << 20 | c << 14 | d << 8 | e << 2 | f >> 4
