"""Entries of a watchlist in words: their registration, and what has changed in them."""

from __future__ import annotations

from typing import Final

from detectors.core.reference import FlagPeriod, ListedShip

_UNCOMPARED: Final = frozenset({"list", "entry_id", "source"})
_LETTERS_MOST: Final = 80


def period_text(period: FlagPeriod) -> str:
    """``TG 2015-03 to 2017-10-05``; one date alone is ``since`` or ``until``."""
    if period.from_date and period.to_date:
        return f"{period.flag} {period.from_date} to {period.to_date}"
    return f"{period.flag} since {period.from_date}" if period.from_date else f"{period.flag} until {period.to_date}"


def registration_text(ship: ListedShip) -> str | None:
    """Flags with dates, then the de-registration; None if the list gives neither."""
    parts = [period_text(period) for period in ship.flag_history]
    if ship.deregistered_on or ship.deregistered_by:
        on = f" on {ship.deregistered_on}" if ship.deregistered_on else ""
        by = f" by {ship.deregistered_by}" if ship.deregistered_by else ""
        parts.append(f"de-registered{on}{by}")
    return ", ".join(parts) or None


def changes_text(former: ListedShip, now: ListedShip) -> str:
    """The fields that differ, with both values: ``flag TG to KP; linked to - to A CO``."""
    names = [name for name in ListedShip.__struct_fields__ if name not in _UNCOMPARED]
    pairs = [(name, getattr(former, name), getattr(now, name)) for name in names]
    return "; ".join(f"{name.replace('_', ' ')} {_text(a)} to {_text(b)}" for name, a, b in pairs if a != b)


def _text(value: object) -> str:
    if isinstance(value, tuple):
        parts = [period_text(each) if isinstance(each, FlagPeriod) else str(each) for each in value]
        value = ", ".join(parts)
    text = "-" if value is None or value == "" else str(value)
    return text if len(text) <= _LETTERS_MOST else text[:_LETTERS_MOST] + "..."
