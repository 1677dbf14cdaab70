"""Station clock: a receiving station whose clock is wrong.

Claim. The times of one station in a feed differ from those of the others by a minute or more, always by the same.

Why it matters. A station that is an hour behind shows vessels where they were an hour ago; one that is ahead makes all
others seem late. Either way vessels seem to jump, or to fall silent.

How it decides. Ingest compares the times that stations give for the same transmission, and the UTC time that base
stations transmit (``streams/ingest/station_clocks.py``). Its verdict travels in ticks. From then on the station's times
are corrected, or its sentences are rejected (``ingest.station_clock``).

When it is wrong. Of two stations that nothing else can be compared with, the busier one is taken to be right.

What to do. Ask the operator of the station to set its clock: a wrong time zone, summer time or a missing time server
is the usual cause. Alerts of the hours before rest on wrong times of that station.

References. docs/decisions/0077-clocks-of-feeds.md.
"""

from __future__ import annotations

from collections.abc import Iterable

from detectors.core.alert import Fact
from detectors.core.detector_input import DetectorInput
from detectors.core.protocol import Detector, Finding
from detectors.core.source_changes import WrongClock
from detectors.core.units import MS, duration_text


class StationClock(Detector):
    """See the module."""

    name = "station_clock"
    subject = "source"
    severities = {"station_clock.wrong": "ticket"}  # noqa: RUF012 - read only

    def on_source(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Opens when the clock is found to be wrong, closes when it is right again."""
        clock = step.change
        if not isinstance(clock, WrongClock):
            return
        former, name = self.opened(step, at, clock.station), step.sources.sources[clock.source].name
        if former is None and not clock.ahead_s:
            return
        off = f"{duration_text(round(abs(clock.ahead_s) * MS))} {'ahead' if clock.ahead_s > 0 else 'behind'}"
        remedy = "its times are corrected" if clock.corrected else "its sentences are rejected"
        yield Finding(
            action="open" if former is None else "update" if clock.ahead_s else "close",
            situation="station_clock.wrong",
            key=clock.station,
            time_ms=clock.time_ms,
            start_ms=clock.time_ms,
            headline=f"clock of station {clock.station} in feed {name} is {off}, {remedy}"
            if clock.ahead_s
            else f"clock of station {clock.station} in feed {name} is right again",
            why=(Fact(fact="clock of the station ahead of the others", value=clock.ahead_s, threshold=60, unit="s"),),
            would_change=("It closes when the station's times agree with those of the others",),
            details={"source": name, "station": clock.station, "ahead_s": clock.ahead_s, "corrected": clock.corrected},
        )
