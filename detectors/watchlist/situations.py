"""What is known of a listed vessel's match, and which situation it makes of an alert: severities go by it."""

from __future__ import annotations

import numpy as np

from detectors.core.alert import Alert
from detectors.core.detector_input import DetectorInput
from detectors.core.identities import listing
from detectors.core.vessels.columns import Column_, Columns
from detectors.core.vessels.ship import MATCHED_NAME, VesselState


def standing(now: Columns) -> tuple[Column_, Column_]:
    """For each row 1 + number of the entry that it is, otherwise resembles by name, and what the match rests on."""
    sure = now.listed > 0
    by_name = np.where(now.like > 0, MATCHED_NAME, 0)
    return np.where(sure, now.listed, now.like), np.where(sure, now.matched, by_name)


def entry_number(step: DetectorInput, row: int) -> int:
    """1 + number of the entry that a vessel is, otherwise resembles by name; 0: none."""
    core = step.fleet.core
    return int(core.listed[row]) or int(core.like[row])


def situation(ship: VesselState, reason: str, away: str | None, *, corroborated: bool) -> str:
    """The situation of a vessel that was heard; ``away``: what its silence was, if it returns from one."""
    if ship.matched == MATCHED_NAME:
        return "watchlist.resembles"
    if ship.misuse:
        return "watchlist.misuse"
    return _told_as(reason, away) if corroborated or reason == "resumed" else "watchlist.unverified"


def _told_as(reason: str, away: str | None) -> str:
    ordinary = reason == "reappeared" and away not in listing.PAGED
    return "watchlist.back_in_range" if ordinary else f"watchlist.{reason}"


def by_name(alert: Alert) -> bool:
    """Whether an alert rests on a similar name alone."""
    return bool(alert.details["matched_on"] == ["name"])


def situation_of(alert: Alert) -> str:
    """The situation that an open alert states."""
    if by_name(alert):
        return "watchlist.resembles"
    reason = str(alert.details["reason"])
    if alert.verification == "unverified" and reason != "resumed":
        return "watchlist.unverified"
    return _told_as(reason, listing.absence_of(alert))
