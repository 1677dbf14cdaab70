"""Tables of positions read as if they had been heard: each row becomes NMEA sentences with a time.

Known by the names in their first line, in any order and case: the project's own position tables (``time_s,mmsi,
lat_deg,...``), Danish Maritime Authority CSV (``# Timestamp,Type of mobile,MMSI,...``, dd/mm/yyyy) and NOAA
MarineCadastre CSV (``MMSI,BaseDateTime,LAT,LON,...``). A class A ship's particulars are sent when they change.
"""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from typing import Final

from streams import encode
from streams.encode import Fix, Particulars
from streams.errors import Reason
from streams.ingest.sentence import Bad, time_ms_of

_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "time": ("times", "timestamp", "basedatetime"),
    "mmsi": ("mmsi",),
    "lat": ("latdeg", "latitude", "lat"),
    "lon": ("londeg", "longitude", "lon"),
    "type": ("type",),
    "class": ("typeofmobile", "transceiverclass", "transceiver"),
    "sog": ("sogkn", "sog"),
    "cog": ("cogdeg", "cog"),
    "heading": ("headingdeg", "heading"),
    "status": ("navstatus", "navigationalstatus", "status"),
    "imo": ("imo",),
    "call_sign": ("callsign",),
    "name": ("vesselname", "name", "shipname"),
    "ship_type": ("vesseltype", "shiptype"),
    "length": ("length",),
    "beam": ("width",),
    "draught": ("draught", "draft"),
    "destination": ("destination",),
}
_NEEDED: Final = ("time", "mmsi", "lat", "lon")
_STATUS: Final = (
    "under way using engine", "at anchor", "not under command", "restricted maneuverability",
    "constrained by her draught", "moored", "aground", "engaged in fishing", "under way sailing",
)  # fmt: skip
_SHIP_TYPES: Final = {
    "fishing": 30,
    "towing": 31,
    "tug": 52,
    "pilot": 50,
    "sar": 51,
    "passenger": 60,
    "cargo": 70,
    "tanker": 80,
}
_STATUS_UNKNOWN: Final = 15
_STATUS_MOST: Final = 15
_SHIP_TYPE_MOST: Final = 99
_LAT_MOST, _LON_MOST = 91.0, 181.0  # what AIS sends for unknown; more cannot be sent
_MMSI_MOST: Final = 999_999_999
_IMO_MOST: Final = 2**30 - 1
_COG_END: Final = 360.0
_SOG_END_KN: Final = 102.3
_LENGTH_MOST_M, _BEAM_MOST_M, _DRAUGHT_MOST_M = 766, 126, 25.5
_KNOWN_MOST: Final = 200_000
_CLASS_B_TYPES: Final = ("18", "19", "24")
_BASE_TYPE: Final = "4"


class Unreadable(bytes):
    """A row that gives no sentence."""

    __slots__ = ()


UNREADABLE: Final = Bad(Reason.MALFORMED, "a row that cannot be read")
"""Why it is refused."""


class Rows:
    """Turns lines of a table into lines of NMEA; anything that does not begin as a table passes untouched."""

    def __init__(self) -> None:
        self._begun = False
        self._header = b""
        self._columns: dict[str, int] = {}
        self._said: dict[int, Particulars] = {}
        self._sequence = 0
        self._last_time: tuple[str, int] = ("", 0)

    @property
    def table(self) -> bool:
        """The input has begun as a table."""
        return bool(self._columns)

    def take(self, lines: list[bytes]) -> list[bytes]:
        """The lines to go on with. A row that cannot be read comes out as it is, as Unreadable."""
        if lines and not self._begun:
            self._begun = True
            self._header, self._columns = lines[0], _columns(lines[0])
        if not self._columns:
            return lines
        return [out for line in lines for out in self._line(line)]

    def _line(self, line: bytes) -> list[bytes]:
        if line == self._header:
            return [line]
        try:
            return self._row(line)
        except (ValueError, LookupError, OverflowError, csv.Error):
            return [Unreadable(line)]

    def _row(self, line: bytes) -> list[bytes]:
        fields = next(csv.reader([line.decode("utf-8", "replace")]), [])
        row = {name: fields[place].strip() for name, place in self._columns.items() if place < len(fields)}
        mmsi, time_ms = int(row["mmsi"]), self._time_ms(row["time"])
        if not 0 <= mmsi <= _MMSI_MOST:
            raise ValueError(f"mmsi {mmsi}")
        fix = _fix(row)
        kind, mobile = row.get("type", ""), row.get("class", "").lower()
        if kind == _BASE_TYPE or "base" in mobile:
            bits = [encode.base_station(mmsi, fix)]
        elif kind in _CLASS_B_TYPES or mobile in {"b", "class b"}:
            bits = [encode.position_b(mmsi, fix)]
        else:
            bits = [encode.position(mmsi, fix, kind=_kind(kind), status=_status(row.get("status", "")))]
            bits += self._news(mmsi, row)
        lines = [sentence for one in bits for sentence in encode.sentences(one, sequence=self._sequence)]
        tag = b"c:%d" % time_ms
        head = b"\\%b*%02X\\" % (tag, encode.checksum(tag))
        return [head + sentence for sentence in lines]

    def _time_ms(self, text: str) -> int:
        if text != self._last_time[0]:
            self._last_time = (text, _time_ms(text))
        return self._last_time[1]

    def _news(self, mmsi: int, row: dict[str, str]) -> list[encode.Bits]:
        """The ship's particulars, when they are not those last said."""
        said = _particulars(row)
        if said == Particulars() or self._said.get(mmsi) == said:
            return []
        if len(self._said) >= _KNOWN_MOST:
            self._said.clear()
        self._said[mmsi] = said
        self._sequence = (self._sequence + 1) % 10
        return [encode.static(mmsi, said)]


def _columns(header: bytes) -> dict[str, int]:
    """Places of the columns we know; empty when this is no header of a table of positions."""
    names = [re.sub(r"[^a-z]", "", name.lower()) for name in header.decode("utf-8-sig", "replace").split(",")]
    found = {ours: names.index(name) for ours, known in _NAMES.items() for name in known if name in names}
    return found if all(name in found for name in _NEEDED) else {}


def _time_ms(text: str) -> int:
    epoch_ms = time_ms_of(text)
    if epoch_ms is not None:
        return epoch_ms
    stamp = datetime.strptime(text, "%d/%m/%Y %H:%M:%S") if "/" in text else datetime.fromisoformat(text)
    time_ms = int((stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp() * 1000)
    if time_ms_of(str(time_ms)) != time_ms:
        raise ValueError(f"time {text}")
    return time_ms


def _fix(row: dict[str, str]) -> Fix:
    lat_deg, lon_deg = float(row["lat"]), float(row["lon"])
    if not (abs(lat_deg) <= _LAT_MOST and abs(lon_deg) <= _LON_MOST):
        raise ValueError(f"position {lat_deg}, {lon_deg}")
    return Fix(
        lat_deg=lat_deg,
        lon_deg=lon_deg,
        sog_kn=_within(row.get("sog", ""), _SOG_END_KN),
        cog_deg=_within(row.get("cog", ""), _COG_END),
        heading_deg=_within(row.get("heading", ""), _COG_END),
    )


def _within(text: str, end: float) -> float | None:
    """A number from 0 to below ``end``; None for anything else."""
    value = _number(text)
    return value if value is not None and 0 <= value < end else None


def _number(text: str) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _kind(text: str) -> int:
    return int(text) if text in {"1", "2", "3"} else 1


def _status(text: str) -> int:
    value = _number(text)
    if value is not None:
        return int(value) if 0 <= value <= _STATUS_MOST else _STATUS_UNKNOWN
    low = text.lower()
    return _STATUS.index(low) if low in _STATUS else _STATUS_UNKNOWN


def _particulars(row: dict[str, str]) -> Particulars:
    imo = re.sub(r"\D", "", row.get("imo", ""))
    return Particulars(
        imo=int(imo) if imo and int(imo) <= _IMO_MOST else 0,
        call_sign=_text(row, "call_sign"),
        name=_text(row, "name"),
        ship_type=_ship_type(row.get("ship_type", "")),
        length_m=int(_within(row.get("length", ""), _LENGTH_MOST_M) or 0),
        beam_m=int(_within(row.get("beam", ""), _BEAM_MOST_M) or 0),
        draught_m=_within(row.get("draught", ""), _DRAUGHT_MOST_M) or 0.0,
        destination=_text(row, "destination"),
    )


def _text(row: dict[str, str], name: str) -> str:
    text = row.get(name, "")
    return "" if text.lower() in {"unknown", "undefined"} else text


def _ship_type(text: str) -> int:
    value = _number(text)
    if value is not None:
        return int(value) if 0 <= value <= _SHIP_TYPE_MOST else 0
    return _SHIP_TYPES.get(text.lower(), 0)
