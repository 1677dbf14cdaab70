"""The fleet's columns: one value per vessel in each, read as attributes.

Columns that are read and written together are side by side in a record (``table``), so a report of one of a million
vessels costs a few neighbouring cache lines, and reading or writing the state of some vessels is one copy.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.units import NEVER_MS

Column_ = npt.NDArray[Any]
Rows = npt.NDArray[np.intp]


class Column(NamedTuple):
    """One value per vessel. ``version`` changes when the meaning does: a snapshot then needs a migration."""

    name: str
    dtype: str
    default: float | int | bytes = 0
    version: int = 1


CORE_OWNER: Final = "core"
SENTENCE_BYTES: Final = 160
PAYLOADS_KEPT: Final = 4
SPEED_BINS: Final = 16
OTHERS_KEPT: Final = 2

MOVING: Final = (
    Column("mmsi", "<u4"),  # also 0 in an unused row (``Fleet.taken``)
    Column("first_ms", "<i8"),  # first report of all
    Column("last_ms", "<i8"),  # last report of any kind
    Column("appeared_ms", "<i8"),  # first report since the last long silence
    Column("heard_before_ms", "<i8"),  # last report before that silence; 0 if there was none
    Column("fix_ms", "<i8"),  # time of the position below; 0 when none
    Column("lat_deg", "<f8", np.nan),
    Column("lon_deg", "<f8", np.nan),
    Column("sog_kn", "<f4", np.nan),
    Column("cog_deg", "<f4", np.nan),
    Column("status", "i1", -1),
    Column("class_b", "?"),
    Column("vessel", "?"),  # a ship: not a base station, aid, aircraft or beacon (``station_kinds``)
    Column("reports", "<u4"),
    Column("support", "<u2"),  # consistent reports in this appearance
    Column("usual_s", "<f4", np.nan),  # running mean of the time between its reports
    Column("sources", "<u8"),  # mask of the sources that hear it
    Column("listed", "<i4"),  # 1 + number of its entry in Reference.ships; 0 when not listed
    Column("matched", "u1"),  # MATCHED_* bits
    Column("misuse", "?"),  # the ship's statements contradict the listed identity
    Column("like", "<i4"),  # not listed: 1 + number of the entry with a similar name; 0 if none
    Column("unsure_step", "<u4"),  # until this step its positions are inconsistent (``track``)
    Column("track", "u1"),  # LONE, STRAYED and DISPLACED bits
    Column("payloads", f"({PAYLOADS_KEPT},)<u8"),  # its last transmissions, newest first, and their times
    Column("payload_ms", f"({PAYLOADS_KEPT},)<i8"),
)
"""Read and changed by every report."""

STATED: Final = (
    Column("imo", "<u4"),
    Column("bound_ms", "<i8"),  # when the IMO was last stated under this MMSI
    Column("bound_by", "u1"),  # ... and by which source: 1 + its number
    Column("name", "S20"),
    Column("call_sign", "S7"),
    Column("destination", "S20"),
    Column("ship_type", "<i2", -1),
    Column("length_m", "<i2", -1),
    Column("draught_m", "<f4", np.nan),
    Column("hull", "<u4"),  # from the antenna to its sides, in 30 bits (``reports.STATIC``); 0 unknown
    Column(
        "stated_imo", "<u4"
    ),  # the binding last reported (detectors.core.identities.binding), since when, and when it was reported
    Column("since_ms", "<i8"),
    Column("stated_ms", "<i8"),
    Column("said", "u1"),  # statements of it, at most 255
    Column("as_ms", "<i8"),  # when the ship was last heard under another MMSI (detectors.heard_as); 0 never
    Column("as_mmsi", "<u4"),  # ... and under which
    Column("sentence", f"S{SENTENCE_BYTES}"),  # last position sentence with its tag block
    Column("speeds", f"({SPEED_BINS},)u1"),  # how often it made which speed (``speeds``)
    Column("stop_ms", "<i8"),  # since when it is stationary (``stationary``); 0 if it is not
    Column("stop_lat_deg", "<f4", np.nan),
    Column("stop_lon_deg", "<f4", np.nan),
    Column("rare_due_ms", "<i8", NEVER_MS),  # when detectors of rare things want to check it (``keeps_due``)
    Column("stray_ms", "<i8"),  # time of the newest fix that was held back (``track``)
    Column("run", "u1"),  # fixes held back since a fix of its own track,
    Column("run_from", "<u4"),  # ... whose time ends with these 32 bits
    Column("other_s", f"({OTHERS_KEPT},)<u4"),  # its other tracks (``other_tracks``): their last fixes, Unix s ...
    Column("other_lat_deg", f"({OTHERS_KEPT},)<f4"),
    Column("other_lon_deg", f"({OTHERS_KEPT},)<f4"),
    Column("other_since", f"({OTHERS_KEPT},)<u2"),  # ... the minutes in which they began, and three counts
    Column("other_fixes", f"({OTHERS_KEPT},)u1"),
    Column("other_turns", f"({OTHERS_KEPT},)u1"),
    Column("other_behind", f"({OTHERS_KEPT},)u1"),
    Column("trusted_s", "<u4"),  # the last fix of its own track before one that is not
    Column("trusted_lat_deg", "<f4", np.nan),
    Column("trusted_lon_deg", "<f4", np.nan),
)
"""Rarely read: statements of ships, what they have shown, and the evidence."""

OPEN: Final = Column("open", "?")
"""Of every detector: whether it has an open alert about the vessel."""
DUE: Final = Column("due_ms", "<i8", NEVER_MS)
"""Of a detector with ``when_due``: the step at which it wants to check the vessel again. Those with ``keeps_due`` share
``rare_due_ms``."""


def field(owner: str, name: str) -> str:
    """The name of a column in the record."""
    return f"{owner}.{name}"


class Columns:
    """Columns read as attributes, each made at its first use: ``columns.lat_deg``."""

    def __getattr__(self, name: str) -> Column_:
        if name.startswith("_"):
            raise AttributeError(name)
        column = self._read(name)
        self.__dict__[name] = column
        return column

    def _read(self, name: str) -> Column_:
        raise AttributeError(name)


class Picked(Columns):
    """Some values of other columns, in the order of ``places``; copies."""

    def __init__(self, columns: Columns, places: Rows) -> None:
        self._columns, self._places = columns, places

    def _read(self, name: str) -> Column_:
        column: Column_ = getattr(self._columns, name)[self._places]
        return column
