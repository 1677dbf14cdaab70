"""Feedback of people on alerts: topic ``ais.feedback.v1``, key alert id; the newest for each alert counts."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from detectors.core.alert import Alert

NOTE_MOST: Final = 1000
NAME_MOST: Final = 100

Kind = Literal["acknowledged", "false_alarm", "withdrawn"]
"""``withdrawn``: earlier feedback on it no longer counts."""


class Feedback(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The feedback of one person on one revision of an alert."""

    alert_id: str
    revision: int
    """The newest revision that the person could see: a later one is notified again."""
    kind: Kind
    case_id: str
    detector: str
    by: Annotated[str, Meta(min_length=1, max_length=NAME_MOST)]
    note: Annotated[str, Meta(max_length=NOTE_MOST)] = ""
    time: str
    """When it was stated: wall clock, RFC 3339 UTC with milliseconds."""


def about(alert: Alert, kind: Kind, by: str, note: str, time: str) -> Feedback:
    """Feedback on the present revision of the alert."""
    return Feedback(
        alert_id=alert.id,
        revision=alert.revision,
        kind=kind,
        case_id=alert.case_id,
        detector=alert.detector,
        by=by[:NAME_MOST],
        note=note[:NOTE_MOST],
        time=time,
    )
