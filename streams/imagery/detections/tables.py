"""CSV of detections: columns are known by their headings, or named by the user."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from typing import Final, TextIO

from streams.imagery.detections import cells
from streams.imagery.detections.columns import COLUMNS, contact_of
from streams.imagery.detections.rows import Gathered

_SENTINEL_1: Final = (frozenset({"presence_score", "matched_category"}), frozenset({"detect_lat", "vessel_length_m"}))
"""Headings of Global Fishing Watch and of xView3, which both are about Sentinel-1."""
_FIELD_MOST: Final = 1 << 20
_HEADING_LINES: Final = 50
_HEAD: Final = 1 << 14


def read_table(name: str, file: TextIO, gathered: Gathered, columns: Mapping[str, str]) -> None:
    """Adds the rows of a table; its heading is the first line with a latitude and a longitude, or a footprint."""
    others_most = csv.field_size_limit(_FIELD_MOST)  # one limit for the whole process: lists have another
    try:
        _read(name, file, gathered, columns)
    finally:
        csv.field_size_limit(others_most)


def _read(name: str, file: TextIO, gathered: Gathered, columns: Mapping[str, str]) -> None:
    head = file.read(_HEAD)
    file.seek(0)
    reader = csv.reader(file, delimiter=max(",;\t|", key=head.count))
    places: dict[str, int] = {}
    sensor = ""
    for line, cells_ in _records(reader, name, gathered):
        if not places:
            places, sensor = _heading(cells_, columns)
            if not places and line >= _HEADING_LINES:
                break
        elif any(cell.strip() for cell in cells_):
            row = {ours: cells_[at] for ours, at in places.items() if at < len(cells_)}
            gathered.each(f"{name}:{line}", contact_of(row, sensor))
    if not places:
        gathered.reject(name, "no heading with latitude and longitude; name the columns with --columns")


def _records(reader: Iterator[list[str]], name: str, gathered: Gathered) -> Iterator[tuple[int, list[str]]]:
    while True:
        line = reader.line_num + 1  # type: ignore[attr-defined]
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error:
            gathered.reject(f"{name}:{line}", "not CSV")


def _heading(record: list[str], columns: Mapping[str, str]) -> tuple[dict[str, int], str]:
    """Where our columns are, and the sensor if the headings say it; nothing if this is no heading."""
    plain_names = [cells.heading(cell) for cell in record]
    at = {name: number for number, name in reversed([*enumerate(plain_names)])}
    wanted = {ours: (columns[ours],) if ours in columns else names for ours, names in COLUMNS.items()}
    found = {ours: next((at[name] for name in names if name in at), -1) for ours, names in wanted.items()}
    found = {ours: number for ours, number in found.items() if number >= 0}
    if not {"lat", "lon"} <= found.keys() and "footprint" not in found:
        return {}, ""
    return found, "Sentinel-1" if any(names <= at.keys() for names in _SENTINEL_1) else ""
