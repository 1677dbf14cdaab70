"""Passes compared with what operators have planned and what catalogues hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from detectors.core.orbits.model import Pass, Target, Tier
from detectors.core.units import MS, unix_ms
from streams.imagery.overlap import Ground
from streams.imagery.plans import Acquisition, satellite_key

_SLACK_MS: Final = 20 * MS
"""Elements that are days old are off by seconds, and an image is named by the time of its middle or begin."""


class Acquisitions:
    """Acquisitions by satellite."""

    def __init__(self, found: Iterable[Acquisition]) -> None:
        self._of: dict[str, list[Acquisition]] = {}
        for one in found:
            self._of.setdefault(one.satellite, []).append(one)

    def best(self, one: Pass, target: Target) -> Acquisition | None:
        """The acquisition at the time of a pass that covers the most of its area; of equals the first by identity."""
        begin, end = unix_ms(one.begin) - _SLACK_MS, unix_ms(one.end) + _SLACK_MS
        known = self._of.get(satellite_key(one.satellite), ())
        then = [each for each in known if each.begin_ms <= end and each.end_ms >= begin]
        if not then:
            return None
        ground = Ground(one.area, target.lat_deg, target.lon_deg)
        shares = {each: ground.covered(each.rings) for each in then}
        best = min(then, key=lambda each: (-shares[each], each.item))
        return best if shares[best] > 0 else None


def with_tiers(
    passes: Sequence[Pass], targets: Sequence[Target], planned: Iterable[Acquisition], catalogued: Iterable[Acquisition]
) -> list[Pass]:
    """The passes, those that an acquisition bears out with its tier and identity; the catalogue counts more."""
    by_tier: tuple[tuple[Tier, Acquisitions], ...] = (
        ("catalogued", Acquisitions(catalogued)),
        ("planned", Acquisitions(planned)),
    )
    places = {target.name: target for target in targets}
    return [_with_tier(one, places[one.target], by_tier) for one in passes]


def _with_tier(one: Pass, target: Target, by_tier: Sequence[tuple[Tier, Acquisitions]]) -> Pass:
    for tier, acquisitions in by_tier:
        if (found := acquisitions.best(one, target)) is not None:
            return msgspec.structs.replace(one, tier=tier, item=found.item)
    return one
