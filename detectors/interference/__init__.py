"""Interference: several vessels appear displaced from one area at the same time.

Claim. Within a quarter of an hour at least three ships that were within half a degree of each other appear where they
cannot have sailed. Their positions are probably displaced by interference with satellite navigation (GNSS).

Why it matters. While it lasts no position from the area is reliable: ships there navigate with wrong positions, and a
vessel that is sought can be hidden among them. One alert about the area replaces a dozen about single vessels.

How it decides. Workers publish which ships appear displaced, and from where: a fix off the vessel's track that is not
the first one, an impossible jump, and every 15 minutes while it lasts (``detectors/core/displacements.py``). The facts
of all partitions are processed in order of event time (``detectors/core/place_stage``). Ships within half a degree,
directly or through others, are of one area; the edges of cells do not matter. The alert opens at ``vessels_least``
ships within ``within_min``, is updated when their number has doubled or another area has grown into it, and closes when
no ship was displaced for ``closes_after_min``. Numbers that several ships use, placeholders and single wrong bits do
not count. The places where the ships appear are compared with a point, a line and a circle, by least squares, to 0.1
nm.

When it is wrong. A receiver with a wrong clock, or one that repeats old sentences, displaces all ships that it hears:
compare the sources. It does not show who causes it.

References. C4ADS, Above Us Only Stars (2019): ships displaced to one point, and in circles; IMO MSC.1/Circ.1644
(interference with GNSS is a danger to navigation).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from detectors.core.alert import Alert, Fact
from detectors.core.displacements import Displacement
from detectors.core.half_degrees import label
from detectors.core.place_stage.area import Area
from detectors.core.protocol import Detector, Finding
from detectors.core.units import MINUTE_MS, MS, hhmm_z, next_step
from detectors.interference.wording import (
    centre_of,
    details_of,
    headline,
    listed_facts,
    sentences_of,
    shape_facts,
    where,
)

_SITUATION: Final = "interference.area"
_DOUBLED: Final = 2


class Interference(Detector):
    """See the module."""

    name = "interference"
    subject = "place"
    severities = {_SITUATION: "ticket"}  # noqa: RUF012 - read only

    class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Thresholds of ``interference``."""

        vessels_least: Annotated[
            int, Meta(ge=2, le=100, description="Number of vessels displaced from one area, at least ...")
        ] = 3
        within_min: Annotated[float, Meta(ge=1, le=60, description="... within this time, min")] = 15.0
        closes_after_min: Annotated[
            float, Meta(ge=20, le=1440, description="The alert closes when no vessel was displaced for this time, min")
        ] = 60.0
        vessels_most: Annotated[
            int, Meta(ge=100, le=1_000_000, description="Maximum number of displaced vessels kept (about 1 kB each)")
        ] = 50_000
        areas_most: Annotated[
            int, Meta(ge=10, le=100_000, description="Maximum number of areas kept (about 20 kB each)")
        ] = 1000
        waiting_most: Annotated[
            int,
            Meta(
                ge=1000,
                le=10_000_000,
                description="Maximum number of displacements that wait for a partition that makes no progress "
                "(about 1 kB each); further ones become dead letters",
            ),
        ] = 100_000

    thresholds: Thresholds

    # -- decisions ------------------------------------------------------------------------------------------------

    def opens(self, vessels: int) -> bool:
        """Whether that number of vessels, displaced from one area within ``within_min``, opens an alert."""
        return vessels >= self.thresholds.vessels_least

    def has_grown(self, area: Area, vessels: int) -> bool:
        """Whether the number of vessels has doubled since the last revision."""
        return vessels >= _DOUBLED * area.reported

    def settles_ms(self, last_ms: int) -> int:
        """When an area closes whose newest fact came at ``last_ms``."""
        return next_step(last_ms + int(self.thresholds.closes_after_min * MINUTE_MS))

    # -- findings -------------------------------------------------------------------------------------------------

    def found(self, area: Area, vessels: Sequence[Displacement], told: Displacement) -> Finding:
        """Opens, or updates with the vessels of now."""
        centre = centre_of(vessels, told.time_ms)
        details = details_of(vessels, centre)
        return Finding(
            action="open" if area.alert is None else "update",
            situation=_SITUATION,
            time_ms=told.time_ms,
            start_ms=min(each.time_ms for each in vessels),
            key=label(area.cell),
            headline=headline(len(vessels), centre, told.time_ms),
            why=(
                Fact(fact="vessels displaced from one area", value=len(vessels), threshold=self._least),
                *self._span(area, vessels),
                *shape_facts(details),
                *listed_facts(vessels),
            ),
            would_change=(
                f"It closes when no vessel was displaced from the area for {self.thresholds.closes_after_min:g} min",
                "A receiver with a wrong clock, or one that repeats old sentences, displaces vessels as well: "
                "compare the sources",
                "Radar or a report by radio shows where the vessels really are",
            ),
            details=details,
            sentences=sentences_of(vessels),
            position=centre,
        )

    @property
    def _least(self) -> int:
        return self.thresholds.vessels_least

    def _span(self, area: Area, vessels: Sequence[Displacement]) -> tuple[Fact, ...]:
        """The time between them, which decides while there is no alert."""
        if area.alert is not None:
            return ()
        times = [each.time_ms for each in vessels]
        within_s = int(self.thresholds.within_min * MINUTE_MS) // MS
        span_s = (max(times) - min(times)) // MS
        return (Fact(fact="time from the first of them to the last", value=span_s, threshold=within_s, unit="s"),)

    def settled(self, area: Area) -> Finding:
        """Closes after a quiet time."""
        quiet_min, time_ms = self.thresholds.closes_after_min, area.check_ms
        words = f"no vessel displaced for {quiet_min:g} min{where(area.alert)}, {hhmm_z(time_ms)}"
        quiet = Fact(fact="time without a displaced vessel", value=quiet_min, threshold=quiet_min, unit="min")
        return _end(area, time_ms, words, "quiet", quiet)

    def joined(self, area: Area, into: Area, time_ms: int) -> Finding:
        """Closes because another alert includes its vessels from now on."""
        words = f"displaced vessels now belong to a larger area{where(into.alert)}, {hhmm_z(time_ms)}"
        fact = Fact(fact="vessels when it joined another area", value=len(area.members))
        return _end(area, time_ms, words, "joined", fact)

    def dropped(self, area: Area, time_ms: int) -> Finding:
        """Closes because there are more areas than are kept."""
        words = f"displaced vessels no longer followed{where(area.alert)}: limit of areas reached, {hhmm_z(time_ms)}"
        return _end(area, time_ms, words, "forgotten", Fact(fact="vessels", value=area.reported))


def _end(area: Area, time_ms: int, words: str, ended: str, fact: Fact) -> Finding:
    alert = area.alert
    assert isinstance(alert, Alert), "every area has an alert"
    return Finding(
        action="close",
        situation=_SITUATION,
        time_ms=time_ms,
        key=label(area.cell),
        headline=words,
        why=(fact,),
        verification=alert.verification,
        details={**alert.details, "ended": ended},
        position=alert.position,
    )
