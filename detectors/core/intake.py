"""Reports into the fleet: the newest that a batch knows of each vessel is written, one record a vessel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.columns import CORE_OWNER, PAYLOADS_KEPT, SENTENCE_BYTES, Column_, Rows, field
from detectors.core.fleet import Block, Fleet
from detectors.core.history import POSITION, STATED, History

_STATIONS: Final = np.isin(np.arange(256), [4, 9, 11, 17, 20, 21, 22, 23])  # message types that no ship sends
_SHIPS: Final = range(200_000_000, 800_000_000)  # ITU-R M.585: coast, aircraft, craft, aids and beacons lie outside
_WORD_BYTES: Final = 8
_IDENTITY: Final = ("imo", "call_sign", "ship_type", "length_m")
_EVER: Final = ("last_ms", "usual_s", "support", "reports", "first_ms", "appeared_ms", "heard_before_ms")

Bools = npt.NDArray[np.bool_]


def write(
    fleet: Fleet, history: History, vessels: Rows | slice, *, source_bit: int, raw: bytes, dues: Mapping[str, Column_]
) -> None:
    """Writes some vessels of ``history`` (numbers, rising), and for each detector in ``dues`` when it is due.

    ``dues`` has one value a report. The records go in whole: nothing may have changed them since ``history`` was made.
    """
    records = history.was.copy()
    _write_times(records, history, source_bit)
    _write_positions(records, history, raw)
    if history.stated.any():
        _write_statics(records, history)
    _write_payloads(records, history)
    for name, due_ms in dues.items():
        records[field(name, "due_ms")] = due_ms[history.ends]
    fleet.put(history.heads[vessels], records[vessels])


def _write_times(records: Block, history: History, source_bit: int) -> None:
    for name in _EVER:
        records[field(CORE_OWNER, name)] = getattr(history.now, name)[history.ends]
    sources = records[field(CORE_OWNER, "sources")]
    appeared = np.logical_or.reduceat(history.appeared, history.starts)
    heard = history.heard[history.ends] > 0
    sources[appeared] = 0
    sources[heard] |= np.uint64(source_bit)


def _write_positions(records: Block, history: History, raw: bytes) -> None:
    at = history.latest(history.moved)[history.ends]
    vessels = np.flatnonzero(history.moved[at])
    reports = history.reports[at[vessels]]
    records[field(CORE_OWNER, "fix_ms")][vessels] = reports["time_ms"]
    for name in POSITION:
        records[field(CORE_OWNER, name)][vessels] = reports[name]
    records[field(CORE_OWNER, "sentence")][vessels] = sentences(raw, reports["start"], reports["end"])


def _write_statics(records: Block, history: History) -> None:
    for name in STATED:
        at, values = history.brings(name)
        records[field(CORE_OWNER, name)][history.vessel[at]] = values  # of several of one vessel the last stays


def _write_payloads(records: Block, history: History) -> None:
    """The newest transmissions first, then as many of the older ones as there is room for."""
    for name, column in (("payloads", "payload"), ("payload_ms", "time_ms")):
        kept, values = records[field(CORE_OWNER, name)], history.reports[column]
        if history.once:
            kept[:, 1:] = kept[:, :-1].copy()
            kept[:, 0] = values
            continue
        older = kept.copy()
        count = history.ends - history.starts + 1
        for place in range(PAYLOADS_KEPT):
            new = count > place
            from_older = older[np.arange(len(kept)), np.where(new, 0, place - count)]
            kept[:, place] = np.where(new, values[np.where(new, history.ends - place, 0)], from_older)


_WINDOW: Final = SENTENCE_BYTES // _WORD_BYTES
_MASKS: Final = (
    (np.arange(SENTENCE_BYTES) < np.arange(SENTENCE_BYTES + 1)[:, None]) * np.uint8(255)
).view(np.uint64)  # fmt: skip
"""By length: what of a window of SENTENCE_BYTES belongs to the line."""


def sentences(raw: bytes, start: npt.NDArray[np.uint32], end: npt.NDArray[np.uint32]) -> npt.NDArray[np.bytes_]:
    """``raw[start:end]`` of each report, empty where it is longer than SENTENCE_BYTES.

    A window of fixed width is copied from each start and masked: 0.05 us a line against 0.25 by slicing.
    """
    padded = np.frombuffer(raw + bytes(SENTENCE_BYTES), np.uint8)
    windows = np.lib.stride_tricks.sliding_window_view(padded, SENTENCE_BYTES)[start].view(np.uint64)
    length = end.astype(np.int64) - start
    windows &= _MASKS[np.where(length <= SENTENCE_BYTES, length, 0)]
    return windows.view(f"S{SENTENCE_BYTES}")[:, 0]


def name_ships(fleet: Fleet, rows: Rows, types: npt.NDArray[np.uint8]) -> None:
    """Which of the vessels just met are ships at all, by MMSI and first message type."""
    mmsi = fleet.core.mmsi[rows]
    fleet.core.vessel[rows] = ~_STATIONS[types] & (mmsi >= _SHIPS.start) & (mmsi < _SHIPS.stop)


def changed_identity(history: History, fleet: Fleet) -> Rows:
    """Of vessels just written, those that now state another IMO, call sign, type or length."""
    changed = np.zeros(len(history.heads), bool)
    if history.stated.any():
        for name in _IDENTITY:
            changed |= history.known(name) != getattr(fleet.core, name)[history.heads]
    return history.heads[changed]
