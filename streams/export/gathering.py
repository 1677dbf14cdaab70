"""All records about one case: its alerts with their revisions, and what people stated about them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from threading import Event
from typing import Final

import msgspec

from detectors.core.alert import Alert
from streams.errors import ConfigError, InputError, WakewatchError
from streams.explain.revisions import Source
from streams.messages.feedback import Feedback
from streams.messages.topics import ALERT_STATE, ALERTS, FEEDBACK
from streams.messages.values import decoded
from streams.settings.model import KafkaSettings

ALERTS_MOST: Final = 2_000
"""Alerts of a case that are exported, the newest ones: a feed's own case can have more."""
_ALERT_ID: Final = re.compile(r"[0-9a-f]{4,32}")


class _Head(msgspec.Struct, frozen=True):
    """The part that is read of every alert."""

    id: str
    case_id: str


class CaseRecords(msgspec.Struct, frozen=True, kw_only=True):
    """What the topics, or files, hold of a case; at least one revision of one alert."""

    case_id: str
    alerts: tuple[tuple[Alert, ...], ...]
    """Revisions of each alert, oldest first; alerts by the time of their first revision."""
    feedback: tuple[Feedback, ...] = ()
    """Oldest first."""
    missing: tuple[str, ...] = ()

    @property
    def as_of(self) -> str:
        """Time of the newest revision."""
        return max(alert.time for revisions in self.alerts for alert in revisions)

    @property
    def newest(self) -> Alert:
        """The newest revision of all."""
        return max((revisions[-1] for revisions in self.alerts), key=lambda alert: (alert.time, alert.id))

    @property
    def revisions(self) -> Iterator[Alert]:
        """All revisions, by alert."""
        return (alert for revisions in self.alerts for alert in revisions)


def gathered(source: Source, wanted: str, feedback: Callable[[], Iterable[bytes]] = tuple) -> CaseRecords:
    """The case ``wanted``, or the case of the alert whose id begins so.

    ``source`` and ``feedback`` read all existing records, again at each call. Raises WakewatchError if there is no such
    case, ConfigError if the digits are those of several alerts.
    """
    ids, case_id = _members(source, wanted)
    found: dict[tuple[str, int], Alert] = {}
    unreadable = 0
    for head, value in _heads(source):
        if head.id not in ids:
            continue
        try:
            alert = decoded(value, Alert)
        except InputError:
            unreadable += 1
        else:
            found.setdefault((alert.id, alert.revision), alert)  # twice after a crash, and in both topics
    alerts = _by_alert(found.values())
    if not alerts:
        raise WakewatchError(f"no revision of case {case_id!r} can be read")
    kept = alerts[-ALERTS_MOST:]
    said, unread = _feedback(feedback, case_id, {revisions[0].id for revisions in kept})
    missing = [
        *(["Feedback cannot be read: its topic does not exist."] if unread is None else []),
        *_unreadable(unreadable, "revisions of alerts"),
        *_unreadable(unread or 0, "records of feedback"),
        *([f"{len(alerts) - len(kept)} older alerts of the case are left out."] if len(alerts) > len(kept) else []),
        *(line for revisions in kept if (line := _gaps(revisions))),
    ]
    return CaseRecords(case_id=case_id, alerts=tuple(kept), feedback=said, missing=tuple(missing))


def topics(kafka: KafkaSettings, stop: Event) -> tuple[Source, Source]:
    """Alerts and feedback from Kafka, for ``gathered``.

    The table of newest revisions is read too: it keeps an open alert longer than the topic of revisions does. Both end
    early, without an error, when ``stop`` is set.
    """
    from streams.broker.reading import read

    def alerts() -> Iterator[bytes]:
        for topic in (ALERTS, ALERT_STATE):
            yield from (record.value for record in read(kafka, topic, stop=stop) if record.value)

    return alerts, lambda: (record.value for record in read(kafka, FEEDBACK, stop=stop) if record.value)


def _members(source: Source, wanted: str) -> tuple[set[str], str]:
    """Ids of the alerts of the case, and its id."""
    cases: dict[str, set[str]] = {}
    by_id: dict[str, str] = {}
    for head, _ in _heads(source):
        cases.setdefault(head.case_id, set()).add(head.id)
        if head.id.startswith(wanted):
            by_id[head.id] = head.case_id
    if wanted in cases:
        return cases[wanted], wanted
    if not (_ALERT_ID.fullmatch(wanted) and by_id):
        raise WakewatchError(f"no case {wanted!r}: it may be older than the records kept; `wakewatch alerts --json`")
    if len(by_id) > 1:
        raise ConfigError(f"{wanted} matches {len(by_id)} alert ids: give more digits, or the case id")
    (case_id,) = by_id.values()
    return cases[case_id], case_id


def _heads(source: Source) -> Iterator[tuple[_Head, bytes]]:
    for value in source():
        try:
            head = decoded(value, _Head)
        except InputError:
            continue  # not an alert of ours: a foreign record, or an incomplete last line
        yield head, value


def _by_alert(alerts: Iterable[Alert]) -> list[tuple[Alert, ...]]:
    by_id: dict[str, list[Alert]] = {}
    for alert in sorted(alerts, key=lambda one: one.revision):
        by_id.setdefault(alert.id, []).append(alert)
    return [tuple(found) for found in sorted(by_id.values(), key=lambda found: (found[0].time, found[0].id))]


def _feedback(
    source: Callable[[], Iterable[bytes]], case_id: str, ids: set[str]
) -> tuple[tuple[Feedback, ...], int | None]:
    """Feedback on the case, and the number of records that cannot be read; None if there is no topic."""
    found, unread = [], 0
    try:
        values = list(source())
    except ConfigError:
        return (), None
    for value in values:
        try:
            said = decoded(value, Feedback)
        except InputError:
            unread += 1
        else:
            if said.case_id == case_id or said.alert_id in ids:
                found.append(said)
    return tuple(sorted(found, key=lambda said: (said.time, msgspec.json.encode(said)))), unread


def _unreadable(count: int, what: str) -> list[str]:
    return [f"{count} {what} cannot be read."] if count else []


def _gaps(revisions: tuple[Alert, ...]) -> str:
    """That earlier revisions of an alert are missing; empty if they are there."""
    known = {alert.revision for alert in revisions}
    gone = [number for number in range(1, revisions[-1].revision) if number not in known]
    if not gone:
        return ""
    which = f"revision {gone[0]}" if len(gone) == 1 else f"{len(gone)} revisions up to {gone[-1]}"
    return f"Alert {revisions[0].id[:12]}: {which} no longer in the alert topic."
