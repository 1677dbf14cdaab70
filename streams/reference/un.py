"""The consolidated list of the UN Security Council (XML). No I/O here.

It has no ships as such: people and entities, and IMO numbers in free text. Nearly all of those are *company* numbers of
owners and managers. An entity is a ship only if its text has a number with a ship's check digit and not a company's,
and does not mention an owner, operator or company.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from streams.reference.countries import country_code
from streams.reference.entry import Entries, Stated, is_company_number, is_ship_number
from streams.reference.list_cells import Refusal
from streams.reference.markup import Leaves, xml_records

LIST: Final = "UN"
ROOT: Final = b"<CONSOLIDATED_LIST"
_IMO: Final = re.compile(
    r"\bIMO\b\W{0,3}\s*(?:(?:ship|identification|company)\s+)*(?:number|no)?\W{0,3}\s*([0-9]{7})\b", re.I
)
_COMPANY: Final = re.compile(r"company|owner|operator|manage|limited|\bltd\b|\bco\b|shipping|corporation|\binc\b", re.I)
_CALLED: Final = re.compile(r"\(?\bM/?[VT]\b|\bvessel type\b|^vessel\b", re.I)
_FLAGGED: Final = re.compile(r"\b[Ff]lag(?:ged)?:?\s+(?:is\s+)?([A-Z][A-Za-z' ]{2,40}?)(?=[.,;]|$)")
_MMSI: Final = re.compile(r"\bMMSI\b\D{0,12}([0-9]{9})\b", re.I)


def read_un(chunks: Iterable[bytes], found: Entries) -> None:
    """Reads the list into ``found``; a file that ends badly is rejected from there on."""
    try:
        for line, tag, leaves in xml_records(chunks, ("ENTITY", "INDIVIDUAL")):
            if tag == "INDIVIDUAL":
                found.passed_over += 1
            else:
                _entity(line, leaves, found)
    except Refusal as why:
        found.refuse(0, str(why))


def _entity(line: int, leaves: Leaves, found: Entries) -> None:
    of: dict[str, list[str]] = {}
    for path, text in leaves:
        of.setdefault(path, []).append(text)
    first = {path: texts[0] for path, texts in of.items()}
    comments = " ".join(of.get("COMMENTS1", []))
    imos = _IMO.findall(comments)
    name = first.get("FIRST_NAME", "")
    if not imos or not _is_ship(name, comments, [int(imo) for imo in imos]):
        found.passed_over += 1
        return
    flags = [each for each in _FLAGGED.findall(comments) if country_code(each)]
    found.take(
        Stated(
            list=LIST,
            line=line,
            entry_id=first.get("REFERENCE_NUMBER", "") or first.get("DATAID", ""),
            names=(name, *of.get("ENTITY_ALIAS/ALIAS_NAME", [])),
            imos=tuple(imos),
            mmsis=tuple(_MMSI.findall(comments)),
            flags=tuple(flags[:1]),
            remarks=comments,
            programme=first.get("UN_LIST_TYPE", ""),
            listed_on=first.get("LISTED_ON", ""),
        )
    )


def _is_ship(name: str, comments: str, imos: list[int]) -> bool:
    if not any(is_ship_number(imo) for imo in imos):
        return False
    if _CALLED.search(name) or _CALLED.search(comments):
        return True
    certain = any(is_ship_number(imo) and not is_company_number(imo) for imo in imos)
    return certain and not _COMPANY.search(name) and not _COMPANY.search(comments)
