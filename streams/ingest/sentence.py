r"""Parses one unit of input into a sentence, a time, a refusal, or nothing of ours.

The grammar is that of ``streams.nmea.sentence``. Also understood are:
- what loggers and receivers write before and after a sentence (``line_affixes``);
- ``$PGHP,1,year,month,day,hour,minute,second,ms,country,region,station,...``, which gives the time of the next
  sentence.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final, NamedTuple

from streams.errors import Reason
from streams.ingest.line_affixes import affixes
from streams.ingest.stamps import StampRules
from streams.ingest.tables import UnreadableRow
from streams.nmea.checksum import checksum
from streams.nmea.epochs import TIME_END_MS
from streams.nmea.sentence import MMSI_CHARS, PARTS_MOST, SENTENCE, TAG_BLOCK, Tag, clean_station, mmsi_of, parse_tag

_CACHE_MOST: Final = 4096
_CACHE_MMSI_MOST: Final = 8192

_WITH_AFTER: Final = rb"(" + SENTENCE + rb")([^\\]*)"
_UNIT: Final = re.compile(rb"(?:" + TAG_BLOCK + rb"\s*)?" + _WITH_AFTER)
_SOMEWHERE: Final = re.compile(SENTENCE)
_HEAD: Final = re.compile(rb"![^,*!\\]{2}VD[MO](?:,|$)")
_PGHP: Final = re.compile(rb"(?:\\[^\\]*\\\s*)?\$(PGHP,1,([0-9,]*)[^*]*)\*([0-9A-Fa-f]{2})")
_TAG_ALONE: Final = re.compile(rb"\s*" + TAG_BLOCK)


class Sentence(NamedTuple):
    """One AIS sentence with a right checksum."""

    text: bytes
    """``!AIVDM,...*hh``, with nothing before or after."""
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
"""What a unit is: a Tag opens a group and has no sentence of ours after it; None is not ours."""

_NO_TAG: Final = Tag()


class Parser:
    """Parses units. Keeps bounded caches, which change nothing but the speed."""

    def __init__(self, rules: StampRules | None = None) -> None:
        self.rules = rules or StampRules()
        """How times beside sentences are read."""
        self._tags: dict[bytes, Tag] = {}
        self._mmsis: dict[bytes, int] = {}

    def parse(self, unit: bytes) -> Parsed:
        """What ``unit`` is; None if it is not ours (comments, other sentences, noise)."""
        if isinstance(unit, UnreadableRow):
            return Bad(Reason.MALFORMED, unit.detail)
        found = _UNIT.match(unit) or _search(unit)
        if found is None:
            return _not_a_sentence(unit)
        tag_text, text, body, total_text, number_text, sequence, channel, payload, _, written, after = found.groups()
        if checksum(body) != int(written, 16):
            return Bad(Reason.CHECKSUM, f"computed {checksum(body):02X}")
        total, number = int(total_text), int(number_text)
        if not 1 <= number <= total <= PARTS_MOST:
            return Bad(Reason.MALFORMED, f"part {number} of {total}")
        if number == 1 and len(payload) < MMSI_CHARS:
            return Bad(Reason.NO_MMSI, f"{len(payload)} characters of payload")
        tag = self._tag(tag_text) if tag_text is not None else _NO_TAG
        if tag.time_ms is None and (after or found.start()):
            tag = self._with_beside(tag, unit[: found.start()], after)
        return Sentence(text, tag, total, number, sequence, channel, payload)

    def mmsi(self, payload: bytes) -> int:
        """The MMSI of a payload of at least seven characters, which is the beginning of a message."""
        key = payload[:MMSI_CHARS]
        known = self._mmsis.get(key)
        if known is None:
            if len(self._mmsis) >= _CACHE_MMSI_MOST:
                self._mmsis.clear()
            known = self._mmsis[key] = mmsi_of(key)
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


def _search(unit: bytes) -> re.Match[bytes] | None:
    """Finds a sentence with other text before it, such as a logger's date; comments are not searched."""
    if unit[:1] == b"#" or not _SOMEWHERE.search(unit):  # 0.2 us if there is none, against 2 us for the whole search
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
