"""The stages that gather facts from all partitions, in one process: for a replay, and for tests of detectors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Self

from detectors.core.alert import Severity
from detectors.core.engine.alert_writer import Emitted
from detectors.core.engine.engine import Engine
from detectors.core.imo_stage.histories import ImoHistories
from detectors.core.meeting_stage.stage import MeetingStage
from detectors.core.place_stage.areas import DisplacedAreas
from detectors.core.promises import PartitionWatermark
from detectors.core.vessels.affected_areas import area_of


class LaterStages:
    """All of them. A worker has each on a topic of its own."""

    def __init__(self, histories: ImoHistories, areas: DisplacedAreas, meetings: MeetingStage) -> None:
        self.histories: Final = histories
        self.areas: Final = areas
        self.meetings: Final = meetings

    @classmethod
    def build(
        cls, partitions: int, thresholds: Mapping[str, Mapping[str, object]], severities: Mapping[str, Severity]
    ) -> Self:
        """Empty. Raises msgspec.ValidationError on a wrong threshold."""
        histories = ImoHistories.build(partitions, thresholds, severities)
        areas = DisplacedAreas.build(partitions, thresholds, severities)
        return cls(histories, areas, MeetingStage.build(partitions, thresholds, severities))

    def gather(self, engine: Engine) -> bool:
        """Takes the facts that an engine has found. Returns whether there were any."""
        facts = engine.drain_facts()
        for binding in facts.bindings:
            self.histories.take(binding)
        for displacement in facts.displacements:
            self.areas.take(displacement)
        for slow in facts.slow:
            self.meetings.take(slow)
        return any(facts)

    def promise(self, engine: Engine) -> list[Emitted]:
        """Takes the promise of an engine after a tick. Returns the alerts that this decides."""
        heard = PartitionWatermark(partition=engine.partition, heard_ms=engine.heard_ms)
        return [*self.histories.take(heard), *self.areas.take(heard), *self.meetings.take(heard)]

    @staticmethod
    def tell(engines: Iterable[Engine], emitted: Iterable[Emitted]) -> None:
        """Gives the areas that were found back to the engines: their positions are unreliable."""
        for area in filter(None, (area_of(each.alert) for each in emitted)):
            for engine in engines:
                engine.tell(area)
