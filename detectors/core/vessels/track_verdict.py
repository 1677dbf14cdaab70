"""What a fix does to a vessel's track: it continues it, is held back, or is where the vessel is now.

The rules are in the docstring of ``track``, which finds the fixes to judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from msgspec import Meta

from detectors.core.units import HOUR_MS, MINUTE_MS, MS, STEP_MS, next_step
from detectors.core.vessels.other_tracks import OnItsWay, OtherTrack, TrackFix, apart_nm, begun, strongest

LONE: Final = 1
"""Bit of ``track``: the last fix is the first one of the vessel's appearance."""
STRAYED: Final = 2
"""Bit of ``track``: another track was continued within the hour; whatever comes is compared with it too."""
DISPLACED: Final = 4
"""Bit of ``track``: the vessel was accepted where it cannot have sailed, and has not come back."""
STATED_EVERY_MS: Final = 15 * MINUTE_MS
"""So often a displaced vessel is reported again to the stage of places."""
_SLOT_MS: Final = 5 * MINUTE_MS
_LAST_BITS: Final = 0xFFFFFFFF
_RUN: Final = 3
"""So many fixes in a row off the track are where the vessel is now, if they are of one other track."""
_WILD_RUN: Final = 12
"""... and so many if they are not. Up to twelve ships that use one number in turn leave its track where it is."""
_OWN_ENDED_MS: Final = HOUR_MS
"""A fix beyond the range of its station counts as any other when nothing was heard on its own track for so long."""
_SECOND: Final = 2
_LONE_REPLACED_BY: Final = 2
_RETURN_MOST_KN: Final = 25.0
"""From its trusted fix to where it is again: at 60 kn all places near by would be in reach after a few hours."""
_RETURN_NM: Final = 2.0
_STRICT_NM: Final = 5.0
_STRICT_H: Final = 1.0
_OTHERS_MOST_KN: Final = 40.0
"""For fixes off the track: at 60 kn wild fixes half an hour apart would make a track of their own."""
UNCHANGED: Final = -1


class TrackRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which fixes are of one track, and of one stop."""

    track_most_kn: Annotated[
        float,
        Meta(ge=10, le=10_000, description="Two positions that need a higher speed than this are inconsistent, kn"),
    ] = 60.0
    track_least_nm: Annotated[
        float, Meta(ge=0.1, le=100, description="... if they are further apart than this, nm")
    ] = 1.0
    reckoned_kn: Annotated[
        float,
        Meta(
            ge=5,
            le=10_000,
            description="... or, if they are more than 5 nm apart within an hour, a higher speed than the reported "
            "speed over ground plus this, kn (ships that usually make more are allowed that)",
        ),
    ] = 25.0
    unsure_h: Annotated[
        float, Meta(gt=0, le=168, description="How long positions count as inconsistent after such a pair, h")
    ] = 1.0
    displaced_h: Annotated[
        float, Meta(gt=0, le=720, description="... and of a vessel that stays where it cannot have sailed, at most, h")
    ] = 24.0
    stop_kn: Annotated[float, Meta(ge=0, le=5, description="A vessel at or below this speed is stationary, kn")] = 0.2
    stop_within_km: Annotated[
        float, Meta(gt=0, le=50, description="... while it stays within this distance of where it stopped, km")
    ] = 1.0


class TrackState(NamedTuple):
    """The track of one vessel, as in the columns."""

    unsure_step: int
    """Until this step (of STEP_MS) its positions are inconsistent; 0 for never."""
    track: int
    """LONE, STRAYED and DISPLACED bits."""
    stray_ms: int
    """Time of the newest fix that was held back, or at which it was reported as still displaced; 0 for none."""
    trusted: TrackFix
    """The last fix of its own track before one that is not; time 0 for none."""
    run: int = 0
    """Number of fixes held back since the one of its own track at ``run_from``."""
    run_from: int = 0
    """The last 32 bits of that one's time."""
    others: tuple[OtherTrack, ...] = ()


class TrackVerdict(NamedTuple):
    """The effect of a fix on a track."""

    standing: TrackState
    taken: bool
    """Whether the fix is accepted, rather than held back."""
    support: int
    """Consistent reports including this one; UNCHANGED to count as usual."""
    displaced: bool = False
    """Whether the stage of places is to be told that it appears displaced from its trusted fix."""
    of: OtherTrack | None = None
    """The other track that the fix is of, as it was before, or as the fix begins it; None: of the vessel's own."""
    rejoined: tuple[OtherTrack, ...] = ()
    """Strays that agree with the fix, which continues the vessel's own track: they were of that."""
    beyond: bool = False
    """It would be accepted if it were not beyond the range of its station."""
    back: bool = False
    """It appeared displaced, and is where it can have sailed."""


class Seen(NamedTuple):
    """A fix after the last one of a vessel's own track."""

    last: TrackFix
    fix: TrackFix
    most_kn: float
    """The limit of the speed between the two if they are far apart: see ``TrackRules.reckoned_kn``."""
    way: OnItsWay
    """Whether the vessel may have been there: such a fix may be an old one that a station sends again."""
    wrong_bit: bool
    """One wrong bit may have moved it from where the vessel can be expected."""
    beyond: bool = False
    """The fix is beyond the range of the station that heard it, and ``last`` is not."""

    @property
    def cannot_move(self) -> bool:
        """Whether the vessel is not accepted there, however often: it is beyond, and its own track has not ended."""
        return self.beyond and self.fix.time_ms - self.last.time_ms < _OWN_ENDED_MS

    def agree(self, rules: TrackRules) -> bool:
        """Whether one ship can have been at both."""
        strict = is_strict(apart_nm(self.last, self.fix), _hours(self.last, self.fix))
        return agree(self.last, self.fix, rules, self.most_kn if strict else rules.track_most_kn)


def is_strict(nm: Any, hours: Any) -> Any:
    """Whether the narrower limit applies; arrays or single values. Small distances and long times have other causes."""
    return (nm > _STRICT_NM) & (hours <= _STRICT_H)


def agree(one: TrackFix, other: TrackFix, rules: TrackRules, most_kn: float) -> bool:
    """Whether one ship can have been at both, at a speed of ``most_kn``."""
    nm = apart_nm(one, other)
    return nm <= rules.track_least_nm or nm <= most_kn * _hours(one, other)


def _hours(one: TrackFix, other: TrackFix) -> float:
    return max(abs(other.time_ms - one.time_ms), MS) / HOUR_MS


def decide(was: TrackState, seen: Seen, rules: TrackRules) -> TrackVerdict:
    """The effect of a fix that breaks the vessel's own track, or that comes while others are open."""
    last, fix = seen.last, seen.fix
    run = was.run if was.run_from == last.time_ms & _LAST_BITS else 0
    others = [other for other in was.others if fix.time_ms - other.fix.time_ms < _held_ms(rules)]
    fits = _fitting(others, fix, rules)
    own = [-1] if seen.agree(rules) else []
    rejoined = tuple(others[place] for place in fits if others[place].fixes == 1) if own else ()
    if rejoined:
        others = [other for other in others if other not in rejoined]
        fits = _fitting(others, fix, rules)
    best = min([*own, *fits], key=lambda n: apart_nm(last if n < 0 else others[n].fix, fix), default=None)
    if best == -1:
        return _continued(was, fix, others)._replace(rejoined=rejoined)
    if best is None:
        behind = seen.way == OnItsWay.BEHIND
        of = other = begun(fix, behind=behind)
    else:
        behind = others[best].may_repeat(seen.way)
        of = others.pop(best)
        other = of.continued(fix, after_own=run == 0, behind=behind)
        if was.track & LONE and other.fixes == _LONE_REPLACED_BY and not seen.cannot_move:
            return TrackVerdict(was._replace(track=0, run=0, others=()), taken=True, support=2, of=of)
    now = was._replace(others=strongest([*others, other]), track=was.track & (LONE | DISPLACED) | STRAYED)
    now = now._replace(run=run + 1, run_from=last.time_ms & _LAST_BITS)
    excused = behind or seen.wrong_bit
    if not excused and fix.time_ms < max(was.unsure_step * STEP_MS, was.stray_ms + _held_ms(rules)):
        now = _unsure(now, last, fix, rules)
    now = now._replace(stray_ms=was.stray_ms if excused else fix.time_ms)
    early = excused or now.run < _RUN or (other.fixes < _RUN and now.run < _WILD_RUN)
    if early or seen.cannot_move:
        displaced = not excused and _is_displaced(was, now, fix)
        held = TrackVerdict(now, taken=False, support=UNCHANGED, displaced=displaced, of=of, rejoined=rejoined)
        return held._replace(beyond=not early)
    former = tuple(other._replace(fix=last) if each is other else each for each in now.others)
    moved = _moved(was, now._replace(run=0, others=former), fix, rules, takes_turns=other.takes_turns)
    return moved._replace(of=of, rejoined=rejoined)


def _fitting(others: Sequence[OtherTrack], fix: TrackFix, rules: TrackRules) -> list[int]:
    """The places of the tracks that the fix can continue."""
    most_kn = min(rules.track_most_kn, _OTHERS_MOST_KN)
    return [place for place, other in enumerate(others) if agree(other.fix, fix, rules, most_kn)]


def _continued(was: TrackState, fix: TrackFix, others: Sequence[OtherTrack]) -> TrackVerdict:
    """The effect of a fix of the vessel's own track."""
    support = 1 if others and was.track & LONE else UNCHANGED
    away = was.track & DISPLACED if fix.time_ms < was.unsure_step * STEP_MS else 0
    stated = bool(away) and fix.time_ms - was.stray_ms >= STATED_EVERY_MS
    now = was._replace(track=away | (STRAYED if others else 0), run=0, others=tuple(others))
    if stated:
        now = now._replace(stray_ms=fix.time_ms)
    return TrackVerdict(now, taken=True, support=support, displaced=stated)


def _moved(was: TrackState, now: TrackState, fix: TrackFix, rules: TrackRules, *, takes_turns: bool) -> TrackVerdict:
    """The effect of a fix that is accepted off the track: it appears displaced, or has come back.

    ``takes_turns``: the two tracks have alternated, as those of two ships under one number do.
    """
    here = now._replace(track=STRAYED)
    if fix.time_ms >= now.unsure_step * STEP_MS:
        return TrackVerdict(here, taken=True, support=1)
    back = _is_back(was, fix)
    if takes_turns or back:
        unsure = here._replace(unsure_step=_step_after(fix, rules.unsure_h))
        return TrackVerdict(unsure, taken=True, support=1, back=back)
    here = here._replace(track=STRAYED | DISPLACED, unsure_step=_step_after(fix, rules.displaced_h))
    return TrackVerdict(here, taken=True, support=1, displaced=True)


def _is_back(was: TrackState, fix: TrackFix) -> bool:
    """Whether a vessel that appears displaced can have sailed from its trusted fix to this one."""
    nm, hours = apart_nm(was.trusted, fix), (fix.time_ms - was.trusted.time_ms) / HOUR_MS
    return bool(was.track & DISPLACED) and nm <= _RETURN_NM + _RETURN_MOST_KN * hours


def _is_displaced(was: TrackState, now: TrackState, fix: TrackFix) -> bool:
    """Whether to state that: at the second fix of a quarter of an hour, then in each five minutes."""
    again = was.stray_ms + STATED_EVERY_MS > fix.time_ms
    news = now.run == _SECOND or was.stray_ms // _SLOT_MS != fix.time_ms // _SLOT_MS
    return again and news and not _is_back(was, fix)


def _unsure(was: TrackState, last: TrackFix, fix: TrackFix, rules: TrackRules) -> TrackState:
    step = _step_after(fix, rules.unsure_h)
    if was.track & DISPLACED:
        return was._replace(unsure_step=max(step, was.unsure_step))
    return was._replace(unsure_step=step, trusted=last)


def _step_after(fix: TrackFix, hours: float) -> int:
    return next_step(fix.time_ms + int(hours * HOUR_MS)) // STEP_MS


def _held_ms(rules: TrackRules) -> int:
    return int(rules.unsure_h * HOUR_MS)
