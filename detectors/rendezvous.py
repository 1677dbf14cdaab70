"""Rendezvous: a ship that a silent listed ship could have met.

Claim. While a listed ship was silent, another ship lay or drifted for hours outside the places where ships stop,
within reach of the silent one. They could have met. Nothing shows that they did.

Why it matters. A transfer between a silent ship and a waiting one leaves no track. Which ships waited within reach
shows what to examine: their draughts, satellite images of the place, where they sailed from there.

How it decides. A silence begins and ends with the alert ``gap`` about a listed ship. Once an hour all ships that were
slow for ``least_h`` outside ports, their zones and stop places (as for ``loitering``) are compared with it: the silent
ship must have been able to come there at the speed that it can be expected to keep, and to stay for ``least_h``. At
most three are named, by type (listed ships, tankers, then cargo and fishing vessels) and by distance; how many others
waited within reach is stated. An alert opens if one of them is of these types; it is for the record if more than three
ships, or ships of unknown type, waited within reach, if more than three silent ships could have met the same one, or if
the way there and the meeting need less than ``share_least`` of the silence: in days a ship can reach anything. When the
ship is heard again, only those remain from which it could have come to that place in time: the alert closes with them,
or is retracted if there is none.

When it is wrong. Every ship that waits in the reach of a silent one is counted, and nearly all of them are innocent. A
ship that is silent itself is not seen. Honest ships wait for hours where no stop place is known.

References. Global Fishing Watch, dark transshipment (Miller et al. 2018); Hagerstrand 1970 (space-time prism).
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from detectors.core.alert import Fact, Position
from detectors.core.headlines import at
from detectors.core.meeting_stage.kinds import is_tanker
from detectors.core.meeting_stage.silences import (
    NAMED_MOST,
    Candidate,
    Silence,
    Silences,
    is_sought,
    may_be_sought,
    named,
)
from detectors.core.meeting_stage.steps import judged_ms
from detectors.core.meeting_stage.writing import described, short_of, title_of
from detectors.core.protocol import Detector, Finding
from detectors.core.slow_ships import BIN_MS, ListedSilence
from detectors.core.units import HOUR_MS, duration_text, hhmm_z, rfc3339

_DIGITS: Final = 2


class Rendezvous(Detector):
    """See the module."""

    name = "rendezvous"
    subject = "meeting"
    severities = {"rendezvous.few": "ticket", "rendezvous.many": "log"}  # noqa: RUF012 - read only

    class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Thresholds of ``rendezvous``."""

        least_h: Annotated[
            float, Meta(ge=1, le=48, description="Time for which both could have been at one place, at least, h")
        ] = 3.0
        reach_nm: Annotated[
            float, Meta(ge=10, le=2000, description="Distance from the last fix of the silent ship, at most, nm")
        ] = 200.0
        share_least: Annotated[
            float, Meta(ge=0, le=1, description="Share of the silence that a meeting needs; less: for the record")
        ] = 0.25
        silences_most: Annotated[
            int,
            Meta(ge=10, le=100_000, description="Maximum number of silent listed ships followed (about 50 kB each)"),
        ] = 2000

    thresholds: Thresholds

    def found(self, silence: Silence, candidates: list[Candidate], step: int) -> Finding:
        """Opens or updates."""
        told, now_ms, best = silence.told, judged_ms(step), candidates[0]
        more = _others(candidates)
        silent = duration_text(now_ms - told.since_ms)
        return Finding(
            action="open" if silence.alert is None else "update",
            situation=self._situation(silence, candidates, (now_ms - told.since_ms) / HOUR_MS),
            time_ms=now_ms,
            start_ms=told.since_ms,
            headline=f"{title_of(told)}, silent {silent}, could have met {short_of(best.ship)}{more}"
            f"{at(best.lat_deg, best.lon_deg)}",
            why=self._why(silence, candidates, (now_ms - told.since_ms) / HOUR_MS),
            would_change=(
                "When the ship is heard again, those that it cannot have met are removed",
                "Draughts of both ships before and after, or a satellite image of the place, would show more",
            ),
            details=self._details(silence, candidates),
            sentences=_evidence(told, candidates),
            position=_position(told),
        )

    def heard(self, silence: Silence, candidates: list[Candidate], again: ListedSilence, step: int) -> Finding:
        """Closes with those that are still possible, or retracts."""
        told, now_ms = silence.told, judged_ms(step)
        silent_h = (again.known_ms - told.since_ms) / HOUR_MS
        before = Fact(fact="ships that it could have met before that was known", value=len(silence.candidates))
        details = {**self._details(silence, candidates), "reappeared_at": rfc3339(again.known_ms)}
        if not candidates:
            return Finding(
                action="retract",
                situation="rendezvous.many",
                time_ms=now_ms,
                headline=f"{title_of(told)} cannot have met a ship that waited, heard again {hhmm_z(again.known_ms)}",
                why=(Fact(fact="ships that it could have met", value=0), before),
                details=details,
                sentences=_evidence(told, candidates),
                position=_position(told),
            )
        best, more = candidates[0], _others(candidates)
        return Finding(
            action="close",
            situation=self._situation(silence, candidates, silent_h),
            time_ms=now_ms,
            headline=f"{title_of(told)}, heard again, could have met {short_of(best.ship)}{more}"
            f"{at(best.lat_deg, best.lon_deg)}",
            why=(*self._why(silence, candidates, silent_h), before),
            details=details,
            sentences=_evidence(told, candidates),
            position=_position(told),
        )

    def _situation(self, silence: Silence, candidates: list[Candidate], silent_h: float) -> str:
        """A few candidates are worth a look if one of them is a tanker or listed, and a meeting needs much of the time.

        Many are only for the record, and so is one that many silent ships could have met.
        """
        likely = any(
            (each.ship.listed or is_tanker(each.ship.ship_type))
            and self._share(silence.told, each, silent_h) >= self.thresholds.share_least
            for each in candidates
            if is_sought(each.ship)
        )
        most = max(silence.rivals, sum(may_be_sought(each.ship) for each in candidates))
        return "rendezvous.few" if likely and most <= NAMED_MOST else "rendezvous.many"

    def _share(self, told: ListedSilence, candidate: Candidate, silent_h: float) -> float:
        """The share of the silence that the way there and the meeting need."""
        needed_h = candidate.far_nm / told.v_max_kn + self.thresholds.least_h
        return round(needed_h / max(silent_h, 0.1), _DIGITS)

    def _why(self, silence: Silence, candidates: list[Candidate], silent_h: float) -> tuple[Fact, ...]:
        told, best = silence.told, candidates[0]
        return (
            Fact(
                fact="longest time for which both could have been there",
                value=Silences.stay_h(told, best),
                threshold=self.thresholds.least_h,
                unit="h",
            ),
            Fact(
                fact="distance from its last position", value=best.far_nm, threshold=self.thresholds.reach_nm, unit="nm"
            ),
            Fact(
                fact="share of the silence that a meeting needs",
                value=self._share(told, best, silent_h),
                threshold=self.thresholds.share_least,
            ),
            Fact(fact="ships that waited within reach", value=len(candidates)),
        )

    def _details(self, silence: Silence, candidates: list[Candidate]) -> dict[str, object]:
        told = silence.told
        return {
            "gap": told.alert,
            "last_heard": rfc3339(told.since_ms),
            "v_max_kn": told.v_max_kn,
            "could_have_met": [
                {
                    **described(each.ship),
                    "waited_from": rfc3339(each.since * BIN_MS),
                    "waited_to": rfc3339(each.last * BIN_MS),
                    "distance_nm": each.far_nm,
                    "together_at_most_h": Silences.stay_h(told, each),
                }
                for each in named(candidates)
            ],
            "others_within_reach": len(candidates) - len(named(candidates)),
            "silent_ships_within_reach": silence.rivals,
        }


def _others(candidates: list[Candidate]) -> str:
    """How many there are beside the first, as words of a headline."""
    others = len(candidates) - 1
    return f" or {others} other{'s' if others > 1 else ''}" if others else ""


def _position(told: ListedSilence) -> Position:
    return Position(lat_deg=told.lat_deg, lon_deg=told.lon_deg, time=rfc3339(told.fix_ms))


def _evidence(told: ListedSilence, candidates: list[Candidate]) -> tuple[bytes, ...]:
    lines = (told.sentence, *(each.ship.sentence for each in named(candidates)))
    return tuple(line.encode("ascii", "replace") for line in lines if line)
