"""The engines of one partition: one for what is heard now, and one for recordings that are read beside it.

A recording of 2018 and a live feed have no time in common. In one engine the recording's reports would be late for
every slot of coverage, and an old position could pass for a vessel's last one. So a recording that begins while a live
source is in the log has an engine of its own, which it shares with other such recordings. Its alerts have the ids that
a replay of the file gives. It does not take part in the later stages, whose histories and areas are those of now.

Where nothing is live, there is one engine: recordings that are read one after the other continue each other.

Shards of both are in one snapshot. Without a second engine they have the numbers of the first one's shards; with it,
shard ``n`` of the first is number ``2 n``, and of the second ``2 n + 1``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, Self

import msgspec

from detectors.core.engine import snapshot
from detectors.core.engine.alert_writer import Emitted
from detectors.core.engine.engine import Engine
from detectors.core.reference import Reference
from streams.worker.observer import Tallies, tallies_of

_NO_SHARD: Final = msgspec.msgpack.encode(None)
MakeEngine = Callable[[Reference], Engine]


class _Recorded(msgspec.Struct, frozen=True):
    """What a manifest states about a second engine."""

    recorded: msgspec.Raw = msgspec.Raw(b"")


class Timelines:
    """See the module. ``live`` is the first engine."""

    def __init__(self, live: Engine, make_engine: MakeEngine) -> None:
        self.live = live
        self.recorded: Engine | None = None
        self._make_engine = make_engine
        self._renumbered = False
        """All shards have had other numbers since ``mark_clean``."""

    def restore(self, shards: Sequence[bytes], manifest: bytes) -> Self:
        """Loads a snapshot into empty engines. Returns itself. Raises SnapshotError."""
        try:
            head = msgspec.json.decode(manifest, type=_Recorded)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise snapshot.SnapshotError(f"snapshot unreadable: {error}") from error
        if not bytes(head.recorded):
            self.live.restore(shards, manifest)
            return self
        self.recorded = self._make_engine(self.live.reference)
        self.live.restore(_present(shards[::2]), manifest)
        self.recorded.restore(_present(shards[1::2]), bytes(head.recorded))
        return self

    def of(self, source: str, *, replayed: bool) -> Engine:
        """The engine that processes what comes from a source."""
        live = self.live.sources
        if not replayed:
            return self.live
        if self.recorded is not None and self.recorded.sources.knows(source):
            return self.recorded
        if live.knows(source) or all(one.replayed for one in live.sources):
            return self.live
        if self.recorded is None:
            self.recorded = self._make_engine(self.live.reference)
            self._renumbered = True
        return self.recorded

    @property
    def engines(self) -> list[Engine]:
        """The engines there are."""
        return [self.live] if self.recorded is None else [self.live, self.recorded]

    def adopt(self, reference: Reference) -> list[Emitted]:
        """Switches all engines to another reference."""
        found = [emitted for engine in self.engines for emitted in engine.adopt(reference)]
        return sorted(found, key=lambda e: (e.cause_ms, e.alert.detector, e.alert.id, e.alert.revision))

    # -- for the worker -------------------------------------------------------------------------------------------

    @property
    def vessels(self) -> int:
        """Number of vessels in state."""
        return sum(engine.vessels for engine in self.engines)

    def open_alerts(self) -> Counter[str]:
        """Open alerts by detector."""
        return sum((Counter(engine.open_alerts()) for engine in self.engines), Counter[str]())

    def tallies(self) -> Tallies:
        """What the engines have counted."""
        live = tallies_of(self.live)
        return live if self.recorded is None else _total(live, tallies_of(self.recorded))

    # -- snapshots ------------------------------------------------------------------------------------------------

    def shard_count(self) -> int:
        """Number of shards in use."""
        if self.recorded is None:
            return self.live.shard_count()
        return 2 * max(engine.shard_count() for engine in self.engines)

    def dirty(self) -> list[int]:
        """Shards changed since ``mark_clean``."""
        if self.recorded is None:
            return self.live.dirty()
        if self._renumbered:
            return list(range(self.shard_count()))
        return sorted(2 * number + place for place, engine in enumerate(self.engines) for number in engine.dirty())

    def shard(self, number: int) -> bytes:
        """A copy of one shard."""
        if self.recorded is None:
            return self.live.shard(number)
        engine = self.engines[number % 2]
        return engine.shard(number // 2) if number // 2 < engine.shard_count() else _NO_SHARD

    def manifest(self) -> bytes:
        """Everything that is not in shards; JSON."""
        if self.recorded is None:
            return self.live.manifest()
        head = msgspec.json.decode(self.live.manifest(), type=dict[str, msgspec.Raw])
        return msgspec.json.encode({**head, "recorded": msgspec.Raw(self.recorded.manifest())})

    def mark_clean(self) -> None:
        """All changes so far are in a snapshot."""
        self._renumbered = False
        for engine in self.engines:
            engine.mark_clean()


def _present(shards: Sequence[bytes]) -> list[bytes]:
    return [shard for shard in shards if shard != _NO_SHARD]


def _total(first: Tallies, second: Tallies) -> Tallies:
    """The sums: of two numbers, or of two mappings by key."""
    return Tallies(
        first.duplicates + second.duplicates,
        first.late + second.late,
        Counter(first.types) + Counter(second.types),
        Counter(first.judged) + Counter(second.judged),
        Counter(first.failures) + Counter(second.failures),
        Counter(first.cannot_tell) + Counter(second.cannot_tell),
        Counter(first.evicted) + Counter(second.evicted),
    )
