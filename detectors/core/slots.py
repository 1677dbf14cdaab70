"""Who was heard in a slot of five minutes, and what coverage remembers of each vessel."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.columns import Column
from detectors.core.units import MINUTE_MS

SLOT_MS: Final = 5 * MINUTE_MS
UNDER_WAY, AT_REST, CLASS_B, BASE = 0, 1, 2, 3
"""Kinds of transmitter; base stations and aids are peers only."""

Places = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]

VESSEL: Final = (
    Column("slot", "<i4"),  # last slot heard; 0 never
    Column("seen", "<u2"),  # slots heard, at most 65,535
    Column("lat_deg", "<f4"),
    Column("lon_deg", "<f4"),
    Column("north_deg_h", "<f4"),
    Column("east_deg_h", "<f4"),
    Column("kind", "u1"),
    Column("stations", "<u8"),  # those that it was heard by in its last two slots
    Column("by", "<u8"),  # and in the last
    Column("habit", "<f4"),  # share of slots in which it is heard
    Column("tries", "u1"),  # slots behind that share, at most HABIT_SLOTS
    Column("rate", "<f4"),  # reports a slot, running mean
    Column("lost", "<f4"),  # opportunities lost in the present silence
    Column("level", "i1", -1),
    Column("stratum", "u1"),
    Column("own_heard", "<f4"),  # its own part in the counts of now
    Column("own_expected", "<f4"),
    Column("chance", "<f4", 1.0),  # of a silence like the present, a day; 1 when heard
    Column("missed", "<u2"),  # slots of the present silence in which it could have been heard
    Column("away", "u1"),  # slots in a row in which it could not
    Column("unsure", "?"),  # out of sight before its silence meant anything: it stays so until heard
    Column("gain", "<f4"),  # chance to have been heard in the slot just missed
)
"""What coverage knows of a vessel, as of the last slot that closed."""


class Slot(NamedTuple):
    """Who was heard in one slot. ``rows`` rise; all arrays have their shape."""

    number: int
    rows: Places
    lat_deg: Floats
    lon_deg: Floats
    sog_kn: Floats
    """NaN unknown."""
    cog_deg: Floats
    """NaN unknown."""
    kind: npt.NDArray[np.uint8]
    stations: npt.NDArray[np.uint64]
    reports: npt.NDArray[np.int64]
