"""Reads foreign XML as a stream: records as (path, text) of their elements. No I/O, no entities.

A file with a document type declaration is rejected: entity bombs and external entities need one, and no list has one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final
from xml.parsers import expat

from streams.reference.list_cells import Refusal

Leaves = list[tuple[str, str]]
"""(path below the record, text) in order of their ends; an element with children comes after them, with ""."""

_DEPTH_MOST: Final = 32
_LEAVES_MOST: Final = 20_000
_TEXT_MOST: Final = 200_000


class _XmlReader:
    def __init__(self, records: Collection[str]) -> None:
        self.found: list[tuple[int, str, Leaves]] = []
        self._records = records
        self._path: list[str] = []
        self._depth = 0  # of the open record; 0 outside
        self._line = 0
        self._leaves: Leaves = []
        self._text: list[str] = []
        self._size = 0
        self._inner = False
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def _doctype(self, *_: object) -> None:
        raise Refusal("it declares a document type (entities): not read")

    def _start(self, tag: str, _attributes: dict[str, str]) -> None:
        self._path.append(tag.rpartition(":")[2])
        if len(self._path) > _DEPTH_MOST:
            raise Refusal(f"elements nested deeper than {_DEPTH_MOST}")
        if not self._depth and self._path[-1] in self._records:
            self._depth, self._line, self._leaves = len(self._path), self.parser.CurrentLineNumber, []
        self._text, self._size, self._inner = [], 0, False

    def _characters(self, text: str) -> None:
        if self._depth and self._size < _TEXT_MOST:
            self._size += len(text)
            self._text.append(text)

    def _end(self, _tag: str) -> None:
        if self._depth and len(self._path) > self._depth:
            path = "/".join(self._path[self._depth :])
            self._leaves.append((path, "" if self._inner else "".join(self._text).strip()))
            if len(self._leaves) > _LEAVES_MOST:
                raise Refusal(f"a record of more than {_LEAVES_MOST} elements")
        elif self._depth:
            self.found.append((self._line, self._path[-1], self._leaves))
            self._depth = 0
        self._path.pop()
        self._inner = True


def xml_records(chunks: Iterable[bytes], records: Collection[str]) -> Iterator[tuple[int, str, Leaves]]:
    """Elements named in ``records`` as (line, name, leaves), in order. Raises Refusal where it cannot continue."""
    reader = _XmlReader(records)
    try:
        for chunk in chunks:
            reader.parser.Parse(chunk, False)
            found, reader.found = reader.found, []
            yield from found
        reader.parser.Parse(b"", True)
    except expat.ExpatError as error:
        yield from reader.found
        raise Refusal(f"not XML: {error}") from None
    except (LookupError, ValueError) as error:  # an unknown encoding
        raise Refusal(f"not XML that can be read: {error}") from None
