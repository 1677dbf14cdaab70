"""What people do about alerts: topic ``ais.feedback.v1``, one record an action, each with its author and time.

Rules.
1. ``acknowledged``, ``false_alarm`` and ``withdrawn`` are decisions: of each alert the newest counts, until a later
   revision is news. ``note`` and ``assigned`` decide nothing: they neither silence an alert nor end a decision.
2. ``assigned`` is about the case: the newest among those on its alerts counts, whatever was decided before or since.
3. Every record has a key of its own (``key_of``), so that compaction removes none. Records of earlier versions have the
   alert id as their key; of these only the newest of each alert is kept.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Final, Literal, get_args

import msgspec
from msgspec import Meta

from detectors.core.alert import Alert

NOTE_MOST: Final = 1000
NAME_MOST: Final = 100

Decision = Literal["acknowledged", "false_alarm", "withdrawn"]
Kind = Literal["acknowledged", "false_alarm", "withdrawn", "note", "assigned"]
"""``withdrawn``: earlier decisions on it no longer count."""
DECISIONS: Final[frozenset[str]] = frozenset(get_args(Decision))

Reason = Literal["reception", "at_rest", "identity", "bad_data", "explained", "not_of_interest", "other"]
"""Why an alert is false: ``reception``: the receiver or its range; ``at_rest``: moored or at anchor; ``identity``: the
wrong vessel, or a shared number; ``bad_data``: damaged or late data; ``explained``: a known reason, such as an
exercise; ``not_of_interest``: true, and of no interest here."""
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)
REASON_WORDS: Final[dict[Reason, str]] = {
    "reception": "receiver or its range",
    "at_rest": "moored or at anchor",
    "identity": "wrong vessel or shared number",
    "bad_data": "damaged or late data",
    "explained": "known reason",
    "not_of_interest": "true, but not of interest",
    "other": "another reason",
}

_Name = Annotated[str, Meta(min_length=1, max_length=NAME_MOST)]


class Feedback(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One action of one person about one revision of an alert."""

    alert_id: str
    revision: int
    """The newest revision that the person could see: a later one is notified again."""
    kind: Kind
    case_id: str
    detector: str
    by: _Name
    note: Annotated[str, Meta(max_length=NOTE_MOST)] = ""
    reason: Reason | None = None
    """Of ``false_alarm``; absent if none was given."""
    to: Annotated[str, Meta(max_length=NAME_MOST)] = ""
    """Of ``assigned``: the person who works on the case; empty: no one does."""
    time: str
    """When it was stated: wall clock, RFC 3339 UTC with milliseconds."""

    @property
    def decides(self) -> bool:
        """Whether it is a decision, by the first rule of this module."""
        return self.kind in DECISIONS


def about(
    alert: Alert, kind: Kind, by: str, note: str, time: str, *, reason: Reason | None = None, to: str = ""
) -> Feedback:
    """Feedback on the present revision of the alert."""
    return Feedback(
        alert_id=alert.id,
        revision=alert.revision,
        kind=kind,
        case_id=alert.case_id,
        detector=alert.detector,
        by=by[:NAME_MOST],
        note=note[:NOTE_MOST],
        reason=reason,
        to=to[:NAME_MOST],
        time=time,
    )


def lacks(kind: Kind, note: str, reason: Reason | None, to: str) -> str:
    """What is wrong with such feedback, as an instruction; empty: nothing."""
    if kind == "note" and not note.strip():
        return "write a note"
    if reason is not None and kind != "false_alarm":
        return "give a reason only with a false alarm"
    if not to.isprintable():
        return "the person's name has characters that cannot be shown"
    if to and kind != "assigned":
        return "give a person only with an assignment"
    return ""


def covers(said: Feedback, alert: Alert) -> bool:
    """Whether a decision is in force for an alert.

    It is for its own alert until a later revision is news, and for the other alerts of the case as they were when it
    was made, as the notifier has it. Of those the event time is compared with the wall clock: alike on a live feed, and
    a recording is always earlier.
    """
    if not said.decides or said.kind == "withdrawn":
        return False
    if said.alert_id == alert.id:
        return said.revision >= alert.news
    return said.case_id == alert.case_id and alert.time <= said.time


def key_of(said: Feedback) -> bytes:
    """The record's key: alert id and a digest of the record, so that the same action written twice counts once."""
    digest = hashlib.sha256(msgspec.json.encode(said)).hexdigest()[:16]
    return f"{said.alert_id}/{digest}".encode()


def in_words(said: Feedback) -> str:
    """``acknowledged by Kim``, ``assigned to Lee by Kim``, ``false alarm by Kim (known reason)``."""
    done = {
        "acknowledged": "acknowledged",
        "false_alarm": "false alarm",
        "withdrawn": "decision withdrawn",
        "note": "note",
        "assigned": f"assigned to {said.to}" if said.to else "unassigned",
    }[said.kind]
    reason = f" ({REASON_WORDS[said.reason]})" if said.reason else ""
    return f"{done} by {said.by}{reason}"
