"""Where the reading of a foreign Kafka topic has come: stated in our own log, so that a restart can go on there.

Every record that ingest writes from such a topic has a header (``H_TOPIC_AT``) with a place for each partition of the
foreign topic: all that came before it is in this partition of the log. The places of the last record of each partition
of the log say what a restart must drop, and the earliest of them where it must begin to read.

Rules:
- A place is an offset and a number of units of the record there: one record may hold many sentences, and a record of
  the log may end between two of them.
- A message belongs to the place of the unit that completes it. Messages of a partition are written in that order.
- Reading begins no later than the first part of any message that was incomplete: ``read_from`` moves on only at a
  tick, before which everything was written, and never beyond an open part.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np

from streams.messages.log_records import Sentences

_TAKEN_MOST: Final = 100_000
"""Records of a partition that are remembered; with a tick each second they are those of about one second."""


class Place(NamedTuple):
    """A place in one partition of a topic. Places of a partition sort in the order of the topic."""

    offset: int
    units: int = 0
    """Number of units of the record at ``offset`` that lie before the place."""


class StatedPlace(NamedTuple):
    """What a header states of one partition of the foreign topic."""

    offset: int
    units: int
    read_from: int
    """Offset at which a restart begins to read."""


Stated = dict[int, StatedPlace]
"""By partition of the foreign topic."""
_DECODER: Final = msgspec.json.Decoder(Stated)


def stated_in(header: bytes | None) -> Stated:
    """What a header states; nothing if there is none, or if it cannot be read."""
    try:
        return _DECODER.decode(header or b"{}")
    except msgspec.MsgspecError:
        return {}


class _Taken:
    """Records of one partition of the foreign topic that were read: ordinals of their units, and offsets."""

    __slots__ = ("base", "firsts", "lasts", "offsets")

    def __init__(self, base: int) -> None:
        self.base = base
        """Offset before which nothing is remembered, because all of it is written."""
        self.firsts: list[int] = []
        self.lasts: list[int] = []
        self.offsets: list[int] = []

    def add(self, offset: int, first: int, last: int) -> None:
        self.firsts.append(first)
        self.lasts.append(last)
        self.offsets.append(offset)
        if len(self.lasts) > _TAKEN_MOST:
            self.forget(_TAKEN_MOST // 2)

    def before(self, ordinal: int) -> int:
        """Number of records all of whose units come before ``ordinal``."""
        return bisect_left(self.lasts, ordinal)

    def forget(self, count: int) -> None:
        """Forgets the first ``count`` records."""
        if count:
            self.base = self.offsets[count - 1] + 1
            del self.firsts[:count], self.lasts[:count], self.offsets[:count]

    def place_after(self, ordinal: int) -> Place:
        """The place behind the unit ``ordinal``, or behind the last one before it."""
        whole = bisect_right(self.lasts, ordinal)
        if whole < len(self.firsts) and self.firsts[whole] <= ordinal:
            return Place(self.offsets[whole], ordinal - self.firsts[whole] + 1)
        return Place(self.offsets[whole - 1] + 1) if whole else Place(self.base)

    def place_of(self, ordinal: int) -> Place | None:
        """The place of the unit ``ordinal``; None if it is not one of this partition, or forgotten."""
        at = bisect_left(self.lasts, ordinal)
        if at < len(self.firsts) and self.firsts[at] <= ordinal:
            return Place(self.offsets[at], ordinal - self.firsts[at])
        return None


class TopicPositions:
    """The places of one source. ``begin`` comes first, then ``took`` after each record that was read."""

    def __init__(self) -> None:
        self._taken: dict[int, _Taken] = {}
        self._written: list[dict[int, Place]] = []
        """By partition of the log: what it held when we began; emptied when all of that has been read again."""
        self._letters: dict[int, Place] = {}
        """The same of the dead letters."""
        self._judged: dict[int, int] = {}
        """By foreign partition: the offset before which every partition of the log holds everything."""
        self._now: tuple[int, int] | None = None
        self.open_before: int | None = None
        """``Ingest.open_since`` before the present record was read: it may have completed a message that is not yet
        written."""

    def begin(self, read_from: Mapping[int, int], written: Sequence[Stated], letters: Stated) -> None:
        """Reading begins at these offsets. ``written``: what each partition of the log states."""
        self._taken = {partition: _Taken(offset) for partition, offset in read_from.items()}
        self._written = [_places(stated, read_from) for stated in written]
        self._letters = _places(letters, read_from)
        self._judged = {
            partition: min((places[partition].offset for places in self._written if partition in places), default=0)
            for partition in read_from
            if all(partition in places for places in self._written)
        }

    @property
    def read_from(self) -> dict[int, int]:
        """Where a restart would begin now, by partition of the foreign topic."""
        return {partition: taken.base for partition, taken in self._taken.items()}

    @property
    def begun(self) -> bool:
        """Whether it is known where reading begins. Before that nothing can be stated."""
        return bool(self._taken)

    @property
    def next_offsets(self) -> dict[int, int]:
        """What is to be read next, by partition of the foreign topic; empty before ``begin``."""
        return {p: taken.offsets[-1] + 1 if taken.offsets else taken.base for p, taken in self._taken.items()}

    def jump(self, partition: int, offset: int) -> None:
        """Reading of a partition goes on at ``offset``: it is new, or holds other records than before."""
        self._taken[partition] = _Taken(offset)
        self._judged.pop(partition, None)
        for places in (self._letters, *self._written):
            places.pop(partition, None)

    def took(self, partition: int, offset: int, first: int, last: int) -> None:
        """A record of the foreign topic has become the units from ``first`` to ``last``; none if last < first."""
        self._now = (partition, offset)
        self._taken.setdefault(partition, _Taken(offset)).add(offset, first, last)

    def settle(self, ordinal: int, open_since: int | None) -> None:
        """All messages up to ``ordinal`` are written, and no message is incomplete from before ``open_since``."""
        through = min(at for at in (ordinal + 1, open_since, self.open_before) if at is not None)
        for taken in self._taken.values():
            taken.forget(taken.before(through))

    def remaining(self, record: Sentences) -> Sentences | None:
        """The part of a record that its partition of the log does not hold yet."""
        written = self._written[record.partition]
        if not written:
            return record
        places = [self._place_of(int(ordinal)) for ordinal in record.ordinals]
        wanted = np.array([place is None or not _holds(written, *place) for place in places])
        if wanted.all():
            return record
        if not wanted.any():
            return None
        lines = [line for line, take in zip(record.value.split(b"\n"), wanted, strict=True) if take]
        return record._replace(value=b"\n".join(lines), size=len(lines), ordinals=record.ordinals[wanted])

    def refused_before(self) -> bool:
        """Whether the refusals of the present record were refused by an earlier run."""
        if self._now is None:
            return False
        partition, offset = self._now
        return offset < self._judged.get(partition, 0) or _holds(self._letters, partition, Place(offset))

    def header(self, log_partition: int, ordinal: int) -> bytes:
        """What a record of the log states that ends with ``ordinal``, or a tick after it."""
        now = {partition: taken.place_after(ordinal) for partition, taken in self._taken.items()}
        written = self._written[log_partition]
        if written and all(now.get(partition, Place(0)) >= place for partition, place in written.items()):
            self._written[log_partition] = written = {}
        return self._stated({p: max(place, written.get(p, place)) for p, place in now.items()})

    def letter_header(self) -> bytes:
        """What a dead letter states: the refusals of the present record are in it, or in letters before it."""
        now = {partition: Place(offset) for partition, offset in self.next_offsets.items()}
        return self._stated({p: max(place, self._letters.get(p, place)) for p, place in now.items()})

    def _stated(self, places: Mapping[int, Place]) -> bytes:
        return msgspec.json.encode({p: StatedPlace(*place, self._taken[p].base) for p, place in places.items()})

    def _place_of(self, ordinal: int) -> tuple[int, Place] | None:
        for partition, taken in self._taken.items():
            if (place := taken.place_of(ordinal)) is not None:
                return partition, place
        return None


def _places(stated: Stated, known: Collection[int]) -> dict[int, Place]:
    return {partition: Place(found.offset, found.units) for partition, found in stated.items() if partition in known}


def _holds(written: Mapping[int, Place], partition: int, place: Place) -> bool:
    return partition in written and place < written[partition]
