"""Compares ships' names: typed on a bridge in 20 letters, transliterated, renumbered, with M/V and dots.

A name is its letters and its number. Letters may differ a little; numbers may not: SAM JONG 1 and SAM JONG 2 are
two ships. Everything here is a function of its arguments; rapidfuzz is arithmetic on letters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from rapidfuzz.fuzz import ratio

AIS_LETTERS: Final = 20
LIKENESS_DIGITS: Final = 3
_FOLDED_WEIGHT: Final = 0.98  # alike once romanisations are folded: nearly as good as alike
_SOUNDS_WEIGHT: Final = 0.92  # alike by sound alone: PAEK MA, BAEK MA; with another wrong letter it does not count
_PREFIX: Final = re.compile(r"^(?:M\s*[/.]?\s*[VTS]|S\.?\s*S|M\s*F\s*V|R\s*[/.]\s*V)[\s.]+(?=\S)")
_TOKEN: Final = re.compile(r"[A-Z]+[0-9A-Z]*|[0-9]+[A-Z0-9]*")
_TAIL: Final = re.compile(r"([A-Z]{2,})([0-9]{1,4})")
_ROMAN: Final = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7, "VIII": 8, "IX": 9, "X": 10}
_DIGITS_AS_LETTERS: Final = str.maketrans("0158", "OISB")
_CYRILLIC: Final = str.maketrans(
    {
        **dict(zip("АБВГДЕЗИЙКЛМНОПРСТУФЫЭ", "ABVGDEZIYKLMNOPRSTUFYE", strict=True)),
        "Ё": "E", "Ж": "ZH", "Х": "KH", "Ц": "TS", "Ч": "CH", "Ш": "SH", "Щ": "SHCH", "Ъ": "", "Ь": "", "Ю": "YU",  # noqa: RUF001
        "Я": "YA", "І": "I", "Ї": "YI", "Є": "YE",  # noqa: RUF001
    }
)  # fmt: skip
_FOLDS: Final = tuple(
    (re.compile(pattern), by)
    for pattern, by in (
        ("SHCH", "S"), ("SCH", "S"), ("SH", "S"), ("ZH", "J"), ("KH", "H"), ("CH", "C"), ("TS", "C"), ("PH", "F"),
        ("CK", "K"), ("Q", "K"), ("W", "V"), ("[YJ]", "I"), ("II+", "I"), ("OU|OO", "U"), (r"(.)\1+", r"\1"),
    )
)  # fmt: skip
_SOUNDS: Final = (("HS", "S"), ("X", "S"), ("IEN", "IAN"))  # Wade-Giles and pinyin
_VOICED: Final = str.maketrans("BGDL", "PKTR")  # one letter each in Korean


class Name(NamedTuple):
    """A normalised name: capital letters without blanks, and its number; ``folded`` ignores romanisation.

    ``sound`` is coarser: it ignores differences that Korean does not make, and the two romanisations of Chinese.
    """

    letters: str
    number: int | None
    folded: str
    sound: str


@lru_cache(maxsize=65_536)
def plain(name: str) -> Name:
    """``M/V "Ángara-2."`` is ANGARA, 2. Digits inside words are read as the letters that they resemble."""
    roman = unicodedata.normalize("NFKD", name.upper().translate(_CYRILLIC)).encode("ascii", "ignore").decode()
    tokens: list[str] = _TOKEN.findall(_PREFIX.sub("", roman.strip()).replace("'", "").replace("`", ""))
    number: int | None = None
    if len(tokens) > 1 and (tokens[-1].isdigit() or tokens[-1] in _ROMAN):
        last = tokens.pop()
        number = int(last[:9]) if last.isdigit() else _ROMAN[last]
    elif tokens and (tail := _TAIL.fullmatch(tokens[-1])):
        tokens[-1], number = tail[1], int(tail[2])
    letters = "".join(token if token.isdigit() else token.translate(_DIGITS_AS_LETTERS) for token in tokens)
    folded = _folded(letters)
    return Name(letters, number, folded, _sound(folded))


def _folded(letters: str) -> str:
    for pattern, by in _FOLDS:
        letters = pattern.sub(by, letters)
    return letters


def _sound(folded: str) -> str:
    for written, by in _SOUNDS:
        folded = folded.replace(written, by)
    return folded.translate(_VOICED)


def likeness(one: str, other: str) -> float:
    """The similarity of two names, 0..1; 0 if their numbers differ. A name that fills AIS's 20 letters may be cut."""
    a, b = plain(one), plain(other)
    if AIS_LETTERS in (len(one), len(other)) and len(one) != len(other):
        a, b = plain(one[:AIS_LETTERS].strip()), plain(other[:AIS_LETTERS].strip())
    if not a.letters or not b.letters or a.number != b.number:
        return 0.0
    alike = max(
        ratio(a.letters, b.letters),
        _FOLDED_WEIGHT * ratio(a.folded, b.folded),
        _SOUNDS_WEIGHT * ratio(a.sound, b.sound),
    )
    return round(alike / 100.0, LIKENESS_DIGITS)


# -- an index that finds names one letter apart without comparing all ----------------------------------------------

_WIDTH: Final = 24
_BASE: Final = 0x9E3779B97F4A7C15
_MOST_BITS: Final = 64
_POWERS: Final = np.asarray([pow(_BASE, i, 1 << _MOST_BITS) for i in range(_WIDTH)], np.uint64)

Keys = npt.NDArray[np.uint64]


def keys_of(sounds: Sequence[str]) -> Keys:
    """For each name the hashes of itself and of itself without one letter: shape (n, width + 1).

    Two names share a key when one letter was changed, added, lost, or changed places with its neighbour.
    """
    letters = np.array([name[:_WIDTH].encode() for name in sounds], f"S{_WIDTH}")
    codes = letters.view(np.uint8).reshape(len(letters), _WIDTH).astype(np.uint64)
    stay = codes * _POWERS
    move = np.zeros_like(stay)
    move[:, 1:] = codes[:, 1:] * _POWERS[:-1]
    before = np.concatenate([np.zeros((len(codes), 1), np.uint64), np.cumsum(stay, axis=1)], axis=1)
    after = np.concatenate([np.cumsum(move[:, ::-1], axis=1)[:, ::-1], np.zeros((len(codes), 1), np.uint64)], axis=1)
    without = before[:, :_WIDTH] + after[:, 1:]
    return np.concatenate([before[:, _WIDTH:], without], axis=1)


class NameIndex:
    """Names by their keys. ``owners[i]`` is what name i belongs to."""

    def __init__(self, names: Sequence[str], owners: Sequence[int]) -> None:
        self._owners = np.asarray(owners, np.intp)
        keys = keys_of([plain(name).sound for name in names])
        order = np.argsort(keys, axis=None, kind="stable")
        self._keys = keys.ravel()[order]
        self._of = (order // (_WIDTH + 1)).astype(np.int32)

    def any_near(self, names: Sequence[str]) -> npt.NDArray[np.bool_]:
        """For each of ``names`` whether ``near`` would find an owner."""
        folded = [plain(name).sound for name in names]
        if not folded or not len(self._keys):
            return np.zeros(len(folded), bool)
        keys = keys_of(folded)
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        found: npt.NDArray[np.bool_] = (self._keys[at] == keys).any(axis=1) & (np.char.str_len(folded) > 0)
        return found

    def near(self, name: str) -> list[int]:
        """Owners of names that may be within a letter of ``name``, each once, in order."""
        folded = plain(name).sound
        if not folded or not len(self._keys):
            return []
        keys = np.unique(keys_of([folded]))
        starts, ends = np.searchsorted(self._keys, keys, "left"), np.searchsorted(self._keys, keys, "right")
        found = [self._of[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True) if a < b]
        return np.unique(self._owners[np.concatenate(found)]).tolist() if found else []
