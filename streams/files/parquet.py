"""Parquet and GeoParquet as the text of a table, a batch of rows at a time; so a row has one form as evidence.

A time with a zone is written in UTC with a Z, one without as it is. Points, as WKB or as structs of two numbers, become
the columns ``longitude`` and ``latitude`` if the table has none. Needs polars, the extra ``tables``.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import shapely

from streams.errors import WakewatchError

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # a source has one thread
import polars as pl

_ROWS: Final = 50_000
"""Rows read at once: 2 million rows of 26 columns take 0.1 GB so, and 0.3 to 0.6 GB by ``collect_batches``."""
_CELLS: Final = (pl.String, pl.Boolean, pl.Categorical, pl.Enum, pl.Date, pl.Time, pl.Datetime, pl.Null)
_DAYS: Final = (-719_162, 2_932_895)
"""The years 1 to 9999, counted from 1970."""
_PER_DAY: Final = {"ms": 86_400_000, "us": 86_400_000_000}
"""Of the units that can go beyond them; ns cannot."""
_TIMES: Final = 500_000
"""Cells of one column read at once."""
_LON, _LAT = "longitude", "latitude"
_KNOWN_NAMES: Final = {_LON: ("longitude", "lon", "long", "lng"), _LAT: ("latitude", "lat")}
_GEOMETRY: Final = ("geometry", "geom", "point", "position")
_AXES: Final = (("x", "y"), ("lon", "lat"), ("longitude", "latitude"), ("lng", "lat"))


class ParquetError(WakewatchError, OSError):
    """A Parquet file that is damaged, or has no rows of a table; ``str()`` is one line."""


@contextmanager
def _faults(name: str) -> Iterator[None]:
    """Turns any fault of the file into a ParquetError."""
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, shapely.errors.ShapelyError) as error:
        panic = isinstance(error, pl.exceptions.PanicException)  # its text is about the code of polars
        said = "polars cannot read it" if panic else str(error).partition("\n")[0]
        raise ParquetError(f"{name}: damaged or incomplete Parquet ({said})") from error


def text_of(path: Path, name: str) -> Iterator[bytes]:
    """The rows of a file as lines of cells divided by commas, after a heading. ``name`` is used in messages.

    Raises ParquetError.
    """
    with _faults(name):
        frame = pl.scan_parquet(path, glob=False, low_memory=True)
        schema = frame.collect_schema()
        point = _point(schema)
        wanted = [_cell(name, kind) for name, kind in schema.items() if _is_cell(kind)]
        wanted += [pl.col(point)] if point else []
        if not wanted:
            yield ",".join([*schema]).encode() + b"\n"
            return
        frame, done = frame.select(wanted), 0
        while len(batch := frame.slice(done, _ROWS).collect()) or not done:
            rows = _placed(batch, point) if point else batch
            yield _csv(rows, heading=not done)
            if not len(batch):
                return
            done += len(batch)


def heading_of(path: Path, name: str) -> bytes:
    """The heading that ``text_of`` gives. Raises ParquetError."""
    with _faults(name):
        schema = pl.read_parquet_schema(path)
        names = [column for column, kind in schema.items() if _is_cell(kind)]
        names += [_LON, _LAT] if _point(pl.Schema(schema)) else []
        return pl.DataFrame(dict.fromkeys(names, ())).write_csv().encode()


def column_of(path: Path, name: str, number: int) -> Iterator[pl.Series]:
    """The cells of column ``number`` as ``text_of`` gives them, many at a time, but an empty one as null.

    Nothing if it is a column of numbers with decimals, or not of times or text at all. Raises ParquetError.
    """
    with _faults(name):
        frame = pl.scan_parquet(path, glob=False, low_memory=True)
        schema = frame.collect_schema()
        column, kind = [(column, kind) for column, kind in schema.items() if _is_cell(kind)][number]
        if not (kind == pl.String or kind.is_integer() or isinstance(kind, pl.Datetime)):
            return
        cells, done = frame.select(_cell(column, kind).cast(pl.String)), 0
        while len(batch := cells.slice(done, _TIMES).collect()):
            yield batch.to_series()
            done += len(batch)


def _csv(rows: pl.DataFrame, *, heading: bool) -> bytes:
    """The rows as lines. Written as bytes: making text of them and bytes of it takes half as long again."""
    written = io.BytesIO()
    rows.write_csv(written, include_header=heading)
    return written.getvalue()


def _is_cell(kind: pl.DataType) -> bool:
    """Whether values of this kind can be a cell of a table; other columns are left out."""
    return kind.is_numeric() or kind in _CELLS


def _cell(name: str, kind: pl.DataType) -> pl.Expr:
    if kind == pl.Date:
        return _within(pl.col(name), _DAYS)
    if not isinstance(kind, pl.Datetime):
        return pl.col(name)
    moment, per_day = pl.col(name), _PER_DAY.get(kind.time_unit)
    if per_day is not None:
        moment = _within(moment, (_DAYS[0] * per_day, _DAYS[1] * per_day))
    if kind.time_zone is None:
        return moment.dt.strftime("%Y-%m-%d %H:%M:%S%.3f")
    return moment.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ")


def _within(moment: pl.Expr, span: tuple[int, int]) -> pl.Expr:
    """Null for a moment beyond the calendar, which polars cannot write."""
    return pl.when(moment.to_physical().is_between(*span)).then(moment)


def _point(schema: pl.Schema) -> str:
    """The column of points, if no other columns give longitude and latitude."""
    names = {name.lower() for name in schema}
    if all(names.intersection(known) for known in _KNOWN_NAMES.values()):
        return ""
    points = [name for name, kind in schema.items() if kind == pl.Binary or _axes(kind) is not None]
    named = [name for name in points if name.lower() in _GEOMETRY]
    return next(iter([*named, *points]), "")


def _axes(kind: pl.DataType) -> tuple[str, str] | None:
    """The names of longitude and latitude in a struct."""
    if not isinstance(kind, pl.Struct):
        return None
    names = {field.name.lower(): field.name for field in kind.fields}
    return next(((names[lon], names[lat]) for lon, lat in _AXES if lon in names and lat in names), None)


def _placed(batch: pl.DataFrame, point: str) -> pl.DataFrame:
    """The rows with longitude and latitude in place of the point."""
    axes = _axes(batch.schema[point])
    if axes is not None:
        lon, lat = (batch[point].struct.field(axis) for axis in axes)
        return batch.drop(point).with_columns(lon.alias(_LON), lat.alias(_LAT))
    shapes = shapely.from_wkb(np.asarray(batch[point].to_list(), object), on_invalid="ignore")
    lon_deg, lat_deg = (
        pl.Series(values, nan_to_null=True) for values in (shapely.get_x(shapes), shapely.get_y(shapes))
    )
    return batch.drop(point).with_columns(lon_deg.alias(_LON), lat_deg.alias(_LAT))
