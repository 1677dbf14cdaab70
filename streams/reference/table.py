"""Foreign text tables: bytes into records, with the line on which each begins. No I/O."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from typing import Final

from streams.reference.list_cells import RefusedRow

Record = tuple[int, list[str]]
Row = tuple[int, dict[str, str]]

_NOT_A_LETTER: Final = re.compile(r"[^a-z0-9]+")
_END_OF_FILE: Final = "\x1a"  # OFAC's files still end as on CP/M


def decoded(content: bytes) -> str:
    """UTF-8, or UTF-16 with its mark. Bytes that are neither become surrogates: only their row is rejected."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    return content.decode("utf-8-sig", "surrogateescape")


def ended(text: str) -> str:
    """The text without an end-of-file mark, and with the end of its last line: another file may follow."""
    return text.rstrip(_END_OF_FILE + "\r\n") + "\n"


def records(text: str, refused: list[RefusedRow], *, delimiter: str = ",", skipped: int = 0) -> Iterator[Record]:
    """Records of ``text``, each with its first line; ``skipped`` lines are before it. Unreadable ones are rejected."""
    reader = csv.reader(io.StringIO(text.rstrip(_END_OF_FILE), newline=""), delimiter=delimiter, strict=True)
    while True:
        line = skipped + reader.line_num + 1
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            refused.append(RefusedRow(line=line, reason=f"not CSV: {error}"))


def headed(text: str, refused: list[RefusedRow], *, names: Mapping[str, str], delimiter: str = ",") -> Iterator[Row]:
    """Rows after the first record that is a heading of ``names`` (plain heading -> our name); others are skipped.

    Headings are compared by their letters and digits: ``IMO number`` is ``imo_number``.
    """
    columns: list[str] = []
    for line, record in records(text, refused, delimiter=delimiter):
        if not columns:
            plain = [heading(cell) for cell in record]
            known = [names.get(name, "") for name in plain]
            columns = known if len(set(known)) > 2 else []  # noqa: PLR2004 - "" and two known columns
        elif any(cell.strip() for cell in record):
            pairs = zip(columns, record, strict=False)
            yield line, {name: cell for name, cell in pairs if name}


def heading(cell: str) -> str:
    """A column's heading in small letters, digits and underscores."""
    return _NOT_A_LETTER.sub("_", cell.lower()).strip("_")
