"""Headings of tables of positions: the meaning and unit of each column. One description per format.

A heading is recognised by its letters and digits alone, in any case (``BaseDateTime``, ``base_date_time``); a unit
after it or in brackets (``sog_kn``, ``Speed (km/h)``) is understood. ``FORMATS`` lists only the differences of each
published format: how it is recognised, columns with another meaning, the order of its dates. A table in no such format
is read by ``COLUMNS`` alone.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

import msgspec

from streams.errors import ConfigError

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "time": (
        "time", "timestamp", "basedatetime", "datetime", "tstamp", "timestamputc", "datetimeutc", "timeutc",
        "dtposutc", "positiontimestamp", "positiontime", "msgtime", "receivedat", "rxtime", "unixtime", "epoch", "ts",
    ),
    "mmsi": ("mmsi", "mmsinumber", "sourcemmsi", "ssvid", "userid"),
    "lat": ("lat", "latitude"),
    "lon": ("lon", "long", "longitude", "lng"),
    "type": ("msgtype", "messagetype", "msgid", "messageid"),
    "class": ("typeofmobile", "transceiverclass", "transceiver", "aisclass"),
    "sog": ("sog", "speed", "speedoverground"),
    "cog": ("cog", "course", "courseoverground"),
    "heading": ("heading", "trueheading", "hdg"),
    "status": ("navstatus", "navigationalstatus", "navigationstatus", "navstat", "status"),
    "imo": ("imo", "imonumber"),
    "call_sign": ("callsign",),
    "name": ("vesselname", "shipname", "name"),
    "ship_type": ("vesseltype", "shiptype", "shipandcargotype"),
    "length": ("length",),
    "beam": ("width", "beam", "breadth"),
    "draught": ("draught", "draft"),
    "destination": ("destination", "dest"),
    "bow": ("tobow", "dimtobow"),
    "stern": ("tostern", "dimtostern"),
    "port": ("toport", "dimtoport"),
    "starboard": ("tostarboard", "dimtostarboard"),
}  # fmt: skip
"""What is read: field -> headings, the best one first."""
NEEDED: Final = ("time", "mmsi", "lat", "lon")
_KN: Final = {
    "": 1.0, "kn": 1.0, "kt": 1.0, "kts": 1.0, "knot": 1.0, "knots": 1.0, "kmh": 1 / 1.852, "kph": 1 / 1.852,
    "ms": 3600 / 1852, "mps": 3600 / 1852, "mph": 1.609344 / 1.852,
}  # fmt: skip
_M: Final = {"": 1.0, "m": 1.0, "metre": 1.0, "metres": 1.0, "meters": 1.0, "ft": 0.3048, "feet": 0.3048}
_DEG: Final = {"": 1.0, "deg": 1.0, "degree": 1.0, "degrees": 1.0, "wgs84": 1.0, "dd": 1.0}
_EPOCH: Final = {"": 1.0, "s": 1.0, "ms": 1.0, "us": 1.0, "ns": 1.0, "utc": 1.0, "gmt": 1.0, "z": 1.0, "unix": 1.0}
UNITS: Final[Mapping[str, Mapping[str, float]]] = {
    "time": _EPOCH, "lat": _DEG, "lon": _DEG, "cog": _DEG, "heading": _DEG, "sog": _KN,
    "length": _M, "beam": _M, "draught": _M, "bow": _M, "stern": _M, "port": _M, "starboard": _M,
}  # fmt: skip
"""By field: the factor for a number of that unit."""
_NO_UNIT: Final = {"": 1.0}
_SEPARATORS: Final = ",;\t|"
_SEEMS_FROM: Final = 3
"""This number of known headings makes a table of positions, though a needed one may be missing."""
_LONGEST: Final = 16_384


class Format(NamedTuple):
    """How a published format differs from the rest."""

    name: str
    marks: frozenset[str]
    """Headings that occur together only in it."""
    columns: Mapping[str, str] = {}
    """Heading -> field, if ``COLUMNS`` has another or none."""
    factors: Mapping[str, float] = {}
    """Field -> factor for its numbers."""
    dates: Literal["", "dmy", "mdy"] = ""
    """Order of its dates in numbers."""


FORMATS: Final = (
    Format("wakewatch", frozenset({"times", "latdeg", "londeg"}), {"type": "type"}),
    Format("DMA", frozenset({"timestamp", "typeofmobile", "navigationalstatus"}), dates="dmy",
           columns={"a": "bow", "b": "stern", "c": "port", "d": "starboard"}),
    Format("NOAA", frozenset({"basedatetime"})),
    Format("AISHub", frozenset({"tstamp", "navstat"}),
           columns={"type": "ship_type", "a": "bow", "b": "stern", "c": "port", "d": "starboard"}),
    Format("GFW", frozenset({"distancefromshore", "isfishing"})),
    Format("Spire", frozenset({"createdat", "collectiontype"})),
    Format("MarineTraffic", frozenset({"shipid", "dsrc"}), factors={"sog": 0.1}),
)  # fmt: skip
_ANY: Final = Format("table", frozenset())
_UTC: Final = re.compile(r"utc|gmt|[(\[]z[)\]]")
_BRACKET: Final = re.compile(r"[(\[]([^)\]]*)[)\]]")
_UNIT_MATTERS: Final = (*NEEDED, "sog")
_FIELD_OF: Final = {heading: field for field, headings in COLUMNS.items() for heading in headings}


class ColumnPlace(NamedTuple):
    """Where a field is in a row."""

    number: int
    heading: str
    """As it is written."""
    factor: float


class TableLayout(NamedTuple):
    """How the rows of one table are to be read."""

    format: str
    separator: str
    places: Mapping[str, ColumnPlace]
    dates: Literal["", "dmy", "mdy"]
    units: tuple[str, ...] = ()
    """Headings with a unit that is not known."""

    @property
    def utc(self) -> bool:
        """Its times are in UTC: they are published so, or the heading says so."""
        return self.format != _ANY.name or bool(_UTC.search(self.places["time"].heading.lower()))


class IncompleteHeading(NamedTuple):
    """A heading of a table of positions that lacks what is needed."""

    known: tuple[str, ...]
    missing: tuple[str, ...]
    units: tuple[str, ...] = ()
    """Headings of needed columns, or of the speed, with a unit that is not known."""

    def why(self) -> str:
        """What is wrong with it."""
        if self.units:
            return f"a table with an unknown unit in {' and '.join(map(repr, self.units))}"
        return f"a table without {' and '.join(self.missing)}"


class ColumnMap(msgspec.Struct, frozen=True):
    """A user's own headings for a table in no known form: field, heading as it is written, factor for its numbers."""

    columns: tuple[tuple[str, str, float], ...] = ()


def column_map(text: str) -> ColumnMap:
    """``time=stamp:ms,mmsi=ship,lat=y,lon=x`` as a map: field=HEADING or field=HEADING:UNIT. Raises ConfigError."""
    columns = []
    for piece in text.split(","):
        field, equals, heading = (part.strip() for part in piece.partition("="))
        if not equals or field not in COLUMNS:
            raise ConfigError(f"--columns {piece!r}: write FIELD=HEADING; fields are {', '.join(COLUMNS)}")
        name, colon, unit = heading.rpartition(":")
        factor = _unit(field, unit) if colon else 1.0
        if factor is None:
            known = ", ".join(unit for unit in UNITS.get(field, _NO_UNIT) if unit)
            raise ConfigError(f"--columns {piece!r}: unknown unit {unit!r}; units of {field}: {known or 'none'}")
        columns.append((field, name if colon else heading, factor))
    missing = [field for field in NEEDED if field not in {column[0] for column in columns}]
    if missing:
        raise ConfigError(f"--columns {text}: {' and '.join(missing)} missing; a table needs {', '.join(NEEDED)}")
    return ColumnMap(tuple(columns))


def layout_of(line: bytes, given: ColumnMap = ColumnMap()) -> TableLayout | IncompleteHeading | None:  # noqa: B008
    """How the table that begins with ``line`` is read; None if it is not a heading."""
    if b"!" in line or len(line) > _LONGEST:
        return None
    text = text_of(line).lstrip("\ufeff")
    best: TableLayout | None = None
    for separator in _SEPARATORS:
        if separator in text:
            found = _layout(cells_of(text, separator), separator, given)
            if best is None or len(found.places) > len(best.places):
                best = found
    if best is None or len(best.places) < _SEEMS_FROM:
        return None
    missing = tuple(field for field in NEEDED if field not in best.places)
    if missing or best.units:
        return IncompleteHeading(tuple(best.places), missing, best.units)
    return best


def text_of(line: bytes) -> str:
    """The text, as UTF-8 or otherwise in the encoding of Western spreadsheets."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def cells_of(text: str, separator: str) -> list[str]:
    """The cells of a row. Raises csv.Error."""
    return [cell.strip() for cell in next(csv.reader([text], delimiter=separator, skipinitialspace=True), [])]


def _layout(cells: list[str], separator: str, given: ColumnMap) -> TableLayout:
    names = [_plain(cell) for cell in cells]
    kind = next((one for one in FORMATS if one.marks <= set(names)), _ANY)
    places = {
        field: ColumnPlace(cells.index(heading), heading, factor)
        for field, heading, factor in given.columns
        if heading in cells
    }
    ranks = dict.fromkeys(places, -2)  # what the user says comes first
    units = tuple(
        cell for cell in cells if _has_strange_unit(cell, kind) and cell not in {h for _, h, _ in given.columns}
    )
    for number, cell in enumerate(cells):
        found = _field(cell, kind)
        if found is None:
            continue
        field, factor, rank = found
        if field not in places or rank < ranks[field]:
            places[field], ranks[field] = ColumnPlace(number, cell.strip("# "), factor), rank
    return TableLayout(kind.name, separator, places, kind.dates, units)


def _field(cell: str, kind: Format) -> tuple[str, float, int] | None:
    """The field of a heading, the factor for its numbers, and how good a heading it is (0 is best)."""
    unit = "".join(_BRACKET.findall(cell))
    bare = _BRACKET.sub(" ", cell)
    words = re.findall(r"[a-z0-9]+", bare.lower())
    name, behind = "".join(words), "".join(words[:-1])
    field = kind.columns.get(name) or _FIELD_OF.get(name)
    if field is None and behind:
        field, unit = kind.columns.get(behind) or _FIELD_OF.get(behind), words[-1]
        name = behind
    if field is None:
        return None
    factor = _unit(field, unit)
    if factor is None:
        return None
    order = COLUMNS[field]
    return field, factor * kind.factors.get(field, 1.0), order.index(name) if name in order else -1


def _unit(field: str, unit: str) -> float | None:
    return UNITS.get(field, _NO_UNIT).get(_plain(unit))


def _has_strange_unit(cell: str, kind: Format) -> bool:
    """Whether a heading in brackets gives a unit that is not known, where a wrong one would be a wrong position."""
    bracket = _BRACKET.search(cell)
    if bracket is None:
        return False
    name = _plain(_BRACKET.sub(" ", cell))
    field = kind.columns.get(name) or _FIELD_OF.get(name)
    return field in _UNIT_MATTERS and _unit(field, bracket[1]) is None


def _plain(text: str) -> str:
    """Only the letters and digits, in lower case."""
    return re.sub(r"[^a-z0-9]", "", text.lower())
