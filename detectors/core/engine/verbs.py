"""The verbs that the dispatcher calls on a detector for each kind of input, and the results that it keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from detectors.core.detector_input import DetectorInput, StepKind
from detectors.core.protocol import Detector


class DetectorFault(NamedTuple):
    """A detector raised an exception: it was skipped for that vessel, the other detectors ran."""

    detector: str
    mmsi: int | None
    cause: str
    raw: bytes


class SlotFindings(NamedTuple):
    """A detector's screening result for closed slots; not judged yet."""

    detector: Detector
    step: DetectorInput
    places: list[int]


class Verbs(NamedTuple):
    """The verbs of a step: which places are worth judging (empty: all), and the judgement."""

    screen: str
    judge: str


VERBS: Final[Mapping[StepKind, Verbs]] = {
    "reports": Verbs("screen_reports", "on_report"),
    "clock": Verbs("", "when_due"),
    "slot": Verbs("screen_slot", "on_slot"),
    "reference": Verbs("screen_reference", "on_reference"),
    "note": Verbs("", "on_note"),
    "sighting": Verbs("", "on_sighting"),
    "source": Verbs("", "on_source"),
}
"""By ``DetectorInput.kind``."""
