"""The HTTP routes of the console. Who may read and write is in ``identity``.

| path | |
|---|---|
| ``/`` | the page |
| ``/api/alerts`` | open cases (cases.Overview); ``?log=1``: also those for the record; ``?find=WORDS``, or a filter
(filters): of all |
| ``/api/alerts.csv`` ``/api/alerts.geojson`` | the same cases with the same query, as files (case_lists.CaseLists) |
| ``/api/handover`` | what one watch hands to the next (handover.HandoverRoute) |
| ``/api/choices`` | what there is to filter by |
| ``/api/alerts/ID`` | one alert, whole, as it is in the topic |
| ``/api/alerts/ID/order`` | an order for satellite images of its ship (orders.Orders) |
| ``/api/cases/CASE_ID/export`` | a case as a zip file (case_export.CaseExports) |
| ``/api/cases/CASE_ID`` | a case with its timeline (cases.CaseTimeline) |
| ``/api/me`` | what the caller may do, and under which name (identity.Identity) |
| ``POST /api/alerts/ID/feedback`` | a person's feedback on an alert (feedback.FeedbackRequest) |
| ``/api/events`` | server-sent: ``revision`` (the alert), ``clock`` (hub.Status); ``reset``, ``zones``, ``own``: ask
again |
| ``/api/zones`` | the zones that were imported last, otherwise the settings'; their dates decide whether they count
today |
| ``/api/stop-places`` | where ships stop, as the stage of meetings has learned it (stop_places.StopPlacesLayer) |
| ``/api/own`` | own ships and areas in force, with who added them (own_lists.OwnLists) |
| ``POST /api/own/ships`` ``/api/own/zones`` and ``.../remove`` | a change of them (own.AddShip and others) |
| ``/api/health`` | what is wrong with the processes behind the page, and which lists are in force (hub.Status) |
| ``?as_of=``, ``?about=``, ``/api/marks`` | earlier moments (past.routes) |
| ``/api/traffic/...`` | all vessels and their tracks, as `wakewatch traffic` answers (traffic.TrafficProxy) |
| ``/vendor/NAME`` | the map library (vendor.Vendor) |
| ``/runbook`` | what to do about an alert on wakewatch itself; the rules link to its headings |
| ``/healthz`` ``/readyz`` | alive; following the topics |
| ``/metrics`` | this process's own, for Prometheus |
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from functools import partial
from http import HTTPStatus
from typing import Final, get_args

import msgspec
from aiohttp import web
from aiohttp.typedefs import Middleware
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from streams.console import feedback
from streams.console.case_export import CaseExports
from streams.console.case_lists import CaseLists
from streams.console.filters import FilterError, filter_of
from streams.console.handover import HandoverRoute
from streams.console.health import Kind
from streams.console.hub import Hub, ServerEvent
from streams.console.identity import GATE, Gate, allowed, body_of, identified, me
from streams.console.orders import Orders
from streams.console.own_lists import OwnListRoutes
from streams.console.page import page
from streams.console.past.routes import PastRoutes
from streams.console.runbook import document
from streams.console.stop_places import StopPlacesLayer
from streams.console.traffic import TrafficProxy
from streams.console.vendor import FOR_EVER, Vendor
from streams.observability.hosts import answers_to
from streams.observability.metrics import Metrics
from streams.settings.console import ConsoleSettings
from streams.settings.model import KafkaSettings, Settings

_JSON: Final = "application/json"
_QUIET_S: Final = 15.0
_WORDS_MOST: Final = 100
_RETRY_MS: Final = 2000
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "wakewatch",
}
_NOTHING: Final = "default-src 'none'; frame-ancestors 'none'"
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(hub: Hub, metrics: Metrics, everything: Settings) -> web.Application:
    """The routes."""
    settings, kafka = everything.console, everything.kafka
    app = web.Application(middlewares=[_own_names(settings), identified()], client_max_size=feedback.BODY_MOST)
    app[GATE] = Gate(settings, lambda reason: metrics.console_rejected.labels(reason).inc())
    answers, words = _Answers(hub, metrics, settings), _Words(hub, kafka)
    past = PastRoutes(hub, kafka)
    past.add_to(app)
    app.router.add_get("/api/me", me)
    app.router.add_post("/api/alerts/{id:[0-9a-f]{32}}/feedback", words.say)
    app.router.add_get("/", answers.page)
    overview = past.or_now(past.overview, answers.overview)
    app.router.add_get("/api/alerts", overview)
    lists = CaseLists(overview)
    app.router.add_get("/api/alerts.csv", lists.csv)
    app.router.add_get("/api/alerts.geojson", lists.geojson)
    app.router.add_get("/api/choices", answers.choices)
    app.router.add_get("/api/handover", HandoverRoute(kafka).answer)
    app.router.add_get("/api/alerts/{id:[0-9a-f]{32}}", past.or_now(past.alert, answers.alert))
    app.router.add_get("/api/alerts/{id:[0-9a-f]{32}}/order", Orders(hub).order)
    exports = CaseExports(kafka, everything.fleet)
    app.router.add_get("/api/cases/{id:[^/]+/.+}/export", exports.export, allow_head=False)
    app.on_shutdown.append(exports.end)
    app.router.add_get("/api/cases/{id:.+}", past.or_now(past.case, answers.case))
    traffic = TrafficProxy(settings.traffic_url)
    app.on_cleanup.append(traffic.close)
    app.router.add_get("/api/traffic/{tail:.+}", traffic.answer)
    app.router.add_get("/vendor/{name}", Vendor().file)
    app.router.add_get("/api/events", answers.events, allow_head=False)
    app.router.add_get("/api/zones", answers.zones)
    app.router.add_get("/api/stop-places", StopPlacesLayer(everything).layer)
    app.router.add_get("/api/own", answers.own)
    OwnListRoutes(kafka, everything.reference).add_to(app)
    app.router.add_get("/api/health", answers.health)
    app.router.add_get("/runbook", answers.runbook)
    app.router.add_get("/healthz", answers.alive)
    app.router.add_get("/readyz", answers.ready)
    app.router.add_get("/metrics", answers.metrics)
    app.on_response_prepare.append(_guard)
    return app


async def _guard(_request: web.Request, response: web.StreamResponse) -> None:
    """Headers of every answer, errors included."""
    for name, value in _HEADERS.items():
        response.headers[name] = value
    if response.headers.get("Content-Type", "").startswith("text/javascript"):
        response.headers["Cache-Control"] = FOR_EVER
    response.headers.setdefault("Content-Security-Policy", _NOTHING)


def _own_names(settings: ConsoleSettings) -> Middleware:
    """Rejects requests under another host name: a foreign page whose name resolves to this address."""

    @web.middleware
    async def check(request: web.Request, handler: _Handler) -> web.StreamResponse:
        if not answers_to(request.host, settings.host, settings.hosts):
            raise web.HTTPMisdirectedRequest(text="this console serves localhost and console.hosts only\n")
        return await handler(request)

    return check


class _Answers:
    def __init__(self, hub: Hub, metrics: Metrics, settings: ConsoleSettings) -> None:
        self._hub = hub
        self._page = page(settings.tiles_url, traffic=bool(settings.traffic_url))
        self._metrics = metrics
        self._metrics.ready.set_function(lambda: hub.state == "following" and not hub.behind)
        for kind in get_args(Kind):
            self._metrics.trouble.labels(kind).set_function(partial(hub.trouble_s, kind))

    async def page(self, _request: web.Request) -> web.Response:
        headers = {"Content-Security-Policy": self._page.policy}
        return web.Response(body=self._page.body, content_type="text/html", charset="utf-8", headers=headers)

    async def runbook(self, _request: web.Request) -> web.Response:
        made = document()
        headers = {"Content-Security-Policy": made.policy}
        return web.Response(body=made.body, content_type="text/html", charset="utf-8", headers=headers)

    async def overview(self, request: web.Request) -> web.Response:
        words = request.query.get("find", "")[:_WORDS_MOST]
        try:
            wanted = filter_of(request.query)
        except FilterError as error:
            return web.Response(status=HTTPStatus.BAD_REQUEST, text=f"{error}\n")
        body = self._hub.overview(log=request.query.get("log") == "1", words=words, wanted=wanted)
        answer = web.Response(body=body, content_type=_JSON)
        answer.enable_compression()
        return answer

    async def choices(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._hub.choices(), content_type=_JSON)

    async def alert(self, request: web.Request) -> web.Response:
        return _found(self._hub.alert(request.match_info["id"]))

    async def case(self, request: web.Request) -> web.Response:
        return _found(self._hub.story(request.match_info["id"]))

    async def zones(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._hub.zones(), content_type=_JSON)

    async def own(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._hub.own(), content_type=_JSON)

    async def health(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._hub.health(), content_type=_JSON)

    async def alive(self, _request: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def ready(self, _request: web.Request) -> web.Response:
        fine = self._hub.state == "following" and not self._hub.behind
        status = HTTPStatus.OK if fine else HTTPStatus.SERVICE_UNAVAILABLE
        said = "not up to date" if self._hub.behind else self._hub.state
        return web.Response(text=f"{said}\n", status=status)

    async def metrics(self, _request: web.Request) -> web.Response:
        text = generate_latest(self._metrics.registry)
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def events(self, request: web.Request) -> web.StreamResponse:
        if self._hub.full:
            raise web.HTTPServiceUnavailable(text="too many pages are open\n")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"retry: %d\n\n" % _RETRY_MS)
        with suppress(ConnectionResetError):  # a browser that disconnected is not an error
            async with aclosing(self._hub.events(_QUIET_S)) as events:
                async for event in events:
                    await response.write(_as_sent(event))
        return response


class _Words:
    """The routes for people's feedback on the page."""

    def __init__(self, hub: Hub, kafka: KafkaSettings) -> None:
        self._hub, self._kafka = hub, kafka

    async def say(self, request: web.Request) -> web.Response:
        said = feedback.taken(allowed(request, "officer"), await body_of(request, feedback.FeedbackRequest))
        raw = self._hub.alert(request.match_info["id"])
        if raw is None:
            return web.Response(status=HTTPStatus.NOT_FOUND, text="this alert is not on this page\n")
        await feedback.write(self._kafka, raw, said)
        return web.Response(body=msgspec.json.encode(said), content_type=_JSON)


def _as_sent(event: ServerEvent | None) -> bytes:
    """A server-sent event; without an event, a comment that keeps the connection alive."""
    return b": quiet\n\n" if event is None else b"event: %s\ndata: %s\n\n" % (event.name.encode(), event.data)


def _found(body: bytes | None) -> web.Response:
    if body is None:
        raise web.HTTPNotFound(
            text="not found: it may have closed more than a day ago; `wakewatch alerts` still has it\n"
        )
    return web.Response(body=body, content_type=_JSON)
