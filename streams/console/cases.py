"""Data for the map page: a case is the history of one vessel (or source). All times are event times, RFC 3339 UTC."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from detectors.core.alert import Alert, Position, Severity, Status, Vessel
from streams.console.actions import ActionShown
from streams.messages.feedback import Kind, Reason

ENDED: Final = frozenset({"closed", "retracted"})
URGENCY: Final[dict[str, int]] = {"page": 2, "ticket": 1, "log": 0}
_DARK_DETECTOR: Final = "gap"
_SPEED_FIELD: Final = "v_max_kn"

State = Literal["loading", "following", "lost"]
"""What our reading of Kafka is doing."""


class TimelineRevision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One revision in a line."""

    revision: int
    status: Status
    severity: Severity
    headline: str
    time: str
    position: Position | None = None


class FeedbackShown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Feedback of a person on an alert; the next revision makes it out of date."""

    kind: Kind
    by: str
    note: str = ""
    reason: Reason | None = None
    time: str
    """Wall clock."""


class DarkLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"start": "from", "end": "to"}):
    """A silence on the map: from the last fix to where it reappeared, or still silent when ``until`` is absent."""

    alert_id: str
    since: str
    until: str | None = None
    start: Position | None = None
    end: Position | None = None
    reach_kn: float | None = None
    """Speed at which the reach of a silent ship grows; absent: the page's assumed one."""


class TimelineEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An alert in the timeline of its case: its newest revision, and the former ones as far as the log has them."""

    id: str
    revision: int
    status: Status
    detector: str
    severity: Severity
    verification: str
    headline: str
    episode_start: str
    time: str
    said: tuple[TimelineRevision, ...] = ()
    word: FeedbackShown | None = None


class CaseSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Summary of all alerts of one ``case_id``."""

    case_id: str
    severity: Severity
    """The most urgent of its open alerts; of all its alerts if it is closed."""
    open: int
    """Open alerts in it; 0: the case is closed."""
    alerts: int
    detectors: tuple[str, ...]
    """Of its open alerts."""
    headline: str
    """Headline of the newest among its most urgent alerts."""
    lead: str
    """That alert's id."""
    since: str
    """When the first of its open episodes began."""
    time: str
    """Its last revision."""
    verification: str
    replayed: bool = False
    mmsi: int | None = None
    vessel: Vessel | None = None
    position: Position | None = None
    dark: tuple[DarkLine, ...] = ()
    word: FeedbackShown | None = None
    """The newest decision about one of its open alerts."""
    waiting: int = 0
    """Open pages and tickets that no decision covers."""
    assigned: str = ""
    """The person who works on it."""
    notes: int = 0
    """Number of actions with a text."""


class Clock(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Event time of live sources and of recordings; absent before the first report."""

    live: str | None = None
    recorded: str | None = None


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """``/api/alerts``: cases by urgency, the newest first in each; then the closed ones of the last day."""

    state: State
    clock: Clock
    reach_kn: float
    found: str = ""
    """The search text: ``cases`` are those that contain it."""
    hidden: dict[str, int] = {}
    """Open cases by severity that the search or the filter leaves out; empty without either."""
    open: dict[str, int]
    """Open cases by severity, shown or not."""
    cases: tuple[CaseSummary, ...]
    more: int
    """Matching open cases that are not among ``cases``."""
    left_out: int
    """Open alerts that were dropped because there is no room for more."""
    unreadable: int
    """Records of the topics that are not alerts."""


class CaseTimeline(msgspec.Struct, frozen=True, kw_only=True):
    """``/api/cases/CASE_ID``: a case with its timeline, newest first."""

    case: CaseSummary
    alerts: tuple[TimelineEntry, ...]
    actions: tuple[ActionShown, ...] = ()
    """What people did about it, newest first."""


def line_of(alert: Alert, said: tuple[TimelineRevision, ...] = (), word: FeedbackShown | None = None) -> TimelineEntry:
    """An alert's line in a timeline."""
    return TimelineEntry(
        id=alert.id,
        revision=alert.revision,
        status=alert.status,
        detector=alert.detector,
        severity=alert.severity,
        verification=alert.verification,
        headline=alert.headline,
        episode_start=alert.episode_start,
        time=alert.time,
        said=said,
        word=word,
    )


def said_of(alert: Alert) -> TimelineRevision:
    """One revision in a line."""
    return TimelineRevision(
        revision=alert.revision,
        status=alert.status,
        severity=alert.severity,
        headline=alert.headline,
        time=alert.time,
        position=alert.position,
    )


def dark_of(alert: Alert, said: tuple[TimelineRevision, ...]) -> DarkLine | None:
    """The silence that an alert is about; None for other alerts, or without a position.

    ``said``: its revisions, oldest first. While the vessel is silent the position of the alert is its last one; after
    closing it is where the vessel reappeared, and the last position is in an earlier revision.
    """
    since = alert.details.get("last_heard")
    if alert.detector != _DARK_DETECTOR or not isinstance(since, str) or alert.status == "retracted":
        return None
    if alert.status not in ENDED:
        speed_kn = alert.details.get(_SPEED_FIELD)
        reach_kn = float(speed_kn) if isinstance(speed_kn, int | float) else None
        return DarkLine(alert_id=alert.id, since=since, start=alert.position, reach_kn=reach_kn)
    until = alert.details.get("reappeared_at")
    start = next((one.position for one in reversed(said) if one.status not in ENDED), None)
    if not isinstance(until, str):
        return None
    return DarkLine(alert_id=alert.id, since=since, until=until, start=start, end=alert.position)
