"""The times that the lines of one source state: which are used, and how they are corrected."""

from __future__ import annotations

from streams.ingest.line_affixes import BareNumberTimes
from streams.ingest.sentence import Sentence, Timing
from streams.ingest.station_clocks import Reception, StationClocks
from streams.ingest.station_places import StationPlaces
from streams.nmea.sentence import Tag
from streams.settings.model import IngestSettings
from streams.settings.stations import stations_of


class StatedTimes:
    """See the module. ``wall_ms`` is the wall clock of a live source, None of a recording."""

    def __init__(self, *, live: bool, settings: IngestSettings) -> None:
        self.numbers = BareNumberTimes(live=live)
        self.clocks = StationClocks(corrects=settings.station_clock == "correct")
        self.places = StationPlaces(stations_of(settings.stations))
        self.hears = True
        """False while a block is processed whose stations' clocks have been compared already."""
        self.one_clock = False
        """True in a table: all rows have the times of one clock, and nothing is compared."""
        self.before: dict[str, Timing] = {}
        """By peer: what a line stated for the next sentence."""

    def of(self, sentence: Sentence, ordinal: int, wall_ms: int | None, peer: str) -> Tag:
        """The tag of a sentence, with the time that the line before it stated, if it has none itself."""
        if self.hears:
            self.hear(sentence, ordinal, wall_ms)
        tag = sentence.tag
        timing = self.before.pop(peer, None) if self.before else None
        if timing is None or tag.time_ms is not None:
            return tag
        return tag._replace(time_ms=timing.time_ms, station=tag.station or timing.station, doubtful=False)

    def hear(self, sentence: Sentence, ordinal: int, wall_ms: int | None) -> None:
        """Compares the clock of the station that received a message of one sentence."""
        tag = sentence.tag
        if self.one_clock or sentence.total != 1 or tag.time_ms is None or tag.doubtful or not tag.station:
            return
        if self.clocks.compares(ordinal, sentence.payload):
            self.clocks.hear(Reception(tag.station, tag.time_ms, sentence.payload, wall_ms))
            self.places.hear(tag.station, sentence.payload, ordinal, tag.time_ms)

    def settle(self) -> bool:
        """A line is over: what was found about the stations' clocks applies from then on. False: nothing was."""
        if not self.hears or not self.clocks.pending:
            return False
        self.clocks.settle()
        return True

    def claimed_ms(self, tag: Tag, now_ms: int) -> int | None:
        """The time that a message claims, by the clock of the other stations; None if it claims none."""
        if tag.doubtful:
            return self.numbers.time_ms(tag.time_ms, now_ms)
        return None if tag.time_ms is None else tag.time_ms - self.clocks.off.get(tag.station, 0)

    def refusal_of(self, tag: Tag) -> str:
        """Why the sentences of a station with a wrong clock are refused; empty if they are not."""
        ahead_ms = self.clocks.off.get(tag.station, 0)
        if not ahead_ms or self.clocks.corrects or tag.time_ms is None:
            return ""
        return f"its station's clock is {abs(ahead_ms) // 1000} s {'ahead' if ahead_ms > 0 else 'behind'}"
