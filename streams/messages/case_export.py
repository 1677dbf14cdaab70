"""``case.json``: a case as it is handed to another agency. Times are RFC 3339 UTC; of alerts event time."""

from __future__ import annotations

import msgspec

from detectors.core.alert import Alert
from streams.messages.feedback import Feedback


class ExportedAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert with its revisions, oldest first."""

    id: str
    revisions: tuple[Alert, ...]


class ExportedShip(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the log of sentences still has of one MMSI."""

    mmsi: int
    sentences: int
    """Sentences in ``sentences.nmea``."""
    left_out: int = 0
    """Sentences in the log beyond the greatest number that is exported."""
    fixes: int
    """Positions in ``track.geojson``."""
    first: str | None = None
    """Event time of its first report in the window."""
    last: str | None = None


class ExportedLog(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was read of the log of sentences. Times are event times."""

    window_from: str
    window_to: str
    """From before the case to after it."""
    log_from: str | None = None
    """Where the log begins; absent: it reaches back to the beginning of the window, or holds nothing."""
    ships: tuple[ExportedShip, ...] = ()


class CaseExport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A case: everything that the topics hold about it, or that files of a replay hold."""

    format: str
    """``case.v1``."""
    case_id: str
    as_of: str
    """Time of the newest revision. The export has no other date: made again from the same records it is the same."""
    notice: str
    """What an alert is, and what it is not."""
    alerts: tuple[ExportedAlert, ...]
    """By the time of their first revision."""
    feedback: tuple[Feedback, ...] = ()
    """What people stated about its alerts, oldest first; times of the wall clock."""
    log: ExportedLog | None = None
    missing: tuple[str, ...] = ()
    """What should be here and is not, each as a sentence."""
