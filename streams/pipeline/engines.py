"""Makes an engine from settings and reference data: the same for a worker and for a replay."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from detectors.core.engine.engine import Engine
from detectors.core.imo_stage.histories import ImoHistories
from detectors.core.later_stages import LaterStages
from detectors.core.meeting_stage.stage import MeetingStage
from detectors.core.place_stage.areas import DisplacedAreas
from detectors.core.reference import Reference
from streams.errors import ConfigError
from streams.settings.model import Settings


def engine_for(settings: Settings, reference: Reference, partition: int) -> Engine:
    """The engine of one partition. Raises ConfigError on a wrong threshold."""
    try:
        return Engine.build(
            partition=partition,
            reference=reference,
            feed=settings.feed,
            thresholds=settings.detectors,
            severities=settings.severity,
            fleet=settings.fleet,
            partitions=settings.kafka.partitions,
        )
    except msgspec.ValidationError as error:
        raise ConfigError(f"[detectors] {error}") from error


def restored(
    settings: Settings, reference: Reference, partition: int, shards: Sequence[bytes], manifest: bytes
) -> Engine:
    """The engine of one partition from a snapshot. Raises SnapshotError if that cannot be used."""
    return engine_for(settings, reference, partition).restore(shards, manifest)


def later_stages_for(settings: Settings, partitions: int) -> LaterStages:
    """The stages after the engines, for this number of partitions. Raises ConfigError on a wrong threshold."""
    return LaterStages(
        histories_for(settings, partitions), areas_for(settings, partitions), meetings_for(settings, partitions)
    )


def areas_for(settings: Settings, partitions: int) -> DisplacedAreas:
    """The stage of places for this number of partitions. Raises ConfigError on a wrong threshold."""
    try:
        return DisplacedAreas.build(partitions, settings.detectors, settings.severity)
    except msgspec.ValidationError as error:
        raise ConfigError(f"[detectors] {error}") from error


def meetings_for(settings: Settings, partitions: int) -> MeetingStage:
    """The stage of meetings for this number of partitions. Raises ConfigError on a wrong threshold."""
    try:
        return MeetingStage.build(partitions, settings.detectors, settings.severity)
    except msgspec.ValidationError as error:
        raise ConfigError(f"[detectors] {error}") from error


def histories_for(settings: Settings, partitions: int) -> ImoHistories:
    """The stage of IMO numbers for this number of partitions. Raises ConfigError on a wrong threshold."""
    try:
        return ImoHistories.build(partitions, settings.detectors, settings.severity)
    except msgspec.ValidationError as error:
        raise ConfigError(f"[detectors] {error}") from error
