"""Reads XML that others wrote as records of named texts. No I/O, no entities.

A file with a document type declaration is rejected: entity bombs and external entities need one, and neither orbit data
messages nor KML have one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple
from xml.parsers import expat

from streams.imagery.rejected import Unusable

_DEPTH_MOST: Final = 64
_TEXTS_MOST: Final = 2_000
_TEXT_MOST: Final = 2_000_000


class Record(NamedTuple):
    """One element with the texts below it."""

    line: int
    texts: tuple[tuple[str, str], ...]
    """(name of the innermost element, its text) in the order of the file. KML's ``Data`` and ``SimpleData`` give the
    name in their attribute."""

    def first(self) -> dict[str, str]:
        """The first text of each name."""
        found: dict[str, str] = {}
        for name, said in self.texts:
            found.setdefault(name, said)
        return found


class _Reader:
    def __init__(self, tag: str) -> None:
        self.found: list[Record] = []
        self._tag = tag
        self._names: list[str] = []
        self._open = 0  # depth of the open record; 0 outside
        self._line = 0
        self._texts: list[tuple[str, str]] = []
        self._text: list[str] = []
        self._size = 0
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def _doctype(self, *_: object) -> None:
        raise Unusable("it declares a document type (entities): not read")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if len(self._names) >= _DEPTH_MOST:
            raise Unusable(f"elements nested deeper than {_DEPTH_MOST}")
        if not self._open and name == self._tag:
            self._open, self._line = len(self._names) + 1, self.parser.CurrentLineNumber
            self._texts, self._size = [], 0
        inherited = self._names[-1] if name == "value" and self._names else name
        self._names.append(attributes.get("name", name) if name in {"Data", "SimpleData"} else inherited)
        self._text = []

    def _characters(self, said: str) -> None:
        if self._open:
            self._size += len(said)
            if self._size > _TEXT_MOST:
                raise Unusable(f"an entry of more than {_TEXT_MOST} characters")
            self._text.append(said)

    def _end(self, _tag: str) -> None:
        if self._open and len(self._names) > self._open:
            if said := "".join(self._text).strip():
                self._texts.append((self._names[-1], said))
            if len(self._texts) > _TEXTS_MOST:
                raise Unusable(f"an entry of more than {_TEXTS_MOST} elements")
        elif self._open == len(self._names) and self._open:
            self.found.append(Record(self._line, tuple(self._texts)))
            self._open = 0
        self._names.pop()
        self._text = []


def records(data: bytes, tag: str) -> Iterator[Record]:
    """Elements with this name, in order; those inside another one are part of it.

    Raises Unusable where it cannot continue; what comes before is yielded.
    """
    reader = _Reader(tag)
    broken: Unusable | None = None
    try:
        reader.parser.Parse(data, True)
    except Unusable as error:
        broken = error
    except expat.ExpatError as error:
        broken = Unusable(f"not XML: {error}")
    except (LookupError, ValueError) as error:  # an unknown encoding
        broken = Unusable(f"not XML that can be read: {error}")
    yield from reader.found
    if broken is not None:
        raise broken
