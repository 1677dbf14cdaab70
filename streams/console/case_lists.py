"""``/api/alerts.csv`` and ``/api/alerts.geojson``: the cases of ``/api/alerts`` with the same query, as files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Final

import msgspec
from aiohttp import web

from streams.console.cases import CaseSummary, Overview
from streams.export.alert_rows import position_cells, vessel_cells
from streams.export.tables import CSV_TYPE, GEOJSON_TYPE, Row, csv_of, geojson_of

_Ask = Callable[[web.Request], Awaitable[web.StreamResponse]]
LEFT_OUT: Final = "Wakewatch-Left-Out"
"""Header with the number of matching open cases that are not in the file."""
_NONE: Final = CaseSummary(
    case_id="", severity="log", open=0, alerts=0, detectors=(), headline="", lead="", since="", time="", verification=""
)


class CaseLists:
    """The routes. ``overview`` answers ``/api/alerts``: its filters count here too."""

    def __init__(self, overview: _Ask) -> None:
        self._overview = overview

    async def csv(self, request: web.Request) -> web.StreamResponse:
        """A line for each case, in the order of the page."""
        return await self._made(request, lambda cases: csv_of(case_row(_NONE), map(case_row, cases)), CSV_TYPE)

    async def geojson(self, request: web.Request) -> web.StreamResponse:
        """A feature for each case, where it was last heard."""

        def made(cases: Sequence[CaseSummary]) -> bytes:
            return geojson_of((one.position, case_row(one)) for one in cases)

        return await self._made(request, made, GEOJSON_TYPE)

    async def _made(
        self, request: web.Request, form: Callable[[Sequence[CaseSummary]], bytes], kind: str
    ) -> web.StreamResponse:
        answer = await self._overview(request)
        if answer.status != HTTPStatus.OK or not isinstance(answer, web.Response):
            return answer
        assert isinstance(answer.body, bytes)
        overview = msgspec.json.decode(answer.body, type=Overview)
        made = _file(form(overview.cases), kind)
        if overview.more:  # the list of the page has a limit, and so has the file
            made.headers[LEFT_OUT] = str(overview.more)
        return made


def case_row(case: CaseSummary) -> Row:
    """A case. Times are UTC: event time, but wall clock for feedback."""
    word = case.word
    return {
        "case_id": case.case_id,
        "severity": case.severity,
        "open_alerts": case.open,
        "alerts": case.alerts,
        "detectors": " ".join(case.detectors),
        "headline": case.headline,
        "since_utc": case.since,
        "time_utc": case.time,
        "verification": case.verification,
        "mmsi": case.mmsi,
        **vessel_cells(case.vessel),
        **position_cells(case.position),
        "waiting_alerts": case.waiting,
        "assigned_to": case.assigned or None,
        "notes": case.notes,
        "feedback": None if word is None else word.kind,
        "feedback_reason": None if word is None else word.reason,
        "feedback_by": None if word is None else word.by,
        "feedback_note": None if word is None else word.note,
        "feedback_time_utc": None if word is None else word.time,
        "lead_alert_id": case.lead,
        "replayed": case.replayed,
    }


def _file(body: bytes, kind: str) -> web.Response:
    name = "wakewatch-alerts.csv" if kind == CSV_TYPE else "wakewatch-alerts.geojson"
    answer = web.Response(body=body, content_type=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    if kind == CSV_TYPE:
        answer.charset = "utf-8"
    return answer
