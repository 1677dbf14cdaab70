"""OFAC's SDN list: ``sdn.csv``, with ``alt.csv`` and ``sdn_comments.csv`` beside it. No I/O here.

None of the three has a heading. ``-0- `` means empty. Data without a column of its own is in the remarks, separated by
``;``: IMO numbers in two spellings (``Vessel Registration Identification IMO 9187629``, ``Identification Number IMO
9339301``), MMSI, flags, other names, year of build, and ``Linked To``, mostly the owner. Remarks longer than their
column continue, in the middle of a word, in ``sdn_comments.csv``. The second spelling is also a *company's* number on
entities: only rows of type ``vessel`` are ships. The CSV has no listing date, so none is stated.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from streams.reference.entry import Entries, Stated
from streams.reference.table import records

LIST: Final = "OFAC"
_SDN_COLUMNS, _ALT_COLUMNS, _COMMENT_COLUMNS = 12, 5, 2
_KINDS: Final = {"aka", "fka", "nka", "a.k.a.", "f.k.a.", "n.k.a."}
_NOTHING: Final = "-0-"
_IMO: Final = re.compile(r"(?:alt\. )?(?:Vessel Registration Identification|Identification Number) (IMO\b.*)")
_NAME: Final = re.compile(r"(?:alt\. )?[afn]\.k\.a\. '(.*)'")
_FIELDS: Final = (
    ("mmsis", re.compile(r"(?:alt\. )?MMSI (.*)")),
    ("flag", re.compile(r"Vessel Flag:? (.*)")),
    ("flags", re.compile(r"(?:alt\. )?(?:(?:Former|Other) Vessel Flag|(?<=alt\. )Vessel Flag):? (.*)")),
    ("built", re.compile(r"(?:alt\. )?Vessel Year of Build:? (.*)")),
    ("call_signs", re.compile(r"(?:alt\. )?(?:Former|Other) Vessel Call Sign (.*)")),
    ("types", re.compile(r"(?:alt\. )?Other Vessel Type (.*)")),
    ("owners", re.compile(r"Linked To: (.*)")),
    ("imos", _IMO),
    ("names", _NAME),
)

Several = dict[str, list[str]]


def kind_of(record: list[str]) -> str | None:
    """``sdn``, ``alt`` or ``comments`` if ``record`` is a row of one of OFAC's three files."""
    if not record or not record[0].strip().isdigit():
        return None
    if len(record) == _SDN_COLUMNS:
        return "sdn"
    if len(record) == _ALT_COLUMNS and record[1].strip().isdigit() and record[2].strip().lower() in _KINDS:
        return "alt"
    return "comments" if len(record) == _COMMENT_COLUMNS else None


def read_ofac(sdn: str, alt: str, comments: str, found: Entries) -> None:
    """Reads the three texts into ``found``; any of them may be empty."""
    names, remarks = _alternatives(alt, found), _spilled(comments, found)
    for line, record in records(sdn, found.refused):
        if not "".join(record).strip():
            continue
        if len(record) != _SDN_COLUMNS:
            found.refuse(line, f"{len(record)} cells, an SDN row has {_SDN_COLUMNS}")
        elif record[2].strip().lower() != "vessel":
            found.passed_over += 1
        else:
            cells = [_cell(cell) for cell in record]
            found.take(_stated(line, cells, names[cells[0]], cells[11] + remarks[cells[0]]))


def _cell(cell: str) -> str:
    return "" if cell.strip() == _NOTHING else cell.strip()


def _alternatives(alt: str, found: Entries) -> dict[str, list[str]]:
    names: dict[str, list[str]] = defaultdict(list)
    for line, record in records(alt, found.refused):
        if len(record) == _ALT_COLUMNS:
            names[record[0].strip()].append(_cell(record[3]))
        elif "".join(record).strip():
            found.refuse(line, f"{len(record)} cells, a row of alternate names has {_ALT_COLUMNS}")
    return names


def _spilled(comments: str, found: Entries) -> dict[str, str]:
    remarks: dict[str, str] = defaultdict(str)
    for line, record in records(comments, found.refused):
        if len(record) == _COMMENT_COLUMNS:
            remarks[record[0].strip()] += _unquoted(record[1])
        elif "".join(record).strip():
            found.refuse(line, f"{len(record)} cells, a row of comments has {_COMMENT_COLUMNS}")
    return remarks


def _unquoted(cell: str) -> str:
    return "" if cell.strip() == _NOTHING else cell.rstrip()


def _stated(line: int, cells: list[str], names: list[str], remarks: str) -> Stated:
    number, name, _, programme, _, sign, ship_type, deadweight, gross, flag, owner, _ = cells
    said: Several = defaultdict(list)
    for field, value in _remarks(remarks):
        said[field].append(value)
    return Stated(
        list=LIST,
        line=line,
        entry_id=number,
        names=(name, *said["names"], *names),
        imos=tuple(said["imos"]),
        mmsis=tuple(said["mmsis"]),
        call_signs=(sign, *said["call_signs"]),
        flags=(flag or next(iter(said["flag"]), ""), *(said["flag"] if flag else said["flag"][1:]), *said["flags"]),
        remarks=remarks,
        ship_type=ship_type or next(iter(said["types"]), ""),
        tonnage_gt=gross,
        deadweight_t=deadweight,
        owner=owner or "; ".join(said["owners"]),
        linked_to=tuple(said["owners"]),
        built=next(iter(said["built"]), ""),
        programme=programme.replace("] [", ", ").strip("[] "),
    )


def _remarks(remarks: str) -> Iterator[tuple[str, str]]:
    for part in remarks.rstrip(" .").split(";"):
        plain = " ".join(part.split()).removesuffix(".")
        for field, pattern in _FIELDS:
            if (match := pattern.fullmatch(plain)) is not None:
                yield field, match[1]
