"""Silences, from the revisions of ``gap`` alerts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from detectors.core.alert import Alert, Position
from detectors.core.units import HOUR_MS, unix_ms
from streams.imagery.circles import circle_of
from streams.imagery.images import Image, LikelyPlace, Silence

SILENCES_MOST: Final = 50_000
_MARGIN_NM: Final = 5.0
"""For errors of fixes and outlines."""
_REST_NM: Final = 1.0
_SPEED_MOST_KN: Final = 110.0
_REST_WEIGHT: Final = 3.0
"""A ship that fell silent at rest is likely there still: three times as likely as at all other places together."""


class KnownSilences:
    """By the id of the alert."""

    def __init__(self) -> None:
        self._from: dict[str, Position] = {}
        """The last fix before each silence: only the first revisions of an alert have it."""
        self._known: dict[str, Silence] = {}

    def take(self, alert: Alert) -> Iterator[Silence]:
        """A revision of a gap. Yields what the silence was thought to be, and what it is now, if that is another."""
        if alert.status in {"opened", "updated"} and alert.position is not None:
            self._from[alert.id] = alert.position
        former = self._known.pop(alert.id, None)
        silence = None if alert.status == "retracted" else self._silence(alert, former)
        if silence is not None:
            self._known[alert.id] = silence
        if len(self._known) > SILENCES_MOST:
            oldest = next(iter(self._known))
            self._known.pop(oldest)
            self._from.pop(oldest, None)
        if silence != former:
            yield from (one for one in (former, silence) if one is not None)

    def _silence(self, alert: Alert, former: Silence | None) -> Silence | None:
        last, v_max_kn, from_ms = self._from.get(alert.id), alert.details.get("v_max_kn"), _time(alert, "last_heard")
        if last is None or from_ms is None or alert.mmsi is None or not isinstance(v_max_kn, int | float):
            return None
        if not (abs(last.lat_deg) <= 90 and abs(last.lon_deg) <= 180 and 0 <= v_max_kn <= _SPEED_MOST_KN):  # noqa: PLR2004
            return None
        length_m = alert.vessel.length_m if alert.vessel is not None and (alert.vessel.length_m or 0) > 0 else None
        at_rest = alert.details.get("category") == "at_rest"
        silence = Silence(
            alert=alert.id,
            mmsi=alert.mmsi,
            from_ms=from_ms,
            lat_deg=last.lat_deg,
            lon_deg=last.lon_deg,
            v_max_kn=float(v_max_kn),
            length_m=None if length_m is None else float(length_m),
            places=(LikelyPlace(last.lat_deg, last.lon_deg, _REST_NM, _REST_WEIGHT),) if at_rest else (),
        )
        if alert.status != "closed":
            return silence
        if former is not None and former.to_ms is not None:
            return former  # a later revision has a later time
        again_ms = _time(alert, "reappeared_at")
        if again_ms is None or alert.position is None:
            return silence._replace(to_ms=unix_ms(alert.time))
        return silence._replace(to_ms=again_ms, to_lat_deg=alert.position.lat_deg, to_lon_deg=alert.position.lon_deg)

    def at(self, time_ms: int) -> list[Silence]:
        """Those that include a time."""
        return [
            one
            for one in self._known.values()
            if one.from_ms <= time_ms and (one.to_ms is None or time_ms <= one.to_ms)
        ]

    def forget(self, before_ms: int) -> None:
        """Removes those that ended before that."""
        for alert_id in [key for key, one in self._known.items() if one.to_ms is not None and one.to_ms < before_ms]:
            del self._known[alert_id]
            self._from.pop(alert_id, None)


def _time(alert: Alert, name: str) -> int | None:
    text = alert.details.get(name)
    try:
        return unix_ms(text) if isinstance(text, str) else None
    except ValueError:
        return None


def may_show(image: Image, silence: Silence) -> bool:
    """Whether an image can show the vessel of a silence: its time is in it, and its outline in reach."""
    before_ms = image.time_ms - silence.from_ms
    after_ms = None if silence.to_ms is None else silence.to_ms - image.time_ms
    if before_ms < 0 or (after_ms is not None and after_ms < 0):
        return False
    circle = circle_of(image.footprint)
    if circle.away_nm(silence.lat_deg, silence.lon_deg) > silence.v_max_kn * before_ms / HOUR_MS + _MARGIN_NM:
        return False
    if after_ms is None or silence.to_lat_deg is None or silence.to_lon_deg is None:
        return True
    back_nm = circle.away_nm(silence.to_lat_deg, silence.to_lon_deg)
    return back_nm <= silence.v_max_kn * after_ms / HOUR_MS + _MARGIN_NM
