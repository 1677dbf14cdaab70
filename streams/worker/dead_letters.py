"""Lost input, for the dead-letter topic."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final, NamedTuple

GATHER_FROM: Final = 200
"""Up to this number, letters of one record are sent singly. A letter costs 0.3 ms to send: two million of them, as
a record of 4 MB can hold, would block all else for ten minutes."""
GATHERED_MOST: Final = 500
_DETAIL_MOST: Final = 60


class LostInput(NamedTuple):
    """Something that was lost."""

    reason: str
    raw: bytes
    detail: str
    source: str
    offset: int
    """Offset of the record that contained it."""
    lines: int = 1
    """Rejected lines in it; ``raw`` and ``detail`` then have a line for each."""


def gathered(letters: Sequence[LostInput]) -> list[LostInput]:
    """The same letters; if one record caused very many, those of one reason are joined."""
    out: list[LostInput] = []
    for _, group in groupby(letters, lambda letter: letter.offset):
        mine = list(group)
        out += mine if len(mine) <= GATHER_FROM else _together(mine)
    return out


def _together(letters: Sequence[LostInput]) -> list[LostInput]:
    alone = [letter for letter in letters if b"\n" in letter.raw]
    lines = sorted((letter for letter in letters if b"\n" not in letter.raw), key=lambda letter: letter.reason)
    for _, group in groupby(lines, lambda letter: letter.reason):
        mine = list(group)
        alone += [_joined(mine[at : at + GATHERED_MOST]) for at in range(0, len(mine), GATHERED_MOST)]
    return alone


def _joined(letters: Sequence[LostInput]) -> LostInput:
    details = "\n".join(letter.detail[:_DETAIL_MOST].replace("\n", " ") for letter in letters)
    return letters[0]._replace(raw=b"\n".join(letter.raw for letter in letters), detail=details, lines=len(letters))
