"""What lists state of a ship's registration, compared with the flag that it transmits: facts, never a verdict.

A flag may be ended by the list, or the ship de-registered, and it may still transmit that flag or another one: the list
may be outdated, and a number may lag behind a lawful change of flag. Dates are compared with that of the report; one
that is not known, or not to the day, decides only what it can.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from detectors.core.alert import Fact
from detectors.core.identities.linked_owners import SharedOwner
from detectors.core.mid import flag_of
from detectors.core.reference import FlagPeriod, ListedShip

_MID: Final = 1_000_000
_DAY_LETTERS: Final = 10
_NAMES_MOST: Final = 3
_FLAGS_MOST: Final = 8
"""Of an entry, in details."""


class RegistrationFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the entries about one ship state, and what it transmits."""

    mmsi: int
    day: str
    """ISO date of the report."""
    listings: tuple[ListedShip, ...]
    shared: SharedOwner | None = None

    def why(self) -> Iterator[Fact]:
        """The facts, each once; the entries that state it are its source."""
        said: dict[str, Fact] = {}
        for entry in self.listings:
            for fact in (*self._ended(entry), *self._deregistered(entry)):
                known = said.get(fact.fact)
                source = entry.list if known is None else f"{known.source}, {entry.list}"
                said[fact.fact] = msgspec.structs.replace(fact, source=source)
        yield from said.values()
        if self.shared is not None:
            number = len(self.shared.ships)
            ships = f"{number} listed ship{'s' if number > 1 else ''}"
            yield Fact(fact=f"same linked owner as {ships}", value=self.shared.owner, source=", ".join(self._names()))

    def details(self) -> dict[str, object]:
        """The same for programs, as ``registration`` and ``linked_owner``; empty if the lists state nothing."""
        made: dict[str, object] = {}
        if flags := [stated for entry in self.listings for stated in self._flags(entry)]:
            made["flags"] = flags
        if ends := [stated for entry in self.listings for stated in self._ends(entry)]:
            made["deregistered"] = ends
        if made:
            flag = flag_of(self.mmsi)
            made = {"mid": self.mmsi // _MID, **({"flag": flag} if flag else {}), **made}
        said: dict[str, object] = {"registration": made} if made else {}
        if self.shared is not None:
            number = len(self.shared.ships)
            said["linked_owner"] = {"name": self.shared.owner, "listed_ships": number, "ships": self._names()}
        return said

    # -- flags -------------------------------------------------------------------------------------------------------

    def _ended(self, entry: ListedShip) -> Iterator[Fact]:
        """The flag of an entry that had ended by then, or is another than the one that it transmits."""
        flag, mid = flag_of(self.mmsi), self.mmsi // _MID
        transmits = f"transmits MID {mid} (flag {flag})" if flag else "transmits an MMSI without a flag"
        period = self._relevant(entry, flag)
        if period is not None:
            told = f"registered flag {period.flag} until {period.to_date}, {transmits}"
            yield Fact(fact=told, value=str(period.to_date), threshold=self.day)
            return
        registered = self._registered(entry)
        if registered is not None and registered != flag and not self._is_ended_by_itself(entry, registered):
            yield Fact(fact=f"registered flag {registered}, {transmits}", value=flag or self.mmsi, threshold=registered)

    def _relevant(self, entry: ListedShip, flag: str | None) -> FlagPeriod | None:
        """The period that ended: of the flag that it transmits, otherwise its last one, if no other began since."""
        ended = [period for period in entry.flag_history if self._has_ended(period)]
        ended = [each for each in ended if (each.flag, each.to_date) != (entry.deregistered_by, entry.deregistered_on)]
        running = {each.flag for each in entry.flag_history if not self._has_ended(each) and self._has_begun(each)}
        if entry.flag is not None and entry.flag not in {each.flag for each in entry.flag_history}:
            running.add(entry.flag)
        candidates = [each for each in ended if each.flag == flag and flag not in running]
        candidates = candidates or ([] if running else ended)
        return max(candidates, key=lambda each: str(each.to_date), default=None)

    def _registered(self, entry: ListedShip) -> str | None:
        """The flag by the entry at the time of the report."""
        began = [p for p in entry.flag_history if p.from_date and self._has_begun(p) and not self._has_ended(p)]
        if began:
            return max(began, key=lambda each: str(each.from_date)).flag
        return entry.flag

    def _is_ended_by_itself(self, entry: ListedShip, registered: str) -> bool:
        """Whether the entry states that this flag de-registered the ship before the report: that is a fact alone."""
        return entry.deregistered_by in {registered, None} and self._before(entry.deregistered_on) is True

    def _has_ended(self, period: FlagPeriod) -> bool:
        return period.to_date is not None and self.day[: len(period.to_date)] > period.to_date

    def _has_begun(self, period: FlagPeriod) -> bool:
        return period.from_date is None or self.day[: len(period.from_date)] >= period.from_date

    def _flags(self, entry: ListedShip) -> Iterator[dict[str, object]]:
        for period in entry.flag_history[-_FLAGS_MOST:]:
            dates = {"from": period.from_date, "to": period.to_date}
            known = {name: date for name, date in dates.items() if date}
            ended = {"ended_before_fix": self._has_ended(period)} if self._is_certain(period.to_date) else {}
            yield {"list": entry.list, "entry_id": entry.entry_id, "flag": period.flag, **known, **ended}

    # -- de-registration ---------------------------------------------------------------------------------------------

    def _deregistered(self, entry: ListedShip) -> Iterator[Fact]:
        on, by = entry.deregistered_on, entry.deregistered_by
        if on is None and by is None:
            return
        told = f"de-registered on {on or 'an unknown date'}" + (f" by {by}" if by else "")
        flag = flag_of(self.mmsi)
        now = (
            "after this report"
            if self._before(on) is False
            else f"transmits flag {flag}"
            if flag
            else "transmits no flag"
        )
        yield Fact(fact=f"{told}, {now}", value=on or "unknown", threshold=self.day)

    def _ends(self, entry: ListedShip) -> Iterator[dict[str, object]]:
        known = {name: value for name, value in (("on", entry.deregistered_on), ("by", entry.deregistered_by)) if value}
        if known:
            before = self._before(entry.deregistered_on)
            certain = {} if before is None else {"before_fix": before}
            yield {"list": entry.list, "entry_id": entry.entry_id, **known, **certain}

    def _before(self, date: str | None) -> bool | None:
        """Whether a date is not after that of the report; None if that is not known."""
        if date is None or not self._is_certain(date):
            return None
        return date <= self.day[: len(date)]

    def _is_certain(self, date: str | None) -> bool:
        return date is not None and (len(date) == _DAY_LETTERS or self.day[: len(date)] != date)

    def _names(self) -> list[str]:
        return [ship.name for ship in self.shared.ships[:_NAMES_MOST]] if self.shared else []
