"""Own ships and areas by keyboard alone, on a desktop and on a phone, and WCAG 2.2 AA with the form open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from detectors.core.alert import Alert, Vessel
from streams.console.serving import Console

from .browser import chromium
from .test_console_kafka import Client

pytest.importorskip("playwright", reason="needs playwright (pip install playwright)")
from playwright.sync_api import Page, expect

from .visits import DESKTOP, PHONE, axe, violations, visit

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(chromium() is None, reason="needs Chromium, which is not installed (apt-get install chromium)"),
]
expect.set_options(timeout=60_000)
HOSTILE = "<img onerror=1>"


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_ship_and_an_area_are_watched_by_keyboard_alone(
    write: Callable[..., None],
    make: Callable[..., Alert],
    started: Callable[..., Console],
    until: Callable[[Callable[[], Any]], Any],
    size: tuple[int, int],
) -> None:
    write(make(vessel=Vessel(name=HOSTILE, imo=9_179_842)))
    running = started()
    until(Client(running).ready)

    def script(page: Page) -> None:
        own, press = page.locator("#own"), page.keyboard.press
        summary = own.locator("summary")
        summary.focus()
        press("Enter")
        expect(own.get_by_label("Name of the area")).to_be_visible()
        own.get_by_label("Added by").focus()
        page.keyboard.type("Kim")
        own.get_by_label("Name of the area").focus()
        page.keyboard.type("Anchorage K")
        own.get_by_label("Corners").focus()
        for corner in ("42-00.0N 130-00.0E", "42.0 130.5", "42-30.0N 130-30.0E"):
            page.keyboard.type(corner)
            press("Enter")
        if axe() is not None:
            assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "no horizontal scrolling"
        own.get_by_role("button", name="Watch this area").focus()
        press("Enter")
        expect(own).to_contain_text("Anchorage K (watched)")
        page.locator(".case").first.focus()
        press("Enter")
        watch = page.get_by_role("button", name="Watch this ship")
        watch.focus()
        press("Enter")
        expect(page.locator("#detail")).to_contain_text("On the own list: added by Kim")
        assert page.evaluate("document.querySelectorAll('img').length") == 0
        if axe() is not None:
            assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    visit(running.url, script, size)
