"""The log of sentences around a case: the tracks of its ships, and the sentences themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
import numpy as np

from detectors.core.alert import Alert
from detectors.core.units import HOUR_MS, rfc3339
from detectors.core.vessels.track_verdict import TrackRules
from streams.explain.raw_log import WARM_MS, Raw, RawLogFindings, RawLogReader, Window, window_of
from streams.export.gathering import CaseRecords
from streams.messages.log_records import partition_of

SHIPS_MOST: Final = 8
SENTENCES_MOST: Final = 200_000
"""For each ship: a week of a ship under way. 20 MB."""
_MMSI_MOST: Final = 999_999_999
_WRITTEN_BEFORE_MS: Final = HOUR_MS
"""A clock of a source may be this much ahead of that of Kafka."""


class LoggedLine(msgspec.Struct, frozen=True, order=True):
    """The lines of a message, as in the log."""

    time_ms: int
    mmsi: int
    partition: int
    number: int
    """Its place among those of its ship in the log."""
    lines: bytes


class ShipLog(msgspec.Struct, frozen=True, kw_only=True):
    """What the log has of one ship."""

    mmsi: int
    heard: RawLogFindings
    sentences: tuple[LoggedLine, ...]
    left_out: int


class CaseLog(msgspec.Struct, frozen=True, kw_only=True):
    """What the log has of a case."""

    window: Window
    span_ms: tuple[int, int] | None
    """First and last event time that the log holds of the window; None if it is empty."""
    ships: tuple[ShipLog, ...] = ()


def ships_of(records: CaseRecords) -> list[int]:
    """The MMSIs that the case is about: those of its alerts, or those that an area displaces. In order, at most 8."""
    own = {alert.mmsi for alert in records.revisions if alert.mmsi}
    named = own or {mmsi for alert in records.revisions for mmsi in _displaced(alert)}
    return sorted(named)[:SHIPS_MOST]


def _displaced(alert: Alert) -> Iterable[int]:
    vessels = alert.details.get("vessels")
    for vessel in vessels if isinstance(vessels, list) else ():
        mmsi: Any = vessel.get("mmsi") if isinstance(vessel, dict) else None
        if isinstance(mmsi, int) and 0 < mmsi <= _MMSI_MOST:
            yield mmsi


def window_of_case(records: CaseRecords) -> Window:
    """From before its first alert to after its newest revision."""
    windows = [window_of(list(revisions)) for revisions in records.alerts]
    place = next((one.place for one in windows if one.place is not None), None)
    return Window(0, min(one.from_ms for one in windows), max(one.to_ms for one in windows), place)


def written_since_ms(window: Window, now_ms: int) -> int | None:
    """From when on the log must be read: nothing is written long before it was heard. None: from its beginning."""
    since_ms = window.from_ms - WARM_MS - _WRITTEN_BEFORE_MS
    return since_ms if since_ms > 0 and window.to_ms < now_ms + WARM_MS else None


class CaseLogReader:
    """Reads the log once, record by record. ``rules`` keep tracks apart, as in the engine."""

    def __init__(self, records: CaseRecords, rules: TrackRules, partitions: int) -> None:
        self.window = window_of_case(records)
        wanted = frozenset(piece.sentence for alert in records.revisions for piece in alert.evidence)
        self._ships = {
            mmsi: _ShipReader(
                self.window._replace(mmsi=mmsi, place=None), wanted, rules, partition_of(mmsi, partitions)
            )
            for mmsi in ships_of(records)
        }
        self._spans: list[tuple[int, int]] = []

    def take(self, record: Raw) -> None:
        """Processes the next record."""
        if not record.tick and record.from_ms is not None and record.to_ms is not None:
            self._spans = [_wider(self._spans, record.from_ms, record.to_ms)]
        for ship in self._ships.values():
            ship.take(record)

    def log(self) -> CaseLog:
        """What was found."""
        ships = tuple(ship.log() for ship in self._ships.values())
        return CaseLog(window=self.window, span_ms=self._spans[0] if self._spans else None, ships=ships)


def _wider(known: list[tuple[int, int]], from_ms: int, to_ms: int) -> tuple[int, int]:
    return min([from_ms, *(a for a, _ in known)]), max([to_ms, *(b for _, b in known)])


class _ShipReader:
    """Reads the records of the partition of one ship."""

    def __init__(self, window: Window, wanted: frozenset[str], rules: TrackRules, partition: int) -> None:
        self._window, self._partition = window, partition
        self._reader = RawLogReader(window, wanted, rules, partition)
        self._sentences: list[LoggedLine] = []
        self._left_out = 0

    def take(self, record: Raw) -> None:
        if record.partition != self._partition:
            return
        self._reader.take(record)
        if not record.tick and record.is_within(self._window.from_ms, self._window.to_ms):
            self._keep(record)

    def _keep(self, record: Raw) -> None:
        batch, window = record.batch, self._window
        reports = batch.reports
        within = (reports["time_ms"] >= window.from_ms) & (reports["time_ms"] <= window.to_ms)
        own = reports[np.flatnonzero((reports["mmsi"] == window.mmsi) & within)]
        room = SENTENCES_MOST - len(self._sentences)
        self._left_out += max(0, len(own) - room)
        for time_ms, start, end in own[["time_ms", "start", "end"]][:room].tolist():
            number = len(self._sentences)
            self._sentences.append(LoggedLine(time_ms, window.mmsi, record.partition, number, batch.raw[start:end]))

    def log(self) -> ShipLog:
        return ShipLog(
            mmsi=self._window.mmsi,
            heard=self._reader.heard(),
            sentences=tuple(self._sentences),
            left_out=self._left_out,
        )


def sentences_of(log: CaseLog) -> bytes:
    """The sentences of all its ships with their tag blocks, in order of event time, each on its own line."""
    ordered = sorted(line for ship in log.ships for line in ship.sentences)
    return b"".join(line.lines.replace(b"\r", b"") + b"\n" for line in ordered)


def missing_of(log: CaseLog | None, records: CaseRecords, no_log: str) -> list[str]:
    """What the log no longer has, each as a sentence. ``no_log`` is why it was not read."""
    if log is None:
        return [no_log]
    named = ships_of(records)
    if not named:
        return ["The case is about no ship: there is no track and there are no sentences."]
    said = []
    if log.span_ms is None or log.span_ms[1] < log.window.from_ms or not any(ship.sentences for ship in log.ships):
        said.append(
            "The log of sentences no longer has the time of the case: positions are those that the alerts state, and "
            "sentences.nmea is empty."
        )
    elif log.span_ms[0] > log.window.from_ms:
        said.append(f"The log of sentences begins at {rfc3339(log.span_ms[0])}: what was before is not in it.")
    wanted = {piece.sentence for alert in records.revisions for piece in alert.evidence}
    gone = wanted - {sentence for ship in log.ships for sentence in ship.heard.kept}
    if gone:
        said.append(f"{len(gone)} of {len(wanted)} sentences of the evidence are only in case.json, not in the log.")
    all_named = {alert.mmsi for alert in records.revisions if alert.mmsi} or set(named)
    if len(all_named) > len(named):
        said.append(f"{len(all_named) - len(named)} more MMSIs of the case have no track here.")
    said += [
        f"{ship.left_out} sentences of MMSI {ship.mmsi} are left out: sentences.nmea has the first {SENTENCES_MOST:,}."
        for ship in log.ships
        if ship.left_out
    ]
    return said
