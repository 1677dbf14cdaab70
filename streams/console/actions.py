"""What people did about the alerts of the page, by alert. No I/O, no clock.

Records are taken in the order of their topic, and may come again from its beginning when the reading begins again: the
decision and the assignment that were read last count, and an action is in the log once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable
from typing import Final

import msgspec

from streams.messages.feedback import Feedback, Kind, Reason, key_of

ALERTS_MOST: Final = 20_000
TOTAL_MOST: Final = 60_000
_OF_ALERT_MOST: Final = 200
SHOWN_MOST: Final = 200


class ActionShown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One action in the log of a case."""

    alert_id: str
    revision: int
    kind: Kind
    by: str
    note: str = ""
    reason: Reason | None = None
    to: str = ""
    time: str
    """Wall clock."""


class _Thread(msgspec.Struct):
    """The actions on one alert, oldest first, by key."""

    log: dict[bytes, Feedback]
    case_id: str = ""
    decision: Feedback | None = None
    assigned: Feedback | None = None
    assigned_at: int = 0
    """Counts readings: of several alerts of a case the greatest counts."""


class ActionLog:
    """Bounded: of too many the alerts without an action for longest are dropped."""

    def __init__(self, alerts_most: int = ALERTS_MOST, total_most: int = TOTAL_MOST) -> None:
        self._alerts_most, self._total_most = alerts_most, total_most
        self._threads: OrderedDict[str, _Thread] = OrderedDict()
        self._cases: dict[str, set[str]] = {}
        self._total = self._read = 0

    def __len__(self) -> int:
        return self._total

    def add(self, said: Feedback) -> None:
        """Adds an action as it was read."""
        thread = self._threads.setdefault(said.alert_id, _Thread(log={}))
        self._threads.move_to_end(said.alert_id)
        self._into_case(said, thread)
        self._read += 1
        if said.decides:
            thread.decision = said
        elif said.kind == "assigned":
            thread.assigned, thread.assigned_at = said, self._read
        key = key_of(said)
        if key not in thread.log:
            thread.log[key] = said
            self._total += 1
        if len(thread.log) > _OF_ALERT_MOST:
            del thread.log[next(iter(thread.log))]
            self._total -= 1
        while len(self._threads) > self._alerts_most or self._total > self._total_most:
            self._drop_oldest()

    def _into_case(self, said: Feedback, thread: _Thread) -> None:
        if thread.case_id and thread.case_id != said.case_id:
            self._leave_case(said.alert_id, thread)
        thread.case_id = said.case_id
        self._cases.setdefault(said.case_id, set()).add(said.alert_id)

    def _leave_case(self, alert_id: str, thread: _Thread) -> None:
        ids = self._cases[thread.case_id]
        ids.discard(alert_id)
        if not ids:
            del self._cases[thread.case_id]

    def _drop_oldest(self) -> None:
        alert_id, thread = self._threads.popitem(last=False)
        self._total -= len(thread.log)
        self._leave_case(alert_id, thread)

    # -- for requests ---------------------------------------------------------------------------------------------

    def decision(self, alert_id: str) -> Feedback | None:
        """The newest decision about an alert, whatever its revision now."""
        thread = self._threads.get(alert_id)
        return thread.decision if thread else None

    def assigned(self, case_id: str, alert_ids: Iterable[str]) -> str:
        """The person who works on a case; empty: no one does. ``alert_ids``: its alerts that are known."""
        threads = self._of(case_id, alert_ids)
        newest = max(threads, key=lambda thread: thread.assigned_at, default=None)
        return newest.assigned.to if newest is not None and newest.assigned is not None else ""

    def log(self, case_id: str, alert_ids: Iterable[str]) -> tuple[ActionShown, ...]:
        """All that was done about a case, newest first, at most SHOWN_MOST."""
        found = [said for thread in self._of(case_id, alert_ids) for said in thread.log.values()]
        found.sort(key=lambda said: (said.time, said.alert_id), reverse=True)
        return tuple(map(shown, found[:SHOWN_MOST]))

    def notes(self, case_id: str, alert_ids: Iterable[str]) -> int:
        """Number of actions with a text."""
        return sum(bool(said.note) for thread in self._of(case_id, alert_ids) for said in thread.log.values())

    def people(self) -> Collection[str]:
        """Everyone to whom a case is assigned."""
        found = (thread.assigned.to for thread in self._threads.values() if thread.assigned is not None)
        return sorted({name for name in found if name})

    def _of(self, case_id: str, alert_ids: Iterable[str]) -> list[_Thread]:
        if not self._threads:
            return []
        ids = self._cases.get(case_id, set()).union(alert_ids)
        return [thread for one in ids if (thread := self._threads.get(one)) is not None]


def shown(said: Feedback) -> ActionShown:
    """An action as the page has it."""
    return ActionShown(
        alert_id=said.alert_id,
        revision=said.revision,
        kind=said.kind,
        by=said.by,
        note=said.note,
        reason=said.reason,
        to=said.to,
        time=said.time,
    )
