"""Delivers to Alertmanager, the webhook, apprise and TAK: everything, or it reports that it was stopped."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec
import structlog

from detectors.core.alert import Alert, Severity, encode
from detectors.core.units import unix_ms
from streams.errors import Reason, SinkError
from streams.notify import http
from streams.notify.apprise_messages import Apprise, AppriseMessage, Gathering
from streams.notify.core import MapMark, Outgoing
from streams.notify.cot import Cot
from streams.notify.http import Endpoint
from streams.notify.links import linked
from streams.notify.notices import Notice
from streams.observability.metrics import Metrics
from streams.observability.target_names import ALERTMANAGER, APPRISE, COT, NAMES, WEBHOOK

DELIVERED, REFUSED, RETRIED, PLACELESS = "delivered", "refused", "retried", "placeless"
SIGNATURE: Final = "Wakewatch-Signature"
_API: Final = "/api/v2/alerts"
_POST_MOST: Final = 100
_APPRISE_S: Final = 60.0
"""For all of its services together; each has its own time-outs."""
EVERYTHING: Final[tuple[Severity, ...]] = ("page", "ticket")
_log = structlog.get_logger("wakewatch.notify")


Bury = Callable[[bytes, str], None]
"""Gets what was rejected permanently, and the reason, for the dead letters."""


def signature(secret: bytes, body: bytes, now_s: int) -> str:
    """``t=UNIX,v1=HEX``: HMAC-SHA256 of ``UNIX.`` and the body. The time lets a receiver reject old messages."""
    return f"t={now_s},v1={hmac.new(secret, b'%d.' % now_s + body, hashlib.sha256).hexdigest()}"


class Targets(msgspec.Struct, frozen=True, kw_only=True):
    """The targets, and the severities of each; None: not used."""

    alertmanager: Endpoint | None = None
    webhook: Endpoint | None = None
    apprise: Apprise | None = None
    cot: Cot | None = None
    secret: str = ""
    """The key that signs messages to the webhook."""
    console: str = ""
    """The console's public address (``links.address_of``): notifications link to it."""
    alertmanager_severities: tuple[Severity, ...] = EVERYTHING
    webhook_severities: tuple[Severity, ...] = EVERYTHING
    apprise_severities: tuple[Severity, ...] = EVERYTHING
    cot_severities: tuple[Severity, ...] = EVERYTHING

    def each(self) -> Iterator[tuple[str, Targets]]:
        """Each configured target alone, so that none depends on another."""
        for name in self.names():
            others = {other: None for other in NAMES if other != name}
            yield name, msgspec.structs.replace(self, **others)

    def names(self) -> list[str]:
        """Names of the targets that are notified."""
        targets = (self.alertmanager, self.webhook, self.apprise, self.cot)
        return [name for name, to in zip(NAMES, targets, strict=True) if to is not None]


class Delivery:
    """Delivers in order. Notices that a target rejects permanently are counted and logged, and the rest continues."""

    def __init__(
        self,
        targets: Targets,
        metrics: Metrics,
        stopping: Callable[[], bool],
        bury: Bury | None = None,
        now_ms: Callable[[], int] = lambda: int(time.time() * 1000),
    ) -> None:
        self._to = targets
        self._alertmanager = targets.alertmanager.under(_API) if targets.alertmanager else None
        self._metrics, self._stopping, self._now_ms = metrics, stopping, now_ms
        self._secret, self._bury = targets.secret.encode(), bury
        self._gathering = Gathering()
        for target in targets.names():
            for outcome in (DELIVERED, REFUSED, RETRIED):
                metrics.notifications.labels(target, outcome)
        if targets.cot is not None:
            metrics.notifications.labels(COT, PLACELESS)
        self._failing: tuple[float, str] | None = None

    @property
    def failing(self) -> str:
        """The last failure, until a delivery succeeds."""
        return "" if self._failing is None else self._failing[1]

    @property
    def failing_s(self) -> float:
        """How long nothing was delivered while the notifier tried, s; 0 while it works."""
        return 0.0 if self._failing is None else time.monotonic() - self._failing[0]

    def carry(self, outgoing: Outgoing) -> bool:
        """Delivers everything. False: asked to stop before it was done."""
        unwanted = set(EVERYTHING) - set(self._to.alertmanager_severities)
        wanted = (notice for notice in outgoing.notices if notice.labels.get("severity") not in unwanted)
        notices = [linked(notice, self._to.console) for notice in wanted]
        for start in range(0, len(notices), _POST_MOST):
            if not self._notices(notices[start : start + _POST_MOST]):
                return False
        for notice in outgoing.news:
            _tell(notice, self._now_ms())
        revisions = (alert for alert in outgoing.revisions if alert.severity in self._to.webhook_severities)
        told = all(self._revision(alert) for alert in revisions) and self._messages(outgoing.news)
        return told and self._marks([mark for mark in outgoing.marks if mark.alert.severity in self._to.cot_severities])

    def finish(self) -> bool:
        """Sends collected tickets before the process stops, and closes what is open. False as for ``carry``."""
        if self._to.cot is not None:
            self._to.cot.close()
        return all(map(self._message, self._gathering.due(self._now_ms(), leaving=True)))

    def _messages(self, news: Sequence[Notice]) -> bool:
        if self._to.apprise is None:
            return True
        now_ms = self._now_ms()
        chosen = (notice for notice in news if notice.labels["severity"] in self._to.apprise_severities)
        wanted = [linked(notice, self._to.console) for notice in chosen]
        return all(map(self._message, [*self._gathering.take(wanted, now_ms), *self._gathering.due(now_ms)]))

    def _message(self, message: AppriseMessage) -> bool:
        services = self._to.apprise
        return services is None or self._patiently(APPRISE, lambda: self._send(services, message), 1)

    def _send(self, services: Apprise, message: AppriseMessage) -> None:
        try:
            http.within(_APPRISE_S, lambda: services.send(message), lambda: None, self._stopping)
        except TimeoutError as error:
            raise SinkError(f"notify.apprise_urls: {error}", retriable=True) from error

    def _marks(self, marks: Sequence[MapMark]) -> bool:
        if self._to.cot is None:
            return True
        placed = [mark for mark in marks if mark.alert.position is not None]
        self._metrics.notifications.labels(COT, PLACELESS).inc(len(marks) - len(placed))
        return all(self._placed(placed[at : at + _POST_MOST]) for at in range(0, len(placed), _POST_MOST))

    def _placed(self, marks: Sequence[MapMark]) -> bool:
        to = self._to.cot
        assert to is not None
        try:
            return self._patiently(COT, lambda: to.send(marks, self._now_ms(), self._stopping), len(marks))
        except SinkError as error:
            if len(marks) == 1:
                self._refused(COT, marks[0].alert.id, encode(marks[0].alert), error)
                return True
            half = len(marks) // 2  # one of them is rejected, as above
            return self._placed(marks[:half]) and self._placed(marks[half:])

    def _notices(self, notices: Sequence[Notice]) -> bool:
        if self._alertmanager is None:
            return True
        try:
            return self._post(ALERTMANAGER, self._alertmanager, msgspec.json.encode(notices), {}, len(notices))
        except SinkError as error:
            if len(notices) == 1:
                raw = msgspec.json.encode(notices[0])
                self._refused(ALERTMANAGER, notices[0].labels.get("alert_id", ""), raw, error)
                return True
            half = len(notices) // 2  # one of them is rejected: the others must not be lost with it
            return self._notices(notices[:half]) and self._notices(notices[half:])

    def _revision(self, alert: Alert) -> bool:
        if self._to.webhook is None:
            return True
        body = encode(alert)
        try:
            return self._post(WEBHOOK, self._to.webhook, body, self._headers(alert, body), 1)
        except SinkError as error:
            self._refused(WEBHOOK, alert.id, body, error)
            return True

    def _headers(self, alert: Alert, body: bytes) -> dict[str, str]:
        headers = {"Idempotency-Key": f"{alert.id}/{alert.revision}"}
        if self._secret:
            headers[SIGNATURE] = signature(self._secret, body, int(time.time()))
        return headers

    def _post(self, target: str, to: Endpoint, body: bytes, headers: dict[str, str], size: int) -> bool:
        return self._patiently(target, lambda: http.post(to, body, headers, self._stopping), size)

    def _patiently(self, target: str, work: Callable[[], None], size: int) -> bool:
        def failed(error: SinkError) -> None:
            self._failing = (self._failing[0] if self._failing else time.monotonic(), str(error))
            if error.retriable:
                self._metrics.notifications.labels(target, RETRIED).inc()
                _log.warning("not delivered, will retry", target=target, error=str(error))

        if not http.patiently(work, self._stopping, failed):
            return False
        self._failing = None
        self._metrics.notifications.labels(target, DELIVERED).inc(size)
        return True

    def _refused(self, target: str, alert_id: str, raw: bytes, error: SinkError) -> None:
        self._failing = None
        if self._bury is not None:
            self._bury(raw, f"{target}: {error}")
            self._metrics.dead_letters.labels(Reason.NOTIFICATION_REFUSED).inc()
        self._metrics.notifications.labels(target, REFUSED).inc()
        _log.error("rejected permanently", target=target, alert_id=alert_id, error=str(error))


def _tell(notice: Notice, now_ms: int) -> None:
    """Logs what was sent, by alert id: the worker's log line about the same id states when it was written."""
    state = "resolved" if unix_ms(notice.ends_at) <= now_ms else "firing"
    _log.info(
        "notified",
        alert_id=notice.labels.get("alert_id", ""),
        revision=notice.annotations.get("revision", ""),
        state=state,
        severity=notice.labels.get("severity", ""),
    )
