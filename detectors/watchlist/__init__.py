"""Watchlist: a listed vessel is heard.

Claim. A vessel whose identity is on a watchlist transmits, for the first time or again after a silence.

Why it matters. A listed vessel that has been dark for weeks may transmit for minutes only. That is the time to act.

How it decides. The IMO number decides; without one the MMSI, then the call sign together with its flag. An IMO number
reported once under an MMSI stays bound to it through silence and restart, so a position alone identifies the vessel.
The first report is ``unverified``; a second one that is kinematically consistent corroborates it. The alert ends after
12 h of silence, unless the vessel was last known inside a zone; the next report opens a new one, ``reappeared``. That
is a page if ``gap`` judged the silence dark, or at rest and the vessel is heard elsewhere, or after 30 days of silence
for any cause; otherwise the vessel was out of range, or the feed cannot tell, and it is a ticket that states this. A
vessel that is heard again under a number that it used shortly before is for the record. If no identifier matches and no
IMO number is reported, a name similar to the listed name (transliterated, cut, one letter wrong), supported by two of
flag, type and length, is for the record; a stronger identifier later upgrades that alert, another one retracts it. A
list that comes into force later opens ``listed_now`` for vessels in state, updates alerts whose entry has changed, and
closes alerts of vessels that it does not name. A vessel that contradicts the entry (class B, a tug, far too short) is
possible identity misuse and does not page. If the list has dates, the alert states whether the report is before or
after the listing. A registration that had ended by the list, a de-registration, another flag than that of the MMSI and
other listed ships of the same linked owner are facts, and change no severity. What the vessel states about its voyage
is a fact in its open alert too: a draught that changed by 1 m and a tenth across a silence of two hours, a call or a
stay (the median of at least two reports on either side), and a reported destination from which it sails 50 nm further
away without having been near. A draught that changed in the dark raises the severity of that alert by one step.

When it is wrong. Identities are forged and recycled: an MMSI alone proves little, and two vessels can send one IMO
number. Names are shared: a similar name is a reason to check, not a match. Lists are not registers: a flag that they
give may be outdated, and an MMSI may lag behind a lawful change of flag. Draught and destination are set by hand, late
or never; the way to a port may lead away from it at first.

References. UN S/2021/777 (identity laundering); C4ADS, Unmasked (2021); ITU-R M.1371-5.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from detectors.core.alert import Alert, Fact
from detectors.core.detector_input import DetectorInput, Places
from detectors.core.headlines import at as place_at
from detectors.core.headlines import zone_said
from detectors.core.identities import listing
from detectors.core.identities.matching import MatchVerdict
from detectors.core.listed_silences import absence, delisted_finding, last_inside, silence_of
from detectors.core.protocol import Detector, Finding
from detectors.core.reference import ListedShip
from detectors.core.units import HOUR_MS, MS, NEVER_MS, duration_text, next_steps, rfc3339, stamp
from detectors.core.vessels.columns import Column
from detectors.core.vessels.past import DARK
from detectors.core.vessels.ship import VesselState
from detectors.watchlist import ending, voyages
from detectors.watchlist.situations import entry_number, situation, situation_of, standing
from detectors.watchlist.thresholds import WatchlistThresholds

CLOSED, UNVERIFIED, CORROBORATED = 0, 1, 2


class Watchlist(Detector):
    """See the module."""

    name = "watchlist"
    judges_lists = True
    columns = (Column("stage", "u1"), Column("listed", "<i4"), Column("matched", "u1"), Column("misuse", "?"))
    entry_columns = ("listed",)
    severities = {  # noqa: RUF012 - read only
        "watchlist.reappeared": "page",
        "watchlist.back_in_range": "ticket",
        "watchlist.first_heard": "ticket",
        "watchlist.listed_now": "ticket",
        "watchlist.unverified": "ticket",
        "watchlist.misuse": "ticket",
        "watchlist.resembles": "log",
        "watchlist.resumed": "log",
    }

    class Thresholds(WatchlistThresholds, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Thresholds of ``watchlist``."""

    thresholds: WatchlistThresholds

    def note(self, step: DetectorInput) -> None:
        """Keeps what listed vessels state about their voyages."""
        voyages.note(step, self.reference)

    def screen_reports(self, step: DetectorInput) -> Places:
        """Listed vessels whose match changed with this report, or whose voyage is news."""
        changed = self._changed(step)
        changed[voyages.with_news(step, self.is_open(step), self.reference, self.thresholds)] = True
        found: Places = changed.nonzero()[0]
        return found

    def _changed(self, step: DetectorInput) -> Any:
        """For each report whether the match changed with it."""
        own, now, rows = self.state(step), step.now, step.rows
        number, matched = standing(now)
        listed, said = number > 0, own.stage[rows]
        changed = ~listed & (said > CLOSED)
        if listed.any():
            stage = np.where(now.support >= self.thresholds.support_least, CORROBORATED, UNVERIFIED)
            same = (own.listed[rows] == number) & (own.misuse[rows] == now.misuse)
            same &= (own.matched[rows] == matched) & (stage <= said)
            changed |= listed & ~same
        return changed

    def due(self, step: DetectorInput) -> npt.NDArray[np.int64]:
        """When the episode of a listed vessel ends if it stays silent."""
        own, listed = self.state(step).due_ms[step.rows], (step.now.listed > 0) | (step.now.like > 0)
        if not listed.any():
            return own  # type: ignore[no-any-return]
        ends_ms = step.now.last_ms + int(self.thresholds.episode_ends_after_h * HOUR_MS)
        return np.where(listed, next_steps(ends_ms), own)

    def on_report(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Opens, upgrades, closes."""
        own, row, opened = self.state(step), int(step.rows[at]), self.opened(step, at)
        ship, changed = listing.as_listed(step.ship(at)), bool(self._changed(step)[at])
        if not step.fleet.core.listed[row]:
            step.fleet.voyages.forget([row])
        if ship.listed is None or (opened and not self._same_ship(int(own.listed[row]), entry_number(step, row))):
            if opened:
                yield ending.other_ship(step, at, ship, opened)
            opened = None
            own.stage[row], own.listed[row], own.due_ms[row] = CLOSED, 0, NEVER_MS
        if ship.listed is None:
            return
        corroborated = ship.support >= self.thresholds.support_least
        own.stage[row] = max(int(own.stage[row]), CORROBORATED if corroborated else UNVERIFIED)
        own.listed[row], own.matched[row], own.misuse[row] = entry_number(step, row), ship.matched, ship.misuse
        self.arm(step, at, ship.last_ms + int(self.thresholds.episode_ends_after_h * HOUR_MS))
        news = voyages.news_in(step, at, self.reference, self.thresholds) if opened else None
        if changed or news is not None:
            yield self._heard(step, at, ship, opened, news)

    def when_due(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Ends the episode of a vessel that stays silent."""
        return self._ended(step, at, listing.as_listed(step.ship(at)), self.opened(step, at))

    def on_reference(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Its entry was added, changed or removed with another list."""
        return self._relisted(step, at, listing.as_listed(step.ship(at)), self.opened(step, at))

    def _same_ship(self, said: int, now: int) -> bool:
        """Whether two entries, by 1 + number, are about one ship."""
        if said <= 0 or now <= 0:
            return False
        return said == now or now - 1 in listing.register_of(self.reference).listings(said - 1)

    def _relisted(self, step: DetectorInput, at: int, ship: VesselState, opened: Alert | None) -> Iterable[Finding]:
        """Its entry was added, changed or removed with another list."""
        own, row = self.state(step), int(step.rows[at])
        own.listed[row], own.matched[row], own.misuse[row] = entry_number(step, row), ship.matched, ship.misuse
        if not step.fleet.core.listed[row]:
            step.fleet.voyages.forget([row])
        if ship.listed is None:
            own.stage[row], own.due_ms[row] = CLOSED, NEVER_MS
            if opened:
                yield delisted_finding(
                    ship, opened, int(step.time_ms[at]), self.reference.version, situation_of(opened)
                )
            return
        corroborated = ship.support >= self.thresholds.support_least
        own.stage[row] = CORROBORATED if corroborated else UNVERIFIED
        silent_ms = step.silence_ms(at, ship.last_ms)
        ends_ms = int(self.thresholds.episode_ends_after_h * HOUR_MS)
        if opened is None and silent_ms >= ends_ms:
            # open until it is heard again; its second report then pages, because the news is that it was dark
            own.due_ms[row], own.stage[row] = NEVER_MS, UNVERIFIED
        else:
            self.arm(step, at, ship.last_ms + ends_ms)
        yield self._seen(step, at, ship, opened)

    def _seen(self, step: DetectorInput, at: int, ship: VesselState, opened: Alert | None) -> Finding:
        """Seen before it was listed, or listed differently than before."""
        now_ms = int(step.time_ms[at])
        listings, verdict = self._listings(step, at, ship)
        reason = str(opened.details["reason"]) if opened else "listed_now"
        corroborated = ship.support >= self.thresholds.support_least
        since_ms = now_ms - ship.last_ms
        former = listing.absence_of(opened) if opened else None
        dark = silence_of(step.fleet.open_of(int(step.rows[at]))) == DARK
        said = f", {'dark' if dark else 'no signal'} since {stamp(ship.last_ms, now_ms)}"
        silent, where = said if since_ms >= HOUR_MS else "", place_at(ship.lat_deg, ship.lon_deg)
        return Finding(
            action="update" if opened else "open",
            situation=situation(ship, reason, former, corroborated=corroborated),
            time_ms=now_ms,
            start_ms=now_ms,
            headline=f"{listing.title(ship)} now listed: seen {duration_text(since_ms)} ago{silent}{where}",
            why=(
                Fact(fact="time from its last report to the list coming into force", value=since_ms // MS, unit="s"),
                *self._reasons(step, ship, listings, verdict, 0),
                *voyages.facts(voyages.kept(opened)),
            ),
            raised=voyages.is_raised(voyages.kept(opened), sure=corroborated and not ship.misuse),
            would_change=("A report from the vessel gives its position now", "A list without the vessel closes it"),
            verification="corroborated" if corroborated else "unverified",
            details={
                **listing.details(ship, listings, reason, verdict=verdict, reference=self.reference),
                **voyages.kept(opened),
                "last_heard": rfc3339(ship.last_ms),
            },
            sentences=(ship.sentence,) if ship.sentence else (),
        )

    def _listings(
        self, step: DetectorInput, at: int, ship: VesselState
    ) -> tuple[list[ListedShip], MatchVerdict | None]:
        """Its entry, then its other listings; and what the match is based on."""
        number = entry_number(step, int(step.rows[at]))
        return listing.all_listings(self.reference, number), listing.verdict_on(ship, self.reference)

    def _reasons(
        self,
        step: DetectorInput,
        ship: VesselState,
        listings: list[ListedShip],
        verdict: MatchVerdict | None,
        silence_ms: int,
    ) -> Iterable[Fact]:
        bound_by = step.sources.name_of(ship.bound_by)
        return listing.reasons(ship, listings, verdict, silence_ms, bound_by=bound_by, reference=self.reference)

    def _heard(
        self, step: DetectorInput, at: int, ship: VesselState, opened: Alert | None, news: voyages.VoyageNews | None
    ) -> Finding:
        stage = int(self.state(step).stage[step.rows[at]])
        dark_ms = ship.appeared_ms - ship.heard_before_ms if ship.heard_before_ms else 0
        again = dark_ms >= int(self.thresholds.episode_ends_after_h * HOUR_MS)
        goes_on = opened is not None and not (again and listing.awaits_return(opened))
        if opened is not None and goes_on:
            reason, after = str(opened.details["reason"]), listing.absence_of(opened)
        elif again:
            reason, after = "reappeared", absence(step, at, ship, dark_ms, self.thresholds.any_silence_d)
        else:
            under_another_ms = step.time_ms[at] - step.fleet.core.as_ms[step.rows[at]]
            resumed = under_another_ms < int(self.thresholds.episode_ends_after_h * HOUR_MS)
            reason, after = "resumed" if resumed else "first_heard", None
        now_ms = int(step.time_ms[at])
        listings, verdict = self._listings(step, at, ship)
        silence_ms = dark_ms if reason == "reappeared" else 0
        stated = {**voyages.kept(opened if goes_on else None), **(news.details if news else {})}
        why, facts = tuple(self._reasons(step, ship, listings, verdict, silence_ms)), tuple(voyages.facts(stated))
        absent = (dark_ms, after) if silence_ms and after else None
        return Finding(
            action="update" if opened else "open",
            situation=situation(ship, reason, after, corroborated=stage >= CORROBORATED),
            time_ms=now_ms,
            start_ms=ship.appeared_ms if again else now_ms,
            headline=voyages.headline(ship, news, now_ms) if news else listing.headline(ship, absent, now_ms),
            why=facts + why if news else why + facts,
            raised=voyages.is_raised(stated, sure=stage >= CORROBORATED and not ship.misuse),
            would_change=listing.would_change(ship),
            verification="corroborated" if stage >= CORROBORATED else "unverified",
            details=listing.details(ship, listings, reason, verdict=verdict, reference=self.reference)
            | ({} if after is None else {"absence": after})
            | stated,
            sentences=(step.lines(at),),
        )

    def _ended(self, step: DetectorInput, at: int, ship: VesselState, opened: Alert | None) -> Iterable[Finding]:
        own, row, now_ms = self.state(step), int(step.rows[at]), int(step.time_ms[at])
        needed_ms = int(self.thresholds.episode_ends_after_h * HOUR_MS)
        silent_ms = step.silence_ms(at, ship.last_ms)
        if silent_ms < needed_ms:
            self.await_silence(step, at, ship.last_ms, needed_ms)
            return
        zone = last_inside(step.fleet.open_of(row))
        own.stage[row] = (
            CLOSED if opened is None or zone is None else UNVERIFIED
        )  # its second report then updates the alert
        if opened is None:
            return
        silence = Fact(fact="silence", value=silent_ms // MS, threshold=needed_ms // MS, unit="s")
        said = zone_said(self.reference, zone) if zone else None
        yield ending.silent(ship, opened, now_ms, silence, said)
