"""The runbook as a page of the console, so that the link in an alert about wakewatch itself opens.

``/runbook#wakewatchabsent`` is the paragraph of the rule WakewatchAbsent. The text is ``deploy/RUNBOOK.md``, which the
wheel carries beside this module.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final, NamedTuple

from markdown_it import MarkdownIt

_NAME: Final = "RUNBOOK.md"
_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}"
    "h3{margin-top:2rem}h3:target{background:#fe8}code{background:#eee;padding:0 .2em}"
    "table{border-collapse:collapse;font-size:14px}td,th{border:1px solid #ccc;padding:.2em .5em}"
)


class Document(NamedTuple):
    """The response to ``/runbook``."""

    body: bytes
    policy: str
    """Its Content-Security-Policy: its own style, nothing else."""


@cache
def document() -> Document:
    """The runbook in HTML; each heading has its text in small letters as its anchor."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(_text())
    for opening, inline in itertools.pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", inline.content.lower().replace(" ", "-"))
    html = reader.renderer.render(tokens, reader.options, {})
    head = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>wakewatch runbook</title><style>{_STYLE}</style>'
    )
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'"
    return Document((head + html).encode(), policy)


def _text() -> str:
    shipped = resources.files("streams.console").joinpath(_NAME)
    if shipped.is_file():
        return shipped.read_text("utf-8")
    return (Path(__file__).parents[2] / "deploy" / _NAME).read_text("utf-8")  # in a checkout
