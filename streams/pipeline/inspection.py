"""What a recording is: format, span, ships, rate, refusals, order of its times, and how well ships are heard in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.core import message_types
from detectors.core.reports import RE_ENCODED
from detectors.core.ticks import FeedRules
from streams.decode import decode
from streams.files.recordings import RecordingFile
from streams.ingest.core import Ingest
from streams.ingest.json_lines import kind_of
from streams.ingest.line_affixes import doubt_in
from streams.ingest.line_times import HEAD_LINES, OrderRules
from streams.ingest.model import SourceKind
from streams.ingest.table_check import HEAD_BYTES, lacks_zone
from streams.ingest.table_columns import TableLayout, layout_of
from streams.ingest.tables import is_sentence
from streams.ingest.unrecognised import nothing_of_ours
from streams.messages.log_records import Record, Sentences
from streams.settings.model import IngestSettings

_AGES_S: Final = 1e11
_ANY_TIME: Final = FeedRules(refuse_behind_s=_AGES_S, jump_ahead_s=_AGES_S)
"""No time is refused here: late and wrong ones are what is asked for."""
_PACK: Final = IngestSettings(pack_sentences=10_000)
_SHIPS_MOST: Final = 2_000_000
_SOURCE: Final = b"inspect"
"""The station of sentences that name none."""
_STATIONS_MOST: Final = 10_000
_STATION: Final = re.compile(rb"\\s:([^,*\\]+)")
_MS: Final = 1000
_MOVING_KN: Final = 2.0
_NEAR: Final = 3.0
"""A report is in time up to this number of nominal intervals after the one before."""
_INTERVALS_S: Final = {(False, True): 10.0, (True, True): 30.0, (False, False): 180.0, (True, False): 180.0}
"""By class B and moving: the longest interval of ITU-R M.1371-5, tables 1 and 2."""
_IS_SHIP: Final = message_types.are(message_types.numbers(sender=message_types.SHIPS))
Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.void]


class Inspection(msgspec.Struct, kw_only=True):
    """One recording. Times are Unix ms, shares from 0 to 1."""

    name: str
    format: str = ""
    nothing: str = ""
    """Why it holds no AIS, and what to do; empty if it holds some."""
    damage: str = ""
    """Where its reading broke off."""
    times: str = ""
    """Why its times are generated; empty if it has times."""
    needs_zone: bool = False
    """Its times have no zone, and none was given: they were read as UTC."""
    from_ms: int | None = None
    to_ms: int | None = None
    sentences: int = 0
    reports: int = 0
    ships: int = 0
    others: int = 0
    """Senders that are not ships."""
    more_ships: bool = False
    """There are more than were counted."""
    stations: int = 0
    rejected: dict[str, int] = {}
    other_lines: int = 0
    late: int = 0
    """Reports later than the detectors wait for."""
    late_most_s: float = 0.0
    jumps: int = 0
    """Steps of the clock forward by more than is believed without witnesses."""
    silences: int = 0
    """Pauses long enough for the source to count as down."""
    well_heard: float | None = None
    """Share of the ships with at least two reports of which half or more of the intervals are near the nominal one."""

    @property
    def rate_hz(self) -> float | None:
        """Reports per second of its span."""
        if self.from_ms is None or self.to_ms is None or self.to_ms <= self.from_ms:
            return None
        return self.reports * _MS / (self.to_ms - self.from_ms)


def inspected(recording: RecordingFile, source_kind: SourceKind, order: OrderRules, feed: FeedRules) -> Inspection:
    """Reads a recording to its end, or as far as it is not damaged, in bounded memory."""
    found, rejected = Inspection(name=recording.name), Counter[str]()
    ingest = Ingest(_SOURCE.decode(), 1, _PACK, _ANY_TIME, source_kind)
    reports, stations = _Reports(feed), set[bytes]()
    head = bytearray()
    for records in _records(recording, ingest, found, head):
        for record in records:
            if isinstance(record, Sentences):
                decoded = decode(record.value, record.source, record.ordinals)
                rejected.update(refused.reason.value for refused in (*decoded.refused, *decoded.refused_fixes))
                reports.take(decoded.batch.reports)
                if len(stations) < _STATIONS_MOST:
                    stations.update(_STATION.findall(decoded.batch.raw))
        for line in ingest.refused[:1]:
            ingest.input.refusal = ingest.input.refusal or line.detail
        ingest.refused = []
    counts = ingest.counts
    rejected.update({reason.value: number for reason, number in counts.rejected.items()})
    found.rejected, found.sentences, found.other_lines = dict(sorted(rejected.items())), counts.sentences, counts.other
    found.stations = sum(1 for each in stations if each != _SOURCE and not each.endswith(RE_ENCODED.encode()))
    found.nothing = "" if found.damage else nothing_of_ours(ingest.input, counts)
    layout = _layout(bytes(head), order)
    found.format = _format(bytes(head), layout, untimed=ingest.untimed)
    found.needs_zone = layout is not None and lacks_zone(layout, bytes(head), order)
    if ingest.untimed:
        found.times = doubt_in(ingest.input.opening, order.stamps) or "it has no times"
    reports.into(found)
    return found


def _records(recording: RecordingFile, ingest: Ingest, found: Inspection, head: bytearray) -> Iterator[list[Record]]:
    """Its records; ``head`` gets its first HEAD_BYTES."""
    try:
        while chunk := recording.file.read(ingest.chunk_bytes):
            head += chunk[: HEAD_BYTES - len(head)]
            yield ingest.feed(chunk)
    except OSError as error:
        found.damage = str(error)
    yield ingest.end()


def _layout(head: bytes, order: OrderRules) -> TableLayout | None:
    """The first heading in the first lines."""
    found = (layout_of(line, order.columns) for line in head.splitlines()[:HEAD_LINES])
    return next((layout for layout in found if isinstance(layout, TableLayout)), None)


def _format(head: bytes, layout: TableLayout | None, *, untimed: bool) -> str:
    if layout is not None:
        return "table" if layout.format == "table" else f"table of {layout.format}"
    for line in head.splitlines():
        if kind := kind_of(line):
            return f"{kind} without times" if untimed else kind
        if is_sentence(line):
            break
    else:
        line = b""
    if untimed:
        return "NMEA without times"
    return "NMEA with tag blocks" if b"\\" in line else "NMEA with times beside the sentences"


class _Reports:
    """What the reports show, of vessels in columns that rise by MMSI."""

    def __init__(self, feed: FeedRules) -> None:
        self._feed = feed
        self._mmsi = np.zeros(0, np.int64)
        self._columns = np.zeros((4, 0), np.int64)
        """Last time, intervals, intervals that are near, and whether a ship sent a report."""
        self._count = self._late = self._jumps = self._silences = self._late_most_ms = 0
        self._least_ms = self._top_ms = -1
        self._full = False

    def take(self, reports: Rows) -> None:
        """Adds reports in their order."""
        if not len(reports):
            return
        times = reports["time_ms"].astype(np.int64)
        self._count += len(times)
        before = times[0] if self._top_ms < 0 else self._top_ms
        tops = np.maximum(np.maximum.accumulate(times), before)
        behind, steps = tops - times, np.diff(tops, prepend=before)
        self._late += int(np.count_nonzero(behind > self._feed.allowed_lateness_s * _MS))
        self._late_most_ms = max(self._late_most_ms, int(behind.max()))
        self._jumps += int(np.count_nonzero(steps > self._feed.jump_ahead_s * _MS))
        self._silences += int(np.count_nonzero(steps > self._feed.feed_silent_after_s * _MS))
        self._top_ms, least_ms = int(tops[-1]), int(times.min())
        self._least_ms = least_ms if self._least_ms < 0 else min(self._least_ms, least_ms)
        self._vessels(reports, times)

    def into(self, found: Inspection) -> None:
        """Writes the totals."""
        if not self._count:
            return
        _, intervals, near, ship = self._columns
        found.from_ms, found.to_ms, found.reports = self._least_ms, self._top_ms, self._count
        found.ships, found.more_ships = int(np.count_nonzero(ship)), self._full
        found.others = len(ship) - found.ships
        found.late, found.late_most_s = self._late, self._late_most_ms / _MS
        found.jumps, found.silences = self._jumps, self._silences
        judged = (ship > 0) & (intervals > 0)
        if judged.any():
            found.well_heard = float(np.mean(near[judged] * 2 >= intervals[judged]))

    def _vessels(self, reports: Rows, times: Ints) -> None:
        mmsi = reports["mmsi"].astype(np.int64)
        fresh = np.setdiff1d(mmsi, self._mmsi)
        if len(self._mmsi) + len(fresh) > _SHIPS_MOST:
            self._full, fresh = True, fresh[:0]
        if len(fresh):
            known = np.concatenate([self._mmsi, fresh])
            order = np.argsort(known)
            blank = np.zeros((4, len(fresh)), np.int64)
            blank[0] = -1
            self._mmsi, self._columns = known[order], np.concatenate([self._columns, blank], axis=1)[:, order]
        rows = np.searchsorted(self._mmsi, mmsi).clip(max=len(self._mmsi) - 1)
        kept = np.flatnonzero(self._mmsi[rows] == mmsi)
        order = kept[np.lexsort((times[kept], rows[kept]))]
        rows, times, nominal_ms = rows[order], times[order], _nominal_ms(reports[order])
        edges = [0, *(np.flatnonzero(np.diff(rows)) + 1).tolist(), len(rows)]
        first = np.array([begin for begin, end in pairwise(edges) if end > begin], np.int64)
        before = np.append(0, times[:-1])[: len(times)]
        before[first] = self._columns[0][rows[first]]
        gaps = times - before
        counted = (before >= 0) & (gaps > 0)
        self._columns[1] += np.bincount(rows, counted, len(self._mmsi)).astype(np.int64)
        self._columns[2] += np.bincount(rows, counted & (gaps <= _NEAR * nominal_ms), len(self._mmsi)).astype(np.int64)
        np.maximum.at(self._columns[0], rows, times)
        np.maximum.at(self._columns[3], rows, _IS_SHIP[reports["type"][order]].astype(np.int64))


def _nominal_ms(reports: Rows) -> npt.NDArray[np.float64]:
    """The longest interval after which each report should follow the one before."""
    moving = ~(reports["sog_kn"] <= _MOVING_KN)
    pairs = [(reports["class_b"] == class_b) & (moving == moves) for class_b, moves in _INTERVALS_S]
    return np.select(pairs, [interval_s * _MS for interval_s in _INTERVALS_S.values()])
