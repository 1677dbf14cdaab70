"""Which track each report of a vessel belongs to: its reports go through the fleet of the core, one after another.

The core decides about every fix (``detectors/core/vessels/track.py``) and keeps two other tracks for an hour. Here each
track that it begins gets a number, which it keeps while the core continues it. Number 0 is the first one.

Only a fix that may break the track is applied by itself; a block of others is written at once, as the engine does it.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.engine.batch_ranges import BatchRanges
from detectors.core.reports import Batch
from detectors.core.sources import SourceTable
from detectors.core.ticks import FeedRules, Tick
from detectors.core.vessels import fleet_writes
from detectors.core.vessels.arrivals import arrive
from detectors.core.vessels.fleet import Fleet
from detectors.core.vessels.history import History
from detectors.core.vessels.other_tracks import OtherTrack, read
from detectors.core.vessels.track import breaks, follow
from detectors.core.vessels.track_verdict import DISPLACED, TrackRules, TrackVerdict

UNJUDGED: Final = -1
"""No track: the report has no position, or came too late for the core to use it."""
JUDGED: Final = np.dtype(
    [
        ("track", "<i4"),  # its number, or UNJUDGED
        ("again", "?"),  # another reception of a transmission
        ("held", "?"),  # it was held back, off the vessel's own track
        ("home", "?"),  # it continued the vessel's own track, while the vessel did not appear displaced
    ]
)
"""What is known of one report."""
SINGLY_MOST: Final = 50_000
"""Reports that are applied by themselves, at most: 15 s of CPU. What follows them is not judged."""
_BLOCK: Final = 256
_PAYLOADS_KEPT: Final = 2 * _BLOCK

Judged = npt.NDArray[np.void]
Reports = npt.NDArray[np.void]


class NumberedTrack:
    """A track, while the core keeps it and after."""

    def __init__(self) -> None:
        self.fixes = 0
        self.from_ms = self.to_ms = 0
        self.accepted = False
        """The vessel was accepted there, where it cannot have sailed."""
        self.beyond = False
        """... or would have been, were it not beyond the range of the station that heard it."""
        self.takes_turns = False
        """It and the vessel's own track of then have alternated, as those of two ships do."""
        self.repeated = False
        """Most of its fixes were where the vessel had just come from."""
        self.excused = 0
        """Fixes that were held back without further effect: repeated, or moved by one wrong bit."""

    @property
    def displaced(self) -> bool:
        """Whether the vessel appears displaced there."""
        return (self.accepted or self.beyond) and not self.takes_turns

    def add(self, from_ms: int, to_ms: int, fixes: int) -> None:
        """More fixes, in this time."""
        self.from_ms = from_ms if not self.fixes else min(self.from_ms, from_ms)
        self.to_ms = max(self.to_ms, to_ms)
        self.fixes += fixes

    @property
    def has_wrong_bits(self) -> bool:
        """Whether one wrong bit explains most of its fixes."""
        return 2 * self.excused > self.fixes and not self.repeated


class TrackReplay:
    """``take`` the reports of one vessel in log order; then ``tracks`` and ``number_of`` state what they show."""

    def __init__(self, rules: TrackRules) -> None:
        self._rules, self._fleet, self._sources = rules, Fleet({}), SourceTable(FeedRules())
        self._row = -1
        self._own, self._home = 0, UNJUDGED
        """The vessel's own track; and that from which it appears displaced."""
        self._others: dict[OtherTrack, int] = {}
        """The other tracks that the core keeps, with their numbers."""
        self._same_as: dict[int, int] = {}
        """Tracks that turned out to be one with another."""
        self._payloads: OrderedDict[int, int] = OrderedDict()
        """The track of the last transmissions."""
        self.tracks = [NumberedTrack()]
        self._singly = 0
        self.judged_to_ms: int | None = None
        """Time of the first report that was not judged because there were too many; None if all were."""

    def tick(self, tick: Tick) -> None:
        """A tick of the log, in its order: it may state where stations are and how far they hear."""
        self._sources.apply(tick)

    def number_of(self, track: int) -> int:
        """The number of a track of JUDGED as it is known now."""
        while track in self._same_as:
            track = self._same_as[track]
        return track

    def take(self, batch: Batch) -> Judged:
        """JUDGED of each report of a batch, which holds reports of one vessel only."""
        if not len(batch.reports):
            return np.zeros(0, JUDGED)
        if self._row < 0:
            self._row = int(self._fleet.admit(batch.reports["mmsi"][:1])[0])
            fleet_writes.name_ships(self._fleet, self._rows(1), batch.reports["type"][:1])
        blocks = range(0, len(batch.reports), _BLOCK)
        return np.concatenate([self._block(batch, batch.reports[at : at + _BLOCK]) for at in blocks])

    def _rows(self, count: int) -> npt.NDArray[np.intp]:
        return np.full(count, self._row, np.intp)

    def _block(self, batch: Batch, reports: Reports) -> Judged:
        judged = np.zeros(len(reports), JUDGED)
        judged["track"] = UNJUDGED
        if self._singly >= SINGLY_MOST:
            self.judged_to_ms = int(reports["time_ms"][0]) if self.judged_to_ms is None else self.judged_to_ms
            return judged
        done = self._quiet(batch, reports, judged)
        for at in range(done, len(reports)):
            self._one(batch, reports[at : at + 1], judged[at : at + 1])
        self._singly += len(reports) - done
        self._match_receptions(reports, judged)
        return judged

    # -- the fixes ------------------------------------------------------------------------------------------------

    def _quiet(self, batch: Batch, reports: Reports, judged: Judged) -> int:
        """Writes the reports before the first one that may break the track, and returns their number."""
        arrivals = arrive(self._fleet, self._rows(len(reports)), reports)
        taken = (~(arrivals.duplicate | arrivals.late)).nonzero()[0]
        if arrivals.unsure.any() or not len(taken):
            return 0
        history = self._history(batch, reports.take(taken), arrivals.last_ms[taken], keep=False)
        broken = breaks(history).nonzero()[0]
        done = len(reports)
        if len(broken):
            if not broken[0]:
                return 0
            done = int(taken[broken[0]])
            history.stop_after(np.arange(len(taken)) < broken[0])
        fleet_writes.write(self._fleet, history, source_bit=self._source_bit(batch), raw=batch.raw)
        moved = taken[history.moved & (taken < done)]
        if len(moved):
            judged["track"][moved] = self._own
            judged["home"][moved] = not self._is_displaced()
            times_ms = reports["time_ms"][moved]
            self.tracks[self._own].add(int(times_ms.min()), int(times_ms.max()), len(moved))
        judged["again"][:done] = arrivals.duplicate[:done]
        return done

    def _one(self, batch: Batch, report: Reports, judged: Judged) -> None:
        """Applies one report exactly."""
        arrivals = arrive(self._fleet, self._rows(1), report)
        judged["again"] = arrivals.duplicate
        if (arrivals.duplicate | arrivals.late).any():
            return
        history = self._history(batch, report, arrivals.last_ms, keep=True)
        fixed = bool(history.moved[0])
        source_bit = self._source_bit(batch)
        follow(history, self._fleet.core, BatchRanges(self._sources, self._fleet.core, batch.raw, source_bit))
        fleet_writes.write(self._fleet, history, source_bit=source_bit, raw=batch.raw)
        if not fixed:
            return
        assert history.followed is not None
        judged["held"] = not history.moved[0]
        number = self._follow(history.followed.verdicts[0]) if history.followed.verdicts else self._own
        judged["track"] = number
        judged["home"] = number == self._own and not self._is_displaced()
        time_ms = int(report["time_ms"][0])
        self.tracks[number].add(time_ms, time_ms, 1)
        self.tracks[number].excused += bool(judged["held"]) and self._fleet.core.stray_ms[self._row] != time_ms

    def _history(self, batch: Batch, reports: Reports, last_ms: npt.NDArray[np.int64], *, keep: bool) -> History:
        rows = self._rows(len(reports))
        return History(self._fleet, rows, reports, last_ms, statics=batch.statics, keep=keep, rules=self._rules)

    def _source_bit(self, batch: Batch) -> int:
        return 1 << self._sources.index(batch.source)

    def _is_displaced(self) -> bool:
        return bool(self._fleet.core.track[self._row] & DISPLACED)

    # -- the numbers of tracks ------------------------------------------------------------------------------------

    def _follow(self, verdict: TrackVerdict) -> int:
        """The number of the track of a fix, by the core's verdict; also finds the others that the core keeps now."""
        own_before = self._own
        for stray in verdict.rejoined:
            self._join(self._others[stray], self._own)
        number = own_before if verdict.of is None else self._numbered(verdict.of)
        if verdict.of is not None and verdict.of.takes_turns:
            self.tracks[number].takes_turns = self.tracks[own_before].takes_turns = True
        if verdict.of is not None and verdict.taken:
            number = self._move(number, verdict)
        elif verdict.of is not None:
            self.tracks[number].beyond |= verdict.beyond
            self.tracks[number].repeated = verdict.standing.others[-1].is_repeated
        if not self._is_displaced():
            self._home = UNJUDGED
        changed = own_before if verdict.taken else number
        kept = read(self._fleet.core, self._row)
        self._others = {other: self._others.get(other, changed) for other in kept}
        return number

    def _numbered(self, other: OtherTrack) -> int:
        """The number of another track; a new one if a fix begins it."""
        if other in self._others:
            return self.number_of(self._others[other])
        self.tracks.append(NumberedTrack())
        return len(self.tracks) - 1

    def _move(self, number: int, verdict: TrackVerdict) -> int:
        """The vessel is on another track now."""
        if verdict.back:
            number = self._returned(number)
        elif verdict.standing.track & DISPLACED:
            self.tracks[number].accepted = True
            self._home = self._own if self._home == UNJUDGED else self._home
        self._own = number
        return number

    def _returned(self, number: int) -> int:
        """A vessel that is back continues the track that it had before, unless both went on at the same time."""
        home = self._home
        if UNJUDGED in {home, number} or home == number or self.tracks[number].displaced:
            return number
        if self.tracks[number].from_ms <= self.tracks[home].to_ms:
            return number
        self._join(number, home)
        return home

    def _join(self, number: int, into: int) -> None:
        number, into = self.number_of(number), self.number_of(into)
        if number != into:
            joining = self.tracks[number]
            self.tracks[into].add(joining.from_ms, joining.to_ms, joining.fixes)
            self._same_as[number] = into

    # -- receptions -----------------------------------------------------------------------------------------------

    def _match_receptions(self, reports: Reports, judged: Judged) -> None:
        """Another reception of a transmission is of the same track."""
        for at, payload in enumerate(reports["payload"].tolist()):
            if judged["again"][at]:
                judged["track"][at] = self._payloads.get(payload, UNJUDGED)
            else:
                self._payloads[payload] = int(judged["track"][at])
                self._payloads.move_to_end(payload)
        while len(self._payloads) > _PAYLOADS_KEPT:
            self._payloads.popitem(last=False)
