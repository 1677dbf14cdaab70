"""Vessels that AIS puts into an image that does not show them."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np

from streams.imagery.images import Image
from streams.imagery.matching.contacts import Contacts
from streams.imagery.matching.expected import Expected
from streams.imagery.matching.outline import Outline
from streams.imagery.matching.plane import KN_KM_S, Bools, Floats, chord
from streams.imagery.matching.radar_shift import Shift
from streams.imagery.matching.rules import MatchRules, length_least_m

_EDGE_KM: Final = 3.0
"""From the outline and from clouds: their own error."""
_EDGE_ERRORS: Final = 3.0
_MOVES_KM_S: Final = 4 * KN_KM_S
_FOUND_BEFORE, _EXPECTED_BEFORE = 9.0, 10.0
"""What is assumed of a sensor before its image is known: 9 of 10 ships are found."""
_HALF: Final = 0.5


class Certain(NamedTuple):
    """Which vessels must be in the image if AIS is right, and their gates. Arrays of shape (n,)."""

    certain: Bools
    gate_km: Floats

    def scores(self, contacts: Contacts, shown_at: Floats, seen: Floats, found: Floats, rules: MatchRules) -> Floats:
        """For each vessel that is not there, the chance that the sensor would have shown it; NaN for the others.

        ``seen`` is the chance that a vessel is among the contacts, ``found`` what is usual for its length. In an image
        that misses many vessels the absence of one says little.
        """
        there = self.certain & (seen >= _HALF)
        known, were = self.certain.sum() - 1.0 * self.certain, there.sum() - 1.0 * there
        rate = (were + _FOUND_BEFORE) / (known + _EXPECTED_BEFORE)
        score = np.minimum(found, rate / (_FOUND_BEFORE / _EXPECTED_BEFORE) * found)
        alone = self.certain & (self._nearest(contacts, shown_at) > chord(self.gate_km + rules.absent_clear_km))
        return np.where(alone & (score >= rules.absent_least), score, np.nan)

    def _nearest(self, contacts: Contacts, shown_at: Floats) -> Floats:
        """The chord to the nearest contact of each vessel, also if that is another vessel."""
        if not len(contacts.found) or not len(shown_at):
            return np.full(len(shown_at), math.inf)
        return np.asarray(contacts.tree.query(shown_at)[0])


def absent_at(
    image: Image,
    outline: Outline,
    found: Expected,
    *,
    shown_at: Floats,
    shift: Shift,
    length_m: Floats,
    rules: MatchRules,
) -> Certain:
    """Which vessels must be in the image: well inside of its outline, away from clouds, long enough, well placed."""
    error = np.sqrt(found.error_km**2 + shift.error_km**2 + shift.along_error_km**2)
    margins = _EDGE_KM + _EDGE_ERRORS * error
    sure = found.dependable & (found.error_km <= rules.absent_error_most_km) & (length_m >= length_least_m(image))
    certain = sure & outline.shows(shown_at, margins) & outline.shows(found.places, margins)
    return Certain(certain, np.minimum(rules.gate_sigmas * error, rules.gate_most_km))


def agrees(certain: Bools, seen: Floats, speed_km_s: Floats, rules: MatchRules) -> bool:
    """False where most vessels that must be in the image are not, or most of those under way.

    Ships at anchor are where they were an hour ago: only moving ones show that an image has a wrong time.
    """
    for group in (certain, certain & (speed_km_s >= _MOVES_KM_S)):
        if group.sum() >= rules.agreement_of and np.mean(seen[group] >= _HALF) < rules.agreement_least:
            return False
    return True
