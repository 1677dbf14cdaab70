"""What makes the silence of a vessel on no list a gap: thresholds of ``gap``, as a block of slots closes."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from detectors.core.coverage.rare_silences import OpenSilences, SilenceRules
from detectors.core.coverage.reception_state import ClosedBlock, ReceptionState
from detectors.core.coverage.silence_statistics import Budget
from detectors.core.coverage.slot_blocks import SLOT_MS
from detectors.core.detector_input import DetectorInput, Places
from detectors.core.units import MS, STEP_MS

SLOT_S: Final = SLOT_MS // MS


class UnlistedLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The thresholds of ``gap`` for vessels on no list."""

    min_silence_s: Annotated[float, Meta(ge=60, le=2_592_000, description="Shortest gap, s")] = 3600.0
    false_gaps_per_1000_vessel_days: Annotated[
        float, Meta(gt=0, le=1000, description="Tolerated false gap alerts per 1,000 vessel-days in well-covered water")
    ] = 150.0
    false_gaps_per_day: Annotated[
        float, Meta(gt=0, le=100_000, description="Most tolerated false gap alerts per day in the whole feed")
    ] = 1000.0
    alpha_most: Annotated[
        float, Meta(gt=0, le=1, description="A silence whose chance within a day is higher than this is never a gap")
    ] = 0.2
    second_look_s: Annotated[
        float,
        Meta(
            ge=0,
            le=2_592_000,
            description="A silence shorter than this, or at the edge of coverage, must be four times as rare, s",
        ),
    ] = 6300.0
    moored_reports: Annotated[
        float,
        Meta(
            ge=0,
            le=100,
            description="Expected reports of a moored vessel that must be missing; more near berths, fewer if fast",
        ),
    ] = 5.0
    slow_kn: Annotated[
        float, Meta(ge=0, le=100, description="A vessel at or below this speed may have moored when it fell silent, kn")
    ] = 8.0
    judged_within_s: Annotated[
        float,
        Meta(
            ge=3600,
            le=2_592_000,
            description="Stop evaluating a silence after this time in which it could have been heard, s",
        ),
    ] = 21_600.0
    reported_within_s: Annotated[
        float, Meta(ge=3600, le=2_592_000, description="Do not open a gap later than this after the last report, s")
    ] = 43_200.0


def reception(step: DetectorInput) -> ReceptionState:
    """The reception of the partition."""
    assert step.reception is not None  # the engine gives it to every step of a slot
    return step.reception


def closed(step: DetectorInput) -> ClosedBlock:
    """The block of slots that has closed."""
    assert step.closed is not None  # as above
    return step.closed


def silence_of(step: DetectorInput, rows: Places) -> OpenSilences:
    """The silences of these rows."""
    return OpenSilences.of(reception(step).coverage, rows, closed(step).end_ms // SLOT_MS - 1)


def rules(limits: UnlistedLimits, lateness_ms: int) -> SilenceRules:
    """The rules in slots; a gap opens once all reports in time have come, a slot and a step later."""
    waits_s = (lateness_ms + SLOT_MS + STEP_MS) / MS
    return SilenceRules(
        limits.second_look_s / SLOT_S,
        limits.moored_reports,
        limits.slow_kn,
        limits.judged_within_s / SLOT_S,
        (limits.reported_within_s - waits_s) / SLOT_S,
    )


def budget(limits: UnlistedLimits) -> Budget:
    """The number of tolerated gaps of honest vessels."""
    return Budget(limits.false_gaps_per_1000_vessel_days, limits.false_gaps_per_day, limits.alpha_most)


def alpha(step: DetectorInput, limits: UnlistedLimits) -> float:
    """The highest chance of a silence that is a gap, so that honest vessels give no more than the tolerated number."""
    return reception(step).alpha(closed(step).heard, round(limits.min_silence_s / SLOT_S), budget(limits))
