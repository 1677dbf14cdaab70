"""A look at the beginning of each table, before anything is written: can its rows be read?"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from streams.errors import ConfigError
from streams.files.recordings import RecordingFile, all_recordings
from streams.ingest.framing import Framer
from streams.ingest.line_times import HEAD_LINES, OrderRules
from streams.ingest.stamps import StampError, StampRules, zoneless
from streams.ingest.table_columns import TableLayout, cells_of, text_of
from streams.ingest.tables import Rows, is_sentence

HEAD_BYTES: Final = 256 * 1024
"""This much of a recording is looked at."""


def refuse_unreadable_tables(paths: Sequence[Path], rules: OrderRules) -> None:
    """Raises ConfigError for a table that lacks a column, or whose units or time zone are not known.

    Files that can be read only once, such as pipes, are not looked at.
    """
    for recording in all_recordings([path for path in paths if path.is_file()]):
        _check(recording, rules)


def _check(recording: RecordingFile, rules: OrderRules) -> None:
    try:
        head = recording.file.read(HEAD_BYTES)
    except OSError:
        return  # it is said when the recording is played
    rows, sentences = Rows(rules.stamps, columns=rules.columns), False
    lines = _lines(head, rules)
    for number, line in enumerate(lines[:HEAD_LINES]):
        sentences = sentences or is_sentence(line)
        rows.take(line)
        if rows.table:
            _check_zone(recording.name, rows, lines[number + 1 :])
            return
    if rows.lacking is not None and not sentences:
        raise ConfigError(f"{recording.name}: {rows.lacking.why()}: name its columns with --columns, and their units")


def _lines(head: bytes, rules: OrderRules) -> list[bytes]:
    """Its whole lines; the last one is whole if the recording ends with it."""
    framer = Framer(rules.limit)
    lines = framer.feed(head)
    return lines if len(head) >= HEAD_BYTES else lines + framer.close()


def _check_zone(name: str, rows: Rows, lines: Sequence[bytes]) -> None:
    layout = rows.layout
    if layout is not None and _zoneless(layout, lines, rows.stamps):
        heading = layout.places["time"].heading
        raise ConfigError(f"{name}: the times in {heading} have no zone: name it, such as --time-zone UTC")


def lacks_zone(layout: TableLayout, head: bytes, rules: OrderRules) -> bool:
    """Whether the first times of a table have no zone, and none is known. ``head``: its first HEAD_BYTES, or all."""
    return _zoneless(layout, _lines(head, rules), rules.stamps)


def _zoneless(layout: TableLayout, lines: Iterable[bytes], stamps: StampRules) -> bool:
    """By the first time that can be read."""
    if layout.utc or stamps.zone_given:
        return False
    for line in lines:
        try:
            return zoneless(cells_of(text_of(line), layout.separator)[layout.places["time"].number], stamps)
        except (StampError, LookupError, csv.Error):
            continue
    return False
