"""Wording for how far a position is from the station that heard it, and which of two tracks is beyond its range."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from detectors.core.alert import Fact, Scalar
from detectors.core.station_ranges import Hearing


class RangeWording(NamedTuple):
    """Of the last position of a vessel's own track, and of one off it; None where the station's place is unknown."""

    own: Hearing | None
    other: Hearing | None

    def facts(self) -> Iterable[Fact]:
        """The distance of each, and which one is beyond if exactly one is."""
        for heard, whose in ((self.own, ""), (self.other, " of the other track")):
            if heard is not None:
                yield distance_fact(heard, whose)
        yield from self.verdict()

    def verdict(self) -> Iterable[Fact]:
        """Which one is beyond, if exactly one is."""
        if said := self._said():
            yield Fact(fact="only one of the two tracks is within range of the station that hears it", value=said)

    def details(self) -> dict[str, Scalar]:
        """The same for ``details``."""
        return {**_distance(self.own, ""), **_distance(self.other, "other_"), **self._verdict_details()}

    def details_of_other(self) -> dict[str, Scalar]:
        """The same without the own track's distance, for an alert that is about the other position."""
        return {**_distance(self.other, ""), **self._verdict_details()}

    def _verdict_details(self) -> dict[str, Scalar]:
        said = self._said()
        return {"beyond_range": said} if said else {}

    def _said(self) -> str:
        if self.own is None or self.other is None or self.own.beyond == self.other.beyond:
            return ""
        beyond = self.own if self.own.beyond else self.other
        return f"the position {beyond.words} is beyond its range"


def distance_fact(heard: Hearing, whose: str = "") -> Fact:
    """A position's distance from its station; the threshold is the distance from which it is beyond the range."""
    return Fact(
        fact=f"distance{whose} from station {heard.station} that heard it",
        value=heard.distance_nm,
        threshold=heard.limit_nm,
        unit="nm",
    )


def _distance(heard: Hearing | None, prefix: str) -> dict[str, Scalar]:
    if heard is None:
        return {}
    found: dict[str, Scalar] = {
        f"{prefix}station": heard.station,
        f"{prefix}station_nm": heard.distance_nm,
        f"{prefix}station_place": heard.origin,
    }
    if heard.range_nm is not None:
        found[f"{prefix}station_range_nm"] = heard.range_nm
    return found
