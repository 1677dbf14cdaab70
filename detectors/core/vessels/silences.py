"""Silences as ``gap`` has judged them: the open one, and the one that a closing alert adds to the history.

Code that needs silences uses this module and not the clock: durations alone give alerts about honest ships out of
range.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from detectors.core.alert import Alert, Position
from detectors.core.units import MINUTE_MS, unix_ms
from detectors.core.vessels.past import AT_REST, CANNOT_TELL, DARK, VERDICTS, WEIGHT, PastSilence

GAP: Final = "gap"
"""The detector whose episodes are silences."""
_SEEN_AFTER_MS: Final = 5 * MINUTE_MS
_CATEGORIES: Final = {"at_rest": AT_REST, "cannot_tell": CANNOT_TELL}


class OpenSilence(NamedTuple):
    """A silence that continues."""

    since_ms: int
    verdict: int
    """The verdict, as in ``past``."""
    alert_id: str


def verdict_of(alert: Alert) -> int:
    """The verdict of a gap alert on its silence; an alert of an earlier version has only the category."""
    if (said := alert.details.get("verdict")) in VERDICTS:
        return VERDICTS.index(str(said))
    return _CATEGORIES.get(str(alert.details.get("category")), DARK)


def open_silence(alerts: Mapping[tuple[str, str], Alert]) -> OpenSilence | None:
    """The silence among the open alerts of a vessel, by its strongest verdict."""
    gaps = [alert for (detector, _), alert in sorted(alerts.items()) if detector == GAP]
    if not gaps:
        return None
    found = min(gaps, key=lambda alert: WEIGHT[verdict_of(alert)])
    return OpenSilence(unix_ms(found.episode_start), verdict_of(found), found.id)


def seen_gap(open_alerts: Mapping[tuple[str, str], Alert], now_ms: int) -> Alert | None:
    """The gap alert that has been open for five minutes: one that opens just now may or may not be known yet.

    This includes "cannot tell" alerts of ``gap`` about listed vessels: the vessel was not heard, for any reason.
    """
    gaps = [alert for (detector, _), alert in sorted(open_alerts.items()) if detector == GAP]
    seen = (alert for alert in gaps if alert.revision > 1 or unix_ms(alert.time) <= now_ms - _SEEN_AFTER_MS)
    return next(seen, None)


def ended(former: Alert, closed: Alert) -> PastSilence:
    """The silence between the last revision of an open gap alert and the report that closed it."""
    before, after = former.position, closed.position
    fresh = after is not None and (before is None or after.time != before.time)
    return PastSilence(
        fix_ms=unix_ms(before.time) if before else 0,
        from_ms=unix_ms(former.episode_start),
        to_ms=unix_ms(closed.time),
        before=_place(before),
        after=_place(after) if fresh else None,
        verdict=verdict_of(former),
    )


def _place(position: Position | None) -> tuple[float, float] | None:
    return None if position is None else (position.lat_deg, position.lon_deg)
