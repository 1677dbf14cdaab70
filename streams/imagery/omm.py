"""Orbit Mean-Elements Messages (CCSDS 502.0-B): JSON, CSV, XML and lines of KEY = VALUE, as CelesTrak and Space-Track
write them.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from detectors.core.orbits.model import ElementSet
from streams.imagery.rejected import Unusable
from streams.imagery.xml_elements import records

Found = Iterator[tuple[int, ElementSet | Unusable]]
_FIELDS: Final = {
    "mean_motion": "MEAN_MOTION",
    "eccentricity": "ECCENTRICITY",
    "inclination_deg": "INCLINATION",
    "raan_deg": "RA_OF_ASC_NODE",
    "pericenter_deg": "ARG_OF_PERICENTER",
    "mean_anomaly_deg": "MEAN_ANOMALY",
}
_OPTIONAL: Final = {"bstar": "BSTAR", "mean_motion_dot": "MEAN_MOTION_DOT", "mean_motion_ddot": "MEAN_MOTION_DDOT"}
_EXPECTED: Final = {
    "CENTER_NAME": {"EARTH"},
    "REF_FRAME": {"TEME"},
    "TIME_SYSTEM": {"UTC"},
    "MEAN_ELEMENT_THEORY": {"SGP4", "SGP/SGP4", "SGP"},
    "EPHEMERIS_TYPE": {"0", "2", "3"},  # 4 is SGP4-XP: other elements under the same names
}
_NAME_MOST: Final = 64
_NUMBER_MOST: Final = 999_999_999
_NOT_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
BEGIN: Final = "CCSDS_OMM_VERS"


def from_json(data: bytes) -> Found:
    """An array of messages, one message, or one on each line. Raises Unusable if it is not JSON at all."""
    try:
        read: Any = msgspec.json.decode(data)
    except _NOT_JSON:
        yield from _from_json_lines(data)
        return
    for number, each in enumerate(read if isinstance(read, list) else [read], 1):
        yield number, _checked(each)


def _from_json_lines(data: bytes) -> Found:
    lines = [(number, line) for number, line in enumerate(data.splitlines(), 1) if line.strip()]
    decoded: list[tuple[int, Any]] = []
    for number, line in lines:
        try:
            decoded.append((number, msgspec.json.decode(line)))
        except _NOT_JSON:
            decoded.append((number, None))
    if not any(isinstance(each, dict) for _, each in decoded):
        raise Unusable("not JSON, or an incomplete download")
    for number, each in decoded:
        yield number, _checked(each)


def from_csv(lines: Iterable[str]) -> Found:
    """Rows under headings such as OBJECT_NAME."""
    rows = csv.reader(lines)
    try:
        heads = [head.strip().upper() for head in next(rows)]
        for row in rows:
            if row:
                yield rows.line_num, _checked(dict(zip(heads, row, strict=False)) if len(row) == len(heads) else None)
    except csv.Error as error:
        yield rows.line_num, Unusable(f"not CSV: {error}")


def from_xml(data: bytes) -> Found:
    """``omm`` elements, in an ``ndm`` or alone. Raises Unusable where it cannot continue."""
    for record in records(data, "omm"):
        yield record.line, _checked(record.first())


def from_kvn(lines: Iterable[str]) -> Found:
    """Lines of KEY = VALUE; each message begins with its version."""
    fields: dict[str, str] = {}
    at = 0
    for number, line in enumerate(lines, 1):
        key, equals, value = (part.strip() for part in line.partition("="))
        if key == BEGIN and fields:
            yield at, _checked(fields)
            fields = {}
        if equals:
            at = number if not fields else at
            fields.setdefault(key, value.partition("[")[0].strip())
    if fields:
        yield at, _checked(fields)


def _checked(fields: object) -> ElementSet | Unusable:
    try:
        return _element_set(fields) if isinstance(fields, dict) else Unusable("not a message of mean elements")
    except Unusable as why:
        return why


def _element_set(fields: Mapping[str, Any]) -> ElementSet:
    for key, expected in _EXPECTED.items():
        said = str(fields.get(key) or "").strip().upper()
        if said and said not in expected:
            raise Unusable(f"{key} is {said[:20]!r}; only {' or '.join(sorted(expected))} can be used")
    numbers = {name: _number(fields, key) for name, key in _FIELDS.items()}
    numbers |= {name: _number(fields, key) for name, key in _OPTIONAL.items() if str(fields.get(key) or "").strip()}
    norad_id = _number(fields, "NORAD_CAT_ID")
    if not (norad_id.is_integer() and 1 <= norad_id <= _NUMBER_MOST):
        raise Unusable("NORAD_CAT_ID is not a satellite's number")
    name = " ".join(str(fields.get("OBJECT_NAME") or "").split())[:_NAME_MOST]
    number = int(norad_id)
    return ElementSet(name=name or f"NORAD {number}", norad_id=number, epoch_ms=_epoch_ms(fields), **numbers)


def _number(fields: Mapping[str, Any], key: str) -> float:
    said = fields.get(key)
    if said is None or said == "":
        raise Unusable(f"without {key}")
    try:
        value = float(said)
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value) or isinstance(said, bool):
        raise Unusable(f"{key} is not a number")
    return value


def _epoch_ms(fields: Mapping[str, Any]) -> float:
    said = str(fields.get("EPOCH") or "").strip()
    if not said:
        raise Unusable("without EPOCH")
    try:
        moment = datetime.fromisoformat(said)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return round(moment.timestamp() * 1_000_000) / 1000
    except (ValueError, OverflowError):
        raise Unusable("EPOCH is not a time") from None
