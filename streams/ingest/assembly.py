"""Messages of several sentences put together, and never from two vessels.

Rules:
- A tag block's group (NMEA 0183 4.10) binds before anything else does: a part that names a group joins only a first
  part of that group, and a first part that names one is joined only by parts of it, or by a part that has no tag
  block and comes directly after it.
- Without a group a message is identified by peer, station, sequence and channel. A part without a station joins the
  first part of a named station only when it comes directly after it.
- Where a part could belong to two open messages it is refused.
- Parts come in order, beginning with the first; a part that does not follow on is refused.
- If a first part arrives while another message is open under its key and close in time, both are doubtful, because the
  next part could belong to either. The key is then closed until the doubt has passed.
- Parts whose own times differ by more than ``SPREAD_MS`` do not belong to one message.
- A part is refused if it waits longer than the time-out (event time), is the oldest of too many, or its peer is gone.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from streams.errors import Reason
from streams.ingest.sentence import Sentence

SPREAD_MS: Final = 1000
"""The parts of a message are sent in adjacent slots (27 ms each); clocks in whole seconds and late gateways make
it up to one second in recordings."""

Channel = tuple[str, bytes, bytes]
"""Peer, sequence and channel, which all parts of a message share."""


class Key(NamedTuple):
    """What identifies a message while it is open."""

    channel: Channel
    station: bytes
    group: tuple[str, int] | None
    """Name of its group, and number of sentences in it."""


class Lost(NamedTuple):
    """A part that is refused."""

    reason: Reason
    sentence: Sentence


class _OpenMessage:
    __slots__ = ("doubtful", "first", "first_unit", "key", "last_unit", "opened_ms", "parts")

    def __init__(self, key: Key, sentence: Sentence, unit: int, opened_ms: int) -> None:
        self.key, self.first, self.parts = key, sentence, [sentence]
        self.first_unit = self.last_unit = unit
        self.opened_ms = opened_ms
        self.doubtful = False

    def claims(self, sentence: Sentence, unit: int) -> bool:
        """Whether ``sentence`` can be a part of this message, by its tag block and its place in the input."""
        group, station = sentence.tag.group, sentence.tag.station
        ours = self.key.group
        if group is not None:
            known = not station or not self.key.station or station == self.key.station
            return known and group.continues(self.first.tag.group, self.parts[-1].tag.group if self.parts else None)
        if ours is not None or (self.key.station and not station):
            return self.last_unit == unit - 1 and station in (b"", self.key.station)
        return station == self.key.station

    def continues(self, sentence: Sentence) -> bool:
        """Whether it is the next part, by its numbers and time."""
        if sentence.total != self.first.total or sentence.number != len(self.parts) + 1:
            return False
        ours, theirs = self.first.tag.time_ms, sentence.tag.time_ms
        return ours is None or theirs is None or abs(ours - theirs) <= SPREAD_MS


class Assembly:
    """Open messages of one source. ``lost`` collects refused parts until the caller takes them."""

    def __init__(self, ttl_ms: int, most: int) -> None:
        self._ttl_ms = ttl_ms
        self._most = most
        self._open: dict[Key, _OpenMessage] = {}
        self._on: dict[Channel, dict[Key, _OpenMessage]] = {}
        """The same messages, by channel."""
        self.lost: list[Lost] = []

    @property
    def pending(self) -> int:
        """Number of parts that wait for others."""
        return sum(len(entry.parts) for entry in self._open.values())

    @property
    def open_since(self) -> int | None:
        """Ordinal of the earliest part that waits for others; None if none does."""
        return next((entry.first_unit for entry in self._open.values()), None)

    def add(self, sentence: Sentence, unit: int, clock_ms: int, peer: str = "") -> list[Sentence] | None:
        """Adds a part; ``unit`` is its ordinal. Returns all parts in order once the message is complete."""
        self.expire(clock_ms)
        channel = (peer, sentence.sequence, sentence.channel)
        if sentence.number == 1:
            self._first(channel, sentence, unit, clock_ms)
            return None
        entry = self._owner(channel, sentence, unit, clock_ms)
        if entry is None:
            self._refuse(Reason.FRAGMENT_CLASH, sentence)
            return None
        entry.parts.append(sentence)
        entry.last_unit = unit
        if sentence.number < sentence.total:
            return None
        self._forget(entry)
        return entry.parts

    def expire(self, clock_ms: int) -> None:
        """Refuses what has waited too long. Entries are in the order in which they were opened."""
        while self._open:
            entry = next(iter(self._open.values()))
            ttl_ms = SPREAD_MS if entry.doubtful else self._ttl_ms
            if clock_ms - entry.opened_ms <= ttl_ms:
                break
            self._drop(entry, Reason.FRAGMENT_EXPIRED)

    def hang_up(self, peer: str) -> None:
        """Refuses the unfinished messages of a peer that is gone: a later peer of that name cannot complete them."""
        for entry in [entry for entry in self._open.values() if entry.key.channel[0] == peer]:
            self._drop(entry, Reason.FRAGMENT_EXPIRED)

    def _owner(self, channel: Channel, sentence: Sentence, unit: int, clock_ms: int) -> _OpenMessage | None:
        """The one open message that this part can belong to; None if there is none, or more than one."""
        there = self._on.get(channel, {}).values()
        claimants = [entry for entry in there if entry.claims(sentence, unit)]
        if any(entry.doubtful for entry in claimants):
            return None
        fitting = [entry for entry in claimants if entry.continues(sentence)]
        if not sentence.tag.group and not sentence.tag.station:  # it may belong to any first part of a moment ago
            near = [entry for entry in there if clock_ms - entry.opened_ms <= SPREAD_MS and entry not in fitting]
            if any(entry.continues(sentence) and not entry.doubtful for entry in near):
                return None
        return fitting[0] if len(fitting) == 1 else None

    def _first(self, channel: Channel, sentence: Sentence, unit: int, clock_ms: int) -> None:
        group = sentence.tag.group
        key = Key(channel, sentence.tag.station, None if group is None else (group.name, group.total))
        entry = self._open.get(key)
        if entry is not None:
            if entry.parts and entry.parts[0].text == sentence.text:
                self._refuse(Reason.FRAGMENT_CLASH, sentence)  # the same part, received twice
                return
            near = clock_ms - entry.opened_ms <= SPREAD_MS
            self._drop(entry, Reason.FRAGMENT_CLASH)
            if near:
                self._refuse(Reason.FRAGMENT_CLASH, sentence)
                doubt = _OpenMessage(key, sentence, unit, clock_ms)
                doubt.parts, doubt.doubtful = [], True
                self._keep(doubt)
                return
        while len(self._open) >= self._most:
            self._drop(next(iter(self._open.values())), Reason.FRAGMENT_EXPIRED)
        self._keep(_OpenMessage(key, sentence, unit, clock_ms))

    def _keep(self, entry: _OpenMessage) -> None:
        self._open[entry.key] = entry
        self._on.setdefault(entry.key.channel, {})[entry.key] = entry

    def _forget(self, entry: _OpenMessage) -> None:
        del self._open[entry.key]
        others = self._on[entry.key.channel]
        del others[entry.key]
        if not others:
            del self._on[entry.key.channel]

    def _drop(self, entry: _OpenMessage, reason: Reason) -> None:
        self._forget(entry)
        for sentence in entry.parts:
            self._refuse(reason, sentence)

    def _refuse(self, reason: Reason, sentence: Sentence) -> None:
        self.lost.append(Lost(reason, sentence))
