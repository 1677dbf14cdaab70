"""Decides which notifications are sent when: alert revisions and time in, notices out. No socket, clock or Kafka.

Rules.
1. Severity ``log`` is never notified; an alert from a recording only if asked for.
2. A revision goes out once: a second copy (the worker writes one after a crash) and older revisions are dropped.
3. An open alert is repeated every ``resend_every_s``, because Alertmanager drops alerts that are not repeated.
4. Alertmanager does not notify the end of an alert whose begin it has not notified yet. So an end goes out at least
   ``SETTLE_S`` after the begin.
5. A change of labels (a ticket becomes a page, another zone) ends the notice with the former labels.
6. Memory is bounded: the newest ``SEEN_MOST`` closed alerts are kept.
7. A case that a person acknowledged or marked as false is silenced until one of its alerts changes, or the feedback is
   withdrawn: then its open alerts are notified again.
8. Alerts that opened and closed while the notifier was down, longer ago than ``digest_after_s``, are notified in one
   digest; alerts that are still open are notified as usual.
9. The number of notifications is limited, see ``rate_cap``. The webhook, which is read by programs, gets every
  revision.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import msgspec

from detectors.core.alert import Alert
from detectors.core.units import MS
from streams.messages.feedback import Feedback
from streams.notify.digest import DIGEST_WAIT_MS, MissedAlerts
from streams.notify.notices import ENDED, Notice, firing, labels_of, resolved, spoken_by
from streams.notify.rate_cap import GATHER_MS, GateRules, RateCap

SEEN_MOST: Final = 200_000
_PUT_OUT_MOST: Final = 10_000
SETTLE_S: Final = 10.0
_LAPSE_RESENDS: Final = 4
_LAPSE_LEAST_S: Final = 900.0
"""Alertmanager keeps an open alert for at least a quarter of an hour without the notifier."""


class NoticeRules(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the scheduler; times in s."""

    resend_every_s: float = 60.0
    settle_s: float = SETTLE_S
    include_replayed: bool = False
    digest_after_s: float = 3600.0
    rate_cap: GateRules = GateRules()

    @property
    def lapse_s(self) -> float:
        """How long Alertmanager keeps an open alert that is not repeated, s."""
        return max(_LAPSE_LEAST_S, _LAPSE_RESENDS * self.resend_every_s)


class MapMark(msgspec.Struct, frozen=True):
    """What a map is to show of an alert."""

    alert: Alert
    ended: bool = False
    """It is closed, or a person has silenced it."""
    word: str = ""
    """That person, as ``spoken_by`` names them."""


class Outgoing(msgspec.Struct, frozen=True):
    """What to send now, in this order."""

    notices: tuple[Notice, ...] = ()
    """For Alertmanager."""
    revisions: tuple[Alert, ...] = ()
    """For the webhook."""
    news: tuple[Notice, ...] = ()
    """The notices that are not repeats, for targets where every message reaches a person."""
    marks: tuple[MapMark, ...] = ()
    """For maps: the notices about one alert, repeats included."""

    def __add__(self, other: Outgoing) -> Outgoing:
        return Outgoing(
            self.notices + other.notices,
            self.revisions + other.revisions,
            self.news + other.news,
            self.marks + other.marks,
        )


def _told(*notices: Notice, marks: tuple[MapMark, ...] = ()) -> Outgoing:
    """These notices, each as news."""
    return Outgoing(notices, (), notices, marks)


class _OpenNotice(msgspec.Struct):
    """An alert that Alertmanager knows, or will know soon."""

    alert: Alert
    first_ms: int
    posted_ms: int


class _Closing(msgspec.Struct, frozen=True):
    due_ms: int
    alert: Alert
    labels: dict[str, str]
    word: str
    """The person who silenced it, if one did."""

    def notice(self, now_ms: int) -> Notice:
        return resolved(self.alert, self.labels, now_ms, self.word)

    def marks(self) -> tuple[MapMark, ...]:
        """Its end on a map; none if only its labels have ended."""
        over = self.alert.status in ENDED or self.word
        return (MapMark(self.alert, ended=True, word=self.word),) if over else ()


NOTHING: Final = Outgoing()


class NoticeScheduler:
    """See the module. All times are Unix ms of the wall clock."""

    def __init__(self, rules: NoticeRules) -> None:
        self.rules = rules
        self._open: dict[str, _OpenNotice] = {}
        self._seen: OrderedDict[str, int] = OrderedDict()
        self._closing: list[_Closing] = []
        self._quiet: dict[str, int] = {}
        """By alert id: the revision up to which a person has responded."""
        self._put_out: dict[str, dict[str, Alert]] = {}
        """By alert with feedback: the open alerts of its case, to be notified again if the feedback is withdrawn."""
        self._missed = MissedAlerts()
        self._rate_cap = RateCap(rules.rate_cap)

    @property
    def open(self) -> int:
        """Number of alerts that are open and notified."""
        return len(self._open)

    @property
    def settling(self) -> bool:
        """Whether an end is waiting."""
        return bool(self._closing)

    def restore(self, alert: Alert, written_ms: int) -> None:
        """Loads the alerts that were open at the start; they are repeated, and not sent as new.

        Called with newest revisions in the order in which they were written, so that held alerts are held again.
        """
        self._open.pop(alert.id, None)
        self._rate_cap.leave(alert.id)
        quiet = alert.news <= self._quiet.get(alert.id, 0)
        if quiet and alert.status not in ENDED and len(self._put_out) < _PUT_OUT_MOST:
            self._put_out[alert.id] = {alert.id: alert}
        if self._wanted(alert) and alert.status not in ENDED and not quiet and self._rate_cap.admit(alert, written_ms):
            self._open[alert.id] = _OpenNotice(alert=alert, first_ms=0, posted_ms=0)

    def heard(self, said: Feedback, now_ms: int) -> Outgoing:
        """Applies a decision of a person: all notices of the case are silenced. Other feedback changes nothing."""
        if not said.decides:
            return NOTHING
        if said.kind == "withdrawn":
            return self._renotified(said, now_ms)
        self._quiet[said.alert_id] = max(said.revision, self._quiet.get(said.alert_id, 0))
        own = self._open.get(said.alert_id)
        if own is not None and own.alert.news > said.revision:
            return NOTHING  # it changed since: that is news to the person too
        case = [one for one in self._open.values() if one.alert.case_id == said.case_id]
        said_now = NOTHING
        if case:
            self._put_out[said.alert_id] = {one.alert.id: one.alert for one in case}
            if len(self._put_out) > _PUT_OUT_MOST:
                del self._put_out[next(iter(self._put_out))]
        for one in case:
            del self._open[one.alert.id]
            self._rate_cap.leave(one.alert.id)
            self._quiet[one.alert.id] = one.alert.revision
            said_now += self._end(one.alert, one, now_ms, spoken_by(said))
        return said_now

    def _renotified(self, said: Feedback, now_ms: int) -> Outgoing:
        """The silenced alerts of withdrawn feedback, as they were then: a later revision has been notified since."""
        alerts = self._put_out.pop(said.alert_id, {})
        for alert_id in (said.alert_id, *alerts):
            self._quiet.pop(alert_id, None)
        told = NOTHING
        for alert in alerts.values():
            if alert.id not in self._open and self._seen.get(alert.id, 0) <= alert.revision:
                told += self._begin(alert, None, now_ms)
        return told

    def take(self, alert: Alert, now_ms: int, written_ms: int | None = None) -> Outgoing:
        """Applies a revision from the topic, written there at ``written_ms`` (None: just now)."""
        if (alert.replayed and not self.rules.include_replayed) or not self._is_news(alert):
            return NOTHING
        if alert.news <= self._quiet.get(alert.id, 0):
            return NOTHING
        former = self._open.get(alert.id)
        late = written_ms is not None and now_ms - written_ms > self.rules.digest_after_s * MS
        if late and former is None and self._wanted(alert):
            return self._came_late(alert, now_ms)
        if former is not None and former.alert.revision > alert.revision:
            return Outgoing((), (alert,) if self._wanted(alert) else ())  # restored from a newer one
        self._open.pop(alert.id, None)
        revisions = Outgoing((), (alert,) if self._wanted(alert) else ())
        if alert.status in ENDED or not self._wanted(alert):
            return revisions + self._leave(alert, former, now_ms)
        return revisions + self._arrive(alert, former, now_ms)

    def _arrive(self, alert: Alert, former: _OpenNotice | None, now_ms: int) -> Outgoing:
        """An open revision: notified, unless the rate cap holds it."""
        known = former is not None and former.alert.severity == alert.severity
        if known or self._rate_cap.admit(alert, now_ms):
            return self._begin(alert, former, now_ms)
        return NOTHING if former is None else self._end(alert, former, now_ms)

    def _leave(self, alert: Alert, former: _OpenNotice | None, now_ms: int) -> Outgoing:
        """A closed revision. One that was held without a notification is counted in the digest."""
        waited = self._rate_cap.waits(alert.id)
        if not self._rate_cap.leave(alert.id):
            return self._end(alert, former, now_ms)
        if waited:
            self._missed.add(alert, now_ms)
        return NOTHING

    def _came_late(self, alert: Alert, now_ms: int) -> Outgoing:
        """A closed alert (otherwise it was restored) that opened and closed without a notification."""
        if alert.status in ENDED:
            self._missed.add(alert, now_ms)
        return Outgoing((), (alert,))

    def due(self, now_ms: int) -> Outgoing:
        """What is due by time alone: repeats of open alerts, ends that have settled, held notices."""
        ended = [one for one in self._closing if one.due_ms <= now_ms]
        self._closing = [one for one in self._closing if one.due_ms > now_ms]
        repeats = [one for one in self._open.values() if now_ms - one.posted_ms >= self.rules.resend_every_s * MS]
        for one in repeats:
            one.posted_ms, one.first_ms = now_ms, one.first_ms or now_ms
        repeated = Outgoing(
            tuple(firing(one.alert, now_ms, self.rules.lapse_s) for one in repeats),
            marks=tuple(MapMark(one.alert) for one in repeats),
        )
        ends = _ends(ended, now_ms)
        return repeated + ends + self._held(now_ms)

    def _held(self, now_ms: int) -> Outgoing:
        released = NOTHING
        for alert in self._rate_cap.released(now_ms):
            released += self._arrive(alert, None, now_ms)
        digest = () if self._rate_cap.quiet(now_ms) else self._missed.due(now_ms)
        return released + _told(*digest, *self._rate_cap.due(now_ms))

    def flush(self, now_ms: int) -> Outgoing:
        """The waiting ends, at once, before the process stops."""
        ended, self._closing = self._closing, []
        digests = self._missed.due(now_ms + DIGEST_WAIT_MS), self._rate_cap.due(now_ms + GATHER_MS)
        return _ends(ended, now_ms) + _told(*digests[0], *digests[1])

    def _wanted(self, alert: Alert) -> bool:
        return alert.severity != "log" and (self.rules.include_replayed or not alert.replayed)

    def _is_news(self, alert: Alert) -> bool:
        if alert.revision <= self._seen.get(alert.id, 0):
            return False
        self._seen[alert.id] = alert.revision
        self._seen.move_to_end(alert.id)
        if len(self._seen) > SEEN_MOST:
            self._seen.popitem(last=False)
        return True

    def _begin(self, alert: Alert, former: _OpenNotice | None, now_ms: int) -> Outgoing:
        notice = firing(alert, now_ms, self.rules.lapse_s)
        same = former is not None and labels_of(former.alert) == notice.labels
        first_ms = former.first_ms if former is not None and same else now_ms
        self._open[alert.id] = _OpenNotice(alert=alert, first_ms=first_ms, posted_ms=now_ms)
        # Open again under labels whose end still waits: that end would silence an alert that is open.
        self._closing = [one for one in self._closing if one.labels != notice.labels]
        mark = (MapMark(alert),)
        if same:
            return Outgoing((notice,), marks=mark)
        return _told(notice, marks=mark) + (NOTHING if former is None else self._end(alert, former, now_ms))

    def _end(self, alert: Alert, former: _OpenNotice | None, now_ms: int, word: str = "") -> Outgoing:
        """The end of the notice under the former labels; under the alert's own labels if none are known."""
        if former is None and not self._wanted(alert):
            return NOTHING
        labels = labels_of(alert if former is None else former.alert)
        due_ms = now_ms if former is None else former.first_ms + int(self.rules.settle_s * MS)
        closing = _Closing(due_ms, alert, labels, word)
        if due_ms <= now_ms:
            return _ends([closing], now_ms)
        self._closing.append(closing)
        return NOTHING


def _ends(closings: list[_Closing], now_ms: int) -> Outgoing:
    """The ends of notices."""
    marks = tuple(mark for one in closings for mark in one.marks())
    return _told(*(one.notice(now_ms) for one in closings), marks=marks)
