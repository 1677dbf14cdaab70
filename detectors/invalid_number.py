"""Invalid number: a vessel transmits an MMSI or an IMO number that was probably never assigned.

Claim. The MMSI of the vessel has an invalid form (its first digits are not a country's, digits are missing) or is a
pattern of digits; or its IMO number, although its check digit is right, is a pattern or from a range that is not in
use.

Why it matters. The number does not lead to the vessel: no registry knows it. Most such vessels are badly configured,
but an invented number is also the cheapest way to be unknown. So it is a fact in every alert about the vessel, and one
alert for the record.

How it decides. By the number alone, once ``reports_least`` reports were received under it. Numbers with a form of their
own are not reported: coast stations (00), handheld radios (8), aircraft (111), craft (98), aids (99) and beacons (970,
972, 974). One alert for each MMSI; it stays open while the vessel is heard, closes after ``ends_after_h`` of silence,
and after ``other_number_h`` in which the IMO number was not doubtful: vessels that share an MMSI take turns.

When it is wrong. Countries are given new codes, and new ships low IMO numbers: ranges are as of 2026. A pattern may
have been assigned. In some waters half of class B has an invalid MMSI.

References. ITU-R M.585 and the ITU list of MIDs; IMO Resolution A.1117(30); NGO Shipbreaking Platform, annual lists
2012 to 2024 (IMO numbers in use).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from detectors.core.alert import Alert, Fact
from detectors.core.detector_input import DetectorInput, Places
from detectors.core.headlines import at as place_at
from detectors.core.imo_number import are_doubtful, doubt_about
from detectors.core.mid import are_of_no_form, invalid_form_of, may_be_of_no_form
from detectors.core.protocol import Detector, Finding
from detectors.core.units import HOUR_MS, MS, hhmm_z, next_steps, stamp
from detectors.core.vessels.columns import Column, Columns
from detectors.core.vessels.ship import VesselState

_VALID = "the numbers that it reports now are of a valid form"


class InvalidNumber(Detector):
    """See the module."""

    name = "invalid_number"
    keeps_due = True
    columns = (
        Column("imo", "?"),  # whether the open alert is about its IMO number
        Column("left_s", "<u4"),  # since when its number is not doubtful, if that was the reason, Unix s; otherwise 0
    )
    severities = {"invalid_number.mmsi": "log", "invalid_number.imo": "log"}  # noqa: RUF012 - read only

    class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Thresholds of ``invalid_number``."""

        reports_least: Annotated[
            int, Meta(ge=1, le=1000, description="Number of reports under a number that are more than a bit error")
        ] = 3
        ends_after_h: Annotated[float, Meta(ge=1, le=8760, description="Silence after which an alert ends, h")] = 168.0
        other_number_h: Annotated[
            float, Meta(ge=0, le=8760, description="Time without a doubtful number after which an alert ends, h")
        ] = 6.0

    def screen_reports(self, step: DetectorInput) -> Places:
        """Vessels that state a doubtful IMO number that is not reported yet; those whose alert is open, if it changes.

        Invalid MMSIs are left to the next step: many begin at once where none was heard before.
        """
        may = self.is_open(step)
        if step.stated.any():  # only such a report can change the IMO number
            stated = np.flatnonzero(step.stated)
            may[stated] |= are_doubtful(step.now.imo[stated])
        at = np.flatnonzero(may)
        return self._news(step, at) if len(at) else at

    def _news(self, step: DetectorInput, at: Places) -> Places:
        own, now, rows, is_open = self.state(step), step.now, step.rows[at], self.is_open(step)[at]
        wrong, doubtful = are_of_no_form(step.reports["mmsi"][at]), are_doubtful(now.imo[at])
        left = own.left_s[rows] > 0
        follows = (doubtful & (~own.imo[rows] | left)) | ~(wrong | doubtful | left)
        return np.asarray(at[np.where(is_open, follows, doubtful & self._lasts(now, at))])

    def _lasts(self, now: Columns, at: Places) -> npt.NDArray[np.bool_]:
        lasts: npt.NDArray[np.bool_] = now.vessel[at] & (now.reports[at] >= self.thresholds.reports_least)
        return lasts

    def due(self, step: DetectorInput) -> npt.NDArray[np.int64] | None:
        """When an alert opens: at the next step. Its end is asked for when it opens, and again when that has come."""
        new = np.flatnonzero(may_be_of_no_form(step.reports["mmsi"]))
        if len(new):  # also base stations
            new = new[self._lasts(step.now, new)]
        if len(new):
            new = new[are_of_no_form(step.reports["mmsi"][new]) & ~self.is_open(step)[new]]
        if not len(new):
            return None
        due_ms: npt.NDArray[np.int64] = self.asked(step)[step.rows]
        due_ms[new] = np.minimum(due_ms[new], next_steps(step.now.last_ms[new]))
        return due_ms

    @property
    def _ends_ms(self) -> int:
        return int(self.thresholds.ends_after_h * HOUR_MS)

    @property
    def _left_ms(self) -> int:
        return int(self.thresholds.other_number_h * HOUR_MS)

    def on_report(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Opens; follows the IMO number."""
        ship, opened, own, row = step.ship(at), self.opened(step, at), self.state(step), int(step.rows[at])
        mmsi = invalid_form_of(ship.mmsi) if are_of_no_form(step.reports["mmsi"][at : at + 1])[0] else None
        imo = doubt_about(ship.imo)
        if mmsi or imo:
            own.left_s[row] = 0
            if opened is None or (imo and not own.imo[row]):
                own.imo[row] = imo is not None
                yield self._words(step, at, ship, opened, mmsi=mmsi, imo=imo)
        elif opened:
            own.left_s[row] = ship.last_ms // MS
        self._await_end(step, at, ship)

    def _opened(self, step: DetectorInput, at: int, ship: VesselState) -> Iterable[Finding]:
        core, row = step.fleet.core, step.rows[at : at + 1]
        if not (are_of_no_form(core.mmsi[row]) & self._lasts(core, row))[0]:
            return
        imo = doubt_about(ship.imo)
        self.state(step).imo[row] = imo is not None
        yield self._words(step, at, ship, None, mmsi=invalid_form_of(ship.mmsi), imo=imo)
        self._await_end(step, at, ship)

    def _await_end(self, step: DetectorInput, at: int, ship: VesselState) -> None:
        self.await_silence(step, at, ship.last_ms, self._ends_ms)
        if left_ms := int(self.state(step).left_s[step.rows[at]]) * MS:
            self.arm_by(step, at, left_ms + self._left_ms)

    def when_due(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Opens, or ends the alert."""
        ship, opened = step.ship(at), self.opened(step, at)
        own, row, now_ms = self.state(step), int(step.rows[at]), int(step.time_ms[at])
        if opened is None:
            yield from self._opened(step, at, ship)
            return
        silent = step.silence_ms(at, ship.last_ms) >= self._ends_ms
        left_ms = int(own.left_s[row]) * MS
        left = left_ms > 0 and now_ms - left_ms >= self._left_ms
        if not silent and not left:
            self._await_end(step, at, ship)
            return
        own.imo[row], own.left_s[row] = False, 0
        yield self._close(step, at, ship, opened, "silent" if silent else _VALID)

    def _words(
        self,
        step: DetectorInput,
        at: int,
        ship: VesselState,
        opened: Alert | None,
        *,
        mmsi: str | None,
        imo: str | None,
    ) -> Finding:
        now_ms = int(step.time_ms[at])
        who = f"{ship.title} under invalid MMSI {ship.mmsi}" if ship.name else f"Invalid MMSI {ship.mmsi}"
        what = f"{who}: {mmsi}" if mmsi else f"{ship.title} reports a doubtful IMO number: {imo}"
        return Finding(
            action="update" if opened else "open",
            situation="invalid_number.mmsi" if mmsi else "invalid_number.imo",
            time_ms=now_ms,
            start_ms=now_ms,
            headline=f"{what}{place_at(ship.lat_deg, ship.lon_deg)}, {hhmm_z(now_ms)}",
            why=(self._reports(ship),),  # and the numbers, as in every alert
            would_change=(
                f"{self.thresholds.ends_after_h:g} h of silence close it",
                f"{self.thresholds.other_number_h:g} h without a doubtful number close it",
            ),
            verification="corroborated" if ship.support > 1 else "unverified",
            details={**({"mmsi": mmsi} if mmsi else {}), **({"imo": imo} if imo else {})},
            sentences=step.evidence(at, ship),
        )

    def _close(self, step: DetectorInput, at: int, ship: VesselState, opened: Alert, how: str) -> Finding:
        now_ms = int(step.time_ms[at])
        silent = f"silent since {stamp(ship.last_ms, now_ms)}"
        return Finding(
            action="close",
            situation=f"{self.name}.{'mmsi' if 'mmsi' in opened.details else 'imo'}",
            time_ms=now_ms,
            headline=f"{ship.title} {silent if how == 'silent' else 'reports valid numbers now'}, {hhmm_z(now_ms)}",
            why=(
                self._reports(ship),
                Fact(fact="silence", value=(now_ms - ship.last_ms) // MS, threshold=self._ends_ms // MS, unit="s"),
            ),
            verification=opened.verification,
            details={**opened.details, "ended": how},
            sentences=step.evidence(at, ship),
        )

    def _reports(self, ship: VesselState) -> Fact:
        return Fact(fact="reports received", value=ship.reports, threshold=self.thresholds.reports_least)
