"""Alerts as marks on a line of time: where something opened, or became more urgent."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.core.alert import Severity
from detectors.core.units import rfc3339
from streams.console.cases import URGENCY
from streams.console.past.known import Known, Rows

MARKS_MOST: Final = 500
_BY_URGENCY: Final[tuple[Severity, ...]] = ("log", "ticket", "page")
_NAMES: Final = {number: name for name, number in URGENCY.items()}


class Mark(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One revision: the first of its alert, or the first of a higher severity."""

    time: str
    severity: str
    case_id: str
    alert_id: str
    headline: str
    replayed: bool = False


class Marks(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``/api/marks``, by time."""

    begin: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")
    total: dict[str, int]
    """Marks of the range by severity, shown or not."""
    marks: tuple[Mark, ...]
    known_from: str | None = None
    """As in ``views.PastOverview``."""


def marks(known: Known, from_ms: int, to_ms: int, most: int = MARKS_MOST) -> Marks:
    """The marks from a moment to another, both included: at most ``most``.

    Pages come first, then tickets, then alerts for the record. Of the severity for which there is not room for all,
    those that are nearest to evenly spaced moments are kept, so that a crowded hour does not hide a quiet day.
    """
    columns = known.columns
    rows = _risen(known)
    rows = rows[(columns.ms[rows] >= from_ms) & (columns.ms[rows] <= to_ms)]
    chosen: list[Rows] = []
    total: dict[str, int] = {}
    for severity in reversed(_BY_URGENCY):
        mine = rows[columns.severity[rows] == URGENCY[severity]]
        total[severity] = len(mine)
        chosen.append(_spread(mine, columns.ms, most - sum(len(part) for part in chosen)))
    shown = np.concatenate(chosen)
    shown = shown[np.argsort(columns.ms[shown], kind="stable")]
    made = tuple(_mark(known, int(row)) for row in shown)
    return Marks(begin=rfc3339(from_ms), end=rfc3339(to_ms), total=total, marks=made, known_from=known.known_from)


def _risen(known: Known) -> Rows:
    """Rows whose severity is higher than that of all former revisions of the alert."""
    order, columns = known.order, known.columns
    height = columns.alert[order].astype(np.int64) * len(URGENCY) + columns.severity[order]
    highest = np.maximum.accumulate(height)
    return order[np.r_[True, height[1:] > highest[:-1]]] if len(order) else order


def _spread(rows: Rows, ms: npt.NDArray[np.int64], most: int) -> Rows:
    """At most so many of the rows, spread over time."""
    if len(rows) <= most:
        return rows
    if most <= 0:
        return rows[:0]
    rows = rows[np.argsort(ms[rows], kind="stable")]
    times = ms[rows]
    wanted = np.linspace(times[0], times[-1], most)
    nearest = np.unique(np.searchsorted(times, wanted).clip(max=len(rows) - 1))
    return np.asarray(rows[nearest], np.intp)


def _mark(known: Known, row: int) -> Mark:
    alert = known.alert(row)
    return Mark(
        time=alert.time,
        severity=alert.severity,
        case_id=alert.case_id,
        alert_id=alert.id,
        headline=alert.headline,
        replayed=alert.replayed,
    )
