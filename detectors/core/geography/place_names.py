"""Names of places: the port that is near, or the position."""

from __future__ import annotations

from typing import Final

from detectors.core.geography.harbours import harbours_of
from detectors.core.reference import Reference
from detectors.core.shared_cache import Once
from detectors.core.sphere import place

_WITHIN_NM: Final = 10.0
_KEPT_MOST: Final = 10_000


class PlaceNames:
    """A search costs 0.05 ms, so what was found is kept."""

    def __init__(self, reference: Reference) -> None:
        self._reference = reference
        self._known: dict[tuple[float, float], str] = {}

    def name(self, where: tuple[float, float]) -> str:
        """The port within 10 nm, or the position in words."""
        found = self._known.get(where)
        if found is None:
            harbour = harbours_of(self._reference).nearest(*where, within_nm=_WITHIN_NM)
            found = place(*where) if harbour is None else harbour.label
            if len(self._known) >= _KEPT_MOST:
                self._known.clear()
            self._known[where] = found
        return found


names_of: Final = Once(PlaceNames)
"""The names of a reference; made once and shared."""
