"""Blip: a short transmission between two long silences.

Claim. A vessel that had been dark for at least half a day transmitted for at most two hours, and has been dark again
for half a day.

Why it matters. A vessel that hides switches AIS on where it would be unsafe to sail without it. ANGARA transmitted for
minutes in the Korea Strait, between weeks of silence, and reported its destination.

How it decides. ``gap`` must have judged both silences dark: vessels at the edge of reception have long silences every
week, so duration alone is not enough. For a listed vessel one of the two silences may be "cannot tell" or "at rest", as
the alert states, and the transmission may last two days. If one silence is "cannot tell" and the other is not dark, the
alert is for the record only. The alert opens when the second silence has reached its length; ``watchlist`` has already
paged for the transmission itself. The next report closes the alert, and gives the length of the second silence. The
alert is retracted if there was no second silence after all.

When it is wrong. A vessel that passes a single receiver far from any other is also heard for a short time; ``gap`` can
exclude this only as well as it knows the coverage there. A faulty transponder can cause blips.

References. UN S/2024/215 (Panel of Experts, DPRK); Global Fishing Watch, AIS disabling (Welch et al. 2022).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from detectors.core.alert import Alert, Fact
from detectors.core.detector_input import DetectorInput, Places
from detectors.core.geography.gazetteer import gazetteer_of
from detectors.core.headlines import at as place_at
from detectors.core.identities import listing
from detectors.core.mid import flag_of
from detectors.core.protocol import Detector, Finding
from detectors.core.units import HOUR_MS, MS, NEVER_MS, duration_text, hhmm_z, next_steps, rfc3339
from detectors.core.vessels.columns import Column
from detectors.core.vessels.past import CANNOT_TELL, DARK, VERDICTS, WEIGHT, PastSilence
from detectors.core.vessels.ship import VesselState
from detectors.core.vessels.silences import OpenSilence, open_silence

LOOKS_LAST_H = 96.0  # a gap whose verdict comes later than this is reported by itself


class Blip(Detector):
    """See the module."""

    name = "blip"
    unreliable_most = "log"
    columns = (Column("since_ms", "<i8"),)  # first report after the last silence that was long enough
    severities = {  # noqa: RUF012 - read only
        "blip.listed": "ticket",
        "blip.listed_possible": "log",
        "blip.unlisted": "log",
    }

    class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Thresholds of ``blip``."""

        silence_least_h: Annotated[
            float, Meta(ge=1, le=8760, description="Shortest silence before and after a blip, h")
        ] = 12.0
        heard_most_h: Annotated[float, Meta(gt=0, le=720, description="Longest transmission of a blip, h")] = 2.0
        heard_most_listed_h: Annotated[
            float, Meta(gt=0, le=720, description="Longest transmission of a blip of a listed vessel, h")
        ] = 48.0

    def screen_reports(self, step: DetectorInput) -> Places:
        """First reports after a long silence; reports of vessels with an open alert."""
        dark_ms = step.time_ms - step.before.last_ms
        returned = (dark_ms >= self._least_ms) & (step.before.last_ms > 0)
        return np.flatnonzero(returned | self.is_open(step))

    def due(self, step: DetectorInput) -> npt.NDArray[np.int64]:
        """When the silence that may begin now has reached its length, for vessels that were just heard again."""
        since_ms, last_ms = self.state(step).since_ms[step.rows], step.now.last_ms
        due_ms = np.full(len(step.rows), NEVER_MS)
        shown = np.flatnonzero(since_ms)
        if len(shown):
            most_ms = np.where(step.now.listed[shown] > 0, self._most_ms(listed=True), self._most_ms(listed=False))
            short = shown[last_ms[shown] - since_ms[shown] <= most_ms]
            due_ms[short] = next_steps(last_ms[short] + self._least_ms)
        return due_ms

    @property
    def _least_ms(self) -> int:
        return int(self.thresholds.silence_least_h * HOUR_MS)

    def _most_ms(self, *, listed: bool) -> int:
        t = self.thresholds
        return int((t.heard_most_listed_h if listed else t.heard_most_h) * HOUR_MS)

    def on_report(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Notes a return after a long silence; closes what is open."""
        opened = self.opened(step, at)
        row, now_ms = int(step.rows[at]), int(step.time_ms[at])
        if now_ms - int(step.before.last_ms[at]) >= self._least_ms:
            self.state(step).since_ms[row] = now_ms
            self.arm(step, at, now_ms + self._least_ms)
        return [] if opened is None else [self._heard(step, at, opened)]

    def when_due(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Opens when the second silence is long enough."""
        return self._silent(step, at) if self.opened(step, at) is None else ()

    def _silent(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        ship, row, now_ms = step.ship(at), int(step.rows[at]), int(step.time_ms[at])
        since_ms, silent_ms = int(self.state(step).since_ms[row]), now_ms - ship.last_ms
        heard_ms, listed = ship.last_ms - since_ms, ship.listed is not None
        if not since_ms or heard_ms > self._most_ms(listed=listed):
            return
        if silent_ms < self._least_ms:  # checked for another reason: the list changed
            self.arm(step, at, ship.last_ms + self._least_ms)
            return
        first = _silence_before(step, row, since_ms)
        second = open_silence(step.fleet.open_of(row))
        if first is None or first.to_ms - first.from_ms < self._least_ms:
            return
        if second is None or not _dark(first.verdict, second.verdict, listed=listed):
            if silent_ms <= LOOKS_LAST_H * HOUR_MS:  # its verdict may still come or change
                self.arm(step, at, ship.last_ms + 2 * silent_ms)
            return
        yield self._open(step, at, ship, first, second)

    def _open(
        self, step: DetectorInput, at: int, ship: VesselState, first: PastSilence, second: OpenSilence
    ) -> Finding:
        now_ms, row = int(step.time_ms[at]), int(step.rows[at])
        since_ms = int(self.state(step).since_ms[row])
        heard_ms, first_ms, second_ms = ship.last_ms - since_ms, first.to_ms - first.from_ms, now_ms - ship.last_ms
        to = f", for {ship.destination[:10]}" if ship.destination else ""
        silences = f"{duration_text(first_ms)} and {duration_text(second_ms)}"
        between = f"{silences} dark" if first.verdict == second.verdict == DARK else f"silences of {silences}"
        return Finding(
            action="open",
            situation=_situation(ship, first.verdict, second.verdict),
            time_ms=now_ms,
            start_ms=since_ms,
            headline=f"{ship.title} heard {duration_text(heard_ms)} between {between}"
            f"{place_at(ship.lat_deg, ship.lon_deg)}{to}",
            why=(
                self._silence(f"silence before the blip ({VERDICTS[first.verdict]})", first_ms),
                self._duration(ship, heard_ms),
                self._silence(f"silence since the blip ({VERDICTS[second.verdict]})", second_ms),
                *_said(ship),
            ),
            would_change=(
                "A loss of reception that explains one of the silences retracts it",
                "Any report from the vessel closes it",
            ),
            verification="corroborated" if ship.support > 1 else "unverified",
            details={
                "silence_before": _told(first.from_ms, first.to_ms, first.verdict),
                "heard": {"from": rfc3339(since_ms), "to": rfc3339(ship.last_ms), "for_s": heard_ms // MS},
                "silence_after": _told(ship.last_ms, None, second.verdict),
                **_stated(ship),
                **listing.whereabouts(ship, gazetteer_of(self.reference)),
            },
            sentences=(ship.sentence,) if ship.sentence else (),
        )

    def _silence(self, words: str, silent_ms: int) -> Fact:
        return Fact(fact=words, value=silent_ms // MS, threshold=self._least_ms // MS, unit="s")

    def _duration(self, ship: VesselState, heard_ms: int) -> Fact:
        most_s = self._most_ms(listed=ship.listed is not None) // MS
        return Fact(fact="duration of the blip", value=heard_ms // MS, threshold=most_s, unit="s")

    def _heard(self, step: DetectorInput, at: int, opened: Alert) -> Finding:
        """The vessel is heard again: the full second silence, if there was one."""
        row, ship, before = int(step.rows[at]), step.ship(at), step.ship_before(at)
        second = open_silence(step.fleet.open_of(row)) or _silence_ended(step, row, before.last_ms)
        silent_ms = ship.last_ms - before.last_ms
        said = {**opened.details}
        if second is not None:
            said["silence_after"] = _told(before.last_ms, ship.last_ms, second.verdict)
        ended = f"again after {duration_text(silent_ms)}" if second else "again: there was no second silence"
        return Finding(
            action="retract" if second is None else "close",
            situation=_situation(ship, DARK, DARK),
            severity=opened.severity,
            time_ms=ship.last_ms,
            headline=f"{ship.title} heard {ended}, {hhmm_z(ship.last_ms)}",
            why=(Fact(fact="silence after the blip", value=silent_ms // MS, unit="s"), *opened.why),
            verification=opened.verification,
            details=said,
            sentences=(step.lines(at),),
        )


def _dark(first: int, second: int, *, listed: bool) -> bool:
    """Whether two verdicts make a blip: both dark; for a listed vessel one may be weaker."""
    if listed:
        return min(WEIGHT[first], WEIGHT[second]) < WEIGHT[CANNOT_TELL]
    return first == DARK and second == DARK


def _silence_before(step: DetectorInput, row: int, since_ms: int) -> PastSilence | None:
    return next((s for s in reversed(step.fleet.memory.silences(row)) if s.to_ms == since_ms), None)


def _silence_ended(step: DetectorInput, row: int, from_ms: int) -> PastSilence | None:
    return next((s for s in reversed(step.fleet.memory.silences(row)) if s.from_ms == from_ms), None)


def _situation(ship: VesselState, first: int, second: int) -> str:
    """Names the severity rule by the verdicts on both silences."""
    if ship.listed is None or ship.misuse:
        return "blip.unlisted"
    told = DARK in (first, second) or CANNOT_TELL not in (first, second)
    return "blip.listed" if told else "blip.listed_possible"


def _told(from_ms: int, to_ms: int | None, verdict: int) -> dict[str, object]:
    ended = {} if to_ms is None else {"to": rfc3339(to_ms), "for_s": (to_ms - from_ms) // MS}
    return {"from": rfc3339(from_ms), **ended, "verdict": VERDICTS[verdict]}


def _stated(ship: VesselState) -> dict[str, object]:
    """What the vessel stated about itself while it was heard."""
    flag = flag_of(ship.mmsi)
    return {
        **({} if ship.draught_m is None else {"draught_m": ship.draught_m}),
        **({} if flag is None else {"flag": flag}),
    }


def _said(ship: VesselState) -> Iterable[Fact]:
    if ship.destination:
        yield Fact(fact="reported destination", value=ship.destination)
    if ship.draught_m is not None:
        yield Fact(fact="reported draught", value=ship.draught_m, unit="m")
    if (flag := flag_of(ship.mmsi)) is not None:
        yield Fact(fact="flag from MMSI", value=flag, source="ITU list of MIDs")
