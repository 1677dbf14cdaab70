"""Whether this worker does its work: from the end offsets at the broker and from progress, not from its own belief.

- *lag* of a partition: records between its end, as Kafka reported in the last seconds, and the state. It is unknown
  (NaN) if Kafka does not answer.
- *stalled*: records are waiting and none has been processed for a while. A shrinking backlog is not a stall.
- A topic that has another number of partitions than configured, was recreated, or ends before the offset of the state
  cannot be used: the process ends and states what to do.

It is written in the probe's thread and read in that of /readyz, so a hanging event loop is noticed too.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from streams.errors import ConfigError, SinkError, StateError, WakewatchError
from streams.worker.end_offsets import EndOffsets, Where

KNOWN_FOR_S: Final = 15.0
"""An older answer is not used."""
STALLED_S: Final = 30.0
SLOW_S: Final = 1.0
"""A slower answer is reported, as in the Prometheus rule: alerts may be late."""
SLOW_FOR_S: Final = 30.0
"""A slow answer counts for this time, because some answers of an overloaded broker are quick."""
_SHORT_LOOKS: Final = 4
"""How often in a row a partition must end too early, plus once, because a reason to end the process must be seen
twice: a broker that has just come back knows less for a moment."""


class LastMove(NamedTuple):
    """Where a partition was when it last moved."""

    next_offset: int
    since_s: float
    lag: float


class Watched(NamedTuple):
    """The topics of a worker, with their prefix."""

    sentences: str
    partitions: int
    """The number that ``sentences`` must have."""
    states: tuple[str, ...]
    """Topics that hold state, which is unusable without them."""
    inputs: tuple[str, ...]
    """Topics that are read, including ``sentences``."""


class WorkerHealth:
    """``positions``: the next offset of each partition owned; ``end``: ends the process for a reason, once."""

    def __init__(
        self,
        watched: Watched,
        positions: Callable[[], Mapping[Where, int]],
        end: Callable[[WakewatchError], None],
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._watched, self._positions, self._end, self._clock_s = watched, positions, end, clock_s
        self._seen: EndOffsets | None = None
        self._took: tuple[tuple[float, float], ...] = ()
        """When recent answers came, and how long each took."""
        self._began_s = clock_s()
        self._ids: dict[str, str] = {}
        """Id of each topic, as two answers in a row first gave it."""
        self._agreed: Mapping[str, str] = {}
        """What the newest two answers have in common."""
        self._ids_before: Mapping[str, str] = {}
        self._stands: dict[Where, LastMove] = {}
        self._short: dict[Where, int] = {}
        self._suspicion = ""
        """The reason to end the process by the previous answer: a single answer may be damaged on its way."""
        self._ended = False

    # -- from the probe -------------------------------------------------------------------------------------------

    def look(self, seen: EndOffsets | None) -> None:
        """Applies an answer of Kafka; None: no answer."""
        now_s, owned = self._clock_s(), dict(self._positions())
        if seen is not None:
            self._seen = seen
            lately = [one for one in self._took if seen.at_s - one[0] <= SLOW_FOR_S]
            self._took = (*lately, (seen.at_s, seen.took_s))
        stands = {}
        for where, next_offset in owned.items():
            before, lag = self._stands.get(where), self._lag(where, next_offset)
            moved = before is None or before.next_offset != next_offset or not lag > 0
            stands[where] = LastMove(next_offset, now_s if before is None or moved else before.since_s, lag)
        self._stands = stands
        if seen is not None:
            self._judge(seen, owned)

    def _judge(self, seen: EndOffsets, owned: Mapping[Where, int]) -> None:
        self._agreed = {name: now for name, now in seen.ids.items() if self._ids_before.get(name) == now}
        self._ids, self._ids_before = {**self._agreed, **self._ids}, seen.ids
        wrong, before = self._wrong(seen, owned), self._suspicion
        self._suspicion = str(wrong or "")
        if wrong is not None and self._suspicion == before and not self._ended:
            self._ended = True
            self._end(wrong)

    def _wrong(self, seen: EndOffsets, owned: Mapping[Where, int]) -> WakewatchError | None:
        watched = self._watched
        count = seen.counts.get(watched.sentences, watched.partitions)
        if count != watched.partitions:
            return ConfigError(
                f"topic {watched.sentences} has {count} partitions, kafka.partitions is {watched.partitions}: the "
                "reports "
                "of one vessel would be on two of them; to change the number see deploy/RUNBOOK.md, Scaling"
            )
        changed = {name for name, now in seen.ids.items() if self._ids.get(name, now) != now}
        lost = changed & set(watched.states)
        if lost:  # there is nothing left that could contradict the log
            return SinkError(f"{', '.join(sorted(lost))} was deleted and created again: restart", retriable=True)
        if changed:
            return recreated(min(changed), "was deleted and created again")
        for where, next_offset in owned.items():
            early = where in seen.ends and seen.ends[where] < next_offset
            self._short[where] = self._short.get(where, 0) + 1 if early else 0
            if self._short[where] >= _SHORT_LOOKS:
                return recreated(
                    f"{where[0]}/{where[1]}", f"ends before offset {next_offset}, where the state continues"
                )
        return None

    # -- read by others -------------------------------------------------------------------------------------------

    def newest_id(self, topic: str) -> str:
        """Kafka's id of a topic in its last answer; empty if there was none."""
        return self._seen.ids.get(topic, "") if self._seen is not None else ""

    def agreed_id(self, topic: str) -> str:
        """The id that the newest two answers have in common; empty where they do not agree."""
        return self._agreed.get(topic, "")

    @property
    def broker_up(self) -> bool:
        """Whether Kafka has answered within the last seconds."""
        return self._seen is not None and self._clock_s() - self._seen.at_s <= KNOWN_FOR_S

    @property
    def partitions(self) -> float:
        """Number of partitions of the log, as Kafka reports; NaN while it does not."""
        known = self._seen.counts.get(self._watched.sentences) if self._seen is not None and self.broker_up else None
        return math.nan if known is None else known

    @property
    def answer_s(self) -> float:
        """The longest response time of Kafka in the last half minute; NaN without an answer."""
        now_s = self._clock_s()
        took = [took_s for at_s, took_s in self._took if now_s - at_s <= SLOW_FOR_S]
        return max(took) if took and self.broker_up else math.nan

    def lag(self, where: Where) -> float:
        """Number of waiting records; NaN if not known."""
        stand = self._stands.get(where)
        return math.nan if stand is None or not self.broker_up else stand.lag

    def stalled_s(self, where: Where) -> float:
        """For how long records have waited and none was processed; 0 if all is well, NaN if not known."""
        lag = self.lag(where)
        return math.nan if math.isnan(lag) else (self._clock_s() - self._stands[where].since_s if lag > 0 else 0.0)

    def ready(self) -> tuple[bool, str]:
        """Whether partitions are owned, known and progressing; and the reason in one line."""
        stands = self._stands
        if not self.broker_up:
            last_s = self._seen.at_s if self._seen else self._began_s
            return (False, f"Kafka has not answered for {self._clock_s() - last_s:.0f} s: lag unknown")
        missing = sorted(set(self._watched.inputs + self._watched.states) - set(self._seen.ids if self._seen else ()))
        if missing:
            return False, f"topic {missing[0]} does not exist: create it with `wakewatch topics create`"
        if not any(topic == self._watched.sentences for topic, _ in stands):
            return False, "no partition is assigned yet"
        for where in sorted(stands):
            if self.stalled_s(where) > STALLED_S:
                waits, quiet_s = self.lag(where), self.stalled_s(where)
                return False, f"{where[0]}/{where[1]}: no record processed for {quiet_s:.0f} s, {waits:.0f} waiting"
        own = [self.lag(where) for where in stands if where[0] == self._watched.sentences]
        slow = f"; Kafka needed {self.answer_s:.1f} s to answer" if self.answer_s > SLOW_S else ""
        return True, f"{len(own)} partition{'s' * (len(own) != 1)}, {sum(own):.0f} records behind{slow}"

    def _lag(self, where: Where, next_offset: int) -> float:
        if self._seen is None or not self.broker_up or where not in self._seen.ends:
            return math.nan
        return max(0, self._seen.ends[where] - next_offset)


def recreated(topic: str, how: str) -> StateError:
    """The error for a log that is not that of the state, with what to do."""
    return StateError(
        f"{topic} {how}: the state belongs to another log; delete it with: wakewatch topics forget fleet, "
        "wakewatch topics forget histories, wakewatch topics forget areas and wakewatch topics forget meetings "
        "(deploy/RUNBOOK.md, Restore)"
    )
