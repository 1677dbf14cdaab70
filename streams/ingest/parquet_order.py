"""The times of a Parquet file without its other columns: to see whether its rows are in time order.

Needs polars, the extra ``tables``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from streams.files.parquet import column_of, heading_of
from streams.ingest.leading_times import NO_TIME
from streams.ingest.line_times import OrderRules
from streams.ingest.table_values import times_of
from streams.ingest.tables import Rows

Ints = npt.NDArray[np.int64]


def times_in(path: Path, name: str, rules: OrderRules) -> Iterator[Ints]:
    """The times of its rows in ms, many at a time, without those that cannot be read.

    Nothing if it is no table of positions, or its times are numbers with decimals. Raises ParquetError.
    """
    rows = Rows(rules.stamps, columns=rules.columns)
    rows.take(heading_of(path, name).rstrip(b"\n"))
    if rows.layout is None:
        return
    for cells in column_of(path, name, rows.layout.places["time"].number):
        times = times_of(cells, rows.time_ms, rows.stamps)
        yield times[times != NO_TIME]
