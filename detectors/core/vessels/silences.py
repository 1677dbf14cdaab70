"""Silences as ``gap`` has judged them: the one that is open, and the one that a closing alert leaves to memory.

Whoever builds on silences asks here and not the clock: bare durations fire on honest ships that were out of range.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from detectors.core.alert import Alert, Position
from detectors.core.units import unix_ms
from detectors.core.vessels.memory import AT_REST, CANNOT_TELL, DARK, Silence

GAP: Final = "gap"
"""The detector whose episodes are silences."""
_CATEGORIES: Final = {"at_rest": AT_REST, "cannot_tell": CANNOT_TELL}


class OpenSilence(NamedTuple):
    """A silence that goes on."""

    since_ms: int
    verdict: int
    """As in memory."""
    alert_id: str


def verdict_of(alert: Alert) -> int:
    """What a gap alert says of its silence."""
    return _CATEGORIES.get(str(alert.details.get("category")), DARK)


def open_silence(alerts: Mapping[tuple[str, str], Alert]) -> OpenSilence | None:
    """The silence among the open alerts of a vessel, by its strongest verdict."""
    gaps = [alert for (detector, _), alert in sorted(alerts.items()) if detector == GAP]
    if not gaps:
        return None
    found = min(gaps, key=verdict_of)
    return OpenSilence(unix_ms(found.episode_start), verdict_of(found), found.id)


def ended(former: Alert, closed: Alert) -> Silence:
    """The silence between the last revision of an open gap alert and the report that closed it."""
    before, after = former.position, closed.position
    fresh = after is not None and (before is None or after.time != before.time)
    return Silence(
        fix_ms=unix_ms(before.time) if before else 0,
        from_ms=unix_ms(former.episode_start),
        to_ms=unix_ms(closed.time),
        before=_place(before),
        after=_place(after) if fresh else None,
        verdict=verdict_of(former),
    )


def _place(position: Position | None) -> tuple[float, float] | None:
    return None if position is None else (position.lat_deg, position.lon_deg)
