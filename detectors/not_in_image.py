"""Not in image: a vessel reports a position inside a satellite image, and no ship is there.

Claim. At the time of an image the vessel's reports put it well inside the image, and the image shows no ship there.

Why it matters. A ship that hides a call can transmit positions of a voyage that it does not make. Nothing in AIS alone
shows that when the track is possible; an image does.

How it decides. Images that a user gives back are matched with the vessels' tracks, one to one (``wakewatch imagery``).
A vessel is absent if its expected place is inside the image's stated outline and not under stated clouds, it is long
enough for the sensor, and no contact is near, not even one that is another vessel. The first such image is for the
record. The second in a row raises the alert of a listed vessel, the third that of another; images less than
``apart_least_h`` apart count once. It closes when a later image shows the vessel at its reported position, or
``ends_after_d`` after the last image without it. It is retracted when another version of the image shows it.

When it is wrong. Detection misses one ship in twenty to one in five: of wood, small, beside a quay, in high waves. A
detection that covers only a part of the stated outline makes vessels in the other part absent. A clock that is wrong
by ten minutes displaces a ship by two miles.

References. Global Fishing Watch (Paolo et al., Nature 625, 2024): matching of radar detections with AIS; SkyTruth,
false vessel tracks (2021).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from detectors.core.alert import Alert, Position
from detectors.core.detector_input import DetectorInput
from detectors.core.headlines import at as place
from detectors.core.protocol import Detector, Finding
from detectors.core.units import DAY_MS, HOUR_MS, rfc3339, stamp
from detectors.core.vessels.sightings import SIGHTINGS, Sighting, fact_of, shown, sightings_in

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_WOULD_CHANGE: Final = (
    "A later image that shows it at its reported position closes it",
    "Another version of the image with a ship there retracts it",
)


class NotInImage(Detector):
    """See the module."""

    name = "not_in_image"
    keeps_due = True
    unreliable_most = "log"
    severities = {  # noqa: RUF012 - read only
        "not_in_image.once": "log",
        "not_in_image.again": "ticket",
    }

    class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Thresholds of ``not_in_image``."""

        apart_least_h: Annotated[
            float, Meta(ge=0, le=720, description="Images this far apart or more count as two, h")
        ] = 1.0
        images_listed_least: Annotated[
            int, Meta(ge=2, le=20, description="Images in a row without a listed vessel that raise the alert")
        ] = 2
        images_least: Annotated[int, Meta(ge=2, le=20, description="... and without a vessel that is not listed")] = 3
        ends_after_d: Annotated[
            float, Meta(ge=1, le=365, description="It closes this long after the last image without the vessel, days")
        ] = 14.0

    thresholds: Thresholds

    def on_sighting(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """The record states all images of the last weeks that have it, or do not."""
        assert step.seen is not None  # the engine gives it to every step of a sighting
        opened, now_ms = self.opened(step, at), int(step.time_ms[at])
        found_ms = max((one.time_ms for one in step.seen.sightings if one.outcome == "seen"), default=0)
        absent = [one for one in step.seen.sightings if one.outcome == "absent" and one.time_ms > found_ms]
        absent = [one for one in absent if now_ms < self._ends_ms(one)]
        if absent and (opened is None or tuple(absent) != sightings_in(opened)):
            yield self._shown(step, at, absent, opened)
            self.arm_by(step, at, self._ends_ms(absent[-1]))
        elif opened is not None and not absent:
            yield self._over(step, at, opened, found_ms)

    def when_due(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """No image has shown it absent for long."""
        opened = self.opened(step, at)
        if opened is None:
            return
        ends_ms = self._ends_ms(sightings_in(opened)[-1])
        if int(step.time_ms[at]) < ends_ms:
            self.arm_by(step, at, ends_ms)
            return
        yield self._ended(step, at, opened, "no later image without it")

    def _ends_ms(self, sighting: Sighting) -> int:
        return sighting.time_ms + int(self.thresholds.ends_after_d * DAY_MS)

    def _shown(self, step: DetectorInput, at: int, absent: Sequence[Sighting], opened: Alert | None) -> Finding:
        ship, last = step.ship(at), absent[-1]
        needed = self.thresholds.images_least if ship.listed is None else self.thresholds.images_listed_least
        often = self._passes(absent) >= needed
        images = f"{len(absent)} satellite images" if len(absent) > 1 else "a satellite image"
        return Finding(
            action="open" if opened is None else "update",
            situation="not_in_image.again" if often else "not_in_image.once",
            time_ms=max(int(step.time_ms[at]), last.time_ms),
            start_ms=last.time_ms,
            headline=f"{ship.title} not in {images} at its reported position{place(last.lat_deg, last.lon_deg)}"
            f", {stamp(last.time_ms, int(step.time_ms[at]))}, {last.sensor}",
            why=tuple(map(fact_of, absent)),
            would_change=_WOULD_CHANGE,
            details={SIGHTINGS: [shown(one) for one in absent]},
            position=Position(lat_deg=last.lat_deg, lon_deg=last.lon_deg, time=rfc3339(last.time_ms)),
        )

    def _passes(self, absent: Sequence[Sighting]) -> int:
        """How many of the images, which are in order of time, are of different passes."""
        counted, last_ms = 0, 0
        for one in absent:
            if one.time_ms - last_ms >= int(self.thresholds.apart_least_h * HOUR_MS):
                counted, last_ms = counted + 1, one.time_ms
        return counted

    def _over(self, step: DetectorInput, at: int, opened: Alert, found_ms: int) -> Finding:
        if found_ms > sightings_in(opened)[-1].time_ms:
            how = f"seen at its reported position, {stamp(found_ms, int(step.time_ms[at]))}"
            return self._ended(step, at, opened, how, more={"seen_at": rfc3339(found_ms)})
        return self._ended(step, at, opened, "another version of the image shows it", action="retract")

    def _ended(
        self,
        step: DetectorInput,
        at: int,
        opened: Alert,
        how: str,
        *,
        action: Literal["close", "retract"] = "close",
        more: Mapping[str, str] = _NOTHING,
    ) -> Finding:
        return Finding(
            action=action,
            situation="not_in_image.once",
            severity=opened.severity,
            time_ms=int(step.time_ms[at]),
            headline=f"{step.ship(at).title} {how}",
            why=opened.why,
            details={**opened.details, **more, "ended": how},
            position=opened.position,
        )
