"""The second stage: the history of each IMO number, from the bindings of all partitions. Pure.

Bindings arrive in any order and more than once; they are taken up in the order of their stamps, as soon as every
partition has promised that no earlier one will come. Whatever has a stamp that was passed is one that was taken up
before. So the alerts are a function of the bindings alone, and bindings of the first stage's logs alone.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final, Protocol, Self

import msgspec

from detectors.core.alert import Alert, Severity
from detectors.core.episodes import Emitted, composed
from detectors.core.identities.binding import Binding, Heard, Seen
from detectors.core.identities.holders import Holder, ImoShip, position_of, vessel_of
from detectors.core.protocol import Finding
from detectors.core.reference import Reference
from detectors.core.registry import build
from detectors.core.snapshot import SnapshotError

FORMAT: Final = 1
SHARDS: Final = 64
_PART: Final = 8  # an eighth is forgotten at once
_LOOK, _SEEN, _TELL = 0, 1, 2
_Event = tuple[int, int, int, int, int]
"""When, what, IMO number, MMSI, event time of the report: their order is that of decisions."""


class Judge(Protocol):
    """A detector whose subject is ``imo``. A finding's key is the MMSI of the holder that it is about."""

    name: ClassVar[str]
    rule_version: ClassVar[int]
    severities: ClassVar[Mapping[str, Severity]]
    thresholds: Any

    def judge_binding(self, ship: ImoShip, told: Binding) -> Iterable[Finding]:
        """What a binding changes; ``ship`` is as it was before."""

    def recent(self, ship: ImoShip, told: Binding) -> list[int]:
        """The changes that count at ``told``, which is one."""

    def settles_ms(self, time_ms: int) -> int:
        """When an alert that was written then closes."""

    def settled(self, ship: ImoShip, holder: Holder) -> Finding | None:
        """That time has come; None when it must go on."""


class Shard(msgspec.Struct, frozen=True):
    """Ships of one shard, and the bindings about them that wait."""

    ships: list[ImoShip]
    waiting: list[Binding | Seen]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is not in shards."""

    format: int
    heard: list[int]
    passed_ms: int


class Histories:
    """All IMO numbers. ``partitions``: how many the first stage has."""

    def __init__(self, partitions: int, detector: Judge, severities: Mapping[str, Severity]) -> None:
        self._detector = detector
        self._severities = {**detector.severities, **severities}
        self._heard = [0] * partitions
        self._passed_ms = 0
        self._ships: dict[int, ImoShip] = {}
        self._waiting: dict[_Event, Binding | Seen] = {}
        self._numbers: list[set[int]] = [set() for _ in range(SHARDS)]
        self._waits: list[set[_Event]] = [set() for _ in range(SHARDS)]
        """What of both lies in each shard: a snapshot must not look through all for each."""
        self._holders = self._open = 0
        self._events: list[_Event] = []
        self._dirty = [False] * SHARDS

    @classmethod
    def build(
        cls, partitions: int, thresholds: Mapping[str, Mapping[str, object]], severities: Mapping[str, Severity]
    ) -> Self:
        """Empty. Raises msgspec.ValidationError on a wrong threshold."""
        (detector,) = (d for d in build(thresholds, Reference()) if d.subject == "imo")
        return cls(partitions, detector, severities)  # type: ignore[arg-type]  # what the subject promises

    # -- input ----------------------------------------------------------------------------------------------------

    def take(self, told: Binding | Seen | Heard) -> list[Emitted]:
        """One record, in any order, also again. Returns alerts in the order of decisions."""
        if isinstance(told, Heard):
            return self._hear(told)
        event = _told(told)
        if told.stamp_ms > self._passed_ms and event not in self._waiting:
            self._await_turn(event, told)
            heapq.heappush(self._events, event)
            self._touch(told.imo)
        return []

    def _hear(self, heard: Heard) -> list[Emitted]:
        if not 0 <= heard.partition < len(self._heard):
            return []
        self._heard[heard.partition] = max(self._heard[heard.partition], heard.heard_ms)
        self._passed_ms = max(self._passed_ms, min(self._heard))
        out: list[Emitted] = []
        while self._events and self._events[0][0] <= self._passed_ms:
            event = heapq.heappop(self._events)
            out += self._settle(event) if event[1] == _LOOK else self._take_up(self._turn_of(event))
        return out

    def _take_up(self, told: Binding | Seen) -> list[Emitted]:
        if isinstance(told, Binding):
            return self._learn(told)
        ship = self._ships.get(told.imo)
        holder = ship.holder(told.mmsi) if ship else None
        if holder is not None:
            holder.heard_ms = max(holder.heard_ms, told.heard_ms)
            self._touch(told.imo)
        return []

    def _await_turn(self, event: _Event, told: Binding | Seen) -> None:
        self._waiting[event] = told
        self._waits[told.imo % SHARDS].add(event)

    def _turn_of(self, event: _Event) -> Binding | Seen:
        told = self._waiting.pop(event)
        self._waits[told.imo % SHARDS].remove(event)
        return told

    def _learn(self, told: Binding) -> list[Emitted]:
        ship = self._ships.get(told.imo)
        if ship is None:
            self._make_room()
            ship = self._ships[told.imo] = ImoShip(imo=told.imo)
            self._numbers[told.imo % SHARDS].add(told.imo)
        self._touch(told.imo)
        known = ship.holder(told.mmsi)
        findings = list(self._detector.judge_binding(ship, told))
        if known is None:
            ship.changes = self._detector.recent(ship, told)
            ship.holders.append(Holder(newest=told, first_ms=told.first_ms))
            self._holders += 1
            self._drop_oldest(ship)
        elif told.last_ms >= known.newest.last_ms:
            known.newest = told
        return [self._write(ship, finding) for finding in findings]

    def _settle(self, event: _Event) -> list[Emitted]:
        due_ms, _, imo, mmsi, _ = event
        ship = self._ships.get(imo)
        holder = ship.holder(mmsi) if ship else None
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
        heapq.heappush(self._events, _look(ship, holder))
        self._touch(ship.imo)

    def _compose(self, ship: ImoShip, holder: Holder, finding: Finding) -> Alert:
        told = holder.newest
        related = {alert for h in ship.holders for alert in (*h.newest.alerts, *([h.alert.id] if h.alert else []))}
        alert = composed(
            self._detector, finding, f"imo/{ship.imo}", holder.alert, self._severities[finding.situation]
        )  # fmt: skip
        return msgspec.structs.replace(
            alert, related=tuple(sorted(related - {alert.id})), mmsi=told.mmsi, vessel=vessel_of(told),
            position=position_of(told), replayed=told.replayed,
        )  # fmt: skip

    # -- bounds ---------------------------------------------------------------------------------------------------

    def _drop_oldest(self, ship: ImoShip) -> None:
        """Too many MMSIs state one number: those unheard for longest go, but for open alerts."""
        while len(ship.holders) > self._detector.thresholds.holders_most:
            free = [h for h in ship.holders[:-1] if h.alert is None] or ship.holders[:-1]
            self._forget_holders(ship, [min(free, key=lambda h: (h.newest.last_ms, h.newest.mmsi))])

    def _forget_holders(self, ship: ImoShip, gone: Sequence[Holder]) -> None:
        self._holders -= len(gone)
        self._open -= sum(h.alert is not None for h in gone)
        ship.holders = [h for h in ship.holders if not any(h is one for one in gone)]

    def _make_room(self) -> None:
        """IMO numbers cost nothing to invent: past a bound those unheard for longest are forgotten."""
        rules, ships = self._detector.thresholds, len(self._ships)
        if ships < rules.ships_most and self._holders < rules.holders_in_all_most:
            return
        free = [s for s in self._ships.values() if not any(h.alert for h in s.holders)]
        free.sort(key=lambda s: (max(h.newest.last_ms for h in s.holders), s.imo))
        for ship in free[: max(1, ships // _PART)]:
            self._touch(ship.imo)
            self._forget_holders(ship, ship.holders)
            self._numbers[ship.imo % SHARDS].remove(ship.imo)
            del self._ships[ship.imo]

    # -- what the worker asks -------------------------------------------------------------------------------------

    @property
    def clock_ms(self) -> int:
        """Event time up to which everything is decided."""
        return self._passed_ms

    @property
    def ships(self) -> int:
        """IMO numbers known."""
        return len(self._ships)

    def open_alerts(self) -> dict[str, int]:
        """Open alerts by detector."""
        return {self._detector.name: self._open} if self._open else {}

    def shard_count(self) -> int:
        """Shards in use."""
        return SHARDS

    def dirty(self) -> list[int]:
        """Shards changed since ``mark_clean``."""
        return [number for number, changed in enumerate(self._dirty) if changed]

    def mark_clean(self) -> None:
        """Everything so far stands in a snapshot."""
        self._dirty = [False] * SHARDS

    def shard(self, number: int) -> bytes:
        """A copy of one shard."""
        ships = [self._ships[imo] for imo in sorted(self._numbers[number])]
        waiting = [self._waiting[event] for event in sorted(self._waits[number])]
        return msgspec.msgpack.encode(Shard(ships, waiting))

    def manifest(self) -> bytes:
        """All that is not in shards; JSON."""
        return msgspec.json.encode(Manifest(format=FORMAT, heard=self._heard, passed_ms=self._passed_ms))

    def restore(self, shards: Sequence[bytes], manifest: bytes) -> Self:
        """The histories as ``shard`` and ``manifest`` held them. Raises SnapshotError when they cannot be used."""
        try:
            head = msgspec.json.decode(manifest, type=Manifest)
            parts = [msgspec.msgpack.decode(shard, type=Shard) for shard in shards]
        except msgspec.MsgspecError as error:
            raise SnapshotError(f"snapshot unreadable: {error}") from error
        if head.format != FORMAT:
            raise SnapshotError(f"snapshot of format {head.format}, expected {FORMAT}")
        if len(head.heard) != len(self._heard):  # which promises would be waited for?
            raise SnapshotError(f"made of {len(head.heard)} partitions of the log, which has {len(self._heard)} now")
        self._heard, self._passed_ms = list(head.heard), head.passed_ms
        self._ships = {ship.imo: ship for part in parts for ship in part.ships}
        for imo in self._ships:
            self._numbers[imo % SHARDS].add(imo)
        holders = [holder for ship in self._ships.values() for holder in ship.holders]
        self._holders, self._open = len(holders), sum(holder.alert is not None for holder in holders)
        for told in (told for part in parts for told in part.waiting):
            self._await_turn(_told(told), told)
        self._events = [*self._waiting, *_looks(self._ships.values())]
        heapq.heapify(self._events)
        return self

    def _touch(self, imo: int) -> None:
        self._dirty[imo % SHARDS] = True


def _told(told: Binding | Seen) -> _Event:
    if isinstance(told, Seen):
        return told.stamp_ms, _SEEN, told.imo, told.mmsi, told.heard_ms
    return told.stamp_ms, _TELL, told.imo, told.mmsi, told.last_ms


def _look(ship: ImoShip, holder: Holder) -> _Event:
    return holder.settles_ms, _LOOK, ship.imo, holder.newest.mmsi, 0


def _looks(ships: Iterable[ImoShip]) -> list[_Event]:
    return [_look(ship, holder) for ship in ships for holder in ship.holders if holder.alert is not None]
