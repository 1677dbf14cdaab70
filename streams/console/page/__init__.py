"""The page in one piece: markup, style, script and coastlines, and the policy that allows nothing else to run."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from typing import Final, NamedTuple

SCRIPTS: Final = (
    "words.js",
    "land.js",
    "view.js",
    "chart.js",
    "map.js",
    "images.js",
    "list.js",
    "detail.js",
    "order.js",
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
)
"""Joined in this order into one script with its own scope."""


class Page(NamedTuple):
    """The response to ``/``."""

    body: bytes
    policy: str
    """Its Content-Security-Policy."""


def page() -> Page:
    """Put together from the files beside this one.

    Style and script are in the page itself and are named in the policy by their hashes: received data could not run
    there even if it were interpreted as markup.
    """
    style = _file("console.css")
    script = '"use strict";\n(() => {\n' + "\n".join(_file(name) for name in SCRIPTS) + "\n})();\n"
    body = _file("console.html")
    for mark, text in (("{{style}}", style), ("{{script}}", script), ("{{land}}", _file("land.json"))):
        body = body.replace(mark, text)
    return Page(body.encode(), _policy(style, script))


def _policy(style: str, script: str) -> str:
    rules = (
        "default-src 'none'",
        f"script-src '{_digest(script)}'",
        f"style-src '{_digest(style)}'",
        "img-src data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
    return "; ".join(rules)


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _file(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text("utf-8")
