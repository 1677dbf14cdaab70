"""Which IMO numbers are heard under which MMSIs, and when every partition is notified.

Rules:
- An MMSI that states an IMO number is reported once: at the second position after the statement that agrees with the
  first. It is reported again when it states the number ``identity_note_every_h`` later.
- While an IMO number has several recent MMSIs, each of them is reported every ``identity_note_often_s`` by its
  positions alone, so that the partition of another of them knows that the ship is heard. Where another MMSI is known
  already, the statement itself is reported too, without a position.
- An MMSI that states another number than before is reported with the number that it stated before.
- Only well-formed IMO numbers count, except those that more than ``identity_mmsis_most`` MMSIs have stated. A position
  that is later in the log than it should be is ignored: decisions about its time may already have been made.
- Notes travel in ticks. One about a ship with several MMSIs is urgent: a tick of its own follows the sentence, but at
  most one per second of event time. Each such tick cuts a record in two. In a feed where a thousand ships have several
  MMSIs, records of 1,000 sentences became records of 72, and a sentence cost the worker seven times as much.

The reports depend on the sequence of messages alone, not on how they are cut. ``take_run`` is ``take`` for many.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from detectors.core.imo_notes import Note
from detectors.core.imo_number import is_imo_number
from detectors.core.ticks import Tick
from detectors.core.units import HOUR_MS, MS
from streams.ingest.clock import TimedMessage
from streams.ingest.log_lines import LineRun
from streams.ingest.note_rows import agree, fronts_of, is_statement, read_row, rows_among, statements_in
from streams.ingest.payload import POSITIONS, STATEMENT, Point, imo_of, point_of
from streams.ingest.stated_pairs import LONG_AGO, AwaitedPosition, StatedPair, note_of
from streams.settings.model import IngestSettings

_NOBODYS_MOST: Final = 10_000
_AGAIN_MS: Final = 10_000
"""Within this time the same bits are a second reception of one report."""
_TRIES_MOST: Final = 20
_PART: Final = 8  # an eighth is forgotten at once
_WAITING_FIRST: Final = 4096
_HELD_MOST: Final = 1000
"""Maximum notes in a tick: about 200 kB, below what a broker accepts."""
_BEFORE_RUN: Final = -1
_URGENT_EVERY_MS: Final = 1000


class NoteWriter:
    """Writes the notes of one source."""

    def __init__(self, settings: IngestSettings, lateness_ms: int) -> None:
        self._every_ms = int(settings.identity_note_every_h * HOUR_MS)
        self._often_ms = int(settings.identity_note_often_s * MS)
        self._recent_ms = int(settings.identity_note_recent_h * HOUR_MS)
        self._pairs_most, self._mmsis_most = settings.identity_pairs_most, settings.identity_mmsis_most
        self._lateness_ms = lateness_ms
        self._nobodys: dict[int, None] = {}
        """IMO numbers that too many MMSIs have stated."""
        self._pairs: dict[tuple[int, int], StatedPair] = {}
        """Pairs by IMO number and MMSI; those reported last are at the end."""
        self._of_imo: dict[int, list[StatedPair]] = {}
        self._of_mmsi: dict[int, StatedPair] = {}
        """What each MMSI stated last."""
        self._waiting: dict[int, AwaitedPosition] = {}
        self._waiting_pruned_at = _WAITING_FIRST
        self._urgent_from_ms = LONG_AGO
        """Event time from which the next note may be urgent."""
        self._held: list[tuple[int, Note]] = []
        """Notes that wait for a tick, each with its place in the run that is being processed."""

    # -- in and out -----------------------------------------------------------------------------------------------

    def minds(self, message: TimedMessage) -> bool:
        """Whether ``take`` may have something to report or to learn: False for nearly all messages, at little cost."""
        return message.payload[:1] == STATEMENT or message.mmsi in self._waiting

    def take(self, message: TimedMessage, front_ms: int) -> bool:
        """Processes a message; ``front_ms`` is the latest event time so far, including its own.

        Returns whether a note is urgent.
        """
        return self._take(message, front_ms, _BEFORE_RUN)

    def take_run(self, run: LineRun, walked: Sequence[TimedMessage], heard_ms: int) -> list[int]:
        """The same for the messages of a run; ``walked`` are the ``ready`` ones, in order.

        Returns the places of the messages after which a note is urgent. Call ``end_run`` when their ticks are written.
        """
        messages = statements_in(run, walked)
        rows = rows_among(run.mmsi, self._wanted(messages.values()))
        if not len(rows):
            return []
        urgent = []
        columns = rows, run.mmsi[rows], fronts_of(run, heard_ms)[rows]
        for row, mmsi, front_ms in zip(*(column.tolist() for column in columns), strict=True):
            message = messages.get(row) or (read_row(run, row) if mmsi in self._waiting else None)
            if message is not None and self._take(message, front_ms, row):
                urgent.append(row)
        return urgent

    def onto(self, ticks: Sequence[Tick], before: int | None = None) -> Sequence[Tick]:
        """The same ticks with the waiting notes; in a run only the notes that belong before the place ``before``."""
        if not ticks or not self._held:
            return ticks
        mine = [note for row, note in self._held if before is None or row < before]
        self._held = self._held[len(mine) :]
        return [msgspec.structs.replace(ticks[0], notes=tuple(mine)), *ticks[1:]] if mine else ticks

    def end_run(self) -> None:
        """The remaining notes of a run come before everything later."""
        self._held = [(_BEFORE_RUN, note) for _, note in self._held]

    def _wanted(self, messages: Iterable[TimedMessage]) -> set[int]:
        """MMSIs of a run for which a message can matter; ``messages`` are its statements, and others."""
        stated = [message for message in messages if is_statement(message)]
        news = [message for message in stated if self._is_news(message)]
        if len(self._pairs) + len(news) >= self._pairs_most:  # some will be forgotten, and are news again
            news = stated
        others = (pair.mmsi for message in news for pair in self._of_imo.get(imo_of(message.payload), ()))
        return {*self._waiting, *others, *(message.mmsi for message in news)}

    def _take(self, message: TimedMessage, front_ms: int, row: int) -> bool:
        if is_statement(message):
            note = self._stated(message)
        else:
            wait = self._waiting.get(message.mmsi)
            note = None if wait is None else self._moved(wait, message, front_ms)
        if note is None:
            return False
        self._held.append((row, note))
        if len(self._held) >= _HELD_MOST:
            return True
        several = len(self._of_imo.get(note.imo, ())) > 1 or note.instead_of is not None
        if not several or front_ms < self._urgent_from_ms:
            return False
        self._urgent_from_ms = front_ms + _URGENT_EVERY_MS
        return True

    # -- statements -----------------------------------------------------------------------------------------------

    def _is_news(self, message: TimedMessage) -> bool:
        """Whether a statement changes anything."""
        imo = imo_of(message.payload)
        pair = self._pairs.get((imo, message.mmsi))
        if pair is None:
            return imo not in self._nobodys and is_imo_number(imo)
        return message.time_ms >= pair.due_ms or self._of_mmsi.get(message.mmsi) is not pair

    def _stated(self, message: TimedMessage) -> Note | None:
        if not self._is_news(message):
            return None
        imo, mmsi, time_ms = imo_of(message.payload), message.mmsi, message.time_ms
        pair, before = self._pairs.get((imo, mmsi)) or StatedPair(imo, mmsi), self._of_mmsi.get(mmsi)
        if before is pair and mmsi in self._waiting:
            return None
        self._enter(pair)
        if before is not None and before is not pair:
            before.due_ms, pair.instead_of = LONG_AGO, before.imo
        self._of_mmsi[mmsi] = pair
        others = self._others(pair)
        if len(others) >= self._mmsis_most:
            self._give_up(imo)
            return None
        pair.stated_ms, pair.said = time_ms, message.payload
        self._wait(pair, time_ms)
        for other in self._recent(others, time_ms):
            if other.mmsi not in self._waiting and self._of_mmsi.get(other.mmsi) is other:
                self._wait(other, time_ms)
        return note_of(pair, time_ms) if others or pair.instead_of is not None else None

    def _others(self, pair: StatedPair) -> list[StatedPair]:
        """The same IMO number under other MMSIs."""
        same = self._of_imo[pair.imo]
        return [other for other in same if other is not pair] if len(same) > 1 else []

    def _recent(self, pairs: Iterable[StatedPair], time_ms: int) -> list[StatedPair]:
        since_ms = time_ms - self._recent_ms
        return [pair for pair in pairs if pair.reported_ms is not None and pair.reported_ms >= since_ms]

    # -- bounds ---------------------------------------------------------------------------------------------------

    def _enter(self, pair: StatedPair) -> None:
        """A pair is known from now on, and is the last one to be forgotten."""
        known = self._pairs.pop((pair.imo, pair.mmsi), None)
        if known is None:
            if len(self._pairs) >= self._pairs_most:
                self._forget(list(self._pairs.values())[: max(1, self._pairs_most // _PART)])
            self._of_imo.setdefault(pair.imo, []).append(pair)
        self._pairs[pair.imo, pair.mmsi] = pair

    def _give_up(self, imo: int) -> None:
        """Too many MMSIs state a number: it is the default of some device."""
        if len(self._nobodys) >= _NOBODYS_MOST:
            del self._nobodys[next(iter(self._nobodys))]
        self._nobodys[imo] = None
        self._forget(list(self._of_imo[imo]))

    def _forget(self, pairs: Iterable[StatedPair]) -> None:
        for pair in pairs:
            del self._pairs[pair.imo, pair.mmsi]
            self._of_imo[pair.imo].remove(pair)
            if not self._of_imo[pair.imo]:
                del self._of_imo[pair.imo]
            if self._of_mmsi.get(pair.mmsi) is pair:
                del self._of_mmsi[pair.mmsi]
                self._waiting.pop(pair.mmsi, None)

    # -- positions ------------------------------------------------------------------------------------------------

    def _wait(self, pair: StatedPair, since_ms: int) -> AwaitedPosition:
        if len(self._waiting) >= self._waiting_pruned_at:
            old_ms = since_ms - HOUR_MS
            self._waiting = {mmsi: wait for mmsi, wait in self._waiting.items() if wait.since_ms >= old_ms}
            self._waiting_pruned_at = max(_WAITING_FIRST, 2 * len(self._waiting))
        wait = self._waiting[pair.mmsi] = AwaitedPosition(pair, since_ms)
        return wait

    def _moved(self, wait: AwaitedPosition, message: TimedMessage, front_ms: int) -> Note | None:
        """A report of an awaited MMSI: its first position is kept, and the next one that agrees is reported."""
        payload, time_ms = message.payload, message.time_ms
        if payload[:1] not in POSITIONS or time_ms < wait.from_ms or time_ms < front_ms - self._lateness_ms:
            return None
        point = point_of(payload)
        if point is None:
            return None
        first, span_ms, same = wait.point, time_ms - wait.time_ms, payload == wait.payload
        wait.point, wait.time_ms, wait.payload = point, time_ms, payload
        wait.tries += 1
        if first is None or (same and span_ms < _AGAIN_MS) or not agree(first, point, span_ms):
            if wait.tries >= _TRIES_MOST:
                del self._waiting[wait.pair.mmsi]
                wait.pair.due_ms = time_ms + self._every_ms
            return None
        return self._reported(wait, point, message.parts[0])

    def _reported(self, wait: AwaitedPosition, point: Point, text: bytes) -> Note:
        """An MMSI is reported, and awaited again if its IMO number has had others lately."""
        pair, time_ms = wait.pair, wait.time_ms
        note = note_of(pair, time_ms, wait.payload, point, text)
        pair.reported_ms, pair.due_ms, pair.instead_of = time_ms, time_ms + self._every_ms, None
        del self._waiting[pair.mmsi]
        self._enter(pair)
        others = self._others(pair)
        recent = self._recent(others, time_ms)
        if recent:
            again = self._wait(pair, time_ms)
            again.from_ms = time_ms + self._often_ms
            again.point, again.time_ms, again.payload = point, time_ms, wait.payload
        for other in others:
            if other not in recent and other.reported_ms is not None and self._of_mmsi.get(other.mmsi) is other:
                self._waiting.pop(other.mmsi, None)
        return note
