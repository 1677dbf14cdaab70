"""Transfers between two ships: each must be one alert."""

from __future__ import annotations

from typing import Final

from streams.scenario.meetings.afloat import Afloat
from streams.scenario.meetings.sea import Sea
from streams.scenario.meetings.tracks import abreast, calling, drift
from streams.scenario.model import HOUR_MS, MINUTE_MS, SECOND_MS, Expected, ScenarioTruth
from streams.scenario.positions.scene import Place, expected, offset
from streams.scenario.story import StoryShip
from streams.scenario.track import Track

_LASTS_H: Final = 3.2
_ABREAST_M: Final = 34.0
"""Half of both beams, and a fender."""
_TOLD_MIN: Final = (130.0, 165.0)
"""When it must be reported, min after they came together: after two hours, and a quarter of an hour to wait."""
_GAP_TOLD_MIN: Final = (130.0, 200.0)
"""With a gap it must have lasted longer, until they were seen together at 70 % of the moments."""
_DEEPER_AFTER_H: Final = 2.65
"""When both state other draughts, h after they came together."""
_DEEPER_MIN: Final = (150.0, 240.0)
"""When that must be reported."""
_MIDNIGHT_H: Final = 24.0
_LATE_MS: Final = 90 * SECOND_MS
_GAP_MS: Final = 40 * MINUTE_MS
_LADEN_M, _BALLAST_M = 10.5, 6.5
_COLUMNS, _SPACING_NM = 3, 16.0


def transfers(sea: Sea) -> None:
    """Alongside across the corner of cells, over midnight, with a late feed, with a gap; and under way."""
    _alongside(sea, "cell_border", 0, sea.scene.moment(2.0, 4.0), place=sea.here)
    _alongside(sea, "midnight", 1, sea.span[0] + int((_MIDNIGHT_H - _LASTS_H / 2) * HOUR_MS))
    _alongside(sea, "late_feed", 2, sea.scene.moment(3.0, 9.0), late_ms=_LATE_MS)
    _alongside(sea, "gap", 3, sea.scene.moment(6.0, 12.0), gap_ms=_GAP_MS)
    _under_way(sea)


def place_of(sea: Sea, number: int) -> Place:
    """A place of the western water of its own."""
    row, column = divmod(number, _COLUMNS)
    return offset(sea.here, (row - 1) * _SPACING_NM + 0.7, (column - 1) * _SPACING_NM + 0.4)


def _alongside(
    sea: Sea, kind: str, number: int, from_ms: int, *, place: Place | None = None, late_ms: int = 0, gap_ms: int = 0
) -> None:
    """One ship drifts, another comes alongside for some hours and sails on; without a gap both then state it."""
    one, other = sea.pair()
    to_ms = from_ms + int(_LASTS_H * HOUR_MS)
    course_deg, middle_ms = float(sea.draw.uniform(0, 360)), (from_ms + to_ms) // 2
    other_m = (_LADEN_M, _BALLAST_M) if gap_ms else (_BALLAST_M, _LADEN_M)
    deeper_ms = from_ms + int(_DEEPER_AFTER_H * HOUR_MS)
    lies = drift(place or place_of(sea, number), from_ms, to_ms, course_deg=course_deg)
    heading_deg = (course_deg + 20.0) % 360
    sea.add(
        Afloat(
            ship=_laden(one, _LADEN_M),
            track=_coming(sea, lies, course_deg),
            heading_deg=heading_deg,
            then=(deeper_ms, _laden(one, other_m[0]).says),
            silent=(middle_ms - gap_ms // 2, middle_ms + gap_ms // 2),
        ),
        Afloat(
            ship=_laden(other, _BALLAST_M),
            track=_coming(sea, abreast(lies, heading_deg + 90.0, _ABREAST_M), course_deg + 150.0),
            heading_deg=heading_deg + 180.0,
            then=(deeper_ms, _laden(other, other_m[1]).says),
            late_ms=late_ms,
        ),
    )
    told = expected("encounter", "log", from_ms, _GAP_TOLD_MIN if gap_ms else _TOLD_MIN)
    deeper = expected("encounter", "ticket", from_ms, _DEEPER_MIN)
    _truth(sea, f"alongside_{kind}", (one, other), (told,) if gap_ms else (told, deeper))


def _coming(sea: Sea, track: Track, course_deg: float) -> Track:
    return calling(track, sea.span, course_deg=course_deg)


def _laden(ship: StoryShip, draught_m: float) -> StoryShip:
    return StoryShip(mmsi=ship.mmsi, says=ship.says._replace(draught_m=draught_m))


def _under_way(sea: Sea) -> None:
    """Two ships sail side by side at six knots for some hours."""
    one, other = sea.pair()
    from_ms = sea.scene.moment(5.0, 10.0)
    course_deg = float(sea.draw.uniform(0, 360))
    sails = drift(place_of(sea, 4), from_ms, from_ms + int(_LASTS_H * HOUR_MS), knots=6.0, course_deg=course_deg)
    sea.add(
        Afloat(ship=one, track=_coming(sea, sails, course_deg + 60.0)),
        Afloat(ship=other, track=_coming(sea, abreast(sails, course_deg + 90.0, 60.0), course_deg + 210.0)),
    )
    _truth(sea, "under_way", (one, other), (expected("encounter", "log", from_ms, _TOLD_MIN),))


def _truth(sea: Sea, kind: str, ships: tuple[StoryShip, StoryShip], told: tuple[Expected, ...]) -> None:
    one, other = ships
    sea.truths.append(
        ScenarioTruth(
            kind=kind,
            note="two ships stay beside each other at sea",
            mmsi=one.mmsi,
            name=one.says.name,
            from_ms=sea.span[0],
            to_ms=sea.span[1],
            expected=told,
            only=("encounter",),
            at_most=told[-1].severity,
        )
    )
    sea.quiet(f"partner_{kind}", "the alert about both has the other one as its subject", other)
