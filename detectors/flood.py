"""Flood: more vessels than the fleet can hold.

Claim. The fleet of a partition was full, and vessels had to be dropped to take in MMSIs never heard before. One alert,
about the source whose report came when it was full, whatever the number of invented ships.

Why it matters. A hundred thousand invented MMSIs cost nothing to send. They cannot fill memory here, but while they
pour in a ship that nobody knows well may be forgotten between two of its reports, and what is said of newcomers is
worth little.

How it decides. A newcomer found the fleet at ``vessels_most``, and an eighth was dropped: first vessels heard fewer
than ``proven_reports`` times, then those known for less than a day, last those with an open alert; never a listed one.
The alert closes when no room had to be made for an hour. Partition 0 speaks for all: MMSIs spread evenly over
partitions.

When it is wrong. A cap set too low for an honest feed looks the same; then known vessels are dropped too, which the
details say: raise ``vessels_most``.

References. Balduzzi et al., A Security Evaluation of AIS (ACSAC 2014): ships are invented with a radio for a few
hundred euros.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from detectors.core.alert import Fact
from detectors.core.protocol import Detector, DetectorInput, Finding, Places
from detectors.core.units import rfc3339, spoken, stamp
from detectors.core.vessels.capacity import REASONS, FleetFull


class Flood(Detector):
    """See the module."""

    name = "flood"
    subject = "source"
    severities = {"flood.crowded": "ticket"}  # noqa: RUF012 - read only

    def screen(self, step: DetectorInput) -> Places:
        """Every crowding is judged: they are few."""
        return np.arange(len(step.rows) if isinstance(step.change, FleetFull) else 0)

    def judge(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Opens when room must be made, closes when none had to be made for a while."""
        crowding = step.change
        if not isinstance(crowding, FleetFull):
            return
        name, over = step.sources.sources[crowding.source].name, crowding.ended_ms is not None
        dropped = {f"dropped_{reason}": crowding.dropped.get(reason, 0) for reason in REASONS}
        began = stamp(crowding.start_ms, int(step.time_ms[at]))
        lasted = f", over after {spoken(crowding.last_ms - crowding.start_ms)}" if over else ""
        yield Finding(
            action="close" if over else "open",
            situation="flood.crowded",
            time_ms=int(step.time_ms[at]),
            start_ms=crowding.start_ms,
            headline=f"apparent flood of new MMSIs by feed {name}{lasted}, since {began}",
            why=(
                Fact(fact="vessels held", value=step.fleet.held, threshold=crowding.vessels_most),
                *(
                    Fact(fact=f"{reason.replace('_', ' ')} vessels dropped", value=number)
                    for reason, number in crowding.dropped.items()
                ),
            ),
            would_change=("an hour in which no vessel has to be dropped closes it",),
            details={"source": name, "since": rfc3339(crowding.start_ms), **dropped},
        )
