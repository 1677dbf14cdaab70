"""Flood: more vessels than the fleet can hold.

Claim. The fleet of a partition was full, and vessels were dropped to make room for new MMSIs. There is one alert, about
the source whose report found the fleet full, for any number of new MMSIs.

Why it matters. It costs nothing to send a hundred thousand invented MMSIs. They cannot fill the memory here, but during
a flood a little-known vessel may be dropped between two of its reports, and alerts about new vessels mean little.

How it decides. A report of a new MMSI found ``vessels_most`` vessels in state, and an eighth of them was dropped: first
vessels with fewer than ``proven_reports`` reports, then vessels known for less than a day, last vessels with an open
alert. Listed vessels are never dropped. The alert closes when nothing was dropped for an hour. Only partition 0 opens
it, because MMSIs are spread evenly over the partitions.

When it is wrong. A limit that is too low for an honest feed has the same effect. Then known vessels are dropped too,
as the details show: raise ``vessels_most``.

References. Balduzzi et al., A Security Evaluation of AIS (ACSAC 2014): invented vessels can be sent by radio with
equipment for a few hundred euros.
"""

from __future__ import annotations

from collections.abc import Iterable

from detectors.core.alert import Fact
from detectors.core.detector_input import DetectorInput
from detectors.core.protocol import Detector, Finding
from detectors.core.units import duration_text, rfc3339, stamp
from detectors.core.vessels.capacity import REASONS, FleetFull


class Flood(Detector):
    """See the module."""

    name = "flood"
    subject = "source"
    severities = {"flood.crowded": "ticket"}  # noqa: RUF012 - read only

    def on_source(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Opens when room must be made, closes when that was not necessary for a while."""
        crowding = step.change
        if not isinstance(crowding, FleetFull):
            return
        name, over = step.sources.sources[crowding.source].name, crowding.ended_ms is not None
        dropped = {f"dropped_{reason}": crowding.dropped.get(reason, 0) for reason in REASONS}
        began = stamp(crowding.start_ms, int(step.time_ms[at]))
        lasted = f", ended after {duration_text(crowding.last_ms - crowding.start_ms)}" if over else ""
        yield Finding(
            action="close" if over else "open",
            situation="flood.crowded",
            time_ms=int(step.time_ms[at]),
            start_ms=crowding.start_ms,
            headline=f"apparent flood of new MMSIs from feed {name}{lasted}, since {began}",
            why=(
                Fact(fact="vessels in state", value=step.fleet.held, threshold=crowding.vessels_most),
                *(
                    Fact(fact=f"{reason.replace('_', ' ')} vessels dropped", value=number)
                    for reason, number in crowding.dropped.items()
                ),
            ),
            would_change=("It closes after an hour in which no vessel is dropped",),
            details={"source": name, "since": rfc3339(crowding.start_ms), **dropped},
        )
