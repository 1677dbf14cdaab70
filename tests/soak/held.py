"""How much each container of an object holds, by its path: what grows can be named, without a clock or a megabyte."""

from __future__ import annotations

import types
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np

_PLAIN: Final = (
    int,
    float,
    str,
    bytes,
    bool,
    type(None),
    type,
    types.ModuleType,
    types.FunctionType,
    types.BuiltinFunctionType,
)
_SIZED: Final = (list, set, frozenset, deque, dict)


def held(root: object) -> Counter[str]:
    """Entries of lists, sets, deques and dicts, bytes of arrays and byte arrays; all of one kind under one path."""
    found: Counter[str] = Counter()
    seen: set[int] = set()
    waiting: list[tuple[str, Any]] = [("", root)]
    while waiting:
        path, one = waiting.pop()
        if isinstance(one, _PLAIN) or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, np.ndarray):
            found[path] += one.nbytes if one.base is None else 0
        elif isinstance(one, (bytearray, *_SIZED)):
            found[path] += len(one)
        waiting += [(path + step, part) for step, part in _parts(one)]
    return found


def _parts(one: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(one, np.ndarray):
        yield "", one.base
    elif isinstance(one, dict):
        yield from (("{key}", key) for key in one)
        yield from (("{}", value) for value in one.values())
    elif isinstance(one, (*_SIZED, tuple)):
        yield from (("[]", part) for part in one)
    elif isinstance(one, types.MethodType):
        yield "()", one.__self__
    else:
        yield from ((f".{name}", getattr(one, name)) for name in _names(one) if hasattr(one, name))


def _names(one: Any) -> Iterable[str]:
    slots = [getattr(kind, "__slots__", ()) for kind in type(one).__mro__]
    named = [name for names in slots for name in ((names,) if isinstance(names, str) else names)]
    return dict.fromkeys((*named, *getattr(type(one), "__struct_fields__", ()), *getattr(one, "__dict__", {})))


def grown(peaks: list[Counter[str]], share: float = 0.1, least: int = 8) -> dict[str, tuple[int, int]]:
    """What held more in the second half of these than ever in the first: its most in each half.

    Peaks, because what is forgotten an eighth at a time goes up and down; by more than ``share`` and ``least``.
    """
    half = len(peaks) // 2
    first, second = (_most(part) for part in (peaks[:half], peaks[half:]))
    return {path: (first[path], most) for path, most in second.items() if most > first[path] * (1 + share) + least}


def _most(several: list[Counter[str]]) -> Counter[str]:
    return Counter({path: max(one[path] for one in several) for path in {path for one in several for path in one}})
