"""One vessel in plain Python, as a judge reads it."""

from __future__ import annotations

import math
from typing import Self

import msgspec
import numpy as np

from detectors.core.alert import Position, Vessel
from detectors.core.listing_reasons import listed_for
from detectors.core.mid import flag_of
from detectors.core.reference import ListedShip, Reference
from detectors.core.units import MS, STEP_MS, rfc3339
from detectors.core.vessels.columns import SPEED_BINS, Columns
from detectors.core.vessels.other_tracks import TrackFix, reckoned
from detectors.core.vessels.speeds import KNOWN_LEAST, v_max_kn
from detectors.core.vessels.track_verdict import DISPLACED

MATCHED_IMO = 1
MATCHED_MMSI = 2
MATCHED_CALL_SIGN = 4
MATCHED_NAME = 8
_MATCH_NAMES = ((MATCHED_IMO, "imo"), (MATCHED_MMSI, "mmsi"), (MATCHED_CALL_SIGN, "call_sign"), (MATCHED_NAME, "name"))


class VesselState(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the fleet; unknown is None. Floats are rounded: comparisons and texts are the same everywhere."""

    mmsi: int
    first_ms: int
    last_ms: int
    appeared_ms: int
    heard_before_ms: int
    fix_ms: int
    lat_deg: float | None
    lon_deg: float | None
    sog_kn: float | None
    cog_deg: float | None
    status: int
    class_b: bool
    reports: int
    support: int
    usual_s: float | None
    imo: int | None
    bound_ms: int
    bound_by: int
    """1 + number of the source of that report; 0 unknown."""
    name: str | None
    call_sign: str | None
    destination: str | None
    ship_type: int | None
    length_m: int | None
    draught_m: float | None
    listed: ListedShip | None
    matched: int
    misuse: bool
    sentence: bytes
    speeds: bytes = bytes(SPEED_BINS)
    listed_for: tuple[str, ...] = ()
    """Settings of the reasons for its listing (detectors.core.listing_reasons); empty if not listed."""
    like: ListedShip | None = None
    """Not listed: the entry with a similar name, with support."""
    unsure: bool = False
    """Its positions are inconsistent (``track``): the position above may be false."""
    displaced: bool = False
    """... and it is where it cannot have sailed (``track``)."""
    trusted: TrackFix | None = None
    """The last fix before positions last became inconsistent."""

    @property
    def v_max_kn(self) -> float:
        """The maximum speed that it can be expected to keep, from its own history or its type."""
        return v_max_kn(np.frombuffer(self.speeds, np.uint8), self.ship_type)

    @property
    def speeds_known(self) -> bool:
        """Whether ``v_max_kn`` is its own."""
        return sum(self.speeds) >= KNOWN_LEAST

    def on_trusted_fix(self) -> Self:
        """The same vessel; while positions are inconsistent, at the last fix before they became so."""
        if not self.unsure or self.trusted is None:
            return self
        lat_deg, lon_deg, fix_ms = self.trusted
        return msgspec.structs.replace(self, lat_deg=lat_deg, lon_deg=lon_deg, fix_ms=fix_ms)

    @property
    def matched_on(self) -> list[str]:
        """What the watchlist hit is based on, strongest first."""
        return [name for bit, name in _MATCH_NAMES if self.matched & bit]

    @property
    def title(self) -> str:
        """The vessel in a headline: ``ANGARA (IMO 9179842)``; never more than 34 characters."""
        who = self.name or (self.listed.name if self.listed else None) or f"MMSI {self.mmsi}"
        imo = f" (IMO {self.imo})" if self.imo else ""
        return f"{who[:20]}{imo}"

    @property
    def case_id(self) -> str:
        """One case per ship: by IMO once it is bound, otherwise by MMSI."""
        return f"imo/{self.imo}" if self.imo else f"mmsi/{self.mmsi}"

    def vessel(self) -> Vessel:
        """The vessel as in alerts."""
        return Vessel(
            name=self.name,
            imo=self.imo,
            call_sign=self.call_sign,
            flag=flag_of(self.mmsi),
            ship_type=self.ship_type,
            length_m=self.length_m,
        )

    def position(self) -> Position | None:
        """The last fix, as in alerts."""
        if self.lat_deg is None or self.lon_deg is None:
            return None
        return Position(
            lat_deg=self.lat_deg,
            lon_deg=self.lon_deg,
            sog_kn=self.sog_kn,
            cog_deg=self.cog_deg,
            time=rfc3339(self.fix_ms),
        )


def expected_at(ship: VesselState, time_ms: int) -> tuple[float, float]:
    """Where it would be (lat_deg, lon_deg) if it had kept the course and speed of its last fix, for an hour at most."""
    if ship.sog_kn is None or ship.cog_deg is None:
        return last_fix(ship)[:2]
    return reckoned(last_fix(ship), ship.sog_kn, ship.cog_deg, time_ms)


def last_fix(ship: VesselState) -> TrackFix:
    """Its last position; nan for none."""
    lat_deg, lon_deg = (math.nan if each is None else each for each in (ship.lat_deg, ship.lon_deg))
    return TrackFix(lat_deg, lon_deg, ship.fix_ms)


def _number(value: float, digits: int) -> float | None:
    return None if math.isnan(value) else round(float(value), digits)


def _text(value: bytes) -> str | None:
    return value.decode("ascii", "replace") or None


def _known(value: int) -> int | None:
    return value if value > 0 else None


def read_ship(core: Columns, row: int, reference: Reference) -> VesselState:
    """The vessel in ``row`` of ``core``."""
    listed, like = int(core.listed[row]), int(core.like[row])
    return VesselState(
        mmsi=int(core.mmsi[row]),
        first_ms=int(core.first_ms[row]),
        last_ms=int(core.last_ms[row]),
        appeared_ms=int(core.appeared_ms[row]),
        heard_before_ms=int(core.heard_before_ms[row]),
        fix_ms=int(core.fix_ms[row]),
        lat_deg=_number(core.lat_deg[row], 5),
        lon_deg=_number(core.lon_deg[row], 5),
        sog_kn=_number(core.sog_kn[row], 1),
        cog_deg=_number(core.cog_deg[row], 1),
        status=int(core.status[row]),
        class_b=bool(core.class_b[row]),
        reports=int(core.reports[row]),
        support=int(core.support[row]),
        usual_s=_number(core.usual_s[row], 1),
        imo=_known(int(core.imo[row])),
        bound_ms=int(core.bound_ms[row]),
        bound_by=int(core.bound_by[row]),
        name=_text(core.name[row]),
        call_sign=_text(core.call_sign[row]),
        destination=_text(core.destination[row]),
        ship_type=_known(int(core.ship_type[row])),
        length_m=_known(int(core.length_m[row])),
        draught_m=_number(core.draught_m[row], 1),
        listed=reference.ships[listed - 1] if listed else None,
        listed_for=listed_for(reference)[listed - 1] if listed else (),
        matched=int(core.matched[row]),
        misuse=bool(core.misuse[row]),
        sentence=bytes(core.sentence[row]),
        speeds=core.speeds[row].tobytes(),
        like=reference.ships[like - 1] if like else None,
        unsure=int(core.fix_ms[row]) < int(core.unsure_step[row]) * STEP_MS,
        displaced=bool(core.track[row] & DISPLACED),
        trusted=_trusted(core, row),
    )


def _trusted(core: Columns, row: int) -> TrackFix | None:
    time_ms = int(core.trusted_s[row]) * MS
    if not time_ms:
        return None
    return TrackFix(round(float(core.trusted_lat_deg[row]), 5), round(float(core.trusted_lon_deg[row]), 5), time_ms)
