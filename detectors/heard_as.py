"""Heard under another MMSI: a vessel continues under another number, and alerts about the former number close.

Claim. A vessel, known by its IMO number, is heard under another MMSI while its former MMSI is silent. If ``gap`` has
reported the silence, or a listed vessel was silent for long, the return is an alert of its own.

Why it matters. The first digits of an MMSI give the flag, so a reflagged vessel has another MMSI. A system that uses
MMSIs only reports the former one as dark for ever, and does not notice the return of a dark vessel under a new one.

How it decides. Ingest writes to every partition which MMSI reports which IMO number, with a position that two
consistent reports support. It is the same vessel if it can have reached that position at its speed, and if type, length
and list entry do not contradict it. Two MMSIs that were once heard at places that one vessel cannot reach are two
vessels. While the vessel is heard under the other MMSI, the silence of the former one is not judged. When the former
MMSI has been silent for ``silent_least_s``, and for ``spacings_least`` of its usual intervals, all alerts about it
close, except ``shuttle``. The return from a silence is an alert: a page if a listed vessel was judged dark, or after
``any_silence_d``; otherwise a ticket; for unlisted vessels for the record. It closes after ``settles_after_h``, or when
the vessel is heard under the former MMSI again. It is retracted when the other MMSI reports another IMO number.

When it is wrong. A vessel nearby, of the same type and size, that sends the IMO number of a dark vessel ends its gap;
the alert states this and gives the MMSI. Two transponders of one vessel count as one vessel.

References. UN S/2021/777 (identity laundering); C4ADS, Unmasked (2021); ITU-R M.585-9 (MMSIs and flags).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final

import msgspec
import numpy as np
from msgspec import Meta

from detectors.core.alert import Alert, Fact
from detectors.core.detector_input import DetectorInput, Places
from detectors.core.identities.last_heard import LastHeard
from detectors.core.identities.listing import all_listings, registration_of
from detectors.core.identities.registration import RegistrationFacts
from detectors.core.imo_notes import Note
from detectors.core.imo_stage.succession import can_be, is_elsewhere
from detectors.core.protocol import Detector, Finding
from detectors.core.units import DAY_MS, HOUR_MS, MS, NEVER_MS, duration_text, hhmm_z, next_step, rfc3339, unix_ms
from detectors.core.vessels.columns import DUE, Column
from detectors.core.vessels.past import CANNOT_TELL, DARK, VERDICTS
from detectors.core.vessels.ship import VesselState
from detectors.core.vessels.silences import open_silence

OTHERS_MOST: Final = 4
_OTHER_IMO: Final = "states another IMO number"
_OUTLASTING: Final = frozenset({"heard_as", "shuttle"})
"""Detectors whose alerts are about the ship and its past, under any number."""
_WOULD_CHANGE: Final = (
    "Another IMO number reported under the new MMSI retracts it",
    "Positions under both MMSIs that one vessel cannot reach make it possible identity misuse",
)


class HeardAs(Detector):
    """See the module."""

    name = "heard_as"
    outlasts_mmsi = True
    columns = (
        Column("others", f"({OTHERS_MOST},)<u4"),  # MMSIs that state its IMO number but are other ships
        Column("lat_deg", "<f8", np.nan),  # where it is heard under the other MMSI, and how it moves
        Column("lon_deg", "<f8", np.nan),
        Column("sog_kn", "<f4", np.nan),
        Column("cog_deg", "<f4", np.nan),
        Column("ended", "?"),  # open alerts about this MMSI have been closed
    )
    severities = {  # noqa: RUF012 - read only
        "heard_as.listed_dark": "page",
        "heard_as.listed": "ticket",
        "heard_as.unlisted": "log",
    }

    class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Thresholds of ``heard_as``."""

        silent_least_s: Annotated[
            float,
            Meta(ge=60, le=86_400, description="Silence under the former MMSI after which only the new one counts, s"),
        ] = 900.0
        spacings_least: Annotated[
            float, Meta(ge=1, le=100, description="... and at least this many of its usual intervals")
        ] = 5.0
        return_least_h: Annotated[
            float, Meta(ge=1, le=8760, description="A listed vessel heard again after this silence is an alert, h")
        ] = 12.0
        any_silence_d: Annotated[
            float, Meta(ge=1, le=3650, description="... and a page after this silence, for any cause, days")
        ] = 30.0
        settles_after_h: Annotated[float, Meta(ge=1, le=8760, description="The alert closes after this time, h")] = 12.0

    thresholds: Thresholds

    def screen_reports(self, step: DetectorInput) -> Places:
        """Reports of vessels with an open alert."""
        return self.is_open(step).nonzero()[0]

    def on_report(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """The vessel is heard again under this MMSI."""
        opened = self.opened(step, at)
        return [] if opened is None else [self._again(step, at, opened)]

    def on_note(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Its IMO number is heard under another MMSI, or that MMSI states another number now."""
        note, row = step.heard, int(step.rows[at])
        assert note is not None  # the engine gives it to every step of a note
        if int(step.fleet.core.stated_imo[row]) != note.imo:
            return self._taken_back(step, at, note, self.opened(step, at))
        return [] if note.lat_deg is None or note.lon_deg is None else self._heard(step, at, note)

    # -- notes ----------------------------------------------------------------------------------------------------

    def _heard(self, step: DetectorInput, at: int, note: Note) -> Iterable[Finding]:
        """The IMO number of this vessel is heard under another MMSI."""
        own, core, row, ship = self.state(step), step.fleet.core, int(step.rows[at]), step.ship(at)
        if note.mmsi in own.others[row]:
            return
        if is_elsewhere(ship, note):
            own.others[row] = np.append(np.uint32(note.mmsi), own.others[row][:-1])
            return
        if note.time_ms <= ship.last_ms or not can_be(ship, note):
            return
        if core.as_ms[row] <= ship.last_ms:
            own.ended[row] = False
            _ask_all(step, row, NEVER_MS)
        core.as_ms[row], core.as_mmsi[row] = note.time_ms, note.mmsi
        own.lat_deg[row], own.lon_deg[row] = note.lat_deg, note.lon_deg
        own.sog_kn[row] = np.nan if note.sog_kn is None else note.sog_kn
        own.cog_deg[row] = np.nan if note.cog_deg is None else note.cog_deg
        yield from self._succeeded(step, at, ship, note)

    def when_due(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Ends the open alerts under the former MMSI when it is time; then its own alert."""
        opened = self.opened(step, at)
        core, row, ship, now_ms = step.fleet.core, int(step.rows[at]), step.ship(at), int(step.time_ms[at])
        if int(core.as_ms[row]) > ship.last_ms:
            yield from self._succeeded(step, at, ship, None)
        if opened is None:
            return
        settled_ms = _opened_ms(opened) + int(self.thresholds.settles_after_h * HOUR_MS)
        if now_ms < settled_ms:
            self.arm_by(step, at, settled_ms)
            return
        yield self._closed(step, at, ship, opened, "settled")

    def _taken_back(self, step: DetectorInput, at: int, note: Note, opened: Alert | None) -> Iterable[Finding]:
        """The other MMSI reports another IMO number: conclusions from the former one are judged again."""
        core, row = step.fleet.core, int(step.rows[at])
        if int(core.as_mmsi[row]) != note.mmsi or core.as_ms[row] <= core.last_ms[row]:
            return
        core.as_ms[row], core.as_mmsi[row], self.state(step).ended[row] = 0, 0, False
        core.last_ms[row] += 1  # another silence: an alert that was closed is never opened again under its id
        _ask_all(step, row, next_step(int(step.time_ms[at]) + 1))
        if opened is not None:
            yield self._closed(step, at, step.ship(at), opened, _OTHER_IMO)

    # -- open alerts ----------------------------------------------------------------------------------------------

    def _succeeded(self, step: DetectorInput, at: int, ship: VesselState, note: Note | None) -> Iterable[Finding]:
        """Ends the open alerts once the vessel has been silent for long enough under its former MMSI."""
        own, row, now_ms = self.state(step), int(step.rows[at]), int(step.time_ms[at])
        if own.ended[row]:
            return
        t = self.thresholds
        needed_ms = int(max(t.silent_least_s, t.spacings_least * (ship.usual_s or 0.0)) * MS)
        if now_ms - ship.last_ms < needed_ms:
            self.arm_by(step, at, ship.last_ms + needed_ms)
            return
        own.ended[row] = True
        returned = self._returned(step, at, ship, note)
        if returned is not None:
            yield returned
        for name in step.fleet.detectors:
            if name not in _OUTLASTING:
                step.fleet.reset(name, row)
        for (name, key), alert in sorted(step.fleet.open_of(row).items()):
            if name not in _OUTLASTING:
                yield self._ending(step, at, ship, (name, key), alert)

    def _ending(self, step: DetectorInput, at: int, ship: VesselState, slot: tuple[str, str], alert: Alert) -> Finding:
        """An alert about the former MMSI closes."""
        heard = LastHeard.of(step.fleet.core, self.state(step), int(step.rows[at]))
        return Finding(
            action="close",
            of=slot[0],
            key=slot[1],
            situation=f"{self.name}.unlisted",
            time_ms=heard.time_ms,
            headline=f"{ship.title} heard under {heard.title}{heard.where}, {hhmm_z(heard.time_ms)}",
            why=(*heard.why(ship), *alert.why),
            verification=alert.verification,
            details={**alert.details, "ended": "heard under another MMSI", **heard.details(ship)},
            position=heard.position(),
            sentences=(ship.sentence,) if ship.sentence else (),
        )

    def _returned(self, step: DetectorInput, at: int, ship: VesselState, note: Note | None) -> Finding | None:
        """A silence has ended under another MMSI; None if there was none that matters."""
        row = int(step.rows[at])
        silence = open_silence(step.fleet.open_of(row))
        heard = LastHeard.of(step.fleet.core, self.state(step), row)
        listed = ship.listed is not None and not ship.misuse
        t, silent_ms = self.thresholds, heard.time_ms - ship.last_ms
        if silence is None and not (listed and silent_ms >= int(t.return_least_h * HOUR_MS)):
            return None
        verdict = CANNOT_TELL if silence is None else silence.verdict
        alarming = verdict == DARK or silent_ms >= int(t.any_silence_d * DAY_MS)
        situation = "unlisted" if not listed else "listed_dark" if alarming else "listed"
        self.arm_by(step, at, heard.time_ms + int(t.settles_after_h * HOUR_MS))
        what = "dark" if verdict == DARK else "silent"
        registered = self._registered(step, row, heard)
        return Finding(
            action="open",
            situation=f"{self.name}.{situation}",
            time_ms=heard.time_ms,
            start_ms=heard.time_ms,
            headline=f"{ship.title} heard under {heard.title} after {duration_text(silent_ms)} {what}{heard.where}, "
            f"{hhmm_z(heard.time_ms)}",
            why=(
                Fact(fact="IMO", value=ship.imo or 0, source="AIS message 5"),
                *heard.why(ship),
                Fact(fact=f"silence under MMSI {ship.mmsi} ({VERDICTS[verdict]})", value=silent_ms // MS, unit="s"),
                *registered.why(),
            ),
            would_change=(f"A report under MMSI {ship.mmsi} closes it", *_WOULD_CHANGE),
            details={
                "verdict": VERDICTS[verdict],
                "silent_for_s": silent_ms // MS,
                "last_heard": rfc3339(ship.last_ms),
                **({"list": ship.listed.list} if ship.listed is not None else {}),
                **({} if note is None or note.name is None else {"name_now": note.name}),
                **heard.details(ship),
                **registered.details(),
            },
            position=heard.position(),
            sentences=tuple(line for line in (ship.sentence, _line(note)) if line),
        )

    def _registered(self, step: DetectorInput, row: int, heard: LastHeard) -> RegistrationFacts:
        """What lists state of its registration, compared with the other MMSI; nothing of one that is not listed."""
        number = int(step.fleet.core.listed[row])
        listings = all_listings(self.reference, number) if number > 0 else []
        return registration_of(heard.mmsi, heard.time_ms, listings, self.reference)

    def _again(self, step: DetectorInput, at: int, opened: Alert) -> Finding:
        ship = step.ship(at)
        return self._closed(step, at, ship, opened, f"heard under MMSI {ship.mmsi} again")

    def _closed(self, step: DetectorInput, at: int, ship: VesselState, opened: Alert, how: str) -> Finding:
        other = opened.details["heard_as"]
        return Finding(
            action="retract" if how == _OTHER_IMO else "close",
            situation=f"{self.name}.unlisted",
            severity=opened.severity,
            time_ms=int(step.time_ms[at]),
            headline=_CLOSED.get(how, _AGAIN).format(who=ship.title, other=other, how=how),
            why=(Fact(fact="MMSI that it used meanwhile", value=int(str(other))),),
            verification=opened.verification,
            details={**opened.details, "ended": how},
            sentences=step.evidence(at),
        )


_AGAIN: Final = "{who} {how}, after MMSI {other}"
_CLOSED: Final = {
    _OTHER_IMO: "{who}: MMSI {other} is another vessel, it reports another IMO number",
    "settled": "{who} still heard under MMSI {other}, no further change",
}
"""Closing headlines by ``details.ended``; ``_AGAIN`` for the rest."""


def _ask_all(step: DetectorInput, row: int, due_ms: int) -> None:
    """Sets the next check of every other detector for this MMSI."""
    step.fleet.core.rare_due_ms[row] = due_ms
    for name, columns in step.fleet.detectors.items():
        if name not in _OUTLASTING and hasattr(columns, DUE.name):
            columns.due_ms[row] = due_ms


def _opened_ms(opened: Alert) -> int:
    return unix_ms(opened.episode_start)


def _line(note: Note | None) -> bytes:
    """The sentence of a note, as evidence."""
    return f"\\c:{note.time_ms}*00\\{note.sentence}".encode("ascii", "replace") if note and note.sentence else b""
