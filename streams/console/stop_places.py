"""``/api/stop-places``: the places where ships stop, for a layer of the map; GeoJSON, renewed every ten minutes."""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus
from typing import Final

import msgspec
from aiohttp import web

from streams.broker.stop_places import features, stop_places
from streams.errors import WakewatchError
from streams.settings.model import Settings

_KEPT_S: Final = 600.0


class StopPlacesLayer:
    """The route. One reading of the topic answers all that ask meanwhile."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._answer, self._read_s = b"", 0.0
        self._lock = asyncio.Lock()

    async def layer(self, _request: web.Request) -> web.Response:
        """A FeatureCollection; 503 with the reason if the topic cannot be read."""
        async with self._lock:
            if not self._answer or time.monotonic() - self._read_s > _KEPT_S:
                try:
                    found = await asyncio.to_thread(stop_places, self._settings)
                except WakewatchError as error:
                    return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, text=f"{error}\n")
                self._answer = msgspec.json.encode({"type": "FeatureCollection", "features": features(found)})
                self._read_s = time.monotonic()
        answer = web.Response(body=self._answer, content_type="application/geo+json")
        answer.enable_compression()
        return answer
