"""Messages of several sentences put together, and never from two vessels.

Rules:
- A message is known by (station, sequence, channel); a tag block's group stands in where there is no sequence
  or no station. Its parts come in order, the first one first; what does not follow on is refused.
- A first part that meets another message still open under its key makes both doubtful, when they are close in
  time: the next part could belong to either. Then the key is closed until the doubt has passed.
- Parts whose own times lie further apart than ``SPREAD_MS`` are not of one message.
- What waits longer than the time-out (event time), or is the oldest of too many, is refused.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from streams.errors import Reason
from streams.ingest.sentence import Sentence

SPREAD_MS: Final = 1000
"""The parts of a message are sent in adjacent slots (27 ms each); clocks in whole seconds and late gateways make
it up to one second in recordings."""

Key = tuple[bytes | str, bytes, bytes]


class Lost(NamedTuple):
    """A part that is refused."""

    reason: Reason
    sentence: Sentence


class _Open:
    __slots__ = ("doubtful", "first_unit", "last_unit", "opened_ms", "parts")

    def __init__(self, sentence: Sentence, unit: int, opened_ms: int) -> None:
        self.parts = [sentence]
        self.first_unit = self.last_unit = unit
        self.opened_ms = opened_ms
        self.doubtful = False


class Assembly:
    """Open messages of one source. ``lost`` collects refused parts until the caller takes them."""

    def __init__(self, ttl_ms: int, most: int) -> None:
        self._ttl_ms = ttl_ms
        self._most = most
        self._open: dict[Key, _Open] = {}
        self._last: Key | None = None
        self.lost: list[Lost] = []

    @property
    def pending(self) -> int:
        """Parts that wait for others."""
        return sum(len(entry.parts) for entry in self._open.values())

    def add(self, sentence: Sentence, unit: int, clock_ms: int) -> list[Sentence] | None:
        """Takes a part in, ``unit`` being its ordinal. Returns all parts in order once the message is whole."""
        self.expire(clock_ms)
        key = self._key(sentence, unit)
        self._last = key
        entry = self._open.get(key)
        if sentence.number == 1:
            self._first(key, entry, sentence, unit, clock_ms)
            return None
        if entry is None or entry.doubtful or not _follows(entry, sentence):
            self._refuse(Reason.FRAGMENT_CLASH, sentence)
            return None
        entry.parts.append(sentence)
        entry.last_unit = unit
        if sentence.number < sentence.total:
            return None
        del self._open[key]
        return entry.parts

    def expire(self, clock_ms: int) -> None:
        """Refuses what has waited too long. Entries stand in the order in which they were opened."""
        while self._open:
            key = next(iter(self._open))
            entry = self._open[key]
            ttl_ms = SPREAD_MS if entry.doubtful else self._ttl_ms
            if clock_ms - entry.opened_ms <= ttl_ms:
                break
            self._drop(key, Reason.FRAGMENT_EXPIRED)

    def _key(self, sentence: Sentence, unit: int) -> Key:
        tag = sentence.tag
        if tag.group and (not tag.station or not sentence.sequence):
            grouped: Key = (tag.group, sentence.sequence, sentence.channel)
            if sentence.number == 1 or grouped in self._open:
                return grouped
        if not tag.station and sentence.number > 1 and self._adjacent(sentence, unit):
            assert self._last is not None  # what _adjacent has found
            return self._last
        return (tag.station, sentence.sequence, sentence.channel)

    def _adjacent(self, sentence: Sentence, unit: int) -> bool:
        """Was the part before it the unit before it? Then a missing station says nothing."""
        entry = self._open.get(self._last) if self._last is not None else None
        if entry is None or entry.last_unit != unit - 1:
            return False
        before = entry.parts[-1] if entry.parts else None
        return before is not None and (before.sequence, before.channel) == (sentence.sequence, sentence.channel)

    def _first(self, key: Key, entry: _Open | None, sentence: Sentence, unit: int, clock_ms: int) -> None:
        if entry is not None:
            if entry.parts and entry.parts[0].text == sentence.text:
                self._refuse(Reason.FRAGMENT_CLASH, sentence)  # the same part heard twice
                return
            near = clock_ms - entry.opened_ms <= SPREAD_MS
            self._drop(key, Reason.FRAGMENT_CLASH)
            if near:
                self._refuse(Reason.FRAGMENT_CLASH, sentence)
                self._doubt(key, sentence, unit, clock_ms)
                return
        while len(self._open) >= self._most:
            self._drop(next(iter(self._open)), Reason.FRAGMENT_EXPIRED)
        self._open[key] = _Open(sentence, unit, clock_ms)

    def _doubt(self, key: Key, sentence: Sentence, unit: int, clock_ms: int) -> None:
        closed = _Open(sentence, unit, clock_ms)
        closed.parts = []
        closed.doubtful = True
        self._open[key] = closed

    def _drop(self, key: Key, reason: Reason) -> None:
        for sentence in self._open.pop(key).parts:
            self._refuse(reason, sentence)

    def _refuse(self, reason: Reason, sentence: Sentence) -> None:
        self.lost.append(Lost(reason, sentence))


def _follows(entry: _Open, sentence: Sentence) -> bool:
    first = entry.parts[0]
    if sentence.total != first.total or sentence.number != len(entry.parts) + 1:
        return False
    ours, theirs = first.tag.time_ms, sentence.tag.time_ms
    return ours is None or theirs is None or abs(ours - theirs) <= SPREAD_MS
