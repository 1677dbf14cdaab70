"""The match of a listed vessel, and the situation of its alert, which gives the severity."""

from __future__ import annotations

import numpy as np

from detectors.core.alert import Alert
from detectors.core.detector_input import DetectorInput
from detectors.core.identities import listing
from detectors.core.vessels.columns import Column_, Columns
from detectors.core.vessels.ship import MATCHED_NAME, VesselState


def standing(now: Columns) -> tuple[Column_, Column_]:
    """For each row 1 + number of the entry that it matches, or resembles by name, and the basis of the match."""
    sure = now.listed > 0
    by_name = np.where(now.like > 0, MATCHED_NAME, 0)
    return np.where(sure, now.listed, now.like), np.where(sure, now.matched, by_name)


def entry_number(step: DetectorInput, row: int) -> int:
    """1 + number of the entry that a vessel matches, otherwise resembles by name; 0: none."""
    core = step.fleet.core
    return int(core.listed[row]) or int(core.like[row])


def situation(ship: VesselState, reason: str, away: str | None, *, corroborated: bool) -> str:
    """The situation of a vessel that was heard; ``away``: the kind of silence, if it returns from one."""
    if ship.matched == MATCHED_NAME:
        return "watchlist.resembles"
    if ship.misuse:
        return "watchlist.misuse"
    return _told_as(reason, away) if corroborated or reason == "resumed" else "watchlist.unverified"


def _told_as(reason: str, away: str | None) -> str:
    ordinary = reason == "reappeared" and away not in listing.PAGED
    return "watchlist.back_in_range" if ordinary else f"watchlist.{reason}"


def by_name(alert: Alert) -> bool:
    """Whether an alert is based on a similar name alone."""
    return bool(alert.details["matched_on"] == ["name"])


def situation_of(alert: Alert) -> str:
    """The situation stated in an open alert."""
    if by_name(alert):
        return "watchlist.resembles"
    reason = str(alert.details["reason"])
    if alert.verification == "unverified" and reason != "resumed":
        return "watchlist.unverified"
    return _told_as(reason, listing.absence_of(alert))
