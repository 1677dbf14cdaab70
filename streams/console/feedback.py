"""Feedback of a person on an alert from the page: acknowledged, false alarm, or withdrawn.

Who may give feedback, and under which name:
- Behind an authenticating proxy (``console.identity_header`` is set): the user named in that header. A request without
  it is rejected. The proxy must remove a header of that name that comes from a browser.
- On the loopback address without such a proxy: anyone at this machine, under the name that they enter.
- Otherwise no one, because the user is unknown.

A foreign site cannot send feedback: the body must be JSON, which a browser sends to another site only after a preflight
request, and an ``Origin`` other than this console is rejected.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from detectors.core.alert import Alert
from detectors.core.units import MS, rfc3339
from streams.broker.feedback_writing import write_feedback
from streams.errors import InputError, WakewatchError
from streams.messages import feedback
from streams.messages.feedback import NAME_MOST, NOTE_MOST, Kind
from streams.messages.values import decoded
from streams.observability.hosts import is_loopback, name_of
from streams.settings.model import ConsoleSettings, KafkaSettings

BODY_MOST: Final = 8192
_JSON: Final = "application/json"


class FeedbackRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a request."""

    kind: Kind
    by: Annotated[str, Meta(max_length=NAME_MOST)] = ""
    """The user's name, if no proxy gives one."""
    note: Annotated[str, Meta(max_length=NOTE_MOST)] = ""


class Identity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``/api/me``: whether the caller may give feedback, and under which name."""

    may: bool
    by: str = ""
    """The name that the proxy gives; empty if users give their own."""
    why: str = ""
    """The reason if not."""


class RefusalError(Exception):
    """A request that is rejected, with the response."""

    def __init__(self, status: HTTPStatus, said: str) -> None:
        super().__init__(said)
        self.status = status


def speaker(settings: ConsoleSettings, headers: Mapping[str, str]) -> Identity:
    """The user, by the rules of this module."""
    if settings.identity_header:
        by = headers.get(settings.identity_header, "").strip()[:NAME_MOST]
        why = "" if by else f"the proxy gives no user name in {settings.identity_header}"
        return Identity(may=bool(by), by=by, why=why)
    if is_loopback(settings.host):
        return Identity(may=True)
    return Identity(
        may=False, why="users are not identified here: set console.identity_header and use an authenticating proxy"
    )


def taken(settings: ConsoleSettings, headers: Mapping[str, str], body: bytes) -> FeedbackRequest:
    """The feedback of a request, with the user. Raises RefusalError."""
    who = speaker(settings, headers)
    if not who.may:
        raise RefusalError(HTTPStatus.FORBIDDEN, who.why)
    origin = headers.get("Origin")
    # By name alone: a proxy may listen on another port than it asks for.
    if origin is not None and name_of(urlsplit(origin).netloc) != name_of(headers.get("Host", "")):
        raise RefusalError(HTTPStatus.FORBIDDEN, "request from another site")
    if headers.get("Content-Type", "").partition(";")[0].strip() != _JSON:
        raise RefusalError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send JSON")
    try:
        said = decoded(body, FeedbackRequest)
    except InputError as error:
        raise RefusalError(HTTPStatus.BAD_REQUEST, str(error)) from error
    by = who.by or said.by.strip()
    if not by:
        raise RefusalError(HTTPStatus.BAD_REQUEST, "give your name")
    return msgspec.structs.replace(said, by=by)


async def write(kafka: KafkaSettings, raw: bytes, said: FeedbackRequest) -> None:
    """Writes feedback on the present revision (``raw``). Raises RefusalError if Kafka does not accept it."""
    alert = decoded(raw, Alert)
    word = feedback.about(alert, said.kind, said.by, said.note, rfc3339(int(time.time() * MS)))
    try:
        await asyncio.get_running_loop().run_in_executor(None, write_feedback, kafka, word)
    except WakewatchError as error:
        raise RefusalError(HTTPStatus.SERVICE_UNAVAILABLE, str(error)) from error
