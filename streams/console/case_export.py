"""``/api/cases/CASE_ID/export``: the zip of ``wakewatch case export``, made from the topics when it is asked for.

It reads the log of sentences, which takes seconds to minutes. So one is made at a time, in a thread of its own, and it
ends when the console does.
"""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus
from threading import Event
from typing import Final

import structlog
from aiohttp import web

from detectors.core.units import MS
from detectors.core.vessels.track_verdict import TrackRules
from streams.errors import ConfigError, InputError, SinkError, WakewatchError
from streams.export.archive import ZIP_TYPE, file_name, zip_of
from streams.export.from_kafka import StoppedError, case_files
from streams.settings.model import KafkaSettings

LONGEST_S: Final = 300.0
_ID_MOST: Final = 300
_AGAIN_S: Final = 5
_log = structlog.get_logger("wakewatch.console")


class CaseExports:
    """The route. ``rules`` keep the tracks of an MMSI apart, as in the worker."""

    def __init__(self, kafka: KafkaSettings, rules: TrackRules, longest_s: float = LONGEST_S) -> None:
        self._kafka, self._rules, self._longest_s = kafka, rules, longest_s
        self._running: Event | None = None

    async def export(self, request: web.Request) -> web.Response:
        """The zip. 403: another site asks, 404: no such case, 503: busy or Kafka does not answer, 504: too long."""
        case_id = request.match_info["id"]
        if request.headers.get("Sec-Fetch-Site", "none") == "cross-site":
            return _refused(HTTPStatus.FORBIDDEN, "a page of another site cannot export a case")
        if len(case_id) > _ID_MOST:
            return _refused(HTTPStatus.NOT_FOUND, "no such case")
        if self._running is not None:
            busy = _refused(HTTPStatus.SERVICE_UNAVAILABLE, "another case is being exported: try again in a minute")
            busy.headers["Retry-After"] = str(_AGAIN_S)
            return busy
        self._running = stop = Event()
        try:
            return await self._answer(case_id, stop)
        finally:
            stop.set()
            self._running = None

    async def end(self, _app: web.Application) -> None:
        """Ends the export that is being made."""
        if self._running is not None:
            self._running.set()

    async def _answer(self, case_id: str, stop: Event) -> web.Response:
        try:
            async with asyncio.timeout(self._longest_s):
                found, body = await asyncio.to_thread(self._made, case_id, stop)
        except (TimeoutError, StoppedError):
            said = "the log is too long to be read here: use `wakewatch case export`"
            return _refused(HTTPStatus.GATEWAY_TIMEOUT, said)
        except (ConfigError, SinkError, InputError) as error:
            return _refused(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        except WakewatchError as error:
            return _refused(HTTPStatus.NOT_FOUND, str(error))
        _log.info("case exported", case_id=found, bytes=len(body))
        headers = {"Content-Disposition": f'attachment; filename="{file_name(found)}"'}
        return web.Response(body=body, content_type=ZIP_TYPE, headers=headers)

    def _made(self, case_id: str, stop: Event) -> tuple[str, bytes]:
        """In a thread: the id of the case and its archive."""
        found, files = case_files(self._kafka, self._rules, case_id, int(time.time() * MS), stop)
        return found, zip_of(files)


def _refused(status: HTTPStatus, said: str) -> web.Response:
    return web.Response(status=status, text=f"{said}\n")
