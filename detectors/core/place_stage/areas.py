"""The third stage: areas from which several vessels are displaced at once, from the facts of all partitions. Pure.

Facts arrive in any order and more than once, and are processed in the order of their stamps
(``detectors/core/promises.py``). So alerts depend on the facts alone.

Two vessels are of one area if their origins are within half a degree of each other, directly or through other vessels
of it: the edges of cells do not matter. Enough vessels within a short time open an area. A later vessel near one of
them, displaced within the time after which it would close, is of it. Areas that grow together are one.

Memory is bounded by three thresholds of the detector: ``vessels_most``, ``areas_most`` and ``waiting_most``. A fact
that comes while so many wait is not added (``full``): a partition has made no promise for long.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Final, Self

import msgspec

from detectors.core.alert import Severity
from detectors.core.displacements import Displacement
from detectors.core.engine.alert_writer import Emitted, composed
from detectors.core.engine.snapshot import SnapshotError
from detectors.core.half_degrees import Cell, cell_of, label
from detectors.core.place_stage.area import SLOW_MS, Area, PlaceDetector, seen_ms
from detectors.core.place_stage.events import PlaceEvent, check_of, event_of
from detectors.core.place_stage.groups import group_of
from detectors.core.place_stage.sightings import Sightings, near
from detectors.core.place_stage.snapshot import PLACES_FORMAT, SHARDS, PlaceManifest, Shards, encoded, read
from detectors.core.promises import PartitionWatermark, PromisedOrder
from detectors.core.protocol import Finding
from detectors.core.reference import Reference
from detectors.core.registry import build
from detectors.core.units import MINUTE_MS

_PART: Final = 8  # an eighth is forgotten at once


class DisplacedAreas:
    """All areas. ``partitions``: number of partitions of the first stage."""

    def __init__(self, partitions: int, detector: PlaceDetector, severities: Mapping[str, Severity]) -> None:
        self._detector = detector
        self._severities = {**detector.severities, **severities}
        self._within_ms = int(detector.thresholds.within_min * MINUTE_MS)
        self._memory_ms = int(detector.thresholds.closes_after_min * MINUTE_MS)
        self._order: PromisedOrder[PlaceEvent, Displacement] = PromisedOrder(partitions)
        self._sightings = Sightings()
        self._areas: dict[Cell, Area] = {}
        self._area_of: dict[int, Area] = {}
        """By MMSI."""
        self._shards = Shards()

    @classmethod
    def build(
        cls, partitions: int, thresholds: Mapping[str, Mapping[str, object]], severities: Mapping[str, Severity]
    ) -> Self:
        """Empty. Raises msgspec.ValidationError on a wrong threshold."""
        (detector,) = (d for d in build(thresholds, Reference()) if d.subject == "place")
        return cls(partitions, detector, severities)  # type: ignore[arg-type]  # ensured by the subject

    # -- input ----------------------------------------------------------------------------------------------------

    def take(self, told: Displacement | PartitionWatermark) -> list[Emitted]:
        """Adds one record, in any order, also repeatedly. Returns alerts in the order of decisions."""
        if isinstance(told, Displacement):
            event = event_of(told)
            if not self.full and self._order.add(event, told):
                self._shards.wait(event)
            return []
        out: list[Emitted] = []
        for event, fact in self._order.promised(told):
            if fact is None:
                out += self._check(event)
            else:
                self._shards.turn_of(event)
                out += self._learn(fact)
        return out

    @property
    def full(self) -> bool:
        """Whether no further fact can wait."""
        return bool(len(self._order.waiting) >= self._detector.thresholds.waiting_most)

    def _learn(self, told: Displacement) -> list[Emitted]:
        self._forget(told.stamp_ms - max(self._memory_ms, self._within_ms) - SLOW_MS)
        known = self._sightings.get(told.mmsi)
        if known is not None and known.time_ms >= told.time_ms:
            return []
        linked = self._areas_near(told)
        self._put(told)
        group = group_of(told, self._sightings, self._area_of, self._within_ms)
        cells = {cell_of(each.origin_lat_deg, each.origin_lon_deg) for each in group}
        linked |= cells & self._areas.keys()
        if linked:
            return self._join([self._areas[cell] for cell in sorted(linked)], group, told)
        return self._open(min(cells), group, told) if self._detector.opens(len(group)) else []

    def _areas_near(self, told: Displacement) -> set[Cell]:
        """The areas that have a vessel near it, displaced not long before."""
        since_ms, found = seen_ms(told) - self._memory_ms, set[Cell]()
        for other in self._sightings.around(told):
            area = self._area_of.get(other.mmsi)
            if area is not None and area.cell not in found and seen_ms(other) > since_ms and near(told, other):
                found.add(area.cell)
        return found

    # -- areas ----------------------------------------------------------------------------------------------------

    def _open(self, cell: Cell, group: Sequence[Displacement], told: Displacement) -> list[Emitted]:
        out = self._make_room(told.time_ms)
        area = self._areas[cell] = Area(cell=cell)
        self._enter(area, group)
        area.check_ms = self._detector.settles_ms(area.last_ms)
        self._order.check(check_of(area))
        return [*out, self._report(area, group, told)]

    def _join(self, areas: Sequence[Area], group: Sequence[Displacement], told: Displacement) -> list[Emitted]:
        """Adds a group to areas, which are one from now on: the first of them, revised to have the bounds of all."""
        area, *others = areas
        out = [self._end(other, self._detector.joined(other, area, told.time_ms), into=area) for other in others]
        self._enter(area, group)
        if others or self._detector.has_grown(area, len(area.members)):
            since_ms = seen_ms(told) - self._memory_ms
            present = self._known(mmsi for mmsi, at_ms in area.members.items() if at_ms > since_ms)
            if others or self._detector.has_grown(area, len(present)):
                out.append(self._report(area, present, told))
        return out

    def _known(self, mmsis: Iterable[int]) -> list[Displacement]:
        found = (self._sightings.get(mmsi) for mmsi in sorted(mmsis))
        return [each for each in found if each is not None]

    def _enter(self, area: Area, group: Iterable[Displacement]) -> None:
        for each in group:
            area.members[each.mmsi] = seen_ms(each)
            area.last_ms = max(area.last_ms, seen_ms(each))
            self._area_of[each.mmsi] = area
        self._shards.put_area(area.cell)

    def _check(self, event: PlaceEvent) -> list[Emitted]:
        """Whether an area closes: there is one check for it at a time, and facts since then have put it off."""
        area = self._areas.get(event.cell)
        if area is None or area.check_ms != event.at_ms:
            return []
        area.check_ms = self._detector.settles_ms(area.last_ms)
        if area.check_ms <= event.at_ms:
            return [self._end(area, self._detector.settled(area))]
        self._order.check(check_of(area))
        self._shards.put_area(area.cell)
        return []

    def _end(self, area: Area, finding: Finding, into: Area | None = None) -> Emitted:
        del self._areas[area.cell]
        self._shards.remove_area(area.cell)
        for mmsi in area.members:
            del self._area_of[mmsi]
        if into is not None:
            into.last_ms = max(into.last_ms, area.last_ms)
            into.members.update(area.members)
            self._area_of.update(dict.fromkeys(area.members, into))
        emitted = self._write(area, finding, replayed=True)
        assert area.alert is not None, "every area has an alert"
        related = () if into is None or into.alert is None else (into.alert.id,)
        return emitted._replace(alert=msgspec.structs.replace(emitted.alert, related=related))

    def _report(self, area: Area, vessels: Sequence[Displacement], told: Displacement) -> Emitted:
        area.reported = len(vessels)
        finding = self._detector.found(area, vessels, told)
        return self._write(area, finding, replayed=all(each.replayed for each in vessels))

    def _write(self, area: Area, finding: Finding, *, replayed: bool) -> Emitted:
        former, severity = area.alert, self._severities[finding.situation]
        alert = composed(self._detector, finding, f"place/{label(area.cell)}", former, severity)
        replayed = replayed and (former is None or former.replayed)
        area.alert = msgspec.structs.replace(alert, position=finding.position, replayed=replayed)
        return Emitted(0, finding.time_ms, area.alert)

    # -- bounds ---------------------------------------------------------------------------------------------------

    def _put(self, told: Displacement) -> None:
        """Replaces what is known of the vessel, which is of no area then."""
        self._leave(told.mmsi)
        self._sightings.put(told)
        self._shards.put(told.mmsi)
        if len(self._sightings) > self._detector.thresholds.vessels_most:
            oldest = [each.mmsi for each in islice(self._sightings, len(self._sightings) // _PART)]
            for mmsi in oldest:
                self._drop(mmsi)

    def _forget(self, before_ms: int) -> None:
        """Forgets what cannot be near in time to anything that follows."""
        while (first := next(iter(self._sightings), None)) is not None and first.stamp_ms <= before_ms:
            self._drop(first.mmsi)

    def _drop(self, mmsi: int) -> None:
        self._leave(mmsi)
        self._sightings.remove(mmsi)
        self._shards.remove(mmsi)

    def _leave(self, mmsi: int) -> None:
        area = self._area_of.pop(mmsi, None)
        if area is not None:
            del area.members[mmsi]
            self._shards.put_area(area.cell)

    def _make_room(self, now_ms: int) -> list[Emitted]:
        """Facts can be invented: above a bound the areas that were quiet for longest are closed."""
        if len(self._areas) < self._detector.thresholds.areas_most:
            return []
        quiet = sorted(self._areas.values(), key=lambda area: (area.last_ms, area.cell))
        return [self._end(area, self._detector.dropped(area, now_ms)) for area in quiet[: max(1, len(quiet) // _PART)]]

    # -- for the worker -------------------------------------------------------------------------------------------

    @property
    def clock_ms(self) -> int:
        """Event time up to which everything is decided."""
        return self._order.passed_ms

    @property
    def vessels(self) -> int:
        """Displaced vessels that are remembered."""
        return len(self._sightings)

    def open_alerts(self) -> dict[str, int]:
        """Open alerts by detector."""
        return {self._detector.name: len(self._areas)} if self._areas else {}

    def shard_count(self) -> int:
        """Shards in use."""
        return SHARDS

    def dirty(self) -> list[int]:
        """Shards changed since ``mark_clean``."""
        return self._shards.changed()

    def mark_clean(self) -> None:
        """Everything so far is in a snapshot."""
        self._shards.mark_clean()

    def shard(self, number: int) -> bytes:
        """A copy of one shard."""
        areas = [self._areas[cell] for cell in sorted(self._shards.areas[number])]
        waiting = [self._order.waiting[event] for event in sorted(self._shards.waits[number])]
        return encoded(self._known(self._shards.vessels[number]), areas, waiting)

    def manifest(self) -> bytes:
        """All that is not in shards; JSON."""
        order = self._order
        return msgspec.json.encode(PlaceManifest(format=PLACES_FORMAT, heard=order.heard_ms, passed_ms=order.passed_ms))

    def restore(self, shards: Sequence[bytes], manifest: bytes) -> Self:
        """Loads what ``shard`` and ``manifest`` returned; this must be empty. Raises SnapshotError if unusable."""
        head, parts = read(shards, manifest)
        if len(head.heard) != len(self._order.heard_ms):  # it is unknown whose promises to await
            raise SnapshotError(
                f"made of {len(head.heard)} partitions of the log, which has {len(self._order.heard_ms)} now"
            )
        waiting = [(event_of(told), told) for part in parts for told in part.waiting]
        self._order.restore(head.heard, head.passed_ms, waiting)
        for event, _ in waiting:
            self._shards.wait(event)
        for told in sorted((told for part in parts for told in part.vessels), key=event_of):  # as they were put
            self._sightings.put(told)
            self._shards.put(told.mmsi)
        for area in (area for part in parts for area in part.areas):
            self._areas[area.cell] = area
            self._area_of.update(dict.fromkeys(area.members, area))
            self._shards.put_area(area.cell)
        self._order.replan(map(check_of, self._areas.values()))
        self._shards.mark_clean()
        return self
