"""Every revision that the log still has, kept small: enough to list cases as of any moment. No I/O, no clock.

Rules.
- The time of a revision is its event time. At a moment T the revisions with a time up to T are known, and of each alert
  the one with the highest number among them counts. Times need not rise with the numbers: what satellites show is
  stated with the time at which it was told.
- A revision is known once, whatever the order and however often it comes; the first copy counts.
- Feedback has the wall clock of the person. It counts from that time on, for alerts of live sources only: a recording's
  event time has nothing to do with the time at which somebody looked at it.
- At most ``revisions_most`` revisions are held. Beyond that the oldest ones are dropped that no moment from
  ``known_from`` on needs; an earlier moment is then not answered completely.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec
import numpy as np

from detectors.core.alert import Alert
from detectors.core.units import DAY_MS, unix_ms
from streams.console.cases import ENDED, URGENCY
from streams.console.past.known import Columns, Known, packed, shown_rows
from streams.messages.feedback import Feedback

_ROOM: Final = 0.8
"""Revisions are dropped down to this share of the bound, so that many are dropped at once."""
_FIRST_ROWS: Final = 1024
_REVISION_BITS: Final = 31
"""``values.decoded`` accepts no larger revision."""


class HistoryBounds(msgspec.Struct, frozen=True, kw_only=True):
    """How much is held. A revision takes 0.8 to 1.1 kB (measured), ids and indexes included."""

    revisions_most: int = 200_000
    feedback_most: int = 60_000
    closed_kept_ms: int = DAY_MS
    """As in the present table: closed cases are listed for this time."""


class Place(NamedTuple):
    """Where a record is in the alert topic."""

    partition: int
    offset: int


class History:
    """Revisions and feedback by time; for one thread. ``known`` may be read by another one."""

    def __init__(self, bounds: HistoryBounds | None = None) -> None:
        self.bounds = bounds or HistoryBounds()
        self.left_out = 0
        """Revisions that were dropped although the newest moment needs them."""
        self._floor_ms = [0, 0]
        """By kind of source (live, recorded): before this, revisions were dropped."""
        self._begin_ms: list[int | None] = [None, None]
        """The earliest time in the alert topic."""
        self._columns = Columns.empty(_FIRST_ROWS)
        self._bodies: list[bytes] = []
        self._alerts: dict[str, int] = {}
        self._cases: dict[str, int] = {}
        self._rows: dict[int, int] = {}
        self._words: dict[Feedback, int] = {}
        self._known: Known | None = None
        self._changed_ms: int | None = None

    def __len__(self) -> int:
        return len(self._bodies)

    def take(self, alert: Alert, place: Place | None = None) -> bool:
        """Adds a revision; returns whether it is new. ``place``: where it is in the alert topic, None: not known.

        Raises ValueError for an invalid time.
        """
        ms = unix_ms(alert.time)
        number = self._alerts.setdefault(alert.id, len(self._alerts))
        row = self._rows.setdefault(_key(number, alert.revision), len(self._bodies))
        if place is not None:
            begin = self._begin_ms[alert.replayed]
            self._begin_ms[alert.replayed] = ms if begin is None else min(begin, ms)
        if row < len(self._bodies):
            if place is not None and self._columns.partition[row] < 0:
                self._columns.offset[row] = place.offset
                self._columns.partition[row] = place.partition
            return False
        self._append(alert, ms, number, place or Place(-1, -1))
        if len(self._bodies) > self.bounds.revisions_most:
            self._make_room()
        return True

    def _append(self, alert: Alert, ms: int, number: int, place: Place) -> None:
        row = len(self._bodies)
        if row == len(self._columns.ms):
            self._columns = self._columns.longer()
        self._columns.put(
            row,
            alert=number,
            revision=alert.revision,
            ms=ms,
            start_ms=unix_ms(alert.episode_start),
            case=self._cases.setdefault(alert.case_id, len(self._cases)),
            severity=URGENCY[alert.severity],
            ended=alert.status in ENDED,
            retracted=alert.status == "retracted",
            replayed=alert.replayed,
            partition=place.partition,
            offset=place.offset,
        )
        self._bodies.append(packed(alert))
        self._changed(ms)

    def hear(self, said: Feedback) -> None:
        """Adds feedback; that which is already known is ignored. Raises ValueError for an invalid time."""
        ms = unix_ms(said.time)
        if said in self._words:
            return
        self._words[said] = ms
        if len(self._words) > self.bounds.feedback_most:
            del self._words[next(iter(self._words))]
        self._changed(ms)

    @property
    def known(self) -> Known:
        """All of it as it is now; later additions do not change it."""
        if self._known is None:
            self._known = Known(
                columns=self._columns.first(len(self._bodies)),
                bodies=self._bodies,
                alerts=self._alerts,
                cases=self._cases,
                words=tuple(sorted(self._words, key=self._words.__getitem__)),
                from_ms=(self._from_ms(replayed=False), self._from_ms(replayed=True)),
                closed_kept_ms=self.bounds.closed_kept_ms,
            )
        return self._known

    def changed_from(self) -> int | None:
        """The earliest time of what was added since the last call, Unix ms: moments before it are as they were.

        None: nothing was added.
        """
        changed_ms, self._changed_ms = self._changed_ms, None
        return changed_ms

    def _changed(self, ms: int) -> None:
        self._changed_ms = ms if self._changed_ms is None else min(ms, self._changed_ms)
        self._known = None

    def _from_ms(self, *, replayed: bool) -> int | None:
        begin = self._begin_ms[replayed]
        return None if begin is None else max(begin, self._floor_ms[replayed])

    def _make_room(self) -> None:
        """Drops what is over by the time at which enough is dropped; if all is open, the oldest revisions."""
        most = int(self.bounds.revisions_most * _ROOM)
        known = self.known
        columns = known.columns
        kind = int(np.count_nonzero(columns.replayed) * 2 > len(columns.ms))
        times = np.sort(columns.ms[columns.replayed == kind])
        for share in (0.25, 0.5, 1.0):
            floor_ms = int(times[min(len(times) - 1, int(len(times) * share))])
            needed = shown_rows(known, floor_ms, (floor_ms, floor_ms))
            keep = (columns.ms >= floor_ms) | (columns.replayed != kind)
            keep[needed] = True
            if np.count_nonzero(keep) <= most:
                break
        else:
            newest = np.argsort(columns.ms, kind="stable")[-most:]
            self.left_out += int(np.count_nonzero(keep)) - most
            keep = np.zeros(len(keep), bool)
            keep[newest] = True
        self._floor_ms[kind] = max(self._floor_ms[kind], floor_ms)
        self._keep(known, np.flatnonzero(keep))

    def _keep(self, known: Known, rows: np.ndarray[tuple[int], np.dtype[np.intp]]) -> None:
        """Only these rows from now on, in new objects: a reader may still have the former ones."""
        columns = known.columns.of(rows)
        alert_ids, case_ids = list(known.alerts), list(known.cases)
        kept_alerts, columns.alert[:] = np.unique(columns.alert, return_inverse=True)
        kept_cases, columns.case[:] = np.unique(columns.case, return_inverse=True)
        self._alerts = {alert_ids[number]: at for at, number in enumerate(kept_alerts)}
        self._cases = {case_ids[number]: at for at, number in enumerate(kept_cases)}
        self._columns, self._bodies = columns, [known.bodies[row] for row in rows]
        pairs = zip(columns.alert.tolist(), columns.revision.tolist(), strict=True)
        self._rows = {_key(*pair): row for row, pair in enumerate(pairs)}
        self._known = None


def _key(number: int, revision: int) -> int:
    """One number for a revision: a dict of pairs takes twice the memory."""
    return number << _REVISION_BITS | revision
