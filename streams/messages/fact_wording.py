"""Numbers of an alert in words, if a number alone is not clear to a person."""

from __future__ import annotations

from typing import Final

from detectors.core.alert import Fact
from detectors.core.gap_wording import CHANCE_FACT

_CHANCE: Final = (CHANCE_FACT, "chance of such a silence within a day")
"""The beginning of the fact of ``gap``: now, and in alerts of earlier versions."""
_MOST_DAYS, _RARELY_DAYS, _WHOLE_DAYS = 1.5, 10_000, 10


def chance_in_words(fact: Fact) -> str:
    """``a transmitting vessel is silent this long here on 1 day in 25``; empty for other facts."""
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


def spoken(fact: Fact) -> str:
    """``silence: 7200 s (threshold 3600 s)``; a chance as a sentence."""
    if said := chance_in_words(fact):
        return f"{said} (chance {fact.value}, threshold {fact.threshold})"
    unit = f" {fact.unit}" if fact.unit else ""
    threshold = "" if fact.threshold is None else f" (threshold {fact.threshold}{unit})"
    source = f", {fact.source}" if fact.source else ""
    return f"{fact.fact}: {fact.value}{unit}{threshold}{source}"
