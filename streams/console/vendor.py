"""The map library that the console serves: MapLibre GL JS, from its npm package (deploy/maplibre/renew.py)."""

from __future__ import annotations

import gzip
import hashlib
from importlib import resources
from typing import Final

from aiohttp import web

FILES: Final = ("maplibre-gl-csp.js", "maplibre-gl-csp-worker.js")
"""The library, and the worker that it starts."""
FOR_EVER: Final = "public, max-age=31536000, immutable"
"""The address of a file has its hash."""


def read(name: str) -> bytes:
    """A file as it is in the package."""
    return resources.files("streams.console.page").joinpath("vendor", name).read_bytes()


def address(name: str) -> str:
    """Where the page asks for a file; another version has another address, so that a browser may keep it."""
    return f"/vendor/{name}?v={hashlib.sha256(read(name)).hexdigest()[:16]}"


class Vendor:
    """The route."""

    def __init__(self) -> None:
        self._packed = {name: gzip.compress(read(name), mtime=0) for name in FILES}

    async def file(self, request: web.Request) -> web.Response:
        """One file, packed."""
        body = self._packed.get(request.match_info["name"])
        if body is None:
            raise web.HTTPNotFound
        headers = {"Content-Encoding": "gzip"}
        return web.Response(body=body, content_type="text/javascript", charset="utf-8", headers=headers)
