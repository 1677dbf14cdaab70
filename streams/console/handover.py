"""``/api/handover``: the hand-over of a watch, read from the topics as ``wakewatch alerts handover`` reads it.

Reading takes a second or more, so it is done outside of the server's loop, once at a time, and an answer is kept for
some seconds: any number of pages may ask.
"""

from __future__ import annotations

import asyncio
import re
import time
from http import HTTPStatus
from threading import Event
from typing import Final

import msgspec
from aiohttp import web

from detectors.core.units import HOUR_MS, MS
from streams.errors import WakewatchError
from streams.handover.summary import Handover
from streams.handover.text import as_text
from streams.handover.topics import gathered
from streams.messages.unreadable import UnreadableRecords
from streams.settings.model import KafkaSettings

HOURS_MOST: Final = 72
_KEPT_S: Final = 10.0
_PATIENCE_S: Final = 30.0


class HandoverRoute:
    """The route. ``?since=8h``: hours, 1 to HOURS_MOST; ``?format=text``: plain text, else JSON (summary.Handover)."""

    def __init__(self, kafka: KafkaSettings, unreadable: UnreadableRecords | None = None) -> None:
        self._kafka, self._unreadable = kafka, unreadable or UnreadableRecords()
        self._turn = asyncio.Lock()
        self._kept: dict[int, tuple[float, Handover]] = {}

    async def answer(self, request: web.Request) -> web.Response:
        """400: another length or format, 503: Kafka does not answer."""
        given, kind = request.query.get("since", "8h"), request.query.get("format", "json")
        hours = int(given[:-1]) if re.fullmatch(r"[0-9]{1,2}h", given) else 0
        if not 1 <= hours <= HOURS_MOST or kind not in {"json", "text"}:
            said = f"since is a number of hours from 1h to {HOURS_MOST}h; format is json or text\n"
            return web.Response(status=HTTPStatus.BAD_REQUEST, text=said)
        try:
            made = await self._made(hours)
        except (WakewatchError, TimeoutError) as error:
            said = str(error) or f"Kafka did not answer within {_PATIENCE_S:.0f} s"
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, text=f"{said}\n")
        if kind == "text":
            return web.Response(text=as_text(made))
        return web.Response(body=msgspec.json.encode(made), content_type="application/json")

    async def _made(self, hours: int) -> Handover:
        async with self._turn:
            kept = self._kept.get(hours)
            if kept is not None and time.monotonic() - kept[0] < _KEPT_S:
                return kept[1]
            stop, now_ms = Event(), int(time.time() * MS)
            since_ms = now_ms - hours * HOUR_MS
            try:
                reading = asyncio.to_thread(gathered, self._kafka, since_ms, now_ms, self._unreadable, stop)
                made = await asyncio.wait_for(reading, _PATIENCE_S)
            finally:
                stop.set()
            self._kept = {hours: (time.monotonic(), made)}
            return made
