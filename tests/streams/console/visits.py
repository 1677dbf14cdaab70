"""A person at the page: Chromium driven by playwright, on a desktop and on a phone, and the rules of axe-core.

playwright's own browsers are not needed: the system's Chromium is used. axe-core is an npm package, pinned in
``tests/axe``; it is fetched once, and tests that need it say so where it cannot be.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page, sync_playwright

from .browser import chromium

AXE: Final = Path(__file__).parents[2] / "axe"
RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
DESKTOP, PHONE = (1280, 720), (390, 844)
PATIENCE_MS: Final = 60_000
_ALLOWED: Final = re.compile(
    r"Failed to load resource: the server responded with a status of 4\d\d|.*GPU stall due to ReadPixels"
)
_RUN: Final = """async (rules) => {
  const found = await axe.run(document, { runOnly: { type: "tag", values: rules } });
  const where = (node) => `${node.target}: ${(node.failureSummary || "").split("\\n").slice(1, 3).join(" ")}`;
  return found.violations.map((one) => `${one.id}: ${one.help}; ${one.nodes.slice(0, 5).map(where).join(" | ")}`);
}"""
Visit = Callable[[Page], None]


class PageError(AssertionError):
    """What the page reported while it was visited."""


@contextmanager
def opened(url: str, size: tuple[int, int], **more: Any) -> Iterator[Page]:
    """A fresh browser with one page. Fails if the page reports an error, or asks another host for anything."""
    phone = size == PHONE
    with sync_playwright() as player:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = player.chromium.launch(executable_path=chromium(), args=flags)
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            device_scale_factor=2 if phone else 1,
            is_mobile=phone,
            has_touch=phone,
            permissions=["clipboard-read", "clipboard-write"],
            **more,
        )
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if said.type in {"error", "warning"} else None)
        page.goto(url)
        yield page
        browser.close()
        faults = [fault for fault in faults if not _ALLOWED.match(fault)]
        if faults:
            raise PageError("\n".join(faults))


def visit(url: str, script: Visit, size: tuple[int, int] = DESKTOP, **more: Any) -> None:
    """Runs ``script`` on the page, in a thread of its own: playwright keeps an event loop in the one that it is in."""

    def run() -> None:
        with opened(url, size, **more) as page:
            script(page)

    with ThreadPoolExecutor(1) as thread:
        thread.submit(run).result()


@cache
def axe() -> str | None:
    """axe-core as a script; None where it is neither there nor to be had."""
    script = AXE / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists() and shutil.which("npm"):
        fetch = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(AXE)]
        subprocess.run(fetch, check=False, capture_output=True, timeout=300)
    return script.read_text("utf-8") if script.exists() else None


def violations(page: Page) -> list[str]:
    """What axe-core's rules of WCAG 2.2, levels A and AA, find on the page as it is: rule, and where."""
    source = axe()
    assert source is not None
    page.evaluate(source + "; null")
    return [str(one) for one in page.evaluate(_RUN, RULES)]
