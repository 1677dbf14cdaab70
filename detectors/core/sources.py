"""State of the sources, from ticks: how far each has come, and when it was down.

The rule of time: the watermark of a source is the event time of its last confirmed sentence minus the lateness that its
ticks state, and it never decreases. So a silent source stops the clock of the vessels that only it hears. When the
silence is longer than usual, the source is *down* from its last sentence to the next one, and that time does not count
as silence of any vessel.

A *slow* source is one that is up and reports on a time well before the others', such as a satellite feed that comes an
hour late. A vessel that it hears too is not silent before it has reported that time; and its reports count for the
slots of coverage in which they arrive, because those of their own time have closed.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.source_changes import Outage, SilencePatience, WrongClocks
from detectors.core.station_ranges import Hearing, found_among, hearing, merged, station_of
from detectors.core.ticked_source import TickedSource
from detectors.core.ticks import FeedRules, Tick
from detectors.core.units import MINUTE_MS, MS, next_step

SOURCES_MOST: Final = 64  # one bit each in a vessel's mask
_DOWNS_KEPT: Final = 512
BEHIND_STEP_MS: Final = 5 * MINUTE_MS
"""Delays are counted in whole slots of coverage."""
SLOW_FROM_MS: Final = 2 * BEHIND_STEP_MS
"""A source this far behind the fastest one is slow."""


class SourceTable:
    """The sources of one partition's log, in order of appearance."""

    def __init__(self, rules: FeedRules, patience: SilencePatience = SilencePatience()) -> None:  # noqa: B008 - frozen
        self.rules, self.patience = rules, patience
        self.sources: list[TickedSource] = []
        self._index: dict[str, int] = {}

    def restore(self, sources: list[TickedSource], *, replayed: bool) -> None:
        """The table from a snapshot; ``replayed`` applies to all sources of old snapshots."""
        for source in sources:
            source.replayed = replayed if source.replayed is None else source.replayed
        self.sources = sources
        self._index = {s.name: i for i, s in enumerate(sources)}

    def index(self, name: str) -> int:
        """The number of a source, made when new; past 64 sources the last one is shared."""
        found = self._index.get(name)
        if found is None:
            found = min(len(self.sources), SOURCES_MOST - 1)
            if found == len(self.sources):
                self.sources.append(TickedSource(name=name))
            self._index[name] = found
        return found

    def knows(self, name: str) -> bool:
        """Whether the source is in the log."""
        return name in self._index

    def mark(self, name: str, *, replayed: bool) -> int:
        """Applies what the records of a source state about it, also before its first tick. Returns its number."""
        number = self.index(name)
        source = self.sources[number]
        shared = source.name != name  # past 64 sources: one that is live decides for all
        source.replayed = replayed and (not shared or source.replayed is not False)
        return number

    @property
    def replayed(self) -> bool:
        """Every source is a recording."""
        return bool(self.sources) and all(source.replayed for source in self.sources)

    def is_replayed(self, name: str) -> bool:
        """Whether the source of that name is a recording."""
        return bool(self.sources[self.index(name)].replayed)

    def are_replayed(self, mask: int) -> bool:
        """Whether all sources in ``mask`` are recordings; for an empty mask, whether all existing sources are."""
        among = [s.replayed for i, s in enumerate(self.sources) if mask >> i & 1]
        return all(among) if among else self.replayed

    def name_of(self, number: int) -> str | None:
        """The name of a source by 1 + its number; None for 0: unknown."""
        return self.sources[number - 1].name if number else None

    def hearing(self, mask: int, lines: bytes, lat_deg: float, lon_deg: float) -> Hearing | None:
        """How far a position is from the station that heard it, by the tag block of its lines.

        ``mask``: the sources of which one has sent the lines. None if the place of the station is unknown.
        """
        places = [place for i, s in enumerate(self.sources) if mask >> i & 1 for place in s.stations]
        station = station_of(lines) if places else None
        place = found_among(places, station) if station else None
        return None if place is None else hearing(place, lat_deg, lon_deg)

    @property
    def live_heard(self) -> bool:
        """A live source has been heard: recordings beside it do not tell the time."""
        return any(s.was_heard and not s.replayed for s in self.sources)

    @property
    def _timekeepers(self) -> list[TickedSource]:
        return [s for s in self.sources if s.was_heard and not s.replayed] or self.sources

    @property
    def clock_ms(self) -> int:
        """The largest watermark; of live sources, once one has been heard."""
        return max((s.watermark_ms for s in self._timekeepers), default=0)

    @property
    def heard_ms(self) -> int:
        """The latest confirmed event time of all sources, by the ticks so far."""
        return max((s.heard_ms for s in self.sources), default=0)

    def limit_ms(self, source: TickedSource) -> int:
        """How long this source may be silent before it is down."""
        return self.rules.silent_limit_ms(source.spacing_s, self._lateness_ms(source))

    def _lateness_ms(self, source: TickedSource) -> int:
        return int(self.rules.allowed_lateness_s * MS) if source.lateness_ms is None else source.lateness_ms

    @property
    def lateness_ms(self) -> int:
        """The largest lateness of the sources that are heard; that of the rules if none is."""
        known = (self._lateness_ms(s) for s in self._timekeepers if s.up)
        return max(known, default=int(self.rules.allowed_lateness_s * MS))

    @property
    def slots_ms(self) -> int:
        """The time before which no sentence comes in time any more, of whichever source: slots before it are over.

        A slow source counts as far ahead as it is behind (``behind_ms``).
        """
        heard_ms = max((s.heard_ms for s in self._timekeepers if s.up), default=None)
        return self.clock_ms if heard_ms is None else min(self.clock_ms, heard_ms - self.lateness_ms)

    def apply(self, tick: Tick) -> list[Outage]:
        """Applies a tick. Returns what changed, in order of time."""
        number = self.mark(tick.source, replayed=tick.replayed)
        source = self.sources[number]
        if not source.since_ms:
            source.since_ms = source.heard_ms = tick.from_ms
        changes = self._first(number, source, tick) if tick.heard_ms is not None and not source.was_heard else []
        heard_ms = tick.heard_ms if tick.heard_ms is not None else source.heard_ms
        if heard_ms > source.heard_ms:
            changes += self._heard(number, source, tick, heard_ms)
        source.spacing_s, source.one_vessel = tick.spacing_s, tick.one_vessel
        source.lateness_ms = None if tick.lateness_s is None else round(tick.lateness_s * MS)
        source.ended, source.to_ms = tick.state == "ended", tick.to_ms
        if tick.stations is not None:
            source.stations = merged(source.stations, tick.stations)
        changes += self._silent(number, source, tick)
        if source.down_since_ms is None and source.was_heard:
            lateness_ms = 0 if source.ended else self._lateness_ms(source)
            source.watermark_ms = max(source.watermark_ms, source.heard_ms - lateness_ms)
            source.reported_ms = max(source.reported_ms, source.to_ms - lateness_ms)
            source.behind_ms = self._behind_ms(source)
        return changes

    def _first(self, number: int, source: TickedSource, tick: Tick) -> list[Outage]:
        """The first sentence of a source. Before it the wall clock was its time; a feed that is late goes back."""
        source.was_heard = True
        if tick.heard_ms is None or tick.heard_ms >= source.heard_ms:
            return []
        start_ms, source.down_since_ms = source.down_since_ms, None
        source.since_ms = source.heard_ms = tick.from_ms
        source.watermark_ms, source.reported_ms = 0, 0
        lasting, source.lasting = source.lasting, False
        if start_ms is None:
            return []
        return [Outage(number, "ended", source.to_ms, self.limit_ms(source), start_ms, source.one_vessel, lasting)]

    def clocks_of(self, tick: Tick) -> list[WrongClocks]:
        """What the tick states about the clocks of stations."""
        if tick.wrong_clocks is None:
            return []
        return [WrongClocks(self.index(tick.source), tick.to_ms, tick.wrong_clocks, tick.clocks_compared)]

    def _behind_ms(self, source: TickedSource) -> int:
        """How far a source is behind the fastest of its kind. Small changes of a known delay are ignored."""
        others = [s.to_ms for s in self.sources if s is not source and s.up and s.replayed == source.replayed]
        behind_ms = max(others, default=source.to_ms) - source.to_ms
        if behind_ms > self.rules.slow_source_most_s * MS:  # it reports on another time
            return 0
        behind_ms = behind_ms // BEHIND_STEP_MS * BEHIND_STEP_MS
        if source.behind_ms and abs(behind_ms - source.behind_ms) <= BEHIND_STEP_MS:
            return source.behind_ms
        return behind_ms if behind_ms >= SLOW_FROM_MS else 0

    def _heard(self, number: int, source: TickedSource, tick: Tick, heard_ms: int) -> list[Outage]:
        start_ms, source.heard_ms = source.down_since_ms, heard_ms
        if start_ms is None:
            return []
        first_ms = max(min(tick.from_ms, heard_ms), start_ms)
        source.downs = [*source.downs, (start_ms, first_ms)][-_DOWNS_KEPT:]
        source.down_since_ms, source.lasting = None, False
        lasted = first_ms >= next_step(start_ms + self.patience.lasts_ms)
        return [Outage(number, "ended", first_ms, self.limit_ms(source), start_ms, source.one_vessel, lasted)]

    def _silent(self, number: int, source: TickedSource, tick: Tick) -> list[Outage]:
        if source.ended:
            return []
        changes, limit_ms, start_ms = [], self.limit_ms(source), source.heard_ms
        due_ms, lasts_ms = next_step(start_ms + limit_ms), next_step(start_ms + self.patience.lasts_ms)
        if source.down_since_ms is None and tick.to_ms >= due_ms:
            source.down_since_ms, source.lasting = start_ms, due_ms >= lasts_ms
            repeats = 0 if source.one_vessel else self._repeats(source, due_ms)
            one_vessel, lasting = source.one_vessel, source.lasting
            changes.append(Outage(number, "began", due_ms, limit_ms, start_ms, one_vessel, lasting, repeats))
        if source.down_since_ms is not None and not source.lasting and tick.to_ms >= lasts_ms:
            source.lasting = True
            changes.append(Outage(number, "lasts", lasts_ms, limit_ms, start_ms, source.one_vessel, lasting=True))
        return changes

    def _repeats(self, source: TickedSource, time_ms: int) -> int:
        """The number of outages in the period that counts, if it is to be reported now; otherwise 0."""
        since_ms = time_ms - self.patience.within_ms
        count = 1 + sum(start_ms > since_ms for start_ms, _ in source.downs)
        reported = source.repeated_ms is not None and source.repeated_ms > since_ms
        if count < self.patience.repeats or reported:
            return 0
        source.repeated_ms = time_ms
        return count

    def clocks(self, masks: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
        """``clock_of`` for each mask of sources; shape as ``masks``."""
        if len(self.sources) == 1:
            return np.where(masks > 0, self.sources[0].watermark_ms, 0)
        kinds, inverse = np.unique(masks, return_inverse=True)
        clocks = [self.clock_of(int(mask)) for mask in kinds]
        return np.asarray(clocks, np.int64)[inverse] if len(kinds) else np.zeros(0, np.int64)

    def clock_of(self, mask: int) -> int:
        """The clock of a vessel that the sources in ``mask`` hear.

        It is the largest watermark among them, but not later than what each of those that are up has reported: a vessel
        is not silent before the slowest of them has reported that time. A recording does not count beside a live
        source, nor does a source that is further behind than ``slow_source_most_s``.
        """
        among = [s for i, s in enumerate(self.sources) if mask >> i & 1]
        live = [s for s in among if not s.replayed] or among
        last_ms = max((s.watermark_ms for s in live), default=0)
        since_ms = last_ms - int(self.rules.slow_source_most_s * MS)
        return min([last_ms, *(s.reported_ms for s in live if s.up and s.reported_ms >= since_ms)])

    def silence_ms(self, mask: int, from_ms: int, to_ms: int) -> int:
        """The longest time within (from, to] that one of the sources in ``mask`` was up: silence that counts."""
        spans = [to_ms - from_ms - s.down_ms(from_ms, to_ms) for i, s in enumerate(self.sources) if mask >> i & 1]
        return max(spans, default=0)

    def silent_by_ms(self, mask: int, from_ms: int, needed_ms: int) -> int:
        """The earliest time at which ``silence_ms`` can be ``needed_ms``: earlier checks are useless.

        It is computed directly, so an outage costs the same for any length.
        """
        ends = [s.silent_by_ms(from_ms, needed_ms) for i, s in enumerate(self.sources) if mask >> i & 1]
        return min(ends, default=from_ms + needed_ms)
