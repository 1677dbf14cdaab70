"""Feedback of a person on an alert from the page: a decision, a note, or an assignment.

Who may give it, and under which name, is in ``identity``.
"""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from detectors.core.alert import Alert
from detectors.core.units import MS, rfc3339
from streams.broker.feedback_writing import write_feedback
from streams.console.identity import Person, RefusalError
from streams.errors import WakewatchError
from streams.messages import feedback
from streams.messages.feedback import NAME_MOST, NOTE_MOST, Kind, Reason, lacks
from streams.messages.values import decoded
from streams.settings.model import KafkaSettings

BODY_MOST: Final = 8192


class FeedbackRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a request."""

    kind: Kind
    by: Annotated[str, Meta(max_length=NAME_MOST)] = ""
    """The user's name, if no proxy gives one."""
    note: Annotated[str, Meta(max_length=NOTE_MOST)] = ""
    reason: Reason | None = None
    to: Annotated[str, Meta(max_length=NAME_MOST)] = ""


def taken(person: Person, said: FeedbackRequest) -> FeedbackRequest:
    """The feedback of a request under its author's name. Raises RefusalError if it lacks something."""
    by = person.named(said.by)
    if wrong := lacks(said.kind, said.note, said.reason, said.to):
        raise RefusalError(HTTPStatus.BAD_REQUEST, wrong)
    return msgspec.structs.replace(said, by=by, note=said.note.strip(), to=said.to.strip())


async def write(kafka: KafkaSettings, raw: bytes, said: FeedbackRequest) -> None:
    """Writes feedback on the present revision (``raw``). Raises RefusalError if Kafka does not accept it."""
    alert = decoded(raw, Alert)
    now = rfc3339(int(time.time() * MS))
    word = feedback.about(alert, said.kind, said.by, said.note, now, reason=said.reason, to=said.to)
    try:
        await asyncio.get_running_loop().run_in_executor(None, write_feedback, kafka, word)
    except WakewatchError as error:
        raise RefusalError(HTTPStatus.SERVICE_UNAVAILABLE, str(error)) from error
