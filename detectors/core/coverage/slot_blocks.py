"""Which vessel was heard in which slot: pairs of vessel and slot, from reports in log order.

``gather`` makes one pair per report, ``reduced`` merges those of one vessel and slot. Merging gives the same result in
any order, so neither batches nor snapshots affect it. A ``SlotBlock`` is what coverage closes at once: one slot where
many vessels are heard, up to two hours where few are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.units import MINUTE_MS, STEP_MS

SLOT_MS: Final = 5 * MINUTE_MS
STEPS_A_SLOT: Final = SLOT_MS // STEP_MS
UNDER_WAY, AT_REST, CLASS_B, BASE = 0, 1, 2, 3
"""Kinds of transmitter; base stations and aids are peers only."""
REST_KN: Final = 0.5
REST_STATUS: Final = np.isin(np.arange(256), [1, 5, 6])  # at anchor, moored, aground: at rest unless they move
REST_STATUS_KN: Final = 3.0  # ITU-R M.1371: the long interval applies below it
_BIT: Final = np.append(np.uint64(0), np.uint64(1) << np.arange(64, dtype=np.uint64))  # by 1 + number of a station
_FLOATS: Final = ("lat_deg", "lon_deg", "sog_kn", "cog_deg")
_FIXED: Final = np.isin(np.arange(256), [4, 21])  # base stations and aids: peers that never move
_ANSWER: Final = 11  # of a mobile station; without speed or status

_WORD_BITS: Final = 64

PAIR: Final = np.dtype(
    [
        ("row", "<i4"),
        ("slot", "<i4"),
        ("steps", "<u4"),  # bit i: a position was heard in the i-th ten seconds of the slot
        ("fix_ms", "<i4"),  # of the position below, since the slot began; -1 if there was none
        ("lat_deg", "<f4"),
        ("lon_deg", "<f4"),
        ("sog_kn", "<f2"),
        ("cog_deg", "<f2"),
        ("kind", "u1"),
        ("first_by", "u1"),  # the station of the first report: 1 + its number
    ]
)

Rows = npt.NDArray[np.intp]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Pairs = npt.NDArray[np.void]


class SlotBlock(NamedTuple):
    """The vessels heard in slots ``first`` to ``last``. Arrays have one value per pair, ordered by (row, slot)."""

    first: int
    last: int
    rows: Rows
    slots: Ints
    lat_deg: Floats
    lon_deg: Floats
    sog_kn: Floats
    """NaN unknown."""
    cog_deg: Floats
    """NaN unknown."""
    kind: npt.NDArray[np.uint8]
    stations: npt.NDArray[np.uint64]
    reports: Ints
    """In how many of the slot's thirty steps of ten seconds a position was heard."""
    steps: npt.NDArray[np.uint32]
    """In which steps: bit i for the i-th."""

    @property
    def starts(self) -> Rows:
        """The first pair of each vessel."""
        return starts_of(self.rows)


def starts_of(rows: npt.NDArray[np.signedinteger[Any]]) -> Rows:
    """Where each run of equal rows begins."""
    first = np.empty(len(rows), bool)
    first[:1] = True
    np.not_equal(rows[1:], rows[:-1], out=first[1:])
    return first.nonzero()[0]


def gather(rows: Rows, reports: Pairs, first_by: npt.NDArray[np.uint8]) -> Pairs:
    """One pair per report. ``first_by``: its station; it may be zero except for the first report of each pair."""
    pairs = np.zeros(len(rows), PAIR)
    placed = ~(np.isnan(reports["lat_deg"]) | np.isnan(reports["lon_deg"])) & (reports["type"] != _ANSWER)
    pairs["row"], pairs["slot"] = rows, reports["time_ms"] // SLOT_MS
    steps = np.uint32(1) << (reports["time_ms"] % SLOT_MS // STEP_MS).astype(np.uint32)
    pairs["steps"] = np.where(placed, steps, np.uint32(0))
    pairs["fix_ms"] = np.where(placed, reports["time_ms"] % SLOT_MS, -1)
    for name in ("lat_deg", "lon_deg", "sog_kn", "cog_deg"):
        pairs[name] = reports[name]
    pairs["kind"], pairs["first_by"] = _kinds(reports), first_by
    return pairs


def joined(parts: Sequence[Pairs]) -> Pairs:
    """Records concatenated as bytes: numpy joins structured arrays field by field, which takes 30 times as long."""
    kind = parts[0].dtype
    return np.concatenate([part.view(f"V{kind.itemsize}") for part in parts]).view(kind)


def reduced(pairs: Pairs) -> Pairs:
    """One pair per vessel and slot, ordered by (row, slot): all steps, the newest position, the first station.

    ``pairs`` are in log order, or come from this function. Of two positions of the same time the first in the log is
    kept, and a vessel's position before a station's: a vessel that also sends a message type of stations is not a
    station.
    """
    if len(pairs) < 2:  # noqa: PLR2004 - nothing to join
        return pairs
    order = _in_order(pairs["row"], pairs["slot"])
    row, slot = pairs["row"][order], pairs["slot"][order]
    other = np.empty(len(row), bool)
    other[0] = True
    np.not_equal(row[1:], row[:-1], out=other[1:])
    other[1:] |= slot[1:] != slot[:-1]
    starts = other.nonzero()[0]
    if len(starts) == len(pairs):
        return pairs.take(order)
    rank = _ranks(pairs)[order]
    newest = np.flatnonzero(rank == np.repeat(np.maximum.reduceat(rank, starts), np.diff(starts, append=len(pairs))))
    made = pairs.take(order[newest[newest.searchsorted(starts)]])
    made["steps"] = np.bitwise_or.reduceat(pairs["steps"][order], starts)
    made["first_by"] = pairs["first_by"][order[starts]]
    return made


def _ranks(pairs: Pairs) -> Ints:
    """Of two pairs of one vessel and slot, the position of the higher rank is kept."""
    fix_ms = pairs["fix_ms"].astype(np.int64)
    return np.where(fix_ms < 0, -2 * SLOT_MS, fix_ms - SLOT_MS * (pairs["kind"] == BASE))


def _in_order(row: npt.NDArray[np.int32], slot: npt.NDArray[np.int32]) -> Rows:
    """Same as ``np.lexsort((slot, row))`` in a tenth of its time: sorting values is much faster than sorting places."""
    since = slot.astype(np.uint64) - np.uint64(slot.min())
    slot_bits, place_bits = int(since.max()).bit_length(), len(row).bit_length()
    if int(row.max()).bit_length() + slot_bits + place_bits > _WORD_BITS:
        return np.lexsort((slot, row))
    keys = (row.astype(np.uint64) << np.uint64(slot_bits) | since) << np.uint64(place_bits)
    keys |= np.arange(len(row), dtype=np.uint64)
    keys.sort()
    return (keys & np.uint64((1 << place_bits) - 1)).astype(np.intp)


class LastKnown(NamedTuple):
    """What was known of some vessels before; NaN unknown."""

    lat_deg: Floats
    lon_deg: Floats
    kind: npt.NDArray[np.uint8]


def block(pairs: Pairs, first: int, last: int, before: Callable[[Rows], LastKnown]) -> SlotBlock:
    """Reduced pairs as a block; ``before`` gives what was known of rows.

    A pair without a position gets that of the vessel's previous pair, otherwise the one known before. Pairs of vessels
    without any known position are left out.
    """
    rows, kind = pairs["row"].astype(np.intp), pairs["kind"].copy()
    lat_deg, lon_deg, sog_kn, cog_deg = (pairs[name].astype(np.float64) for name in _FLOATS)
    placed = pairs["fix_ms"] >= 0
    use: slice | Rows = slice(None)
    if not placed.all():
        lost = (~placed).nonzero()[0]
        lat_deg[lost], lon_deg[lost], kind[lost] = _last_known(pairs, rows, placed, lost, before(rows[lost]))
        sog_kn[lost] = cog_deg[lost] = np.nan
        use = (~np.isnan(lat_deg)).nonzero()[0]
    return SlotBlock(
        first,
        last,
        rows[use],
        pairs["slot"][use].astype(np.int64),
        lat_deg[use],
        lon_deg[use],
        sog_kn[use],
        cog_deg[use],
        kind[use],
        _BIT[pairs["first_by"][use]],
        np.bitwise_count(pairs["steps"][use]).astype(np.int64),
        pairs["steps"][use],
    )


def _last_known(pairs: Pairs, rows: Rows, placed: npt.NDArray[np.bool_], lost: Rows, before: LastKnown) -> LastKnown:
    """For the ``lost`` pairs, without a position: that of the vessel's last pair with one, otherwise the one before."""
    starts = starts_of(rows)
    at = np.maximum.accumulate(np.where(placed, np.arange(len(rows)), -1))[lost]
    own = at >= starts[starts.searchsorted(lost, side="right") - 1]
    lat_deg, lon_deg, kind = (np.where(own, pairs[name][at], known) for name, known in before._asdict().items())
    return LastKnown(lat_deg, lon_deg, kind)


def _kinds(reports: Pairs) -> npt.NDArray[np.uint8]:
    sog_kn = np.round(reports["sog_kn"].astype(np.float64), 1)
    moored = REST_STATUS[reports["status"]] & ~(sog_kn > REST_STATUS_KN)
    kind = np.where(reports["class_b"], CLASS_B, np.where(moored | (sog_kn < REST_KN), AT_REST, UNDER_WAY))
    return np.where(_FIXED[reports["type"]], BASE, kind).astype(np.uint8)
