"""The summary of a watch from alerts and feedback. Pure: the same records and the same watch give the same summary.

Rules.
1. A watch is a time of the wall clock. A revision belongs to the watch in which it was written to its topic: a late
   feed brings alerts about earlier hours, which are news to this watch. Times of alerts are event times.
2. A case waits while one of its open pages or tickets is covered by no decision (``feedback.covers``). The most urgent
   is first, then the oldest.
3. What opened or changed is one line an alert, with its newest revision in the watch. A revision that only renews
   satellite passes is no change.
4. Alerts for the record are counted, not listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from detectors.core.alert import HEIGHT, Alert, Severity, Status
from detectors.core.units import rfc3339, unix_ms
from streams.messages.feedback import Feedback, Kind, covers, in_words

LINES_MOST: Final = 200
"""Of each part; the rest is counted."""
_ENDED: Final = frozenset({"closed", "retracted"})


class WrittenRevision(msgspec.Struct, frozen=True):
    """A revision, and when it was written to its topic (wall clock, Unix ms)."""

    alert: Alert
    written_ms: int


class CaseLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A case that is open at the end of the watch, by its most urgent alert."""

    case_id: str
    alert_id: str
    severity: Severity
    who: str
    headline: str
    since: str
    """When the first of its open episodes began, event time."""
    open: int
    """Open alerts in it."""
    assigned: str = ""
    decision: str = ""
    """``acknowledged by Kim``; empty: none is in force."""
    note: str = ""
    """The last one."""
    note_by: str = ""
    replayed: bool = False


class AlertLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An alert that opened or changed in the watch."""

    case_id: str
    alert_id: str
    severity: Severity
    status: Status
    who: str
    headline: str
    time: str
    """Event time of the revision."""
    written: str
    """When it was written, wall clock."""


class ActionLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person did in the watch."""

    time: str
    by: str
    kind: Kind
    words: str
    case_id: str
    alert_id: str
    who: str = ""
    note: str = ""


class Handover(msgspec.Struct, frozen=True, kw_only=True):
    """The summary. ``more`` has by part how many lines were left out."""

    since: str
    until: str
    waiting: tuple[CaseLine, ...]
    in_hand: tuple[CaseLine, ...]
    """Open cases with a decision in force."""
    opened: tuple[AlertLine, ...]
    changed: tuple[AlertLine, ...]
    actions: tuple[ActionLine, ...]
    """Oldest first."""
    for_the_record: int
    """Alerts of severity log that opened in the watch."""
    more: dict[str, int] = {}
    unreadable: int = 0
    """Records that could not be read."""


class Records(msgspec.Struct, frozen=True, kw_only=True):
    """What a summary is made of."""

    written: Sequence[WrittenRevision]
    """The revisions of the watch, in any order and perhaps more than once."""
    present: Sequence[Alert]
    """The newest revision of each alert that was open at its end; those in ``written`` may be newer."""
    said: Sequence[Feedback]
    """All feedback, in the order of its topic."""
    unreadable: int = 0


def summary(records: Records, since_ms: int, until_ms: int) -> Handover:
    """The watch from ``since_ms`` to before ``until_ms`` (wall clock, Unix ms)."""
    revisions = _in_watch(records.written, since_ms, until_ms)
    known = {alert.id: alert for alert in records.present}
    for one in revisions:
        if one.alert.id not in known or known[one.alert.id].revision <= one.alert.revision:
            known[one.alert.id] = one.alert
    since, until = rfc3339(since_ms), rfc3339(until_ms)
    feedback = [one for one in records.said if one.time < until]
    cases = _cases([alert for alert in known.values() if alert.status not in _ENDED], feedback)
    waiting, in_hand = ([line for line, waits in cases if waits is wanted] for wanted in (True, False))
    opened, changed = _news(revisions)
    listed, altered = ([one for one in lines if one.severity != "log"] for lines in (opened, changed))
    actions = _actions(feedback, since, known)
    sizes: dict[str, Sequence[object]] = {
        "waiting": waiting,
        "in_hand": in_hand,
        "opened": listed,
        "changed": altered,
        "actions": actions,
    }
    return Handover(
        since=since,
        until=until,
        waiting=tuple(waiting[:LINES_MOST]),
        in_hand=tuple(in_hand[:LINES_MOST]),
        opened=tuple(listed[:LINES_MOST]),
        changed=tuple(altered[:LINES_MOST]),
        actions=tuple(actions[-LINES_MOST:]),
        for_the_record=len(opened) - len(listed),
        more={name: len(lines) - LINES_MOST for name, lines in sizes.items() if len(lines) > LINES_MOST},
        unreadable=records.unreadable,
    )


def _in_watch(written: Iterable[WrittenRevision], since_ms: int, until_ms: int) -> list[WrittenRevision]:
    """The revisions of the watch, each as it was written first."""
    found: dict[tuple[str, int], WrittenRevision] = {}
    for one in written:
        key = one.alert.id, one.alert.revision
        if since_ms <= one.written_ms < until_ms and (key not in found or one.written_ms < found[key].written_ms):
            found[key] = one
    return sorted(found.values(), key=lambda one: (one.written_ms, one.alert.id, one.alert.revision))


def _news(revisions: Sequence[WrittenRevision]) -> tuple[list[AlertLine], list[AlertLine]]:
    """What opened, and what changed without having opened in the watch."""
    opened = {one.alert.id for one in revisions if one.alert.status == "opened"}
    newest: dict[str, WrittenRevision] = {}
    for one in revisions:
        if one.alert.same_as is None and (
            one.alert.id not in newest or newest[one.alert.id].alert.revision < one.alert.revision
        ):
            newest[one.alert.id] = one
    lines = sorted(
        map(_alert_line, newest.values()), key=lambda line: (-HEIGHT[line.severity], line.time, line.alert_id)
    )
    return [one for one in lines if one.alert_id in opened], [one for one in lines if one.alert_id not in opened]


def _alert_line(one: WrittenRevision) -> AlertLine:
    alert = one.alert
    return AlertLine(
        case_id=alert.case_id,
        alert_id=alert.id,
        severity=alert.severity,
        status=alert.status,
        who=who_of(alert),
        headline=alert.headline,
        time=alert.time,
        written=rfc3339(one.written_ms),
    )


def _cases(opened: Sequence[Alert], said: Sequence[Feedback]) -> list[tuple[CaseLine, bool]]:
    """Cases with an open page or ticket, and whether each waits; the most urgent first, then the oldest."""
    cases: dict[str, list[Alert]] = {}
    for alert in opened:
        cases.setdefault(alert.case_id, []).append(alert)
    of_case: dict[str, list[Feedback]] = {case_id: [] for case_id in cases}
    case_of = {alert.id: alert.case_id for alert in opened}
    for one in said:
        case_id = case_of.get(one.alert_id, one.case_id)
        if case_id in of_case:
            of_case[case_id].append(one)
    lines = [
        _case_line(case_id, alerts, of_case[case_id])
        for case_id, alerts in cases.items()
        if any(alert.severity != "log" for alert in alerts)
    ]
    return sorted(lines, key=lambda made: (-HEIGHT[made[0].severity], made[0].since, made[0].case_id))


def _case_line(case_id: str, alerts: Sequence[Alert], said: Sequence[Feedback]) -> tuple[CaseLine, bool]:
    decisions = list({one.alert_id: one for one in said if one.decides}.values())
    urgent = [alert for alert in alerts if alert.severity != "log"]
    waiting = [alert for alert in urgent if not any(covers(one, alert) for one in decisions)]
    lead = max(waiting or urgent, key=lambda alert: (HEIGHT[alert.severity], alert.time, alert.id))
    in_force = [one for one in decisions if any(covers(one, alert) for alert in urgent)]
    decision = max(in_force, key=lambda one: one.time, default=None)
    noted = [one for one in said if one.note]
    assigned = [one for one in said if one.kind == "assigned"]
    line = CaseLine(
        case_id=case_id,
        alert_id=lead.id,
        severity=lead.severity,
        who=who_of(lead),
        headline=lead.headline,
        since=min(alert.episode_start for alert in alerts),
        open=len(alerts),
        assigned=assigned[-1].to if assigned else "",
        decision=in_words(decision) if decision else "",
        note=noted[-1].note if noted else "",
        note_by=noted[-1].by if noted else "",
        replayed=all(alert.replayed for alert in alerts),
    )
    return line, bool(waiting)


def _actions(said: Sequence[Feedback], since: str, known: dict[str, Alert]) -> list[ActionLine]:
    wanted = sorted((one for one in said if one.time >= since), key=lambda one: unix_ms(one.time))
    return [
        ActionLine(
            time=one.time,
            by=one.by,
            kind=one.kind,
            words=in_words(one),
            case_id=one.case_id,
            alert_id=one.alert_id,
            who=who_of(known[one.alert_id]) if one.alert_id in known else "",
            note=one.note,
        )
        for one in wanted
    ]


def who_of(alert: Alert) -> str:
    """``ANGARA (IMO 9179842)``, ``MMSI 273999001`` or ``source/kystverket``."""
    vessel = alert.vessel
    if vessel is not None and vessel.name:
        return f"{vessel.name} (IMO {vessel.imo})" if vessel.imo else vessel.name
    return f"MMSI {alert.mmsi}" if alert.mmsi else alert.subject
