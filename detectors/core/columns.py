"""The fleet's columns: one value a vessel in each, grown together."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.units import NEVER_MS

Column_ = npt.NDArray[Any]


class Column(NamedTuple):
    """One value a vessel. ``version`` changes when the meaning does: a snapshot then needs a migration."""

    name: str
    dtype: str
    default: float | int | bytes = 0
    version: int = 1


SENTENCE_BYTES: Final = 160

CORE: Final = (
    Column("mmsi", "<u4"),
    Column("first_ms", "<i8"),  # first report of all
    Column("last_ms", "<i8"),  # last report of any kind
    Column("appeared_ms", "<i8"),  # first report since the last long silence
    Column("heard_before_ms", "<i8"),  # last report before that silence; 0 when there was none
    Column("fix_ms", "<i8"),  # time of the position below; 0 when none
    Column("lat_deg", "<f8", np.nan),
    Column("lon_deg", "<f8", np.nan),
    Column("sog_kn", "<f4", np.nan),
    Column("cog_deg", "<f4", np.nan),
    Column("status", "i1", -1),
    Column("class_b", "?"),
    Column("vessel", "?"),  # a ship: not a base station, aid, aircraft or beacon
    Column("reports", "<u4"),
    Column("support", "<u2"),  # consistent reports in this appearance
    Column("usual_s", "<f4", np.nan),  # running mean of the time between its reports
    Column("sources", "<u8"),  # mask of the sources that hear it
    Column("imo", "<u4"),
    Column("bound_ms", "<i8"),  # when the IMO was last stated under this MMSI
    Column("name", "S20"),
    Column("call_sign", "S7"),
    Column("destination", "S20"),
    Column("ship_type", "<i2", -1),
    Column("length_m", "<i2", -1),
    Column("draught_m", "<f4", np.nan),
    Column("listed", "<i4"),  # 1 + number of its entry in Reference.ships; 0 when not listed
    Column("matched", "u1"),  # MATCHED_* bits
    Column("misuse", "?"),  # the listed identity is contradicted by what the ship says of itself
    Column("sentence", f"S{SENTENCE_BYTES}"),  # last position sentence with its tag block
    Column("payload0", "<u8"),
    Column("payload1", "<u8"),
    Column("payload2", "<u8"),
    Column("payload3", "<u8"),
    Column("payload_ms0", "<i8"),
    Column("payload_ms1", "<i8"),
    Column("payload_ms2", "<i8"),
    Column("payload_ms3", "<i8"),
)
DUE: Final = Column("due_ms", "<i8", NEVER_MS)
"""Every detector has this column: the step at which it wants to look at the vessel again."""


def _fresh(column: Column, size: int) -> Column_:
    default = b"" if column.dtype.startswith("S") and not column.default else column.default
    return np.full(size, default, column.dtype)


class Columns:
    """A set of equally long columns, read as attributes: ``columns.lat_deg[rows]``."""

    def __init__(self, spec: tuple[Column, ...], size: int = 0) -> None:
        self._spec = spec
        for column in spec:
            setattr(self, column.name, _fresh(column, size))

    def __getattr__(self, name: str) -> Column_:
        raise AttributeError(f"no column {name!r}: declare it in the detector's columns")

    def items(self) -> list[tuple[Column, Column_]]:
        """Columns in declared order, with their values."""
        return [(column, self.__dict__[column.name]) for column in self._spec]

    def grow(self, size: int) -> None:
        """Lengthens every column to ``size`` with its default."""
        for column, old in self.items():
            fresh = _fresh(column, size)
            fresh[: len(old)] = old
            setattr(self, column.name, fresh)

    def take(self, rows: npt.NDArray[np.intp]) -> Columns:
        """A copy of some rows."""
        copy = Columns.__new__(Columns)
        copy._spec = self._spec
        for column, values in self.items():
            setattr(copy, column.name, values[rows])
        return copy
