"""The second stage: the history of each IMO number, from the bindings of all partitions. Pure.

Bindings arrive in any order and more than once, and are processed in the order of their stamps
(``detectors/core/promises.py``). So alerts depend on the bindings alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final, Protocol, Self

import msgspec

from detectors.core.alert import Alert, Severity
from detectors.core.engine.alert_writer import Emitted, composed
from detectors.core.engine.snapshot import SnapshotError
from detectors.core.identities.binding import Binding, SeenUnder
from detectors.core.imo_stage.events import StageEvent, checks, event_of, look_at
from detectors.core.imo_stage.holders import Holder, ImoShip, closing_finding, position_of, vessel_of
from detectors.core.imo_stage.migrations import HISTORIES_FORMAT
from detectors.core.imo_stage.shards import FIRST, Shards
from detectors.core.imo_stage.snapshot import ImoManifest, ImoShard, read
from detectors.core.odd_numbers import with_odd_numbers
from detectors.core.promises import PartitionWatermark, PromisedOrder
from detectors.core.protocol import Finding
from detectors.core.reference import Reference
from detectors.core.registry import build

_PART: Final = 8  # an eighth is forgotten at once
_EVENTS_A_HOLDER: Final = 2
_EVENTS_LEAST: Final = 1000


class ImoDetector(Protocol):
    """A detector whose subject is ``imo``. A finding's key is the MMSI of the holder that it is about."""

    name: ClassVar[str]
    rule_version: ClassVar[int]
    severities: ClassVar[Mapping[str, Severity]]
    thresholds: Any

    def judge_binding(self, ship: ImoShip, told: Binding) -> Iterable[Finding]:
        """What a binding changes; ``ship`` is as it was before."""

    def recent(self, ship: ImoShip, told: Binding) -> list[int]:
        """The changes that count at the time of ``told``, which is one of them."""

    def settles_ms(self, time_ms: int) -> int:
        """When an alert that was written at ``time_ms`` closes."""

    def settled(self, ship: ImoShip, holder: Holder) -> Finding | None:
        """The finding when that time has come; None if the alert must continue."""


class ImoHistories:
    """All IMO numbers. ``partitions``: number of partitions of the first stage."""

    def __init__(self, partitions: int, detector: ImoDetector, severities: Mapping[str, Severity]) -> None:
        self._detector = detector
        self._severities = {**detector.severities, **severities}
        self._order: PromisedOrder[StageEvent, Binding | SeenUnder] = PromisedOrder(partitions)
        self._ships: dict[int, ImoShip] = {}
        self._shards = Shards()
        """The numbers and events of each shard: a snapshot must not search all of them for each shard."""
        self._holders = self._open = 0

    @classmethod
    def build(
        cls, partitions: int, thresholds: Mapping[str, Mapping[str, object]], severities: Mapping[str, Severity]
    ) -> Self:
        """Empty. Raises msgspec.ValidationError on a wrong threshold."""
        (detector,) = (d for d in build(thresholds, Reference()) if d.subject == "imo")
        return cls(partitions, detector, severities)  # type: ignore[arg-type]  # ensured by the subject

    # -- input ----------------------------------------------------------------------------------------------------

    def take(self, told: Binding | SeenUnder | PartitionWatermark) -> list[Emitted]:
        """Adds one record, in any order, also repeatedly. Returns alerts in the order of decisions."""
        if isinstance(told, PartitionWatermark):
            return self._hear(told)
        event = event_of(told)
        if self._order.add(event, told):
            self._shards.waits[self._shards.of(told.imo)].add(event)
            self._touch(told.imo)
        return []

    def _hear(self, heard: PartitionWatermark) -> list[Emitted]:
        out: list[Emitted] = []
        for event, told in self._order.promised(heard):
            if told is None:
                out += self._settle(event)
            else:
                self._shards.waits[self._shards.of(told.imo)].remove(event)
                out += self._take_up(told)
        return out

    def _take_up(self, told: Binding | SeenUnder) -> list[Emitted]:
        if isinstance(told, Binding):
            return self._learn(told)
        ship = self._ships.get(told.imo)
        holder = ship.holder(told.mmsi) if ship else None
        if holder is not None:
            holder.heard_ms = max(holder.heard_ms, told.heard_ms)
            self._touch(told.imo)
        return []

    def _learn(self, told: Binding) -> list[Emitted]:
        ship, out = self._ships.get(told.imo), list[Emitted]()
        if ship is None:
            out += self._make_room(told.stamp_ms)
            ship = self._ships[told.imo] = ImoShip(imo=told.imo)
            self._shards.add(told.imo)
        self._touch(told.imo)
        known = ship.holder(told.mmsi)
        findings = list(self._detector.judge_binding(ship, told))
        if known is None:
            ship.changes = self._detector.recent(ship, told)
            ship.holders.append(Holder(newest=told, first_ms=told.first_ms))
            self._holders += 1
            out += self._drop_oldest(ship, told.stamp_ms)
        elif told.last_ms >= known.newest.last_ms:
            known.newest = told
        return out + [self._write(ship, finding) for finding in findings]

    def _settle(self, event: StageEvent) -> list[Emitted]:
        due_ms, ship = event.at_ms, self._ships.get(event.imo)
        holder = ship.holder(event.mmsi) if ship else None
        if ship is None or holder is None or holder.alert is None or holder.settles_ms != due_ms:
            return []
        finding = self._detector.settled(ship, holder)
        if finding is not None:
            return [self._write(ship, finding)]
        self._await(ship, holder, due_ms)
        return []

    def _write(self, ship: ImoShip, finding: Finding) -> Emitted:
        self._touch(ship.imo)
        holder = ship.holder(int(finding.key))
        assert holder is not None, "a finding is about a holder"
        alert = self._compose(ship, holder, finding)
        before, holder.alert = holder.alert, None if finding.action == "close" else alert
        self._open += (holder.alert is not None) - (before is not None)
        if holder.alert is not None:
            self._await(ship, holder, finding.time_ms)
        return Emitted(0, finding.time_ms, alert)

    def _await(self, ship: ImoShip, holder: Holder, since_ms: int) -> None:
        holder.settles_ms = self._detector.settles_ms(since_ms)
        self._order.check(look_at(ship, holder))
        self._touch(ship.imo)
        if self._order.pending > _EVENTS_LEAST + _EVENTS_A_HOLDER * (len(self._order.waiting) + self._holders):
            self._plan()  # most of them are checks of alerts that have a newer revision, or are forgotten

    def _plan(self) -> None:
        """Rebuilds the checks from the known state."""
        self._order.replan(checks(self._ships.values()))

    def _compose(self, ship: ImoShip, holder: Holder, finding: Finding) -> Alert:
        told = holder.newest
        related = {alert for h in ship.holders for alert in (*h.newest.alerts, *([h.alert.id] if h.alert else []))}
        alert = composed(self._detector, finding, f"imo/{ship.imo}", holder.alert, self._severities[finding.situation])
        return msgspec.structs.replace(
            alert,
            related=tuple(sorted(related - {alert.id})),
            mmsi=told.mmsi,
            vessel=vessel_of(told),
            position=position_of(told),
            why=with_odd_numbers(alert.why, told.mmsi, ship.imo),
            replayed=told.replayed,
        )

    # -- bounds ---------------------------------------------------------------------------------------------------

    def _drop_oldest(self, ship: ImoShip, now_ms: int) -> list[Emitted]:
        """Too many MMSIs state one number: those unheard for longest are dropped, those without an open alert first."""
        out: list[Emitted] = []
        while len(ship.holders) > self._detector.thresholds.holders_most:
            free = [h for h in ship.holders[:-1] if h.alert is None] or ship.holders[:-1]
            out += self._forget_holders(ship, [min(free, key=lambda h: (h.newest.last_ms, h.newest.mmsi))], now_ms)
        return out

    def _forget_holders(self, ship: ImoShip, gone: Sequence[Holder], now_ms: int) -> list[Emitted]:
        """Closes all open alerts about these holders: nothing would close them later."""
        out = [self._write(ship, closing_finding(holder, now_ms)) for holder in gone if holder.alert is not None]
        self._holders -= len(gone)
        ship.holders = [h for h in ship.holders if not any(h is one for one in gone)]
        return out

    def _make_room(self, now_ms: int) -> list[Emitted]:
        """IMO numbers can be invented: above a bound those unheard for longest go, without open alerts first."""
        rules, ships = self._detector.thresholds, len(self._ships)
        if ships < rules.ships_most and self._holders < rules.holders_in_all_most:
            return []
        out: list[Emitted] = []
        for ship in sorted(self._ships.values(), key=_worth)[: max(1, ships // _PART)]:
            self._touch(ship.imo)
            out += self._forget_holders(ship, ship.holders, now_ms)
            self._shards.remove(ship.imo)
            del self._ships[ship.imo]
        return out

    # -- for the worker -------------------------------------------------------------------------------------------

    @property
    def clock_ms(self) -> int:
        """Event time up to which everything is decided."""
        return self._order.passed_ms

    @property
    def ships(self) -> int:
        """IMO numbers known."""
        return len(self._ships)

    def open_alerts(self) -> dict[str, int]:
        """Open alerts by detector."""
        return {self._detector.name: self._open} if self._open else {}

    def shard_count(self) -> int:
        """Shards in use."""
        return len(self._shards)

    def dirty(self) -> list[int]:
        """Shards changed since ``mark_clean``."""
        return self._shards.changed()

    def mark_clean(self) -> None:
        """Everything so far is in a snapshot."""
        self._shards.mark_clean()

    def shard(self, number: int) -> bytes:
        """A copy of one shard."""
        ships = [self._ships[imo] for imo in sorted(self._shards.numbers[number])]
        waiting = [self._order.waiting[event] for event in sorted(self._shards.waits[number])]
        return msgspec.msgpack.encode(ImoShard(ships, waiting))

    def manifest(self) -> bytes:
        """All that is not in shards; JSON."""
        order = self._order
        return msgspec.json.encode(
            ImoManifest(format=HISTORIES_FORMAT, heard=order.heard_ms, passed_ms=order.passed_ms)
        )

    def restore(self, shards: Sequence[bytes], manifest: bytes) -> Self:
        """Loads the histories that ``shard`` and ``manifest`` returned. Raises SnapshotError if they cannot be used."""
        head, parts = read(shards, manifest)
        if len(head.heard) != len(self._order.heard_ms):  # with other partitions it is unknown whose promises to await
            raise SnapshotError(
                f"made of {len(head.heard)} partitions of the log, which has {len(self._order.heard_ms)} now"
            )
        waiting = [(event_of(told), told) for part in parts for told in part.waiting]
        self._order.restore(head.heard, head.passed_ms, waiting)
        self._ships = {ship.imo: ship for part in parts for ship in part.ships}
        self._shards = Shards(max(FIRST, len(shards)))
        for imo in self._ships:
            self._shards.add(imo)
        holders = [holder for ship in self._ships.values() for holder in ship.holders]
        self._holders, self._open = len(holders), sum(holder.alert is not None for holder in holders)
        for event, _ in waiting:
            self._shards.waits[self._shards.of(event.imo)].add(event)
        self._plan()
        return self

    def _touch(self, imo: int) -> None:
        self._shards.touch(imo)


def _worth(ship: ImoShip) -> tuple[bool, int, int]:
    """The order of forgetting: the greatest is forgotten last."""
    return any(h.alert for h in ship.holders), max(h.newest.last_ms for h in ship.holders), ship.imo
