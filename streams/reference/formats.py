"""Detects which list a file is, by its content, and loads it. No I/O here: the input is chunks of bytes.

| found in the first kilobytes | format |
|---|---|
| rows of 12 cells that begin with a number | OFAC ``sdn.csv``; of 5: ``alt.csv``; of 2: ``sdn_comments.csv`` |
| ``<CONSOLIDATED_LIST`` | UN |
| a heading that begins with ``#``, with name and IMO number; a page (HTML) | UN 1718, the list of vessels |
| ``<Designations``, or a heading with Unique ID and Name 6 | UK, XML or CSV |
| headings of the NGO Shipbreaking Platform, or an IMO number with a date of demolition | broken-up ships |
| a heading with a date of application and an IMO number | EU |
| a heading type, caption, imo, risk | OpenSanctions maritime |
| JSON lines with a schema | FollowTheMoney |
| anything else | an own list, CSV or TOML |
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Literal, NamedTuple

from msgspec.structs import replace

from streams.reference import eu, ofac, opensanctions, shipbreaking, table, uk, un, un_vessels
from streams.reference.entry import Entries
from streams.reference.watchlist import WatchlistFile, read_watchlist

Format = Literal[
    "own",
    "ofac-sdn",
    "ofac-alt",
    "ofac-comments",
    "un",
    "un-1718",
    "shipbreaking",
    "eu",
    "uk-csv",
    "uk-xml",
    "opensanctions-maritime",
    "ftm",
    "xml",
]
_HEAD_BYTES: Final = 1 << 16
_WHOLE_MOST_BYTES: Final = 256 << 20
_HASH_LETTERS: Final = 16
_TABLES: Final[dict[Format, Callable[[str, str, Entries], None]]] = {
    "eu": eu.read_eu,
    "un-1718": un_vessels.read_un_vessels,
    "uk-csv": uk.read_uk_csv,
    "opensanctions-maritime": opensanctions.read_maritime,
}
_PUBLISHED: Final = {
    "ofac-sdn": ofac.LIST,
    "un": un.LIST,
    "un-1718": un_vessels.LIST,
    "eu": eu.LIST,
    "uk-csv": uk.LIST,
    "uk-xml": uk.LIST,
    "opensanctions-maritime": opensanctions.LIST,
    "ftm": opensanctions.LIST,
}
_OFAC: Final[dict[str, Format]] = {"sdn": "ofac-sdn", "alt": "ofac-alt", "comments": "ofac-comments"}


class ListFile(NamedTuple):
    """A list file: its name, for people, and its bytes in chunks, unpacked."""

    name: str
    chunks: Iterable[bytes]


class ListRead(NamedTuple):
    """The contents of one file. OFAC's companion files have no ships of their own: they are read with ``sdn.csv``."""

    name: str
    watchlist: WatchlistFile


def read_lists(sources: Sequence[ListFile]) -> list[ListRead]:
    """Reads list files, detected by content; the companions of an ``sdn.csv`` are read with it. Never raises."""
    read: list[ListRead] = []
    ofac_texts: dict[Format, str] = {}
    ofac_name, ofac_hash = "", ""
    for source in sources:
        head, chunks = _peek(source.chunks)
        kind = format_of(head)
        if kind in _OFAC.values():
            content = _joined(chunks)
            ofac_texts[kind] = ofac_texts.get(kind, "") + table.ended(table.decoded(content))
            if kind == "ofac-sdn" or not ofac_name:
                ofac_name, ofac_hash = source.name, hashlib.sha256(content).hexdigest()
        else:
            read.append(ListRead(source.name, _one(kind, source.name, chunks)))
    if ofac_texts:
        read.append(ListRead(ofac_name, _signed(_ofac(ofac_texts), ofac_hash)))
    return read


def emptied(read: Iterable[ListRead]) -> set[str]:
    """Names of the published lists whose file was read completely and has no ship, like the UN's now."""
    found = set()
    for _, watchlist in read:
        name = _PUBLISHED.get(watchlist.format)
        broken = any(not each.line for each in watchlist.refused)
        if name and watchlist.passed_over and not watchlist.ships and not broken:
            found.add(name)
    return found


def _ofac(texts: dict[Format, str]) -> WatchlistFile:
    found = Entries()
    sdn = texts.get("ofac-sdn", "")
    ofac.read_ofac(sdn, texts.get("ofac-alt", ""), texts.get("ofac-comments", ""), found)
    if not sdn:
        found.refuse(0, "it continues sdn.csv: give sdn.csv too")
    return _watchlist("ofac-sdn" if sdn else next(iter(texts)), found)


def _one(kind: Format, name: str, chunks: Iterable[bytes]) -> WatchlistFile:
    digest = hashlib.sha256()
    hashed = _hashing(chunks, digest.update)
    found = Entries()
    stem = name.rpartition("/")[2].partition(".")[0] or name
    if kind == "un":
        un.read_un(hashed, found)
    elif kind == "uk-xml":
        uk.read_uk_xml(hashed, found)
    elif kind == "ftm":
        opensanctions.read_ftm(hashed, found)
    elif kind == "xml":
        found.refuse(0, "XML, but not of a known list (UN consolidated list, UK Sanctions List)")
    else:
        content = _joined(hashed)
        if kind == "own":
            return _signed(read_watchlist(content, stem), digest.hexdigest())
        text = table.decoded(content)
        if kind == "un-1718" and text.lstrip().startswith("<"):
            un_vessels.read_un_vessels_page(text, found)
        elif kind == "shipbreaking":
            shipbreaking.read_shipbreaking(text, _delimiter(text), stem, found)
        else:
            _TABLES[kind](text, _delimiter(text), found)
    return _signed(_watchlist(kind, found), digest.hexdigest())


def _watchlist(kind: Format, found: Entries) -> WatchlistFile:
    if not found.ships and not found.refused and not found.passed_over:
        found.refuse(0, "no vessel in the file")
    return WatchlistFile(
        ships=tuple(found.ships.values()),
        refused=tuple(found.refused),
        format=kind,
        doubts=tuple(found.doubts),
        passed_over=found.passed_over,
    )


def _signed(watchlist: WatchlistFile, digest: str) -> WatchlistFile:
    source = digest[:_HASH_LETTERS]
    return replace(watchlist, ships=tuple(replace(ship, source=source) for ship in watchlist.ships))


def _hashing(chunks: Iterable[bytes], update: Callable[[bytes], None]) -> Iterator[bytes]:
    for chunk in chunks:
        update(chunk)
        yield chunk


def _joined(chunks: Iterable[bytes]) -> bytes:
    """All of a file that is not read as a stream; b"" for one that is too large to be a list of ships."""
    held: list[bytes] = []
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > _WHOLE_MOST_BYTES:
            return b""
        held.append(chunk)
    return b"".join(held)


def _peek(chunks: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first kilobytes, and all chunks including them."""
    taken: list[bytes] = []
    rest = iter(chunks)
    for chunk in rest:
        taken.append(chunk)
        if sum(map(len, taken)) >= _HEAD_BYTES:
            break
    return b"".join(taken)[:_HEAD_BYTES], itertools.chain(taken, rest)


# -- detection --------------------------------------------------------------------------------------------------------


def format_of(head: bytes) -> Format:
    """The format of a file that begins with ``head``."""
    text = table.decoded(head).lstrip()
    if text.startswith("<"):
        return _xml(text.encode("utf-8", "surrogateescape"))
    if text.startswith("{") and '"schema"' in text:
        return "ftm"
    first = next((record for _, record in table.records(text, []) if "".join(record).strip()), [])
    kind = ofac.kind_of(first)
    return _OFAC[kind] if kind else _headed(text)


def _xml(head: bytes) -> Format:
    if un.ROOT in head:
        return "un"
    if uk.ROOT in head:
        return "uk-xml"
    return "un-1718" if un_vessels.PAGE.match(head) else "xml"


def _headed(text: str) -> Format:
    """The format by the first lines, where one may be a heading."""
    lines = text.splitlines()[:20]
    if any(uk.HEADING.search(line) for line in lines):
        return "uk-csv"
    delimiter = _delimiter(text)
    for _, record in itertools.islice(table.records("\n".join(lines), [], delimiter=delimiter), 10):
        names = {table.heading(cell) for cell in record}
        if un_vessels.is_heading(record):
            return "un-1718"
        if shipbreaking.is_heading(names):
            return "shipbreaking"
        if {"caption", "imo", "type"} <= names and names & {"risk", "datasets"}:
            return "opensanctions-maritime"
        if names & eu.DATES and any(eu.COLUMNS.get(name) == "imo" for name in names):
            return "eu"
    return "own"


def _delimiter(text: str) -> str:
    heading = "\n".join(text.splitlines()[:5])
    return max(",;\t|", key=heading.count)
