"""Where, when and under which other MMSI a vessel was last heard: facts for alerts about its former MMSI."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from detectors.core.alert import Fact, Position
from detectors.core.headlines import at
from detectors.core.mid import flag_of
from detectors.core.sphere import distance_nm
from detectors.core.units import HOUR_MS, rfc3339
from detectors.core.vessels.columns import Columns
from detectors.core.vessels.ship import VesselState

_FIVE, _TWO, _TENTHS = 5, 2, 1


class LastHeard(msgspec.Struct, frozen=True, kw_only=True):
    """A position under the other MMSI; unknown is None."""

    mmsi: int
    time_ms: int
    lat_deg: float
    lon_deg: float
    sog_kn: float | None
    cog_deg: float | None

    @classmethod
    def of(cls, core: Columns, own: Any, row: int) -> LastHeard:
        """From the columns of the fleet and of ``heard_as``."""
        return cls(
            mmsi=int(core.as_mmsi[row]),
            time_ms=int(core.as_ms[row]),
            lat_deg=round(float(own.lat_deg[row]), _FIVE),
            lon_deg=round(float(own.lon_deg[row]), _FIVE),
            sog_kn=_known(own.sog_kn[row]),
            cog_deg=_known(own.cog_deg[row]),
        )

    @property
    def title(self) -> str:
        """The other number, for a headline."""
        return f"MMSI {self.mmsi}"

    @property
    def where(self) -> str:
        """For a headline, as a clause."""
        return at(self.lat_deg, self.lon_deg)

    def position(self) -> Position:
        """The position as in alerts."""
        return Position(
            lat_deg=self.lat_deg,
            lon_deg=self.lon_deg,
            sog_kn=self.sog_kn,
            cog_deg=self.cog_deg,
            time=rfc3339(self.time_ms),
        )

    def leg(self, ship: VesselState) -> tuple[float, float | None] | None:
        """Distance from the ship's last fix, nm, and the speed that it takes, kn; None if unknown."""
        if ship.lat_deg is None or ship.lon_deg is None:
            return None
        far_nm = round(distance_nm(ship.lat_deg, ship.lon_deg, self.lat_deg, self.lon_deg), _TWO)
        hours = (self.time_ms - ship.fix_ms) / HOUR_MS
        return far_nm, round(far_nm / hours, _TENTHS) if hours > 0 else None

    def why(self, ship: VesselState) -> Iterable[Fact]:
        """What ends an alert about the former MMSI."""
        yield Fact(
            fact="MMSI that it uses now", value=self.mmsi, threshold=ship.mmsi, source="threshold: the former MMSI"
        )
        leg = self.leg(ship)
        if leg is not None:
            yield Fact(fact="distance from its last position under the former MMSI", value=leg[0], unit="nm")

    def details(self, ship: VesselState) -> dict[str, object]:
        """The same as ``details``, for programs."""
        leg = self.leg(ship)
        made: dict[str, object] = {"heard_as": self.mmsi, "heard_at": rfc3339(self.time_ms)}
        if flag_of(self.mmsi) != flag_of(ship.mmsi):
            made["flag_now"] = flag_of(self.mmsi)
        if leg is not None:
            made |= {"distance_nm": leg[0]} | ({} if leg[1] is None else {"implied_speed_kn": leg[1]})
        return {name: value for name, value in made.items() if value is not None}


def _known(value: Any) -> float | None:
    number = float(value)
    return None if number != number else round(number, _TENTHS)  # noqa: PLR0124 - NaN is not itself
