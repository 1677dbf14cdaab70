"""The fourth stage: what slow ships of all partitions do together, from their facts. Pure.

Facts arrive in any order and more than once. A step of ten minutes is judged a quarter of an hour after its moment
(``steps``), when every partition has promised that nothing with an earlier stamp will come: with the facts that count
by then. A fact that comes later counts with the step that is judged next, for its own moment. So alerts depend on the
facts alone, and midnight is a step like any other.

Four things are decided at a step, in this order: where ships stop (``stop_places``), which ships are together
(``encounters``), which linger (``lingering``), and whom silent listed ships could have met (``silences``).

Memory is bounded by thresholds of ``encounter``: ``ships_most``, ``pairs_most``, ``places_most``, ``waiting_most``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Self

import msgspec
import numpy as np
from msgspec.structs import replace

from detectors.core.alert import Severity
from detectors.core.engine.alert_writer import Emitted
from detectors.core.engine.snapshot import SnapshotError
from detectors.core.geography.transfer_areas import TransferArea
from detectors.core.meeting_stage import snapshot
from detectors.core.meeting_stage.encounters import Encounters
from detectors.core.meeting_stage.grid import STEPS_KEPT, Places, SlowGrid
from detectors.core.meeting_stage.lingering import Lingering
from detectors.core.meeting_stage.near_pairs import near_pairs
from detectors.core.meeting_stage.silences import Silences
from detectors.core.meeting_stage.slow_runs import SlowRuns
from detectors.core.meeting_stage.steps import first_judged, step_of
from detectors.core.meeting_stage.stop_places import StopPlaces, cells_of
from detectors.core.meeting_stage.waiting import WaitingFacts
from detectors.core.meeting_stage.writing import MeetingDetector, severities_of
from detectors.core.promises import PartitionWatermark
from detectors.core.reference import Reference
from detectors.core.registry import build
from detectors.core.slow_ships import BIN_MS, DraughtChanged, ListedSilence, SlowFact, SlowShip, SlowShips
from detectors.core.units import DAY_MS

_CROWD_REASON: Final = "crowded_place"
_STOP_REASON: Final = "stop_place"
_DAY_STEPS: Final = DAY_MS // BIN_MS


class MeetingStage:
    """See the module. ``partitions``: number of partitions of the first stage."""

    def __init__(
        self, partitions: int, detectors: Mapping[str, MeetingDetector], severities: Mapping[str, Severity]
    ) -> None:
        heights = severities_of(detectors, severities)
        self._thresholds: Any = detectors["encounter"].thresholds
        self._heard_ms = [0] * partitions
        self._judged = 0
        """The last step that was judged; 0 before the first promise."""
        self._waiting = WaitingFacts()
        self._grid = SlowGrid()
        self._runs = SlowRuns(slow_nm=detectors["loitering"].thresholds.slow_kn)
        self._newest: dict[int, SlowShip] = {}
        """The newest fact of each ship of the last hour, by MMSI."""
        t = self._thresholds
        never = [TransferArea.of(text) for text in t.transfer_areas]
        self._stop_places = StopPlaces(
            ships_least=t.stops_least, days=t.stops_days, cells_most=t.places_most, never=never
        )
        self._encounters = Encounters(detectors["encounter"], heights)
        self._lingering = Lingering(detectors["loitering"], heights)
        self._silences = Silences(detectors["rendezvous"], heights)
        self._changed = snapshot.Changed()

    @classmethod
    def build(
        cls, partitions: int, thresholds: Mapping[str, Mapping[str, object]], severities: Mapping[str, Severity]
    ) -> Self:
        """Empty. Raises msgspec.ValidationError on a wrong threshold."""
        made = {d.name: d for d in build(thresholds, Reference()) if d.subject == "meeting"}
        return cls(partitions, made, severities)

    # -- input ----------------------------------------------------------------------------------------------------

    def take(self, told: SlowFact | ListedSilence | PartitionWatermark) -> list[Emitted]:
        """Adds one record, in any order, also repeatedly. Returns alerts in the order of decisions."""
        if isinstance(told, PartitionWatermark):
            return list(self._promised(told))
        for fact in told.ships if isinstance(told, SlowShips) else (told,):
            if not self.full and step_of(fact) > self._judged and fact.stamp_ms > self.clock_ms:
                self._waiting.add(fact)
                self._changed.touch(fact.mmsi)
        return []

    @property
    def full(self) -> bool:
        """Whether no further fact can wait."""
        return len(self._waiting) >= int(self._thresholds.waiting_most)

    def _promised(self, heard: PartitionWatermark) -> Iterator[Emitted]:
        if not 0 <= heard.partition < len(self._heard_ms):
            return
        self._heard_ms[heard.partition] = max(self._heard_ms[heard.partition], heard.heard_ms)
        last = first_judged(min(self._heard_ms) + 1) - 1
        while self._judged < last:
            if self._idle:
                self._judged = min(last, self._waiting.first(last) - 1)
                if self._judged == last:
                    break
            self._judged += 1
            yield from self._judge(self._judged)

    @property
    def _idle(self) -> bool:
        """Whether a step without facts changes nothing."""
        held = self._newest or self._encounters.meetings or self._lingering.ships or self._silences.silent
        return not held

    # -- decisions ------------------------------------------------------------------------------------------------

    def _judge(self, step: int) -> Iterator[Emitted]:
        self._changed.all()
        waited = self._waiting.take(step)
        for moment, ships in sorted(waited.ships.items()):
            if moment > step - STEPS_KEPT:
                self._take(moment, ships)
        self._encounters.note_draughts(waited.draughts)
        yield from self._encounters.judge(step)
        yield from self._lingering.judge(step, self._runs, self._newest)
        for silence in sorted(waited.silences, key=lambda each: (each.known_ms, each.alert, each.revision)):
            yield from self._silences.take(silence, step)
        yield from self._silences.judge(step, self._runs, self._newest)
        self._forget(step)

    def _take(self, moment: int, ships: dict[int, SlowShip]) -> None:
        """Ships at a moment: the newest facts, what stops and what is slow, then which are near each other."""
        for mmsi, ship in ships.items():
            known = self._newest.get(mmsi)
            if known is None or known.at_ms <= ship.at_ms:
                self._newest[mmsi] = ship
        places = self._grid.add(moment, ships)
        here = places[np.isin(places["mmsi"], np.fromiter(ships, np.uint32))]
        outside = ~self._stop_places.holds(here["lat_deg"], here["lon_deg"])
        self._runs.take(moment, here["mmsi"], here["lat_deg"], here["lon_deg"], outside)
        self._learn(moment)
        self._pair(moment, places, ships)

    def _learn(self, moment: int) -> None:
        """Where ships have lain for two hours, or another day."""
        stops = self._runs.stops(moment)
        cells = cells_of(stops["lat_deg"], stops["lon_deg"]).tolist()
        for cell, mmsi in zip(cells, stops["mmsi"].tolist(), strict=True):
            self._stop_places.lay(cell, mmsi, moment // _DAY_STEPS)

    def _pair(self, moment: int, places: Places, new: Mapping[int, SlowShip]) -> None:
        """The pairs of which at least one ship is new at that moment."""
        stopped = self._stop_places.holds(places["lat_deg"], places["lon_deg"])
        self.left_out[_STOP_REASON] += int(stopped.sum())
        places = places[~stopped]
        found = near_pairs(
            places["lat_deg"],
            places["lon_deg"],
            within_m=self._thresholds.near_most_m,
            others_most=self._thresholds.others_most,
        )
        self.left_out[_CROWD_REASON] += len(found.crowded)
        for pair in sorted(zip(found.first.tolist(), found.second.tolist(), strict=True)):
            one, other = (self._at(moment, places[at]) for at in pair)
            if one is not None and other is not None and (one.mmsi in new or other.mmsi in new):
                self._encounters.near(one, other)

    def _at(self, moment: int, place: np.void) -> SlowShip | None:
        """A ship as it was at a moment of the last hour."""
        ship = self._newest.get(int(place["mmsi"]))
        if ship is None or ship.at_ms == moment * BIN_MS:
            return ship
        lat_deg, lon_deg = float(place["lat_deg"]), float(place["lon_deg"])
        return replace(ship, at_ms=moment * BIN_MS, lat_deg=lat_deg, lon_deg=lon_deg)

    def _forget(self, step: int) -> None:
        self._grid.forget(step)
        self._runs.forget(step)
        since_ms, most = (step - STEPS_KEPT) * BIN_MS, self._thresholds.ships_most
        self._newest = {mmsi: ship for mmsi, ship in self._newest.items() if ship.at_ms > since_ms}
        if len(self._newest) > most:
            kept = sorted(self._newest.values(), key=lambda ship: (ship.at_ms, ship.mmsi))[-most:]
            self._newest = {ship.mmsi: ship for ship in kept}
        if self._stop_places.pass_day(step // _DAY_STEPS):
            self._encounters.pass_day(step)

    # -- for the worker -------------------------------------------------------------------------------------------

    @property
    def clock_ms(self) -> int:
        """Event time up to which all partitions have promised."""
        return min(self._heard_ms)

    @property
    def left_out(self) -> Counter[str]:
        """What was no meeting, by reason: pairs, or ships at a moment."""
        return self._encounters.left_out

    @property
    def vessels(self) -> int:
        """Slow ships of the last hour."""
        return len(self._newest)

    def stop_places(self) -> list[tuple[int, int]]:
        """The cells in which ships stop, each with the number of ships: ``stop_places.corner_of`` places them."""
        return list(self._stop_places.places())

    def open_alerts(self) -> dict[str, int]:
        """Open alerts by detector."""
        counts = {
            "encounter": self._encounters.open_alerts(),
            "loitering": len(self._lingering.ships),
            "rendezvous": self._silences.open_alerts(),
        }
        return {name: count for name, count in counts.items() if count}

    def shard_count(self) -> int:
        """Shards in use."""
        return snapshot.SHARDS

    def dirty(self) -> list[int]:
        """Shards changed since ``mark_clean``."""
        return self._changed.shards()

    def mark_clean(self) -> None:
        """Everything so far is in a snapshot."""
        self._changed.clear()

    def shard(self, number: int) -> bytes:
        """A copy of one shard."""

        def mine(keys: Iterable[int]) -> list[int]:
            return sorted(key for key in keys if key % snapshot.SHARDS == number)

        meetings, runs = self._encounters.meetings, self._runs.runs
        waiting = self._waiting.kept(number, snapshot.SHARDS)
        return msgspec.msgpack.encode(
            snapshot.MeetingShard(
                waiting_ships=[fact for fact in waiting if isinstance(fact, SlowShip)],
                waiting_draughts=[fact for fact in waiting if isinstance(fact, DraughtChanged)],
                waiting_silences=[fact for fact in waiting if isinstance(fact, ListedSilence)],
                newest=[ship for mmsi, ship in self._newest.items() if mmsi % snapshot.SHARDS == number],
                places=self._grid.kept(number, snapshot.SHARDS),
                runs=runs[runs["mmsi"] % snapshot.SHARDS == number].tobytes(),
                stops=self._stop_places.kept(number, snapshot.SHARDS),
                meetings=[each for key, each in sorted(meetings.items()) if key[0] % snapshot.SHARDS == number],
                partners=[(m, list(self._encounters.partners[m].items())) for m in mine(self._encounters.partners)],
                lingering=[self._lingering.ships[mmsi] for mmsi in mine(self._lingering.ships)],
                silences=[
                    each
                    for _, each in sorted(self._silences.silent.items())
                    if each.told.mmsi % snapshot.SHARDS == number
                ],
            )
        )

    def manifest(self) -> bytes:
        """All that is not in shards; JSON."""
        return msgspec.json.encode(
            snapshot.MeetingManifest(
                format=snapshot.MEETINGS_FORMAT, heard=self._heard_ms, judged=self._judged, day=self._stop_places.day
            )
        )

    def restore(self, shards: Sequence[bytes], manifest: bytes) -> Self:
        """Loads what ``shard`` and ``manifest`` returned; this must be empty. Raises SnapshotError if unusable."""
        head, parts = snapshot.read(shards, manifest)
        if len(head.heard) != len(self._heard_ms):  # it is unknown whose promises to await
            raise SnapshotError(f"made of {len(head.heard)} partitions of the log, which has {len(self._heard_ms)} now")
        self._heard_ms, self._judged = head.heard, head.judged
        for part in parts:
            self._waiting.restore([*part.waiting_ships, *part.waiting_draughts, *part.waiting_silences])
        self._newest = {ship.mmsi: ship for part in parts for ship in part.newest}
        self._grid.restore(each for part in parts for each in part.places)
        self._runs.restore(part.runs for part in parts)
        self._stop_places.restore((each for part in parts for each in part.stops), head.day)
        partners = ((mmsi, dict(each)) for part in parts for mmsi, each in part.partners)
        self._encounters.restore((each for part in parts for each in part.meetings), partners)
        self._lingering.restore(each for part in parts for each in part.lingering)
        self._silences.restore(each for part in parts for each in part.silences)
        self._changed.clear()
        return self
