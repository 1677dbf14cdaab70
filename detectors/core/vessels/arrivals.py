"""A batch by vessel: which reports are new, which are duplicates, which are late.

Reports are sorted by row, and within a row in log order. The state of a vessel holds its last four transmissions; a
report is a duplicate if it has the payload of one of these and was heard within 10 s of it. For a whole batch this is
decided without a loop, by comparing each report with the stored transmissions and with the one to four reports before
it. This is exact unless a duplicate shifts the window: then the vessel is marked *unsure*, and the caller applies its
reports one at a time, for which the decision is always exact.

Example, payloads of one vessel in a batch, with A stored in its state:

    A B B C        A repeats the stored one, the second B the report before it: both are duplicates.
    B B B B B B    the second to fifth repeat the first. The sixth has only repetitions within four reports: unsure.
    B C D E F B    the first B is five reports back and no longer stored, unless one of C to F was a duplicate: unsure.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.vessels.columns import PAYLOADS_KEPT, Rows
from detectors.core.vessels.fleet import Fleet

SAME_TRANSMISSION_MS: Final = 10_000
LATE_STATIC_MS: Final = 30_000
_WORD_BITS: Final = 62
_LONG_AGO_MS: Final = np.iinfo(np.int64).min

Bools = npt.NDArray[np.bool_]
Times = npt.NDArray[np.int64]
Payloads = npt.NDArray[np.uint64]
Reports = npt.NDArray[np.void]


class Arrivals(NamedTuple):
    """All arrays except ``starts`` and ``unsure`` have one value per report, in the order of ``order``."""

    order: Rows
    """Places in the batch."""
    rows: Rows
    starts: Rows
    """The first report of each vessel; vessels are numbered in this order."""
    vessel: Rows
    last_ms: Times
    """The newest report of the vessel so far, before this one."""
    duplicate: Bools
    late: Bools
    unsure: Bools
    """One value per vessel."""


def arrive(fleet: Fleet, rows: Rows, reports: Reports) -> Arrivals:
    """Sorts reports by vessel and judges each. ``rows`` has the row of each report."""
    order = np.argsort(rows, kind="stable")
    rows = rows[order]
    times, payloads = reports["time_ms"][order], reports["payload"][order]
    begins = np.append(True, rows[1:] != rows[:-1])
    starts = np.flatnonzero(begins)
    if len(starts) == len(rows):
        return _once_each(fleet, order, rows, times, payloads)
    vessel = np.cumsum(begins) - 1
    unsure = np.zeros(len(starts), bool)
    duplicate, repeated = _duplicates(fleet, rows, starts, vessel, times=times, payloads=payloads, unsure=unsure)
    last_ms = _newest_before(fleet.core.last_ms[rows[starts]], starts, vessel, np.where(duplicate, _LONG_AGO_MS, times))
    if last_ms is None:
        unsure[:] = True
        last_ms = fleet.core.last_ms[rows]
    late = ~duplicate & (last_ms - times > LATE_STATIC_MS)
    if late.any():  # a repetition of a late one is not a duplicate: the late one was not accepted
        several = np.logical_or.reduceat(late, starts) & np.logical_or.reduceat(repeated, starts)
        unsure |= several
    return Arrivals(order, rows, starts, vessel, last_ms, duplicate, late, unsure)


def _once_each(fleet: Fleet, order: Rows, rows: Rows, times: Times, payloads: Payloads) -> Arrivals:
    duplicate = np.zeros(len(rows), bool)
    duplicate[_known(fleet, rows, payloads, times)[0]] = True
    last_ms = fleet.core.last_ms[rows]
    late = ~duplicate & (last_ms - times > LATE_STATIC_MS)
    each = np.arange(len(rows))
    return Arrivals(order, rows, each, each, last_ms, duplicate, late, np.zeros(len(rows), bool))


def _known(fleet: Fleet, rows: Rows, payloads: Payloads, times: Times) -> tuple[Rows, Rows]:
    """(report, place among the remembered transmissions) for each remembered one; few, so times are read late."""
    report, place = (fleet.core.payloads[rows] == payloads[:, None]).nonzero()
    when = fleet.core.payload_ms[rows[report], place]
    near = np.abs(when - times[report]) <= SAME_TRANSMISSION_MS
    return report[near], place[near]


def _duplicates(
    fleet: Fleet, rows: Rows, starts: Rows, vessel: Rows, *, times: Times, payloads: Payloads, unsure: Bools
) -> tuple[Bools, Bools]:
    """Which reports are duplicates, and which take part in a repetition; marks vessels ``unsure``."""
    turn = np.arange(len(times)) - starts[vessel]
    duplicate, repeated = np.zeros(len(times), bool), np.zeros(len(times), bool)
    report, place = _known(fleet, rows, payloads, times)
    repeated[report] = True
    duplicate[report[turn[report] + place < PAYLOADS_KEPT]] = True
    echoes = []
    for back in range(1, min(PAYLOADS_KEPT, int(turn.max())) + 1):
        later = (payloads[back:] == payloads[:-back]).nonzero()[0] + back
        later = later[vessel[later] == vessel[later - back]]
        later = later[np.abs(times[later] - times[later - back]) <= SAME_TRANSMISSION_MS]
        echoes.append((back, later))
        repeated[later] = True
    first = ~repeated
    for back, later in echoes:
        duplicate[later[first[later - back]]] = True
    unsure[vessel[repeated & ~duplicate]] = True
    _far_echoes(vessel, times, payloads, unsure)
    return duplicate, repeated


def _far_echoes(vessel: Rows, times: Times, payloads: Payloads, unsure: Bools) -> None:
    """Marks vessels that repeat a payload from more than four reports back, if times do not rule it out."""
    far = PAYLOADS_KEPT + 1
    if len(vessel) <= far:
        return
    close = (vessel[far:] == vessel[:-far]) & (times[far:] - times[:-far] <= SAME_TRANSMISSION_MS)
    disordered = (vessel[1:] == vessel[:-1]) & (times[1:] < times[:-1])
    if not (close.any() or disordered.any()):
        return
    suspects = np.zeros(len(unsure), bool)
    suspects[vessel[far:][close]] = True
    suspects[vessel[1:][disordered]] = True
    at = np.flatnonzero(suspects[vessel])
    at = at[np.lexsort((payloads[at], vessel[at]))]
    again = (vessel[at[1:]] == vessel[at[:-1]]) & (payloads[at[1:]] == payloads[at[:-1]])
    unsure[vessel[at[1:][again & (at[1:] - at[:-1] >= far)]]] = True


def _newest_before(last_ms: Times, starts: Rows, vessel: Rows, heard_ms: Times) -> Times | None:
    """For each report the largest of the vessel's ``last_ms`` and of ``heard_ms`` before it.

    A running maximum within groups is one over all if each group is lifted above the previous one; None if the times
    span too much for that (a hostile clock).
    """
    newest = np.append(_LONG_AGO_MS, heard_ms[:-1])
    newest[starts] = last_ms
    real = newest > _LONG_AGO_MS
    low, high = int(newest[real].min()), int(newest[real].max())
    if (high - low).bit_length() + len(starts).bit_length() > _WORD_BITS:
        return None
    lift = vessel * (high - low + 1)
    newest = np.where(real, newest - low, 0) + lift
    return np.maximum.accumulate(newest) - lift + low
