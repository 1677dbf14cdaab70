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
from typing import Literal

from detectors.core.alert import Fact
from detectors.core.detector_input import DetectorInput
from detectors.core.protocol import Detector, Finding
from detectors.core.source_changes import WrongClocks
from detectors.core.ticks import StationClock
from detectors.core.units import MS, duration_text


class StationClocks(Detector):
    """See the module."""

    name = "station_clock"
    subject = "source"
    severities = {"station_clock.wrong": "ticket"}  # noqa: RUF012 - read only

    def on_source(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Opens for a clock that is wrong, revises what has changed, and closes where it is not wrong any longer."""
        stated = step.change
        if not isinstance(stated, WrongClocks):
            return
        wrong = {clock.station: clock for clock in stated.clocks}
        opened = {
            key: alert for (name, key), alert in step.fleet.open_of(int(step.rows[at])).items() if name == self.name
        }
        source = step.sources.sources[stated.source].name
        for station in sorted({*wrong, *(opened if stated.complete else ())}):
            clock, former = wrong.get(station), opened.get(station)
            if clock is None or former is None or former.details["ahead_s"] != clock.ahead_s:
                action: Literal["open", "update", "close"] = (
                    "open" if former is None else "update" if clock else "close"
                )
                yield _finding(source, station, clock, stated.time_ms, action)


def _finding(
    source: str, station: str, clock: StationClock | None, time_ms: int, action: Literal["open", "update", "close"]
) -> Finding:
    ahead_s, corrected = (clock.ahead_s, clock.corrected) if clock is not None else (0.0, False)
    off = f"{duration_text(round(abs(ahead_s) * MS))} {'ahead' if ahead_s > 0 else 'behind'}"
    remedy = "its times are corrected" if corrected else "its sentences are rejected"
    found = "right again" if clock is None else f"{off}, {remedy}"
    return Finding(
        action=action,
        situation="station_clock.wrong",
        key=station,
        time_ms=time_ms,
        start_ms=time_ms,
        headline=f"clock of station {station} in feed {source} is {found}",
        why=(Fact(fact="clock of the station ahead of the others", value=ahead_s, threshold=60, unit="s"),),
        would_change=("It closes when the station's times agree with those of the others",),
        details={"source": source, "station": station, "ahead_s": ahead_s, "corrected": corrected},
    )
