"""Evidence for a jump of a source's clock: messages that wait ahead of it, while nothing contradicts them.

A feed that has thinned out (a busy hour, then one moored vessel every 20 minutes) and a clock that is wrong by a day
look alike at the first message. The messages that follow decide between the two:
- Several MMSIs have reached a time. Where other stations were heard just before, they must come from two stations, or
  keep coming for longer than the source is ordinarily silent, or be too many in a row for the other stations to still
  be there.
- Or the feed has thinned out: there are several messages, perhaps of one MMSI, and their lead over the clock has grown
  by more than a jump and more than an ordinary silence. The wall clock moves a live source's time, so there the lead of
  a wrong clock does not grow, however long it continues alone.
- One MMSI is enough if at most two are in view. If later messages would be refused as too old after a wrong jump, its
  second report is needed.
- A station whose claims were contradicted, because the ordinary clock continued, is not a witness until it is believed
  again, or until its claims are so far ahead that the clock would refuse the contradicting messages as too old.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from detectors.core.ticks import FeedRules

VOICES_KEPT: Final = 32
"""Number of believed messages for which the station is remembered: the stations heard now."""
RUN_MOST: Final = 256
"""In so long a row of one station, others that send one message in ``VOICES_KEPT`` are absent (.97 ** 256 = .0003)."""
_MS: Final = 1000


class ClaimedTime(NamedTuple):
    """A time that a waiting message claims."""

    time_ms: int
    lead_ms: int
    """How far it was ahead of the clock when it came."""
    mmsi: int
    station: bytes


class ClockJump:
    """The waiting claims. ``silent_ms``: how long the source may ordinarily be silent."""

    def __init__(self, rules: FeedRules, silent_ms: Callable[[], int]) -> None:
        self._ahead_ms = int(rules.jump_ahead_s * _MS)
        self._behind_ms = int(rules.refuse_behind_s * _MS)
        self._reports = rules.jump_witnesses
        self._silent_ms = silent_ms
        self._voices: deque[bytes] = deque(maxlen=VOICES_KEPT)
        self._wrong: dict[bytes, int] = {}
        """The latest contradicted claim of each station that has not been believed since."""
        self._claims: list[ClaimedTime] = []
        self._latest_ms: dict[int, int] = {}
        """Latest time that each MMSI has claimed."""

    @property
    def doubts(self) -> bool:
        """Whether some station is not a witness: then ``heard`` must be called for every believed message."""
        return bool(self._wrong)

    def heard(self, stations: Iterable[bytes]) -> None:
        """These stations were believed, one entry a message, in order."""
        stations = list(stations)
        self._voices.extend(stations)
        if self._wrong:
            for station in set(stations):
                self._wrong.pop(station, None)

    def heard_one(self, station: bytes) -> None:
        """The same for one message, at least cost."""
        self._voices.append(station)
        if self._wrong:
            self._wrong.pop(station, None)

    def add(self, claim: ClaimedTime) -> None:
        """Adds a message that waits ahead of the clock."""
        wrong_ms = self._wrong.get(claim.station)
        if wrong_ms is not None:
            if claim.time_ms - wrong_ms <= self._behind_ms:
                return
            del self._wrong[claim.station]
        near_ms = claim.time_ms + self._ahead_ms
        if any(other.time_ms > near_ms for other in self._claims):  # garbled: far ahead of this one
            self._claims = [other for other in self._claims if other.time_ms <= near_ms]
            self._latest_ms.clear()
            for other in self._claims:
                self._take(other)
        self._claims.append(claim)
        self._take(claim)

    def _take(self, claim: ClaimedTime) -> None:
        self._latest_ms[claim.mmsi] = max(claim.time_ms, self._latest_ms.get(claim.mmsi, 0))

    def clear(self) -> None:
        """Nothing waits any longer."""
        self._claims.clear()
        self._latest_ms.clear()

    def contradict(self, station: bytes, time_ms: int) -> None:
        """The ordinary clock continued while this claim waited."""
        self._wrong[station] = max(time_ms, self._wrong.get(station, time_ms))

    def witnessed_ms(self, needed: int) -> int | None:
        """The time up to which the claims are believed if ``needed`` MMSIs are enough; None: not yet."""
        sure = self._confirmed()
        if needed == 1 and self._claims:
            return _top_ms(sure) if sure and (len(self._claims) > 1 or sure[0].lead_ms <= self._behind_ms) else None
        if len(self._latest_ms) >= needed and self._others_absent():
            return sorted(self._latest_ms.values(), reverse=True)[needed - 1]
        thinned_out = len(sure) >= self._reports and _growth_ms(sure) >= max(self._ahead_ms, self._silent_ms())
        return _top_ms(sure) if thinned_out else None

    def at_end_ms(self, needed: int) -> int | None:
        """The same when the input has ended, so that nothing can contradict or confirm any longer.

        Two claims are believed, and a single one that a clock wrong by a day cannot have made.
        """
        if len(self._claims) > 1 or (self._claims and (needed == 1 or self._claims[0].lead_ms <= self._behind_ms // 2)):
            return _top_ms(self._claims)
        return None

    def _confirmed(self) -> list[ClaimedTime]:
        """All claims, except a last one so far ahead of the others that later messages would be too old after it."""
        claims = self._claims
        alone = len(claims) > 1 and claims[-1].time_ms - claims[-2].time_ms > self._behind_ms
        return claims[:-1] if alone else claims

    def _others_absent(self) -> bool:
        """Whether another station that was heard just before would have sent something since."""
        stations = {claim.station for claim in self._claims}
        if len(stations) > 1 or stations.issuperset(self._voices):
            return True
        return len(self._claims) >= RUN_MOST or _growth_ms(self._claims) >= self._silent_ms()


def _top_ms(claims: list[ClaimedTime]) -> int:
    return max(claim.time_ms for claim in claims)


def _growth_ms(claims: list[ClaimedTime]) -> int:
    """How much the lead over the clock has grown since the first claim."""
    return max(claim.lead_ms for claim in claims) - claims[0].lead_ms
