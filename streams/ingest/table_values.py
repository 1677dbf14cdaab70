"""The cells of many rows of a table as numbers, equal to what ``table_cells`` and ``stamps`` read of each.

Needs polars, the extra ``tables``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from streams.ingest import table_cells
from streams.ingest.leading_times import NO_TIME
from streams.ingest.stamps import StampError, StampRules
from streams.ingest.table_cells import CellError
from streams.ingest.table_columns import ColumnPlace, TableLayout
from streams.ingest.tables import Rows
from streams.nmea.epochs import MS_FROM, TIME_END_MS
from streams.nmea.position_lines import PositionColumns

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # a source has one thread; blocks of 4 MB give a second one little
import polars as pl

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.uint64]
_NO_MMSI: Final = -1
_FEW: Final = 64
_DAY_FIRST: Final = {"": "", "dmy": "%d/%m/%Y", "mdy": "%m/%d/%Y"}
_CLOCK: Final = r"(\d\d:\d\d:[0-5]\d)(?:\.(\d{1,9}))?(?:Z| ?UTC|\+00:?00)?$"
_ISO: Final = r"^(\d{4}-\d\d-\d\d)[T ]" + _CLOCK
_NUMERIC_DATE: Final = r"^(\d\d/\d\d/\d{4}) " + _CLOCK
_EPOCH: Final = r"^([0-9]{9,13})$"
_S_MS: Final = 1000


def readable(values: PositionColumns) -> npt.NDArray[np.bool_]:
    """Rows that become a sentence."""
    known = (values.time_ms != NO_TIME) & (values.mmsi != _NO_MMSI)
    return np.asarray(
        known & (np.abs(values.lat_deg) <= table_cells.LAT_MOST) & (np.abs(values.lon_deg) <= table_cells.LON_MOST)
    )


def cells_of(text: bytes, layout: TableLayout, rows: int) -> pl.DataFrame | None:
    """The cells of whole lines by field, as text with blanks around it; an empty one is null.

    None if they are not ``rows`` rows.
    """
    numbers = sorted({place.number for place in layout.places.values()})
    schema = {f"_{number}": pl.String for number in range(numbers[-1] + 1)}
    try:
        cells = pl.read_csv(
            text,
            has_header=False,
            schema=schema,
            separator=layout.separator,
            quote_char='"' if b'"' in text else None,
            columns=numbers,
            truncate_ragged_lines=True,
            extra_columns="ignore",
        )
    except pl.exceptions.PolarsError:
        return None
    if len(cells) != rows:
        return None
    return cells.select(pl.col(f"_{place.number}").alias(field) for field, place in layout.places.items())


def values_of(
    cells: pl.DataFrame, layout: TableLayout, time_ms: Callable[[str], int], rules: StampRules, times: Ints | None
) -> PositionColumns:
    """What the cells say; a time or MMSI that cannot be read is -1, a number NaN.

    ``times`` in ms, if they are known already; otherwise ``time_ms`` reads one.
    """
    return PositionColumns(
        times_of(cells["time"], time_ms, rules) if times is None else times,
        _each(cells["mmsi"], _mmsi),
        _types(cells),
        _each(cells["status"], table_cells.status)
        if "status" in cells.columns
        else _same(cells, table_cells.status("")),
        _numbers(cells["lat"]),
        _numbers(cells["lon"]),
        _within(cells, layout.places, "sog", table_cells.SOG_END_KN),
        _within(cells, layout.places, "cog", table_cells.COG_END),
        _within(cells, layout.places, "heading", table_cells.COG_END),
    )


def times_in(text: bytes, layout: TableLayout, rows: int, table: Rows) -> Ints:
    """The times of whole lines, ``rows`` of them, as ``values_of`` reads them."""
    alone = layout._replace(places={"time": layout.places["time"]})
    cells = cells_of(text, alone, rows) if rows else None
    if cells is None:
        return np.full(rows, NO_TIME, np.int64)
    return times_of(cells["time"], table.time_ms, table.stamps)


def _each(cells: pl.Series, read: Callable[[str], int]) -> Ints:
    """Reads each different text once."""
    different = cells.unique()
    values = pl.Series([read((text or "").strip()) for text in different.to_list()], dtype=pl.Int64)
    return _ints(cells.replace_strict(different, values, return_dtype=pl.Int64))


def _ints(values: pl.Series) -> Ints:
    return np.asarray(values.to_numpy(), np.int64)


def _same(cells: pl.DataFrame, value: int) -> Ints:
    return np.full(len(cells), value, np.int64)


@lru_cache(maxsize=1 << 16)
def _mmsi(text: str) -> int:
    try:
        return table_cells.mmsi(text)
    except CellError:
        return _NO_MMSI


def _types(cells: pl.DataFrame) -> Ints:
    kinds = _each(cells["type"], table_cells.kind) if "type" in cells.columns else _same(cells, 1)
    if "class" not in cells.columns:
        return kinds
    classes = _each(cells["class"], table_cells.kind_of_class)
    kinds = np.where((kinds == table_cells.BASE) | (classes == table_cells.BASE), table_cells.BASE, kinds)
    return np.where((kinds != table_cells.BASE) & (classes == table_cells.CLASS_B), table_cells.CLASS_B, kinds)


def _within(cells: pl.DataFrame, places: Mapping[str, ColumnPlace], field: str, end: float) -> Floats:
    if field not in places:
        return np.full(len(cells), np.nan)
    values = _numbers(cells[field]) * places[field].factor
    return np.where((values >= 0) & (values < end), values, np.nan)


def _numbers(cells: pl.Series) -> Floats:
    values = cells.cast(pl.Float64, strict=False)
    odd = values.is_null() & cells.is_not_null()
    if odd.any():
        values = values.scatter(odd.arg_true(), _odd_numbers(cells.filter(odd).str.strip_chars()))
    return np.asarray(values.to_numpy(), np.float64)


def _odd_numbers(cells: pl.Series) -> pl.Series:
    """Numbers with a comma before the decimals, and those that only Python reads."""
    commas = cells.str.contains(",", literal=True) & ~cells.str.contains(".", literal=True)
    pointed = cells.str.replace(",", ".", literal=True, n=1)
    values = pl.select(pl.when(commas).then(pointed).otherwise(cells)).to_series().cast(pl.Float64, strict=False)
    rest = values.is_null()
    if not rest.any():
        return values
    different = cells.filter(rest).unique()
    read = pl.Series([table_cells.number(text) for text in different.to_list()], dtype=pl.Float64)
    found = cells.filter(rest).replace_strict(different, read, return_dtype=pl.Float64)
    return values.scatter(rest.arg_true(), found)


def times_of(cells: pl.Series, time_ms: Callable[[str], int], rules: StampRules) -> Ints:
    """The times in cells, in ms; NO_TIME for one that cannot be read. ``time_ms`` reads one."""
    different = cells.unique()
    known = _usual_times(different, rules) if len(different) > _FEW else None

    def read(text: str | None) -> int:
        try:
            return time_ms((text or "").strip())
        except StampError:
            return NO_TIME

    if known is None:
        values = pl.Series([read(text) for text in different.to_list()], dtype=pl.Int64)
    else:
        rest = known.is_null()
        values = known.scatter(rest.arg_true(), [read(text) for text in different.filter(rest).to_list()])
    return _ints(cells.replace_strict(different, values, return_dtype=pl.Int64))


def _usual_times(cells: pl.Series, rules: StampRules) -> pl.Series | None:
    """Times in the usual forms; null for others. None: a zone other than UTC applies."""
    if rules.zone != "UTC":
        return None
    text = pl.Series("time", cells).to_frame()
    forms = [(_ISO, "%Y-%m-%d")]
    if rules.dates:
        forms.append((_NUMERIC_DATE, _DAY_FIRST[rules.dates]))
    number = pl.col("time").str.extract(_EPOCH).cast(pl.Int64)
    found = [pl.when(number < MS_FROM).then(number * _S_MS).otherwise(number)]
    found += [_moment(form, date) for form, date in forms]
    value = pl.coalesce(found)
    return text.select(pl.when((value > 0) & (value < TIME_END_MS)).then(value)).to_series()


def _moment(form: str, date: str) -> pl.Expr:
    groups = pl.col("time").str.extract_groups(form)
    day, clock, part = (groups.struct.field(str(number)) for number in (1, 2, 3))
    whole = pl.concat_str([day, clock], separator=" ").str.to_datetime(f"{date} %H:%M:%S", strict=False, time_unit="ms")
    part_ms = part.fill_null("").str.pad_end(3, "0").str.head(3).cast(pl.Int64)
    return whole.dt.epoch("ms") + part_ms
