"""The event clock of one source: which times are believed, and which sentences must wait or are refused.

Rules:
- The clock is the largest believed event time and never falls.
- A message less than ``jump_ahead_s`` before the clock's front is believed at once. One further ahead waits
  until other messages confirm its time (``jump``); then the front moves there. If the ordinary clock continues first,
  the waiting messages are refused. If a recording ends first, every waiting message that nothing has contradicted is
  believed.
- While something waits, later messages that do not move the clock queue behind it, so the order is kept.
- A message more than ``refuse_behind_s`` behind the front is refused; one that is less late passes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from heapq import nlargest
from itertools import islice
from operator import itemgetter
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.ticks import FeedRules
from detectors.core.units import NEVER_MS
from streams.errors import Reason
from streams.ingest.clock_jumps import VOICES_KEPT, ClaimedTime, ClockJump

Ints = npt.NDArray[np.int64]
_HOUR_MS: Final = 3_600_000
_MS: Final = 1000
_SEEN_MOST: Final = 256
"""MMSIs remembered before all but the latest are forgotten. A jump never needs more, so the others do not count."""
WAITING_MOST: Final = 1000
"""Maximum number of messages that wait at once; beyond it the oldest is refused."""


class TimedMessage(NamedTuple):
    """A whole AIS message on its way to a partition."""

    time_ms: int
    mmsi: int
    ordinal: int
    """Ordinal of the unit that completed it."""
    station: bytes
    parts: tuple[bytes, ...]
    """Its sentences, bare, in order."""
    payload: bytes = b""
    """The payload of the first of them."""


class RefusedMessage(NamedTuple):
    """A message whose time is not believed."""

    reason: Reason
    message: TimedMessage


Outcome = TimedMessage | RefusedMessage
Verdict = Literal["believed", "ahead", "behind"]


class EventClock:
    """The believed time of one source. ``clock_ms`` is None before the first believed message."""

    def __init__(self, rules: FeedRules, silent_ms: Callable[[], int] | None = None) -> None:
        """``silent_ms``: how long the source may ordinarily be silent, ms; None takes the value from the rules."""
        self.clock_ms: int | None = None
        self._front_ms: int | None = None
        self._assumed = False
        """The front is the wall clock, because the first message of a live source was later than that."""
        self._ahead_ms = int(rules.jump_ahead_s * _MS)
        self._behind_ms = int(rules.refuse_behind_s * _MS)
        self._witnesses = rules.jump_witnesses
        self._view_most = 2 * self._witnesses
        """From this number of MMSIs in view on, a jump needs as many witnesses as with any larger number."""
        self._seen: dict[int, int] = {}
        """The latest time of each recently heard MMSI: at least ``_view_most`` of them, if there were any."""
        self._waiting: deque[TimedMessage] = deque()
        self._jump = ClockJump(rules, silent_ms or (lambda: int(rules.feed_silent_after_s * _MS)))

    @property
    def waiting(self) -> int:
        """Number of sentences that wait for their time to be believed."""
        return sum(len(message.parts) for message in self._waiting)

    @property
    def known_ms(self) -> int:
        """The last known time: the clock, or the beginning of the file by its head; otherwise 0."""
        return self.clock_ms if self.clock_ms is not None else self._front_ms or 0

    def prime(self, times_ms: dict[int, int], stations_ms: dict[bytes, int] | None = None) -> None:
        """Gives the clock, before the first message, the MMSIs and stations of a file's head with their least times.

        So wrong times at the beginning cannot make everything after them seem old.
        """
        if times_ms:
            front_ms = self._front_ms = min(times_ms.values())
            self._seen = dict.fromkeys(islice(times_ms, self._view_most), front_ms)
            near = (at for at, time_ms in (stations_ms or {}).items() if time_ms - front_ms <= self._ahead_ms)
            self._jump.heard(near)

    def run_on(self, to_ms: int) -> None:
        """The wall clock has moved a live source's time to ``to_ms``: no jump when the source is heard again."""
        if self._front_ms is None or to_ms > self._front_ms:
            self._front_ms = to_ms

    def admit(self, message: TimedMessage, wall_ms: int | None = None) -> list[Outcome]:
        """The decisions that are possible now, in order: about ``message``, and about others that waited.

        ``wall_ms`` is the wall clock of a live source: no received message can be later than it, unless the source's
        clock already is.
        """
        if self._front_ms is None and wall_ms is not None and message.time_ms > wall_ms + self._ahead_ms:
            self._front_ms, self._assumed = wall_ms, True  # others may show that its station's clock is wrong
        if not self._waiting:
            verdict = self._judge(message.time_ms)
            if verdict == "believed":
                self._note(message)
                return [message]
        return self._queue(message, wall_ms)

    def believes(self, message: TimedMessage) -> bool:
        """Whether the message is believed and nothing else is to be decided: the usual case, at least cost."""
        front_ms, time_ms = self._front_ms, message.time_ms
        if self._waiting or front_ms is None or not -self._behind_ms <= time_ms - front_ms <= self._ahead_ms:
            return False
        self._note(message)
        return True

    @property
    def front_ms(self) -> int | None:
        """The latest time that is believed without witnesses; None before any message."""
        return self._front_ms

    def believes_at(self, time_ms: int, front_ms: int) -> bool:
        """Whether such a time is believed at once when the front is at ``front_ms``."""
        return -self._behind_ms <= time_ms - front_ms <= self._ahead_ms

    def parts_from(self, time_ms: int, least_ms: int) -> bool:
        """Whether a message as early as ``least_ms`` is refused once the front is at ``time_ms``."""
        return time_ms - least_ms > self._behind_ms

    def believed(self, times_ms: Ints) -> int:
        """How many of these, from the first on, would be believed at once, one after the other."""
        assert self._front_ms is not None  # callers make sure of it
        fronts = np.maximum.accumulate(np.append(self._front_ms, times_ms))[:-1]
        leads = times_ms - fronts
        wrong = np.flatnonzero((leads < -self._behind_ms) | (leads > self._ahead_ms))
        return int(wrong[0]) if len(wrong) else len(times_ms)

    def stations_wanted(self, messages: int) -> int:
        """For how many of the last believed messages ``note_run`` needs the stations."""
        return messages if self._jump.doubts else min(messages, VOICES_KEPT)

    def note_run(self, times_ms: Ints, mmsis: Ints, stations: list[bytes]) -> None:
        """Adds believed messages in order; for the last ones also the stations (``stations_wanted``)."""
        if not len(times_ms):
            return
        self._jump.heard(stations)
        top_ms = int(times_ms.max())
        self._see_latest(times_ms, mmsis)
        self.clock_ms = top_ms if self.clock_ms is None else max(self.clock_ms, top_ms)
        self._front_ms = self.clock_ms if self._front_ms is None else max(self._front_ms, self.clock_ms)

    def give_up(self) -> list[Outcome]:
        """No more confirmation can come: messages ahead of the clock are refused, those queued behind them continue."""
        outcomes: list[Outcome] = []
        self._jump.clear()
        if self._assumed and self.clock_ms is None and self._waiting:  # nothing else came: the wall clock is wrong
            self._front_ms = self._waiting[0].time_ms
        while self._waiting:
            outcomes.append(self._settle(self._waiting.popleft()))
        return outcomes

    def conclude(self) -> list[Outcome]:
        """A recording has ended: what nothing has contradicted is believed, the rest is refused."""
        through_ms = self._jump.at_end_ms(self._needed())
        outcomes = [] if through_ms is None else self._requeue(through_ms)
        return outcomes + self.give_up()

    def _judge(self, time_ms: int) -> Verdict:
        if self._front_ms is None:
            return "believed"
        if time_ms - self._front_ms > self._ahead_ms:
            return "ahead"
        return "behind" if self._front_ms - time_ms > self._behind_ms else "believed"

    def _note(self, message: TimedMessage) -> None:
        """Adds a believed message."""
        time_ms = message.time_ms
        self._see(message.mmsi, time_ms)
        self._jump.heard_one(message.station)
        if self.clock_ms is not None and time_ms <= self.clock_ms:
            return
        first, self.clock_ms = self.clock_ms is None, time_ms
        if first or self._front_ms is None or time_ms > self._front_ms:
            self._front_ms = time_ms  # before a live source's first message the front was the wall clock

    def _settle(self, message: TimedMessage) -> Outcome:
        verdict = self._judge(message.time_ms)
        if verdict == "believed":
            self._note(message)
            return message
        return RefusedMessage(Reason.TIME_AHEAD if verdict == "ahead" else Reason.TIME_BEHIND, message)

    def _queue(self, message: TimedMessage, wall_ms: int | None) -> list[Outcome]:
        verdict = self._judge(message.time_ms)
        if verdict == "behind":
            return [RefusedMessage(Reason.TIME_BEHIND, message)]
        if verdict == "believed" and self._goes_on(message.time_ms):
            return [*self._contradicted(), self._settle(message)]
        self._waiting.append(message)
        if verdict == "ahead" and (through_ms := self._confirm(message, wall_ms)) is not None:
            return self._requeue(through_ms)
        if len(self._waiting) > WAITING_MOST and self._assumed and self.clock_ms is None:
            return self.give_up()
        if len(self._waiting) > WAITING_MOST:
            return [self._settle(self._waiting.popleft())]
        return []

    def _goes_on(self, time_ms: int) -> bool:
        return self.clock_ms is None or time_ms > self.clock_ms

    def _contradicted(self) -> list[Outcome]:
        """The ordinary clock continues: messages ahead are refused, and their stations are not witnesses for now."""
        self._assumed = False
        outcomes = self.give_up()
        for outcome in outcomes:
            if isinstance(outcome, RefusedMessage) and outcome.reason is Reason.TIME_AHEAD:
                self._jump.contradict(outcome.message.station, outcome.message.time_ms)
        return outcomes

    def _confirm(self, message: TimedMessage, wall_ms: int | None) -> int | None:
        """The time up to which the waiting messages are believed, now that this one waits too."""
        latest_ms = NEVER_MS if wall_ms is None else wall_ms + self._ahead_ms
        if (self._front_ms or 0) <= latest_ms < message.time_ms:
            return None
        lead_ms = message.time_ms - (self._front_ms or 0)
        self._jump.add(ClaimedTime(message.time_ms, lead_ms, message.mmsi, message.station))
        return self._jump.witnessed_ms(self._needed())

    def _requeue(self, through_ms: int) -> list[Outcome]:
        """Times up to ``through_ms`` are believed. The front follows them, so that none of them seems too old."""
        again, self._waiting = self._waiting, deque()
        self._jump.clear()
        outcomes: list[Outcome] = []
        for message in again:
            if (self._front_ms or 0) < message.time_ms <= through_ms:
                self._front_ms = message.time_ms
            outcomes += self.admit(message)
        return outcomes

    def _needed(self) -> int:
        in_view = self._in_view()
        return self._witnesses if in_view >= self._view_most else max(1, -(-in_view // 2))

    def _in_view(self) -> int:
        """MMSIs heard in the last hour of the clock; counted up to ``_view_most`` at least."""
        since_ms = self.known_ms - _HOUR_MS
        return sum(time_ms >= since_ms for time_ms in self._seen.values())

    def _see(self, mmsi: int, time_ms: int) -> None:
        seen = self._seen
        if time_ms > seen.get(mmsi, -1):
            seen[mmsi] = time_ms
            if len(seen) > _SEEN_MOST:
                # Forgetting has no effect: as many stay as are ever counted, and their times only rise.
                self._seen = dict(nlargest(self._view_most, seen.items(), key=itemgetter(1)))

    def _see_latest(self, times_ms: Ints, mmsis: Ints) -> None:
        """``_see`` for a run: of its MMSIs only those heard latest can count."""
        latest = times_ms.argsort(kind="stable")[::-1]
        found: dict[int, int] = {}
        for mmsi, time_ms in zip(mmsis[latest].tolist(), times_ms[latest].tolist(), strict=True):
            found.setdefault(mmsi, time_ms)
            if len(found) == self._view_most:
                break
        for mmsi, time_ms in found.items():
            self._see(mmsi, time_ms)
