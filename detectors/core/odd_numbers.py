"""An invalid MMSI and a doubtful IMO number, as facts of every alert about the vessel: reasons for suspicion."""

from __future__ import annotations

from collections.abc import Iterable

from detectors.core.alert import Fact
from detectors.core.imo_number import doubt_about
from detectors.core.mid import invalid_form_of


def with_odd_numbers(why: tuple[Fact, ...], mmsi: int, imo: int | None) -> tuple[Fact, ...]:
    """``why`` with the facts about these numbers, each once."""
    return (*why, *(fact for fact in _facts(mmsi, imo) if fact not in why))


def _facts(mmsi: int, imo: int | None) -> Iterable[Fact]:
    if wrong := invalid_form_of(mmsi):
        yield Fact(fact=f"invalid MMSI: {wrong}", value=mmsi, source="ITU-R M.585")
    if imo and (doubt := doubt_about(imo)):
        yield Fact(fact=f"doubtful IMO number: {doubt}", value=imo)
