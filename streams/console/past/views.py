"""The answers about a moment. Each is made by the present table itself, given only what counts at that moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal

import msgspec
import numpy as np

from detectors.core.alert import Alert, Position
from detectors.core.units import rfc3339, unix_ms
from streams.console.alert_table import AlertTable, TableBounds
from streams.console.cases import CaseSummary, CaseTimeline, Overview
from streams.console.filters import NO_FILTER, CaseFilter
from streams.console.past.known import Known, Rows, Times, covering_rows, shown_rows
from streams.messages.feedback import Feedback

KnownWhen = Literal["then", "now"]
"""``then``: what had been stated by the moment; ``now``: what is known now about it."""
_FOR_EVER_MS: Final = 1 << 60
_COVERING_SHOWN: Final = 200


class PastOverview(Overview, frozen=True, kw_only=True, omit_defaults=True):
    """``/api/alerts?as_of=`` and ``?about=``."""

    as_of: str
    known: KnownWhen
    known_from: str | None = None
    """``known.Known.known_from``."""


class PastTimeline(CaseTimeline, frozen=True, kw_only=True):
    """``/api/cases/CASE_ID?as_of=`` and ``?about=``."""

    as_of: str
    known: KnownWhen


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Which moment, and what of it."""

    at_ms: int
    known: KnownWhen
    clock: Times
    """Event time of live sources and of recordings at the moment: not later than it, nor than now; 0: there is none."""
    log: bool = False
    words: str = ""
    wanted: CaseFilter = NO_FILTER
    reach_kn: float = 0.0


def overview(known: Known, question: Question) -> PastOverview:
    """The cases of a moment, as the present table lists its own.

    ``then``: with the closed ones of the day before. ``now``: those whose episode covers the moment, by what is known
    now; those that have ended since are closed, and positions are those of the moment.
    """
    if question.known == "then":
        rows = shown_rows(known, question.at_ms, question.clock)
        table, _ = _table(known, question, rows, TableBounds(closed_kept_ms=known.closed_kept_ms))
        table.forget()
        made = _listed(table, question, question.wanted)
    else:
        rows = covering_rows(known, question.at_ms)
        bounds = TableBounds(closed_kept_ms=_FOR_EVER_MS, closed_shown=_COVERING_SHOWN)
        table, alerts = _table(known, question, rows, bounds)
        area = question.wanted.area
        made = _listed(table, question, msgspec.structs.replace(question.wanted, area=None))
        cases = _placed(known, question.at_ms, made.cases, alerts)
        inside = tuple(one for one in cases if area is None or (one.position and area.holds(one.position)))
        made = msgspec.structs.replace(made, cases=inside)
    return PastOverview(
        **_fields(made), as_of=rfc3339(question.at_ms), known=question.known, known_from=known.known_from
    )


def _fields(made: Overview | CaseTimeline) -> dict[str, Any]:
    return {name: getattr(made, name) for name in made.__struct_fields__}


def _listed(table: AlertTable, question: Question, wanted: CaseFilter) -> Overview:
    return table.overview("following", log=question.log, words=question.words, wanted=wanted)


def story(known: Known, question: Question, case_id: str) -> PastTimeline | None:
    """A case with its timeline, also one that was closed long before; None if no alert of it is known at the moment."""
    number = known.cases.get(case_id)
    if number is None:
        return None
    columns = known.columns
    at_ms = question.at_ms if question.known == "then" else None
    candidates = np.unique(columns.alert[columns.case == number])
    rows = known.rows_of(candidates, at_ms)
    table, _ = _table(known, question, rows, TableBounds(closed_kept_ms=_FOR_EVER_MS))
    table.forget()
    made = table.story(case_id)
    if made is None:
        return None
    return PastTimeline(**_fields(made), as_of=rfc3339(question.at_ms), known=question.known)


def _table(known: Known, question: Question, rows: Rows, bounds: TableBounds) -> tuple[AlertTable, list[Alert]]:
    """A table with these revisions and the feedback that counts, and the alerts that it was given."""
    table = AlertTable(bounds, question.reach_kn)
    for replayed, ms in zip((False, True), question.clock, strict=True):
        table.tell_time(ms, replayed=replayed)
    alerts = [known.alert(int(row)) for row in rows]
    for alert in alerts:
        table.take(alert, b"")
    for said in _heard(known, question, alerts):
        table.hear(said)
    return table, alerts


def _heard(known: Known, question: Question, alerts: list[Alert]) -> Iterator[Feedback]:
    """The feedback that counts, on these alerts and on others of their cases, by time."""
    ids, cases = {alert.id for alert in alerts}, {alert.case_id for alert in alerts}
    wanted = {said.alert_id for said in known.words if said.alert_id in ids or said.case_id in cases}
    for said in known.words:
        if said.alert_id not in wanted:
            continue
        recorded = known.alerts.get(said.alert_id, -1) in known.of_recordings
        if question.known == "now" or (not recorded and unix_ms(said.time) <= question.at_ms):
            yield said


def _placed(known: Known, at_ms: int, cases: Iterable[CaseSummary], alerts: Iterable[Alert]) -> tuple[CaseSummary, ...]:
    """The cases where they were at a moment: the last position stated by then, else the first one stated later."""
    found: dict[str, Position] = {}
    numbers = {known.alerts[alert.id]: alert.case_id for alert in alerts}
    for row in known.rows_of(np.array(list(numbers), np.int32)):
        alert = known.alert(int(row))
        case_id, position = numbers[int(known.columns.alert[row])], alert.position
        if position is None:
            continue
        best = found.get(case_id)
        if best is None or _nearer(position, best, at_ms):
            found[case_id] = position
    return tuple(msgspec.structs.replace(one, position=found.get(one.case_id, one.position)) for one in cases)


def _nearer(position: Position, best: Position, at_ms: int) -> bool:
    """Whether a position says more about a moment: the last one up to it, or else the first one after it."""
    ms, best_ms = unix_ms(position.time), unix_ms(best.time)
    if ms <= at_ms:
        return best_ms > at_ms or ms > best_ms
    return best_ms > at_ms and ms < best_ms
