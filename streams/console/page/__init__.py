"""The page in one piece: markup, style, script and coastlines, and the policy that allows nothing else to run."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from importlib import resources
from typing import Final, NamedTuple

from streams.console.vendor import FILES, address

SCRIPTS: Final = (
    "words.js",
    "land.js",
    "view.js",
    "chart.js",
    "map.js",
    "images.js",
    "layers.js",
    "base.js",
    "ships.js",
    "fleet.js",
    "traffic.js",
    "tracks.js",
    "list.js",
    "detail.js",
    "order.js",
    "export.js",
    "own.js",
    "work.js",
    "todo.js",
    "area.js",
    "filters.js",
    "keys.js",
    "handover.js",
    "address.js",
    "commands.js",
    "moment.js",
    "timeline.js",
    "main.js",
    "sea.js",
)
"""Joined in this order into one script with its own scope."""


class Page(NamedTuple):
    """The response to ``/``."""

    body: bytes
    policy: str
    """Its Content-Security-Policy."""


def page(tiles_url: str = "", *, traffic: bool = True) -> Page:
    """Put together from the files beside this one.

    Style and script are in the page itself and are named in the policy by their hashes: received data could not run
    there even if it were interpreted as markup. Of files only the map library is loaded, from the console itself.
    ``tiles_url``: raster tiles below the map, from the one other host that the policy then allows; empty: none.
    ``traffic``: whether there is a process to ask for all vessels.
    """
    style = _file("console.css")
    script = '"use strict";\n(() => {\n' + "\n".join(_file(name) for name in SCRIPTS) + "\n})();\n"
    body = _file("console.html")
    library, worker = map(address, FILES)
    marks = (
        ("{{style}}", style),
        ("{{script}}", script),
        ("{{land}}", _file("land.json")),
        ("{{library}}", library),
        ("{{worker}}", worker),
        ("{{tiles}}", escape(tiles_url)),
        ("{{traffic}}", "yes" if traffic else ""),
    )
    for mark, text in marks:
        body = body.replace(mark, text)
    return Page(body.encode(), _policy(style, script, _origin(tiles_url)))


def _origin(url: str) -> str:
    """Scheme, host and port; empty without an address."""
    return "/".join(url.split("/", 3)[:3]) if url else ""


def _policy(style: str, script: str, tiles: str) -> str:
    rules = (
        "default-src 'none'",
        f"script-src 'self' '{_digest(script)}'",
        "worker-src 'self'",
        f"style-src '{_digest(style)}'",
        f"img-src data: blob: {tiles}".rstrip(),
        f"connect-src 'self' {tiles}".rstrip(),
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types wakewatch-map",
    )
    return "; ".join(rules)


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _file(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text("utf-8")
