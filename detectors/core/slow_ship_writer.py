"""Writes the facts about slow ships and silences (``slow_ships``) of one fleet.

The two fixes on either side of a moment are at most ``NEAR_IN_TIME_MS`` apart, or ``AT_REST_MS`` if the ship has hardly
moved between them. Only ships count, under a number that is one ship's, while their positions are consistent and in no
area of interference. Ships near a port are not written, except in areas of transfers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.core.alert import Alert, Position
from detectors.core.geography.port_cells import port_cells_of
from detectors.core.geography.transfer_areas import TransferArea
from detectors.core.geography.zone_columns import ZoneColumns
from detectors.core.half_degrees import turned
from detectors.core.listing_reasons import listed_for
from detectors.core.mid import invalid_form_of
from detectors.core.reference import Reference
from detectors.core.reports import Batch
from detectors.core.shared_cache import Once
from detectors.core.slow_ships import BIN_MS, ListedSilence, SlowShip, SlowShips
from detectors.core.sources import SourceTable
from detectors.core.sphere import distance_nm
from detectors.core.units import MINUTE_MS, MS, unix_ms
from detectors.core.vessels.columns import Rows
from detectors.core.vessels.fleet import Fleet
from detectors.core.vessels.index import ABSENT
from detectors.core.vessels.silences import GAP
from detectors.core.vessels.speeds import begins_slot

if TYPE_CHECKING:
    from detectors.core.vessels.history import History

NEAR_IN_TIME_MS: Final = 10 * MINUTE_MS
AT_REST_MS: Final = 30 * MINUTE_MS
SLOW_KN: Final = 7.5
"""Ships transfer cargo under way at up to 7 kn; a report rounds."""
_STILL_NM: Final = 0.25
_DIGITS: Final = 5
_CIRCLE: Final = 360
_SHARED: Final = ("shared_mmsi", "")
_SANCTIONED: Final = "sanctioned"
_OPEN: Final = frozenset({"opened", "updated"})

Bools = npt.NDArray[np.bool_]
Place = tuple[float, float]
"""Latitude and longitude, degrees."""

zones_of: Final = Once(ZoneColumns)


class SlowShipWriter:
    """Writes the slow ships of one fleet. ``left_out`` counts facts that were not written, by reason."""

    def __init__(
        self, fleet: Fleet, sources: SourceTable, reference: Reference, transfer_areas: Iterable[str] = ()
    ) -> None:
        self.left_out: Counter[str] = Counter()
        self.reference = reference
        self._fleet, self._sources = fleet, sources
        self._areas = [TransferArea.of(text) for text in transfer_areas]
        self._out: list[SlowShips | ListedSilence] = []

    def drain(self) -> list[SlowShips | ListedSilence]:
        """Those since the last call."""
        told, self._out = self._out, []
        return told

    # -- slow ships -----------------------------------------------------------------------------------------------

    def tell(self, history: History, batch: Batch) -> None:
        """Checks the reports of a history that are to be written; reads nothing that writing them changes."""
        at = self._counted(history, _crossing(history))
        if len(at):
            ships = [ship for place in at.tolist() for ship in self._facts(history, batch, place)]
            if ships:
                self._out.append(SlowShips(ships=tuple(ships)))

    def _counted(self, history: History, at: Rows) -> Rows:
        """Those of ships outside ports whose positions are consistent."""
        if not len(at):
            return at
        at = at[history.now.vessel[at]]
        unsure = history.unsure[at]
        if unsure.any():
            self.left_out["position_unsure"] += int(unsure.sum())
            at = at[~unsure]
        lat_deg, lon_deg = history.reports["lat_deg"][at], history.reports["lon_deg"][at]
        near = port_cells_of(self.reference).at_port(lat_deg, lon_deg)
        for area in self._areas:
            near &= ~area.holds(lat_deg, lon_deg)
        self.left_out["at_port"] += int(near.sum())
        return at[~near]

    def _facts(self, history: History, batch: Batch, place: int) -> Iterable[SlowShip]:
        row, core, report = int(history.rows[place]), self._fleet.core, history.reports[place]
        mmsi, time_ms = int(core.mmsi[row]), int(history.times[place])
        here = float(report["lat_deg"]), float(report["lon_deg"])
        reason = self._doubt(row, mmsi, here, time_ms)
        if reason:
            self.left_out[reason] += 1
            return
        before = history.before
        was_ms, was = int(before.fix_ms[place]), (float(before.lat_deg[place]), float(before.lon_deg[place]))
        still = distance_nm(*was, *here) <= _STILL_NM
        if time_ms - was_ms > (AT_REST_MS if still else NEAR_IN_TIME_MS):
            return
        ship = self._ship(history, batch, place)
        for step in range(was_ms // BIN_MS + 1, time_ms // BIN_MS + 1):
            lat_deg, lon_deg = _between(was, here, (step * BIN_MS - was_ms) / (time_ms - was_ms))
            yield msgspec.structs.replace(ship, at_ms=step * BIN_MS, lat_deg=lat_deg, lon_deg=lon_deg)

    def _doubt(self, row: int, mmsi: int, here: tuple[float, float], time_ms: int) -> str:
        """Why its positions do not count; empty if they do."""
        if invalid_form_of(mmsi) is not None:
            return "invalid_number"
        if _SHARED in self._fleet.open_of(row):
            return "shared_mmsi"
        if self._fleet.areas.affect(*here, time_ms):
            return "interference"
        return ""

    def _ship(self, history: History, batch: Batch, place: int) -> SlowShip:
        """The ship at its fix: what it has stated, and what is known of it."""
        core, now, row, report = self._fleet.core, history.now, int(history.rows[place]), history.reports[place]
        time_ms, heading, number = int(history.times[place]), float(report["heading_deg"]), int(core.listed[row])
        lat_deg, lon_deg, draught_m = float(report["lat_deg"]), float(report["lon_deg"]), float(now.draught_m[place])
        return SlowShip(
            mmsi=int(core.mmsi[row]),
            at_ms=time_ms,
            time_ms=time_ms,
            stamp_ms=max(time_ms, self._sources.heard_ms + 1),
            lat_deg=lat_deg,
            lon_deg=lon_deg,
            heading_deg=None if np.isnan(heading) else round(heading) % _CIRCLE,
            status=int(report["status"]),
            imo=int(now.imo[place]) or None,
            name=now.name[place].decode("ascii", "replace") or None,
            ship_type=max(0, int(now.ship_type[place])) or None,
            length_m=max(0, int(now.length_m[place])) or None,
            draught_m=None if np.isnan(draught_m) else round(draught_m, 1),
            destination=now.destination[place].decode("ascii", "replace") or None,
            listed=self.reference.ships[number - 1].list if number else None,
            listed_for=listed_for(self.reference)[number - 1] if number else (),
            zone=self._zone(lat_deg, lon_deg, time_ms) if number else None,
            source=batch.source,
            sentence=batch.raw[int(report["start"]) : int(report["end"])].decode("ascii", "replace"),
            replayed=self._sources.is_replayed(batch.source),
        )

    def _zone(self, lat_deg: float, lon_deg: float, time_ms: int) -> str | None:
        """The sanctioned zone that is in force there, if there is one."""
        zones = zones_of(self.reference)
        date = datetime.fromtimestamp(time_ms // MS, UTC).date().isoformat()
        for number, zone in enumerate(zones.zones):
            counts = zone.kind == _SANCTIONED and zones.in_force(number, date)
            if counts and not zones.far_from(number, lat_deg, 0.0) and zones.contains(number, lat_deg, lon_deg):
                return zone.name
        return None

    # -- silences of listed ships ---------------------------------------------------------------------------------

    def note(self, alerts: Iterable[Alert], promised_ms: int) -> None:
        """Writes what alerts state about silences of listed ships, and the ends of all silences.

        ``promised_ms``: it has been promised that nothing follows with a stamp up to it.
        """
        for alert in alerts:
            if alert.detector == GAP and alert.mmsi is not None and alert.position is not None:
                number = self._listing(alert.mmsi)
                if number or alert.status not in _OPEN:
                    self._out.append(self._silence(alert, alert.position, number, promised_ms))

    def _listing(self, mmsi: int) -> int:
        """1 + the number of its entry; 0 if it is not listed."""
        row = int(self._fleet.index.find(np.asarray([mmsi], np.uint32))[0])
        return 0 if row == ABSENT else int(self._fleet.core.listed[row])

    def _silence(self, alert: Alert, position: Position, number: int, promised_ms: int) -> ListedSilence:
        known_ms = unix_ms(alert.time)
        return ListedSilence(
            alert=alert.id,
            revision=alert.revision,
            mmsi=alert.mmsi or 0,
            since_ms=unix_ms(alert.episode_start),
            known_ms=known_ms,
            stamp_ms=max(known_ms, promised_ms + 1),
            lat_deg=position.lat_deg,
            lon_deg=position.lon_deg,
            fix_ms=unix_ms(position.time),
            state="silent" if alert.status in _OPEN else "heard" if alert.status == "closed" else "retracted",
            v_max_kn=float(alert.details.get("v_max_kn", 0.0)),
            listed=self.reference.ships[number - 1].list if number else None,
            listed_for=listed_for(self.reference)[number - 1] if number else (),
            name=None if alert.vessel is None else alert.vessel.name,
            imo=None if alert.vessel is None else alert.vessel.imo,
            ship_type=None if alert.vessel is None else alert.vessel.ship_type,
            sentence=alert.evidence[0].sentence if alert.evidence else "",
            replayed=alert.replayed,
        )


def _crossing(history: History) -> Rows:
    """Fixes of slow ships that are the first after a multiple of BIN_MS, and soon enough after the fix before."""
    before_ms, times = history.before.fix_ms, history.times
    counts = history.moved & begins_slot(times, before_ms)
    if history.quiet is not None:
        counts &= history.quiet
    at = counts.nonzero()[0]
    if len(at):
        slow = ~(history.reports["sog_kn"][at] > SLOW_KN)
        at = at[slow & (before_ms[at] > 0) & (times[at] - before_ms[at] <= AT_REST_MS)]
    return at


def _between(was: Place, here: Place, share: float) -> Place:
    """The place after that share of the way between two that are near each other, also across 180 E."""
    east_deg = turned(here[1] - was[1])
    lat_deg, lon_deg = was[0] + share * (here[0] - was[0]), turned(was[1] + share * east_deg)
    return round(lat_deg, _DIGITS), round(lon_deg, _DIGITS)
