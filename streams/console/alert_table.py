"""The alerts that the page shows: newest revisions, open or recently closed, by case. No I/O, no clock.

Rules.
- Time is event time: that of the newest alert or tick. Recordings have a clock of their own, so that an old recording
  and a live feed do not affect each other.
- A case whose alerts are all closed is removed a day after its last revision; an open case keeps its closed alerts.
- At most ``alerts_most`` alerts are held. Closed alerts are dropped first, then open ones of severity log, oldest
  first.
- An older revision never changes what is shown; it only adds to the history of a known alert.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from detectors.core.alert import Alert, Position
from detectors.core.units import DAY_MS, rfc3339, unix_ms
from streams.console.actions import ActionLog
from streams.console.cases import (
    ENDED,
    URGENCY,
    CaseSummary,
    CaseTimeline,
    Clock,
    DarkLine,
    FeedbackShown,
    Overview,
    State,
    TimelineRevision,
    dark_of,
    line_of,
    said_of,
)
from streams.console.filters import NO_FILTER, CaseFilter, choices_of, less, occur
from streams.messages.feedback import Feedback, covers

_SAID_MOST: Final = 40
_SILENCES_TOLD: Final = 40
_SILENCES_SHOWN: Final = 3
"""Maximum per case in the list: 200 cases with a dozen silences each were 468 kB per answer, unreadable on a map."""
_ROOM: Final = 0.9
"""Alerts are evicted down to this share of the bound, so that many are evicted at once."""


class TableBounds(msgspec.Struct, frozen=True, kw_only=True):
    """How much is held and shown."""

    alerts_most: int = 20_000
    alerts_a_case: int = 200
    cases_shown: int = 200
    """Maximum of open cases of page and ticket; the same number again of log."""
    closed_shown: int = 50
    closed_kept_ms: int = DAY_MS


class _HeldAlert(msgspec.Struct):
    alert: Alert
    raw: bytes
    ms: int
    said: list[TimelineRevision]

    @property
    def open(self) -> bool:
        return self.alert.status not in ENDED

    @property
    def rank(self) -> tuple[int, int, str]:
        """The alert with the greatest rank leads its case."""
        return URGENCY[self.alert.severity], self.ms, self.alert.id


class AlertTable:
    """The alerts of the page; for one thread."""

    def __init__(self, bounds: TableBounds | None = None, reach_kn: float = 0.0) -> None:
        self.bounds, self.reach_kn = bounds or TableBounds(), reach_kn
        self.left_out = self.unreadable = 0
        self._held: dict[str, _HeldAlert] = {}
        self._cases: dict[str, set[str]] = {}
        self._now_ms = {False: 0, True: 0}
        self.actions = ActionLog(self.bounds.alerts_most)

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, alert_id: object) -> bool:
        return alert_id in self._held

    def take(self, alert: Alert, raw: bytes) -> bool:
        """Adds a revision; returns whether it is new. Raises ValueError for an invalid time."""
        ms = unix_ms(alert.time)
        self.tell_time(ms, replayed=alert.replayed)
        known = self._held.get(alert.id)
        if known is not None and alert.revision <= known.alert.revision:
            _remember(known.said, alert)
            return False
        held = _HeldAlert(alert, raw, ms, known.said if known else [])
        _remember(held.said, alert)
        if known is not None and known.alert.case_id != alert.case_id:
            self._leave_case(known)
        self._held[alert.id] = held
        self._cases.setdefault(alert.case_id, set()).add(alert.id)
        if len(self._held) > self.bounds.alerts_most:
            self._make_room()
        return True

    def recall(self, alert: Alert) -> None:
        """Adds a revision from the past, to the history of a known alert only."""
        known = self._held.get(alert.id)
        if known is not None:
            _remember(known.said, alert)

    def hear(self, said: Feedback) -> None:
        """Adds feedback on an alert."""
        self.actions.add(said)

    def _word(self, held: _HeldAlert) -> FeedbackShown | None:
        """The decision about the present revision of an alert."""
        said = self.actions.decision(held.alert.id)
        if said is None or said.kind == "withdrawn" or said.revision < held.alert.news:
            return None
        return FeedbackShown(kind=said.kind, by=said.by, note=said.note, reason=said.reason, time=said.time)

    def _of_case(self, case_id: str, members: list[_HeldAlert], silences: int) -> CaseSummary:
        words = [word for m in members if m.open and (word := self._word(m)) is not None]
        made = _case(case_id, members, silences)
        ids = [m.alert.id for m in members]
        return msgspec.structs.replace(
            made,
            word=max(words, key=lambda word: word.time, default=None),
            waiting=sum(m.open and m.alert.severity != "log" and not self._covered(m.alert, ids) for m in members),
            assigned=self.actions.assigned(case_id, ids),
            notes=self.actions.notes(case_id, ids),
        )

    def _covered(self, alert: Alert, ids: list[str]) -> bool:
        return any(covers(said, alert) for one in ids if (said := self.actions.decision(one)) is not None)

    def tell_time(self, ms: int, *, replayed: bool) -> None:
        """Advances event time."""
        self._now_ms[replayed] = max(self._now_ms[replayed], ms)

    @property
    def now_ms(self) -> tuple[int, int]:
        """The present event time of live sources and of recordings, Unix ms; 0: none yet."""
        return self._now_ms[False], self._now_ms[True]

    @property
    def clock(self) -> Clock:
        """The present event time."""
        live, recorded = (rfc3339(ms) if ms else None for ms in (self._now_ms[False], self._now_ms[True]))
        return Clock(live=live, recorded=recorded)

    def forget(self) -> None:
        """Removes closed cases after their day, and the oldest closed alerts of cases with too many."""
        for ids in list(self._cases.values()):
            members = [self._held[alert_id] for alert_id in ids]
            if self._is_over(members):
                self._drop(members)
            elif len(members) > self.bounds.alerts_a_case:
                ended = sorted((m for m in members if not m.open), key=lambda m: (m.ms, m.alert.id))
                self._drop(ended[: len(members) - self.bounds.alerts_a_case])

    def _is_over(self, members: list[_HeldAlert]) -> bool:
        if any(m.open for m in members):
            return False
        newest = max(members, key=lambda m: (m.ms, m.alert.id))
        return newest.ms < self._now_ms[newest.alert.replayed] - self.bounds.closed_kept_ms

    def _make_room(self) -> None:
        self.forget()
        excess = len(self._held) - int(self.bounds.alerts_most * _ROOM)
        if excess <= 0:
            return
        least = sorted(self._held.values(), key=lambda m: (m.open, m.open * URGENCY[m.alert.severity], m.ms))[:excess]
        self.left_out += sum(m.open for m in least)
        self._drop(least)

    def _drop(self, members: list[_HeldAlert]) -> None:
        for held in members:
            del self._held[held.alert.id]
            self._leave_case(held)

    def _leave_case(self, held: _HeldAlert) -> None:
        ids = self._cases[held.alert.case_id]
        ids.discard(held.alert.id)
        if not ids:
            del self._cases[held.alert.case_id]

    # -- for requests ---------------------------------------------------------------------------------------------

    def raw(self, alert_id: str) -> bytes | None:
        """The newest revision of an alert, as it is in the topic."""
        held = self._held.get(alert_id)
        return held.raw if held else None

    def story(self, case_id: str) -> CaseTimeline | None:
        """A case with its timeline."""
        ids = self._cases.get(case_id)
        if not ids:
            return None
        members = sorted((self._held[i] for i in ids), key=lambda m: (m.alert.time, m.rank), reverse=True)
        lines = tuple(line_of(m.alert, tuple(m.said), self._word(m)) for m in members)
        log = self.actions.log(case_id, ids)
        return CaseTimeline(case=self._of_case(case_id, members, _SILENCES_TOLD), alerts=lines, actions=log)

    def overview(self, state: State, *, log: bool, words: str = "", wanted: CaseFilter = NO_FILTER) -> Overview:
        """Everything that is open, by severity, newest first in each; ``log``: include alerts for the record.

        Closed cases of the last day follow. With ``words`` only cases that contain all of them, with ``wanted`` only
        those that match it, of every severity; the counts of open cases are the same.
        """
        held = [(case_id, [self._held[i] for i in ids]) for case_id, ids in self._cases.items()]
        cases = list(self._wanted(held, words.upper().split(), wanted))
        cases.sort(key=lambda c: (bool(c.open), URGENCY[c.severity], c.time, c.case_id), reverse=True)
        log = log or bool(words.split()) or wanted.active
        urgent = [c for c in cases if c.open and c.severity != "log"]
        record = [c for c in cases if c.open and c.severity == "log"] if log else []
        closed = [c for c in cases if not c.open and (log or c.severity != "log") and self._is_recent(c)]
        shown = [*urgent[: self.bounds.cases_shown], *record[: self.bounds.cases_shown]]
        leads = [max(opened, key=lambda m: m.rank) for _, ms in held if (opened := [m for m in ms if m.open])]
        total = {severity: sum(m.alert.severity == severity for m in leads) for severity in URGENCY}
        return Overview(
            state=state,
            clock=self.clock,
            reach_kn=self.reach_kn,
            found=words,
            hidden={} if not (words.split() or wanted.active) else less(total, [c for c in cases if c.open]),
            open=total,
            cases=(*shown, *closed[: self.bounds.closed_shown]),
            more=len(urgent) + len(record) - len(shown),
            left_out=self.left_out,
            unreadable=self.unreadable,
        )

    def _wanted(
        self, held: list[tuple[str, list[_HeldAlert]]], words: list[str], wanted: CaseFilter
    ) -> Iterator[CaseSummary]:
        for case_id, members in held:
            alerts = [m.alert for m in members]
            if not (occur(words, alerts) and wanted.fits(alerts)):
                continue
            made = self._of_case(case_id, members, _SILENCES_SHOWN)
            if wanted.matches(made):
                yield made

    def choices(self) -> dict[str, list[str]]:
        """What the alerts that are held offer to filter by, and the people who work on cases."""
        return {**choices_of(m.alert for m in self._held.values()), "assigned": list(self.actions.people())}

    def _is_recent(self, case: CaseSummary) -> bool:
        return not self._is_over([self._held[i] for i in self._cases[case.case_id]])


def _remember(said: list[TimelineRevision], alert: Alert) -> None:
    """Keeps the first revision and the newest ones, in order."""
    if any(one.revision == alert.revision for one in said):
        return
    said.append(said_of(alert))
    said.sort(key=lambda one: one.revision)
    if len(said) > _SAID_MOST:
        del said[1]


def _case(case_id: str, members: list[_HeldAlert], silences: int) -> CaseSummary:
    opened = [m for m in members if m.open]
    lead = max(opened or members, key=lambda m: m.rank)
    newest = max(members, key=lambda m: (m.ms, m.alert.id))
    named = max(members, key=lambda m: (m.alert.vessel is not None, m.ms, m.alert.id)).alert
    return CaseSummary(
        case_id=case_id,
        severity=lead.alert.severity,
        open=len(opened),
        alerts=len(members),
        detectors=tuple(sorted({m.alert.detector for m in opened})),
        headline=lead.alert.headline,
        lead=lead.alert.id,
        since=min(m.alert.episode_start for m in opened or members),
        time=newest.alert.time,
        verification=lead.alert.verification,
        replayed=newest.alert.replayed,
        mmsi=named.mmsi,
        vessel=named.vessel,
        position=_last_position(members),
        dark=_darkness(members)[-silences:],
    )


def _last_position(members: list[_HeldAlert]) -> Position | None:
    known = [(m.alert.position, m.alert.id) for m in members if m.alert.position is not None]
    return max(known, key=lambda one: (one[0].time, one[1]), default=(None, ""))[0]


def _darkness(members: list[_HeldAlert]) -> tuple[DarkLine, ...]:
    """The silences of a case, the newest last."""
    found = [dark for m in members if (dark := dark_of(m.alert, tuple(m.said))) is not None]
    return tuple(sorted(found, key=lambda dark: (dark.since, dark.alert_id)))
