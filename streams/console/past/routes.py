"""The routes about the past.

| path | |
|---|---|
| ``/api/alerts?as_of=T`` | the list as it was at T: what had been stated by then (views.PastOverview); ``log``,
``find`` and filters as for the present |
| ``/api/alerts?about=T`` | the alerts whose episode covers T, by what is known now (views.PastOverview) |
| ``/api/alerts/ID?as_of=T`` | an alert as it was stated by T, whole; ``?about=T``: as it is now, if the log has it |
| ``/api/cases/CASE_ID?as_of=T`` | a case with its timeline (views.PastTimeline); also ``?about=T`` |
| ``/api/marks?from=T&to=T`` | when something opened or became more urgent (marks.Marks) |

T is RFC 3339 in UTC. 400: T is not one, or is in the future; 503: the log is still being read, or too many ask.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from streams.console.filters import FilterError, filter_of
from streams.console.hub import Hub
from streams.console.past.answers import BusyError, PastAnswers
from streams.console.past.moments import MomentError, moment_ms, reached
from streams.console.past.views import KnownWhen, Question
from streams.settings.model import KafkaSettings

_JSON: Final = "application/json"
_WORDS_MOST: Final = 100
_KNOWN: Final[dict[str, KnownWhen]] = {"as_of": "then", "about": "now"}
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class PastRoutes:
    """Handlers for requests with a moment."""

    def __init__(self, hub: Hub, kafka: KafkaSettings) -> None:
        self._hub, self._answers = hub, PastAnswers(hub.history, kafka)

    def add_to(self, app: web.Application) -> None:
        """Adds the routes that are only about the past, and ends with the application."""
        app.router.add_get("/api/marks", self.marks)

        async def close(_app: web.Application) -> None:
            await self._answers.close()

        app.on_cleanup.append(close)

    @staticmethod
    def or_now(past: _Handler, now: _Handler) -> _Handler:
        """A handler that answers with ``past`` when a moment is asked for, otherwise with ``now``."""

        async def handle(request: web.Request) -> web.StreamResponse:
            return await (past if _KNOWN.keys() & request.query.keys() else now)(request)

        return handle

    async def overview(self, request: web.Request) -> web.Response:
        """``/api/alerts`` at a moment."""
        answer = await self._answered(lambda: self._answers.overview(self._question(request)))
        answer.enable_compression()
        return answer

    async def case(self, request: web.Request) -> web.Response:
        """``/api/cases/CASE_ID`` at a moment."""
        return await self._answered(lambda: self._answers.story(self._question(request), request.match_info["id"]))

    async def alert(self, request: web.Request) -> web.Response:
        """``/api/alerts/ID`` at a moment."""
        alert_id = request.match_info["id"]

        def ask() -> Awaitable[bytes | None]:
            question = self._question(request)
            at_ms = question.at_ms if question.known == "then" else None
            return self._answers.alert(alert_id, at_ms, self._hub.alert(alert_id))

        return await self._answered(ask)

    async def marks(self, request: web.Request) -> web.Response:
        """``/api/marks``."""

        def ask() -> Awaitable[bytes]:
            from_ms, to_ms = (moment_ms(name, request.query.get(name, "")) for name in ("from", "to"))
            if from_ms > to_ms:
                raise MomentError("from: later than to")
            return self._answers.marks(from_ms, to_ms)

        answer = await self._answered(ask)
        answer.enable_compression()
        return answer

    def _question(self, request: web.Request) -> Question:
        given = [name for name in _KNOWN if name in request.query]
        if len(given) != 1:
            raise MomentError("give as_of or about, not both")
        name = given[0]
        now = self._hub.now_ms
        at_ms = reached(name, moment_ms(name, request.query[name]), max(now))
        return Question(
            at_ms=at_ms,
            known=_KNOWN[name],
            clock=(min(at_ms, now[0]), min(at_ms, now[1])),
            log=request.query.get("log") == "1",
            words=request.query.get("find", "")[:_WORDS_MOST],
            wanted=filter_of(request.query),
            reach_kn=self._hub.reach_kn,
        )

    async def _answered(self, ask: Callable[[], Awaitable[bytes | None]]) -> web.Response:
        unread = self._hub.unread_past
        if unread != 0:
            raise _later(f"the log is still being read{'' if unread is None else f', {unread:,} records to go'}")
        try:
            body = await ask()
        except (MomentError, FilterError) as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from error
        except BusyError as error:
            raise _later(str(error)) from error
        if body is None:
            raise web.HTTPNotFound(text="not known at that moment, or no longer in the log\n")
        return web.Response(body=body, content_type=_JSON)


def _later(said: str) -> web.HTTPServiceUnavailable:
    return web.HTTPServiceUnavailable(text=f"{said}\n", headers={"Retry-After": "1"})
