"""Reports into the fleet: which are new, which are late, and what of the ship they change.

``Intake.take`` handles one round: at most one report a vessel. It keeps the rules that make the result independent
of batches: all that it reads of a vessel was written by that vessel's own earlier reports.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.columns import SENTENCE_BYTES, Columns
from detectors.core.fleet import Fleet, Rows
from detectors.core.geo import distances_nm, unit_vectors
from detectors.core.mid import station_of
from detectors.core.reports import HAS_IDENTITY, HAS_NAME, HAS_SHIP, HAS_VOYAGE, Batch
from detectors.core.units import HOUR_MS, MS

SAME_TRANSMISSION_MS: Final = 10_000
LATE_STATIC_MS: Final = 30_000
APPEARANCE_MS: Final = HOUR_MS  # after an hour unheard a ship's reports must support each other anew
JUMP_KN: Final = 60.0
JUMP_NM: Final = 1.0
USUAL_SHARE: Final = 0.1  # weight of the newest interval in the running mean
_PAYLOADS: Final = ("payload0", "payload1", "payload2", "payload3")
_PAYLOAD_TIMES: Final = ("payload_ms0", "payload_ms1", "payload_ms2", "payload_ms3")
_STATIONS: Final = (4, 9, 11, 17, 20, 21, 22, 23)  # message types that no ship sends

Bools = npt.NDArray[np.bool_]


class Sorted(NamedTuple):
    """One round, by what is to become of each report. All of the round's length."""

    duplicate: Bools
    late: Bools
    accepted: Bools
    current: Bools
    """Accepted and not older than what is known: it may move the ship."""


def sort_round(core: Columns, rows: Rows, reports: npt.NDArray[np.void]) -> Sorted:
    """Duplicates (another reception of a transmission), late ones, and the rest."""
    times = reports["time_ms"]
    duplicate = np.zeros(len(rows), bool)
    for payload, time in zip(_PAYLOADS, _PAYLOAD_TIMES, strict=True):
        near = np.abs(getattr(core, time)[rows] - times) <= SAME_TRANSMISSION_MS
        duplicate |= near & (getattr(core, payload)[rows] == reports["payload"])
    behind_ms = core.last_ms[rows] - times
    current = ~duplicate & (behind_ms <= 0)
    accepted = ~duplicate & (behind_ms <= LATE_STATIC_MS)
    return Sorted(duplicate, ~duplicate & ~accepted, accepted, current)


def remember_payloads(core: Columns, rows: Rows, reports: npt.NDArray[np.void]) -> None:
    """Shifts the newest transmissions in; four are kept a vessel."""
    for i in range(len(_PAYLOADS) - 1, 0, -1):
        getattr(core, _PAYLOADS[i])[rows] = getattr(core, _PAYLOADS[i - 1])[rows]
        getattr(core, _PAYLOAD_TIMES[i])[rows] = getattr(core, _PAYLOAD_TIMES[i - 1])[rows]
    core.payload0[rows] = reports["payload"]
    core.payload_ms0[rows] = reports["time_ms"]


def take_times(core: Columns, rows: Rows, reports: npt.NDArray[np.void], source_bit: int, moved: Bools) -> None:
    """Heard again: counts, appearance, support and the sources that hear it."""
    times = reports["time_ms"]
    last_ms = core.last_ms[rows]
    fresh = core.reports[rows] == 0
    silence_ms = times - last_ms
    appeared = fresh | (silence_ms > APPEARANCE_MS)
    unsupported = appeared | (moved & _jumps(core, rows, reports))
    core.first_ms[rows] = np.where(fresh, times, core.first_ms[rows])
    core.heard_before_ms[rows] = np.where(appeared & ~fresh, last_ms, core.heard_before_ms[rows])
    core.appeared_ms[rows] = np.where(appeared, times, core.appeared_ms[rows])
    support = core.support[rows].astype(np.int64)
    core.support[rows] = np.where(unsupported, 1, np.minimum(support + 1, 65_535))
    core.sources[rows] = np.where(appeared, 0, core.sources[rows]) | np.uint64(source_bit)
    usual_s, interval_s = core.usual_s[rows], (silence_ms / MS).astype(np.float32)
    mixed = usual_s + np.float32(USUAL_SHARE) * (interval_s - usual_s)
    core.usual_s[rows] = np.where(appeared, usual_s, np.where(np.isnan(usual_s), interval_s, mixed))
    core.reports[rows] += np.uint32(1)
    core.last_ms[rows] = times


def _jumps(core: Columns, rows: Rows, reports: npt.NDArray[np.void]) -> Bools:
    """Implied speed over 60 kn and more than a mile; a one-second stamp alone rounds to absurd speeds."""
    known = core.fix_ms[rows] > 0
    here = unit_vectors(np.nan_to_num(reports["lat_deg"]), np.nan_to_num(reports["lon_deg"]))
    there = unit_vectors(np.nan_to_num(core.lat_deg[rows]), np.nan_to_num(core.lon_deg[rows]))
    nm = np.round(distances_nm(here, there), 3)
    hours = np.maximum(reports["time_ms"] - core.fix_ms[rows], MS) / HOUR_MS
    return np.asarray(known & (nm > JUMP_NM) & (nm > JUMP_KN * hours))


def take_fixes(core: Columns, rows: Rows, reports: npt.NDArray[np.void], raw: bytes) -> None:
    """New positions; every report here carries one."""
    core.fix_ms[rows] = reports["time_ms"]
    for column in ("lat_deg", "lon_deg", "sog_kn", "cog_deg", "status", "class_b"):
        getattr(core, column)[rows] = reports[column]
    spans = zip(reports["start"].tolist(), reports["end"].tolist(), strict=True)
    core.sentence[rows] = [raw[a:b] if b - a <= SENTENCE_BYTES else b"" for a, b in spans]


def take_statics(core: Columns, rows: Rows, times: npt.NDArray[np.int64], statics: npt.NDArray[np.void]) -> Bools:
    """What ships say of themselves. Returns where identity changed (IMO, call sign, type or length)."""
    has = statics["has"]
    was = [core.imo[rows], core.call_sign[rows], core.ship_type[rows], core.length_m[rows]]
    stated = (has & HAS_IDENTITY > 0) & (statics["imo"] > 0)
    core.imo[rows] = np.where(stated, statics["imo"], core.imo[rows])
    core.bound_ms[rows] = np.where(stated, times, core.bound_ms[rows])
    fields = (
        (HAS_NAME, "name", statics["name"] != b""),
        (HAS_SHIP, "call_sign", statics["call_sign"] != b""),
        (HAS_SHIP, "ship_type", statics["ship_type"] > 0),
        (HAS_SHIP, "length_m", statics["length_m"] > 0),
        (HAS_VOYAGE, "destination", statics["destination"] != b""),
        (HAS_VOYAGE, "draught_m", ~np.isnan(statics["draught_m"])),
    )
    for bit, field, known in fields:
        column = getattr(core, field)
        column[rows] = np.where((has & bit > 0) & known, statics[field], column[rows])
    now = [core.imo[rows], core.call_sign[rows], core.ship_type[rows], core.length_m[rows]]
    return np.asarray(np.logical_or.reduce([a != b for a, b in zip(was, now, strict=True)]))


def name_stations(fleet: Fleet, rows: Rows, types: npt.NDArray[np.uint8]) -> None:
    """Which of the vessels just met are ships at all."""
    for row, kind in zip(rows.tolist(), types.tolist(), strict=True):
        mmsi = int(fleet.core.mmsi[row])
        fleet.core.vessel[row] = kind not in _STATIONS and station_of(mmsi) == "vessel"


def statics_of(batch: Batch, reports: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    """The static rows of reports that have one."""
    return np.asarray(batch.statics[reports["static"]])
