"""Reads tables of positions as if they had been received: each row becomes NMEA sentences with a time.

``table_columns`` defines the columns. A ship's particulars are sent when they change. The station of the sentences is
the source, marked as re-encoded. Lines of a table that are sentences themselves pass unchanged, and a later heading
begins another table. ``table_blocks`` does the same in columns; this is the exact reference.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

from detectors.core.reports import RE_ENCODED
from streams.ingest import table_cells
from streams.ingest.stamps import StampError, StampRules, read_ms
from streams.ingest.table_cells import CellError
from streams.ingest.table_columns import NEEDED, ColumnMap, IncompleteHeading, TableLayout, cells_of, layout_of, text_of
from streams.nmea import encoder
from streams.nmea.checksum import tag_block
from streams.nmea.encoder import EncodedFix, Particulars
from streams.nmea.sentence import STATION_MOST, clean_station

_IMO_MOST: Final = 2**30 - 1
_LENGTH_MOST_M, _BEAM_MOST_M, _DRAUGHT_MOST_M = 766, 126, 25.5
KNOWN_MOST: Final = 200_000
_SENTENCE: Final = re.compile(rb"![^,*!\\]{2}VD[MO],")
_SHOWN_MOST: Final = 40
_NO_ROW: Final = (b"$", b"\\", b"{", b"[{", b"[ {")
"""How lines of other instruments, tag blocks and JSON begin."""
_COMMENT: Final = b"#"

Row = dict[str, str]
T = TypeVar("T")


def is_sentence(line: bytes) -> bool:
    """Whether an AIS sentence begins somewhere on a line, readable or not."""
    return _SENTENCE.search(line) is not None


class UnreadableRow(bytes):
    """A row that gives no sentence; ``detail`` gives the reason."""

    detail: str

    def __new__(cls, line: bytes, detail: str = "a row that cannot be read") -> UnreadableRow:
        """``line`` as it came."""
        made = super().__new__(cls, line)
        made.detail = detail
        return made


class Rows:
    """Turns lines of tables into lines of NMEA; a file without tables passes unchanged."""

    def __init__(
        self, rules: StampRules | None = None, source: str = "table", columns: ColumnMap | None = None
    ) -> None:
        self._rules = rules or StampRules()
        self._columns = columns or ColumnMap()
        self.station = clean_station(source.encode())[: STATION_MOST - len(RE_ENCODED)] + RE_ENCODED.encode()
        self.layout: TableLayout | None = None
        """How rows are read; None before the first heading."""
        self.stamps = self._rules
        """How its times are read."""
        self._settled = False
        self.lacking: IncompleteHeading | None = None
        """A heading that was found and lacks a needed column."""
        self.known: dict[int, Particulars] = {}
        """By MMSI, the particulars last sent."""
        self.stated: int | None = None
        """The MMSI whose particulars the last line brought; None if it brought none."""
        self._sequence = 0
        self._last_time: tuple[str | None, int] = (None, 0)

    @property
    def table(self) -> bool:
        """A table has begun."""
        return self.layout is not None

    def settle(self) -> None:
        """The head of the file is over: if it has no table, no later one is searched for."""
        self._settled = True

    def take(self, line: bytes) -> list[bytes]:
        """The lines to continue with. A row that cannot be read is returned as it is, as an UnreadableRow."""
        self.stated = None
        if self.layout is None:
            if not self._settled:
                self._begin(line)
            return [line]
        if is_sentence(line):
            return [line]
        try:
            return self.row(line, self.layout)
        except (ValueError, LookupError, OverflowError, csv.Error) as error:
            if self._begin(line) or _is_no_row(line, self.layout):
                return [line]
            return [UnreadableRow(line, str(error) if isinstance(error, CellError) else "a row that cannot be read")]

    def _begin(self, line: bytes) -> bool:
        """Uses a line as a heading, if it is one."""
        try:
            found = layout_of(line, self._columns)
        except csv.Error:
            return False
        if isinstance(found, IncompleteHeading):
            self.lacking = found
        if not isinstance(found, TableLayout):
            return False
        self.layout, self._last_time = found, (None, 0)
        self.stamps = msgspec.structs.replace(self._rules, dates=found.dates) if found.dates else self._rules
        return True

    def row(self, line: bytes, layout: TableLayout) -> list[bytes]:
        """The sentences of a row. Raises CellError, and other ValueErrors, if it cannot be read."""
        row = _fields(line, layout)
        mmsi, time_ms = _named(layout, row, "mmsi", table_cells.mmsi), _named(layout, row, "time", self.time_ms)
        fix = _fix(row, layout)
        kinds = table_cells.kind(row.get("type", "")), table_cells.kind_of_class(row.get("class", ""))
        if table_cells.BASE in kinds:
            bits = [encoder.base_station(mmsi, fix)]
        elif table_cells.CLASS_B in kinds:
            bits = [encoder.position_b(mmsi, fix)]
        else:
            bits = [encoder.position(mmsi, fix, kind=kinds[0], status=table_cells.status(row.get("status", "")))]
            bits += self._news(mmsi, _particulars(row, layout))
        tag = b"s:%b,c:%d" % (self.station, time_ms)
        head = tag_block(tag)
        return [head + line for one in bits for line in encoder.sentences(one, sequence=self._sequence)]

    def time_ms(self, text: str) -> int:
        """The time in a cell. Raises StampError."""
        if text != self._last_time[0]:
            self._last_time = (text, read_ms(text, self.stamps))
        return self._last_time[1]

    def _news(self, mmsi: int, said: Particulars) -> list[encoder.Bits]:
        """The ship's particulars, if they differ from those last sent."""
        if said == Particulars() or self.known.get(mmsi) == said:
            return []
        if len(self.known) >= KNOWN_MOST:
            self.known.clear()
        self.known[mmsi], self.stated = said, mmsi
        self._sequence = (self._sequence + 1) % 10
        return [encoder.static(mmsi, said)]


def _is_no_row(line: bytes, layout: TableLayout) -> bool:
    """Whether a line that is no sentence either may pass: it is blank, a comment, or of a log between the rows."""
    if line.startswith(_COMMENT):  # a spreadsheet's #N/A begins a row
        return line.count(layout.separator.encode()) < max(layout.places[field].number for field in NEEDED)
    return line.startswith(_NO_ROW) or not line.strip(b" \t,;|")


def _fields(line: bytes, layout: TableLayout) -> Row:
    found = cells_of(text_of(line), layout.separator)
    row = {field: found[place.number] for field, place in layout.places.items() if place.number < len(found)}
    for field in NEEDED:
        if field not in row:
            raise CellError(f"{len(found)} cells: {layout.places[field].heading} is missing")
    return row


def _named(layout: TableLayout, row: Row, field: str, read: Callable[[str], T]) -> T:
    """Reads a cell. Raises CellError that names it."""
    try:
        return read(row[field])
    except (CellError, StampError) as error:
        raise CellError(f"{layout.places[field].heading} {row[field][:_SHOWN_MOST]!r} {error}") from error


def _fix(row: Row, layout: TableLayout) -> EncodedFix:
    return EncodedFix(
        lat_deg=_named(layout, row, "lat", lambda text: table_cells.degrees(text, table_cells.LAT_MOST)),
        lon_deg=_named(layout, row, "lon", lambda text: table_cells.degrees(text, table_cells.LON_MOST)),
        sog_kn=_within(row, layout, "sog", table_cells.SOG_END_KN),
        cog_deg=_within(row, layout, "cog", table_cells.COG_END),
        heading_deg=_within(row, layout, "heading", table_cells.COG_END),
    )


def _within(row: Row, layout: TableLayout, field: str, end: float) -> float | None:
    place = layout.places.get(field)
    return None if place is None else table_cells.within(row.get(field, ""), end, place.factor)


def _particulars(row: Row, layout: TableLayout) -> Particulars:
    imo = re.sub(r"\D", "", row.get("imo", "").partition(".")[0])
    return Particulars(
        imo=int(imo) if imo and int(imo) <= _IMO_MOST else 0,
        call_sign=table_cells.words(row.get("call_sign", "")),
        name=table_cells.words(row.get("name", "")),
        ship_type=table_cells.ship_type(row.get("ship_type", "")),
        length_m=_side_m(row, layout, ("length", "bow", "stern"), _LENGTH_MOST_M),
        beam_m=_side_m(row, layout, ("beam", "port", "starboard"), _BEAM_MOST_M),
        draught_m=_within(row, layout, "draught", _DRAUGHT_MOST_M) or 0.0,
        destination=table_cells.words(row.get("destination", "")),
    )


def _side_m(row: Row, layout: TableLayout, fields: tuple[str, str, str], most_m: float) -> int:
    """A length as given, otherwise the sum of its two parts on either side of the antenna."""
    whole = _within(row, layout, fields[0], most_m)
    parts = [_within(row, layout, field, most_m) for field in fields[1:]]
    return int(whole or min(most_m - 1, sum(part or 0.0 for part in parts)))
