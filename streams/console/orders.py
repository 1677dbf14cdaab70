"""``/api/alerts/ID/order``: what to send to a tasking system. It only answers; nothing is sent or written."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Final

from aiohttp import web

from detectors.core.alert import Alert
from streams.console.hub import Hub
from streams.errors import ConfigError, InputError
from streams.imagery.orders import FORMATS, NoOrderError, OrderFormat, encoded, order_for
from streams.messages.values import decoded

_DIGITS_MOST: Final = 3


class Orders:
    """The route. ``?format=`` is one of FORMATS, ``geojson`` if missing; ``?pass=`` a pass, counted from 1."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def order(self, request: web.Request) -> web.Response:
        """The order as JSON. 400: no such format or pass, 404: no such alert or nothing to order, 422: unreadable."""
        raw = self._hub.alert(request.match_info["id"])
        if raw is None:
            return _refused(HTTPStatus.NOT_FOUND, "this alert is not on this page")
        kind = next((one for one in FORMATS if one == request.query.get("format", FORMATS[0])), None)
        number = request.query.get("pass", "")
        if kind is None or (number and not (number.isascii() and number.isdigit() and len(number) <= _DIGITS_MOST)):
            return _refused(HTTPStatus.BAD_REQUEST, f"format is one of {', '.join(FORMATS)}; pass is a number from 1")
        try:  # the first order loads the coastlines, 0.3 s: the other requests do not wait for it
            body = await asyncio.to_thread(_made, raw, kind, int(number) if number else None)
        except ConfigError as error:
            return _refused(HTTPStatus.BAD_REQUEST, str(error))
        except NoOrderError as error:
            return _refused(HTTPStatus.NOT_FOUND, str(error))
        except InputError as error:
            return _refused(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
        content_type = "application/geo+json" if kind == "geojson" else "application/json"
        return web.Response(body=body, content_type=content_type)


def _made(raw: bytes, kind: OrderFormat, number: int | None) -> bytes:
    return encoded(order_for(decoded(raw, Alert), kind, number), indented=True)


def _refused(status: HTTPStatus, said: str) -> web.Response:
    return web.Response(status=status, text=f"{said}\n")
