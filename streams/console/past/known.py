"""What is known of the past at one state of the log: which revisions count at a moment, in columns."""

from __future__ import annotations

from functools import cached_property
from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.core.alert import Alert, Evidence
from detectors.core.units import rfc3339
from streams.messages.feedback import Feedback

Rows = npt.NDArray[np.intp]
Times = tuple[int, int]
"""Event time of live sources and of recordings, Unix ms; 0: none yet."""
_LEFT_OUT: Final = frozenset({"why", "would_change", "evidence", "details", "related"})
_DETAILS: Final = ("last_heard", "v_max_kn", "reappeared_at", "list", "zone", "source")
"""What the list, the map and the filter need of an alert's details (``cases.dark_of``, ``filters.values_of``)."""
_KINDS: Final = {
    "alert": np.int32,
    "revision": np.int32,
    "ms": np.int64,
    "start_ms": np.int64,
    "case": np.int32,
    "severity": np.int8,
    "ended": np.bool_,
    "retracted": np.bool_,
    "replayed": np.bool_,
    "partition": np.int32,
    "offset": np.int64,
}


class Columns(NamedTuple):
    """One value for each revision, in the order of arrival."""

    alert: npt.NDArray[np.int32]
    """Number of the alert."""
    revision: npt.NDArray[np.int32]
    ms: npt.NDArray[np.int64]
    """Event time of the revision."""
    start_ms: npt.NDArray[np.int64]
    """When the episode began."""
    case: npt.NDArray[np.int32]
    """Number of the case."""
    severity: npt.NDArray[np.int8]
    """As in ``cases.URGENCY``."""
    ended: npt.NDArray[np.bool_]
    retracted: npt.NDArray[np.bool_]
    replayed: npt.NDArray[np.bool_]
    partition: npt.NDArray[np.int32]
    """In the alert topic; -1: not known."""
    offset: npt.NDArray[np.int64]

    @classmethod
    def empty(cls, rows: int) -> Columns:
        """With room for so many rows."""
        return cls(**{name: np.zeros(rows, kind) for name, kind in _KINDS.items()})

    def longer(self) -> Columns:
        """A copy with twice the room."""
        return Columns._make(np.concatenate([column, np.zeros(max(1, len(column)), column.dtype)]) for column in self)

    def first(self, rows: int) -> Columns:
        """The first rows, shared."""
        return Columns._make(column[:rows] for column in self)

    def of(self, rows: Rows) -> Columns:
        """A copy of these rows."""
        return Columns._make(column[rows] for column in self)

    def put(self, row: int, **values: int) -> None:
        """Writes one row."""
        for name, value in values.items():
            getattr(self, name)[row] = value


class SmallAlert(Alert, frozen=True, kw_only=True, array_like=True, gc=False):
    """An alert without what only its own page shows, and without the names of its fields: a quarter of its size."""


def packed(alert: Alert) -> bytes:
    """What is kept of an alert."""
    fields = {name: getattr(alert, name) for name in alert.__struct_fields__ if name not in _LEFT_OUT}
    fields["details"] = {key: alert.details[key] for key in _DETAILS if key in alert.details}
    sources = sorted({piece.source for piece in alert.evidence})
    fields["evidence"] = tuple(Evidence(time="", source=source, sentence="", sha256="") for source in sources)
    return msgspec.msgpack.encode(SmallAlert(**fields))


class Known(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Revisions and feedback at one state of the log."""

    columns: Columns
    bodies: list[bytes]
    """The small alerts, at least one for each row."""
    alerts: dict[str, int]
    cases: dict[str, int]
    """Numbers by id; later ones may be added."""
    words: tuple[Feedback, ...]
    from_ms: tuple[int | None, int | None]
    """The earliest moment that is known completely, of live sources and of recordings; None: nothing in the log."""
    closed_kept_ms: int

    @property
    def known_from(self) -> str | None:
        """The earliest moment about which the log says everything; None: it has no alerts."""
        begins = [ms for ms in self.from_ms if ms is not None]
        return rfc3339(min(begins)) if begins else None

    @cached_property
    def order(self) -> Rows:
        """All rows by alert, and by revision in each."""
        return np.lexsort((self.columns.revision, self.columns.alert))

    @cached_property
    def of_recordings(self) -> frozenset[int]:
        """Numbers of the alerts about recordings."""
        return frozenset(np.unique(self.columns.alert[self.columns.replayed]).tolist())

    def alert(self, row: int) -> Alert:
        """The small alert of a row."""
        return msgspec.msgpack.decode(self.bodies[row], type=SmallAlert)

    def newest(self, at_ms: int) -> Rows:
        """Of each alert that is known at a moment its row that counts then, by number of the alert."""
        return _last_of_each(self.columns, self.order[self.columns.ms[self.order] <= at_ms])

    def rows_of(self, alerts: npt.NDArray[np.int32], at_ms: int | None = None) -> Rows:
        """All rows of these alerts up to a moment, by revision in each."""
        order = self.order if at_ms is None else self.order[self.columns.ms[self.order] <= at_ms]
        return order[np.isin(self.columns.alert[order], alerts)]

    def row(self, alert_id: str, at_ms: int | None) -> int | None:
        """The row of an alert that counts at a moment (None: now); None if it is not known then."""
        number = self.alerts.get(alert_id)
        if number is None:
            return None
        rows = self.rows_of(np.array([number], np.int32), at_ms)
        return int(rows[-1]) if len(rows) else None


def shown_rows(known: Known, at_ms: int, clock: Times) -> Rows:
    """The rows that the list of a moment needs, by alert and revision.

    Of each alert in a case that is open, or closed for less than a day of its ``clock``: the row that counts, and if it
    is over the last row before its end, where a silence began.
    """
    columns, newest = known.columns, known.newest(at_ms)
    cases = columns.case[newest]
    count = int(cases.max(initial=-1)) + 1
    last_ms = np.full(count, np.iinfo(np.int64).min)
    np.maximum.at(last_ms, cases, columns.ms[newest])
    since_ms = np.where(columns.replayed[newest], clock[1], clock[0]) - known.closed_kept_ms
    recent = (columns.ms[newest] == last_ms[cases]) & (last_ms[cases] >= since_ms)
    listed = np.zeros(count, bool)
    listed[cases[recent | ~columns.ended[newest]]] = True
    return with_last_open(known, newest[listed[cases]], at_ms)


def covering_rows(known: Known, at_ms: int) -> Rows:
    """The rows of the alerts whose episode, by what is known now, covers a moment; none of retracted alerts.

    Of each its newest row and the last one before its end. An episode ends with the first revision that says so, if
    none says otherwise later.
    """
    columns = known.columns
    newest = _last_of_each(columns, known.order)
    begun = newest[(columns.start_ms[newest] <= at_ms) & ~columns.retracted[newest]]
    over = columns.ended[begun]
    rows = known.rows_of(columns.alert[begun[over]])
    last_open = _last_of_each(columns, rows[~columns.ended[rows]])
    after = np.full(int(columns.alert.max(initial=-1)) + 1, -1, np.int64)
    after[columns.alert[last_open]] = columns.revision[last_open]
    closing = rows[columns.revision[rows] > after[columns.alert[rows]]]
    end_ms = np.full(len(after), np.iinfo(np.int64).max)
    first = closing[np.r_[True, columns.alert[closing][1:] != columns.alert[closing][:-1]]] if len(closing) else closing
    end_ms[columns.alert[first]] = columns.ms[first]
    return with_last_open(known, begun[end_ms[columns.alert[begun]] > at_ms], None)


def with_last_open(known: Known, rows: Rows, at_ms: int | None) -> Rows:
    """These rows, and for those that are over the last row of the alert before that."""
    columns = known.columns
    former = known.rows_of(columns.alert[rows[columns.ended[rows]]], at_ms)
    both = np.concatenate([rows, _last_of_each(columns, former[~columns.ended[former]])])
    return both[np.lexsort((columns.revision[both], columns.alert[both]))]


def _last_of_each(columns: Columns, ordered: Rows) -> Rows:
    """The last row of each alert; ``ordered`` by alert and revision."""
    alerts = columns.alert[ordered]
    return ordered[np.r_[alerts[1:] != alerts[:-1], True]] if len(ordered) else ordered
