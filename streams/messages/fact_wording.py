"""Numbers of an alert in words, where a number alone says little to a person."""

from __future__ import annotations

from typing import Final

from detectors.core.alert import Fact

_CHANCE: Final = "chance of such a silence within a day"
"""As the facts of ``gap`` begin."""
_MOST_DAYS, _RARELY_DAYS, _WHOLE_DAYS = 1.5, 10_000, 10


def chance_in_words(fact: Fact) -> str:
    """``a transmitting ship is this quiet here on 1 day in 25``; empty for other facts."""
    value = fact.value
    if not fact.fact.startswith(_CHANCE) or not isinstance(value, float | int) or value <= 0:
        return ""
    days = 1 / value
    if days < _MOST_DAYS:
        often = "on most days"
    elif days > _RARELY_DAYS:
        often = f"on fewer than 1 day in {_RARELY_DAYS:,}"
    else:
        often = f"on 1 day in {f'{days:.1f}'.removesuffix('.0') if days < _WHOLE_DAYS else f'{days:,.0f}'}"
    return f"a transmitting vessel is silent this long here {often}"
