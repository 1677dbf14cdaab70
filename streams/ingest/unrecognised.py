"""What an input without any AIS looks like, and what can be done about it."""

from __future__ import annotations

import re
from typing import Final

from streams.ingest.inputs import Input
from streams.ingest.model import InputCounts
from streams.ingest.table_columns import IncompleteHeading, layout_of

_PACKED: Final = {
    b"7z\xbc\xaf\x27\x1c": "a 7z archive; unpack it",
    b"Rar!": "a RAR archive; unpack it",
    b"\x04\x22\x4d\x18": "an lz4 file; unpack it",
    b"SQLite format 3": "a SQLite database; export the table of positions as CSV",
    b"%PDF": "a PDF document; give a recording",
    b"\xd4\xc3\xb2\xa1": "a packet capture; extract the payloads, one sentence per line",
    b"\x0a\x0d\x0d\x0a": "a packet capture; extract the payloads, one sentence per line",
    b"\xff\xfe": "UTF-16 text, as PowerShell writes with >; convert it: iconv -f UTF-16 -t UTF-8 FILE",
    b"\xfe\xff": "UTF-16 text; convert it: iconv -f UTF-16 -t UTF-8 FILE",
}
_TAR: Final = slice(257, 262)
_BINARY_SHARE: Final = 0.1
_OTHER_NMEA: Final = re.compile(rb"(?:^|[\s\\])(\$[A-Z]{2}[A-Z]{3}),")
_NEED: Final = "a table needs time, MMSI, latitude and longitude in its first line"
_SHOWN_MOST: Final = 60


def nothing_of_ours(given: Input, now: InputCounts) -> str:
    """Empty if some sentence of the input was read; otherwise what it looks like and, after a semicolon, what to do."""
    came = given.since(now)
    if came.sentences > came.rejected_all:
        return ""
    if not given.size:
        return "it is empty; give another recording"
    if came.sentences:
        reasons = ", ".join(f"{count} {reason.value}" for reason, count in sorted(came.rejected.items()))
        first = f", such as {given.refusal}" if given.refusal else ""
        return f"all of its {came.sentences} lines or rows were rejected ({reasons}){first}; --rejected FILE saves them"
    return looks_like(given.opening)


def looks_like(opening: bytes) -> str:
    """What bytes without an AIS sentence look like, and what to do."""
    for magic, what in _PACKED.items():
        if opening.startswith(magic):
            return f"it looks like {what}"
    if opening[_TAR] == b"ustar":
        return "it looks like a tar archive; unpack it"
    text = opening.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        return "it has blank lines only; give another recording"
    if _binary(opening):
        return "it looks like binary data; give NMEA lines or a table, compressed or not"
    return _marked_up(text) or _text(text)


def _marked_up(text: bytes) -> str:
    if text[:1] in b"{[":
        return "it looks like JSON without sentences; JSON lines of receivers need `nmea`"
    if text[:1] != b"<":
        return ""
    page = b"<html" in text.lower() or b"<!doctype html" in text.lower()
    kind = "a web page (HTML), perhaps of a login" if page else "XML"
    return f"it looks like {kind}; give NMEA lines or a table"


def _text(text: bytes) -> str:
    lines = text.splitlines()
    for line in lines[:50]:
        found = layout_of(line)
        if isinstance(found, IncompleteHeading):
            return f"it looks like {found.why()}; {_NEED}"
    other = _OTHER_NMEA.search(text)
    if other is not None:
        return (
            f"it has other NMEA sentences, such as {other.group(1).decode()}, and no !AIVDM; record the AIS output too"
        )
    first = lines[0][:_SHOWN_MOST].decode("utf-8", "replace")
    if any(mark in first for mark in ",;\t"):
        return f"it looks like a table with unknown headings ({first!r}); {_NEED}"
    return f"it looks like text without AIS sentences (it begins {first!r}); give NMEA lines or a table"


def _binary(opening: bytes) -> bool:
    odd = sum(byte < 9 or 13 < byte < 32 for byte in opening)  # noqa: PLR2004  # control characters except white space
    return odd > _BINARY_SHARE * len(opening)
