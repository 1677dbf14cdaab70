"""The HTTP routes of the traffic process. They have no authentication: the console asks them for the page.

| path | |
|---|---|
| ``/api/traffic/vessels`` | all vessels now (vessel_columns); ``?since=VERSION``: those that have changed since |
| ``/api/traffic/at?time=T`` | where all vessels were at T, in the same form |
| ``/api/traffic/vessels/MMSI`` | one vessel in words (traffic.VesselDetails) |
| ``/api/traffic/track/MMSI`` | its track (TrackAnswer); ``?from=T&to=T``; what is not kept is read from the log |
| ``/api/traffic/coverage`` | cells in which vessels were heard in the last day (CoverageAnswer) |
| ``/api/traffic/status`` | how much is known (StatusAnswer) |
| ``/healthz`` ``/readyz`` ``/metrics`` | as in every process |

T is RFC 3339 or Unix milliseconds. ``?recorded=1``: of recordings instead of live feeds; without it of live ones if
there are any.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

import msgspec
from aiohttp import web
from aiohttp.typedefs import Middleware
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from streams.errors import InputError, WakewatchError
from streams.observability.hosts import answers_to
from streams.observability.metrics import Metrics
from streams.settings.model import Settings
from streams.traffic.cells import CELL_DEG
from streams.traffic.log_track import log_track
from streams.traffic.points import STEPS_A_DEGREE, Points
from streams.traffic.questions import TrackQuestion, recorded_of, time_s_of, track_of
from streams.traffic.reading import LogReader
from streams.traffic.rules import rules_of
from streams.traffic.traffic import Traffic

_JSON: Final = "application/json"
_BINARY: Final = "application/octet-stream"
_LOG_READS_MOST: Final = 2
_COORDINATE_DIGITS: Final = 6
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Server": "wakewatch",
}
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class TrackAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A thinned track, in columns, in order of time."""

    mmsi: int
    now_s: int
    """The event time reached."""
    time_s: list[int]
    lat_deg: list[float]
    lon_deg: list[float]
    flags: list[int]
    """1: it was silent before this point; 2: it cannot have come here from the point before. Draw no line there."""
    error_m: float
    """No report that is left out is further from the track."""
    held_from_s: int | None
    """Since when tracks of all vessels are kept; None: none is yet."""
    read_to_s: int | None = None
    """An older track from the log stops here, because reading took too long; None: it is all there."""
    from_log: bool = False


class CoverageAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Cells heard in the last day, in columns."""

    now_s: int
    cell_deg: float
    south_deg: list[float]
    west_deg: list[float]
    age_s: list[int]
    """How long ago a cell was heard last."""
    hours: list[int]
    """In how many of the last 24 hours it was heard."""


class StatusAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How much is known."""

    state: str
    now_s: int
    recorded: bool
    vessels: int
    points: int
    held_from_s: int | None
    unread: int


def application(settings: Settings, traffic: Traffic, reader: LogReader, metrics: Metrics) -> web.Application:
    """The routes."""
    app = web.Application(middlewares=[_own_names(settings)])
    answers = _Answers(settings, traffic, reader, metrics)
    for path, answer in (
        ("/api/traffic/vessels", answers.vessels),
        ("/api/traffic/vessels/{mmsi:[0-9]{1,9}}", answers.vessel),
        ("/api/traffic/at", answers.moment),
        ("/api/traffic/track/{mmsi:[0-9]{1,9}}", answers.track),
        ("/api/traffic/coverage", answers.coverage),
        ("/api/traffic/status", answers.status),
        ("/healthz", answers.alive),
        ("/readyz", answers.ready),
        ("/metrics", answers.metrics),
    ):
        app.router.add_get(path, answer)
    app.on_response_prepare.append(_guard)
    return app


async def _guard(_request: web.Request, response: web.StreamResponse) -> None:
    for name, value in _HEADERS.items():
        response.headers[name] = value


def _own_names(settings: Settings) -> Middleware:
    @web.middleware
    async def check(request: web.Request, handler: _Handler) -> web.StreamResponse:
        if not answers_to(request.host, settings.traffic.host, settings.traffic.hosts):
            raise web.HTTPMisdirectedRequest(text="this server serves localhost and traffic.hosts only\n")
        try:
            return await handler(request)
        except InputError as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from error

    return check


class _Answers:
    def __init__(self, settings: Settings, traffic: Traffic, reader: LogReader, metrics: Metrics) -> None:
        self._settings, self._traffic, self._reader, self._metrics = settings, traffic, reader, metrics
        self._log_reads = 0

    async def vessels(self, request: web.Request) -> web.Response:
        since, recorded = request.query.get("since", ""), recorded_of(request.query)
        return _packed(await asyncio.to_thread(self._traffic.now, since, recorded=recorded))

    async def moment(self, request: web.Request) -> web.Response:
        time_s, recorded = time_s_of(request.query.get("time", "")), recorded_of(request.query)
        return _packed(await asyncio.to_thread(self._traffic.at, time_s, recorded=recorded))

    async def vessel(self, request: web.Request) -> web.Response:
        found = self._traffic.vessel(int(request.match_info["mmsi"]), recorded=recorded_of(request.query))
        if found is None:
            raise web.HTTPNotFound(text="no vessel of this number was heard\n")
        return _said(found)

    async def track(self, request: web.Request) -> web.Response:
        recorded = recorded_of(request.query)
        counts = self._traffic.counts(recorded=recorded)
        asked = track_of(request.match_info["mmsi"], request.query, counts.now_s, counts.held_s)
        points, held_from_s = self._traffic.track(*asked, recorded=recorded)
        from_log, read_to_s = False, None
        if held_from_s is not None and asked.from_s < held_from_s and not counts.recorded and request.query.get("from"):
            older = asked._replace(to_s=min(asked.to_s, held_from_s - 1))
            points, read_to_s = await self._with_log(older, points)
            from_log = True
        return _said(
            TrackAnswer(
                mmsi=asked.mmsi,
                now_s=counts.now_s,
                time_s=points.time_s.tolist(),
                lat_deg=(points.lat / STEPS_A_DEGREE).round(_COORDINATE_DIGITS).tolist(),
                lon_deg=(points.lon / STEPS_A_DEGREE).round(_COORDINATE_DIGITS).tolist(),
                flags=points.flags.tolist(),
                error_m=self._settings.traffic.track_error_m,
                held_from_s=held_from_s,
                read_to_s=read_to_s,
                from_log=from_log,
            )
        )

    async def _with_log(self, asked: TrackQuestion, kept: Points) -> tuple[Points, int | None]:
        """What the log has before what is kept; so many at once, because each reads a part of the log."""
        if self._log_reads >= _LOG_READS_MOST:
            raise web.HTTPServiceUnavailable(text="other tracks are being read from the log; ask again\n")
        self._log_reads += 1
        try:
            found = await asyncio.to_thread(log_track, self._settings.kafka, *asked, rules_of(self._settings.traffic))
        except WakewatchError as error:
            raise web.HTTPServiceUnavailable(text=f"{error}\n") from error
        finally:
            self._log_reads -= 1
        return Points.joined([found.points, kept]), found.read_to_s

    async def coverage(self, request: web.Request) -> web.Response:
        now_s, heard = await asyncio.to_thread(self._traffic.coverage, recorded=recorded_of(request.query))
        return _said(
            CoverageAnswer(
                now_s=now_s,
                cell_deg=CELL_DEG,
                south_deg=heard.south_deg.tolist(),
                west_deg=heard.west_deg.tolist(),
                age_s=heard.age_s.tolist(),
                hours=heard.hours.tolist(),
            )
        )

    async def status(self, request: web.Request) -> web.Response:
        counts = self._traffic.counts(recorded=recorded_of(request.query))
        return _said(
            StatusAnswer(
                state=self._reader.state,
                now_s=counts.now_s,
                recorded=counts.recorded,
                vessels=counts.vessels,
                points=counts.points,
                held_from_s=counts.held_from_s,
                unread=self._reader.unread,
            )
        )

    async def alive(self, _request: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def ready(self, _request: web.Request) -> web.Response:
        status = HTTPStatus.OK if self._reader.ready else HTTPStatus.SERVICE_UNAVAILABLE
        return web.Response(text=f"{self._reader.state}\n", status=status)

    async def metrics(self, _request: web.Request) -> web.Response:
        text = await asyncio.to_thread(generate_latest, self._metrics.registry)
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _packed(body: bytes) -> web.Response:
    return web.Response(body=body, content_type=_BINARY, headers={"Content-Encoding": "gzip"})


def _said(answer: msgspec.Struct) -> web.Response:
    said = web.Response(body=msgspec.json.encode(answer), content_type=_JSON)
    said.enable_compression()
    return said
