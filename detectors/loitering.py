"""Loitering: a ship is slow for hours outside the places where ships stop.

Claim. A ship has covered less than ``slow_kn`` miles an hour for ``least_h`` hours, outside ports and outside the
places where ships usually stop. It waits for something.

Why it matters. Ships wait for partners of a transfer at sea, for darkness, or for orders that they could await in a
roadstead. For a listed ship it deserves attention; of others it is a fact beside other alerts.

How it decides. Every ten minutes the positions of all slow ships outside ports are known
(``detectors/core/meeting_stage``). A ship is slow while it is within ``slow_kn`` miles for every hour of where it was.
Ships in the zone of an ordinary port do not count: ``port_proximity``, ``port_call`` and ``long_stay`` report listed
ones there. Time in stop places that the feed has taught (``encounter``: ``stops_least``) does not count. Listed ships
and tankers are reported; a tanker that is not listed only while it does not state that it is at anchor or moored; all
others with ``all_types``. It is updated when the time has doubled, and closes when the ship is under way, or was not
seen at low speed for an hour.

When it is wrong. A roadstead that is new to the feed looks like open water. A ship with an engine failure or in a
storm loiters as well. Positions every ten minutes do not show a circle that closes within an hour.

References. Global Fishing Watch, loitering events (hourly mean below 2 kn for 4 h, 20 nm from shore); Miller et al.
2018.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from detectors.core.alert import Fact
from detectors.core.headlines import at
from detectors.core.meeting_stage.kinds import is_tanker
from detectors.core.meeting_stage.lingering import Lingerer
from detectors.core.meeting_stage.slow_runs import HOUR
from detectors.core.meeting_stage.steps import judged_ms
from detectors.core.meeting_stage.writing import described, position_of, title_of
from detectors.core.protocol import Detector, Finding
from detectors.core.slow_ships import BIN_MS, SlowShip
from detectors.core.units import MS, duration_text, hhmm_z, rfc3339, stamp
from detectors.core.vessels.stops import LYING

_FACT: Final = "time in which it covered little, outside ports and stop places"


class Loitering(Detector):
    """See the module."""

    name = "loitering"
    subject = "meeting"
    severities = {"loitering.listed": "ticket", "loitering.unlisted": "log"}  # noqa: RUF012 - read only

    class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Thresholds of ``loitering``."""

        least_h: Annotated[float, Meta(ge=1, le=168, description="Time for which a ship must be slow, h")] = 4.0
        slow_kn: Annotated[float, Meta(ge=0.2, le=5, description="Mean speed over an hour, at most, kn")] = 2.0
        all_types: Annotated[bool, Meta(description="Whether ships of all types are reported, not only tankers")] = (
            False
        )
        ships_most: Annotated[
            int, Meta(ge=100, le=1_000_000, description="Maximum number of open alerts (about 2 kB each)")
        ] = 20_000

    thresholds: Thresholds

    def counts(self, ship: SlowShip) -> bool:
        """Whether alerts are made about such a ship."""
        if ship.in_port_zone:
            return False
        if ship.listed:
            return True
        return (self.thresholds.all_types or is_tanker(ship.ship_type)) and ship.status not in LYING

    def found(self, lingerer: Lingerer, step: int) -> Finding:
        """Opens or updates."""
        ship, now_ms, since_ms = lingerer.ship, judged_ms(step), lingerer.since * BIN_MS
        lasted = duration_text((step - lingerer.since) * BIN_MS)
        least_s = round(self.thresholds.least_h * HOUR) * BIN_MS // MS
        return Finding(
            action="open" if lingerer.alert is None else "update",
            situation=_situation(ship),
            time_ms=now_ms,
            start_ms=since_ms,
            headline=f"{title_of(ship)} loitering {lasted}{at(ship.lat_deg, ship.lon_deg)}, "
            f"since {stamp(since_ms, now_ms)}",
            why=(
                Fact(fact=_FACT, value=(step - lingerer.since) * BIN_MS // MS, threshold=least_s, unit="s"),
                Fact(fact="mean speed over an hour, at most", value=self.thresholds.slow_kn, unit="kn"),
            ),
            would_change=(
                "It closes when the ship is under way, or not heard for an hour",
                "A roadstead that other ships use as well explains it",
            ),
            details={"from": rfc3339(since_ms), **described(ship)},
            sentences=(ship.sentence.encode("ascii", "replace"),) if ship.sentence else (),
            position=position_of(ship),
        )

    def ended(self, lingerer: Lingerer, step: int, *, seen: bool) -> Finding:
        """Closes when it is under way, or no longer seen."""
        ship, now_ms = lingerer.ship, judged_ms(step)
        steps = lingerer.last - lingerer.since
        said = "under way" if seen else "no longer seen at low speed"
        return Finding(
            action="close",
            situation=_situation(ship),
            time_ms=now_ms,
            headline=f"{title_of(ship)} {said} after {duration_text(steps * BIN_MS)} of loitering, {hhmm_z(now_ms)}",
            why=(Fact(fact=_FACT, value=steps * BIN_MS // MS, unit="s"),),
            details={
                "from": rfc3339(lingerer.since * BIN_MS),
                "to": rfc3339(lingerer.last * BIN_MS),
                **described(ship),
                "ended": "under_way" if seen else "not_seen",
            },
            sentences=(ship.sentence.encode("ascii", "replace"),) if ship.sentence else (),
            position=position_of(ship),
        )


def _situation(ship: SlowShip) -> str:
    return "loitering.listed" if ship.listed else "loitering.unlisted"
