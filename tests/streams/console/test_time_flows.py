"""Looking back, as a person does it: by keyboard alone, on a desktop and on a phone, under the rules of axe-core."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from detectors.core.alert import Alert
from streams.console.serving import Console

from .browser import chromium
from .test_console_kafka import Client
from .test_past_kafka import whole
from .test_time_browser import told
from .visits import DESKTOP, PHONE, axe, violations, visit

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(chromium() is None, reason="needs Chromium, which is not installed (apt-get install chromium)"),
]
Make = Callable[..., Alert]
Write = Callable[..., None]
Start = Callable[..., Console]
Until = Callable[[Callable[[], Any]], Any]
SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


@pytest.fixture
def running(write: Write, make: Make, started: Start, until: Until) -> Console:
    """A console that knows some hours."""
    write(*told(make))
    console = started()
    until(lambda: whole(Client(console)))
    return console


@SIZES
def test_looking_back_by_keyboard_keeps_to_wcag_22_aa(running: Console, size: tuple[int, int]) -> None:
    def script(page: Page) -> None:
        state, found = page.locator("#time-state"), dict[str, Any]()

        def judge(view: str) -> None:
            if axe() is not None:
                found[view] = violations(page)

        expect(page.locator(".time-marks i")).to_have_count(3)
        page.keyboard.press("t")
        expect(page.get_by_role("slider", name="Moment")).to_be_focused()
        judge("live")
        page.keyboard.press("ArrowLeft")
        expect(state).to_contain_text("AS OF 2024-02-04 20:10Z: what was known then")
        page.keyboard.press("Shift+ArrowLeft")
        expect(state).to_contain_text("AS OF 2024-02-04 19:20Z")
        expect(page.locator(".case")).to_have_count(2)
        judge("then")
        page.get_by_role("combobox", name="Show").focus()
        page.keyboard.press("ArrowDown")
        expect(state).to_contain_text("ABOUT 2024-02-04 19:20Z: what we know now")
        judge("now")
        page.get_by_role("combobox", name="Show").focus()
        page.keyboard.press("ArrowUp")
        expect(state).to_contain_text("AS OF 2024-02-04 19:20Z")
        page.locator(".case").first.focus()
        page.keyboard.press("[")
        expect(page.locator("#detail")).to_contain_text("Nothing can be recorded here")
        expect(state).to_contain_text("AS OF 2024-02-04 09:00Z")
        judge("case")
        page.keyboard.press("a")
        page.keyboard.press("x")
        expect(page.locator("#detail [data-kind], #detail .asked")).to_have_count(0)
        page.keyboard.press("]")
        expect(page.get_by_role("status").filter(has_text="no later alert")).to_have_count(0)
        page.keyboard.press("t")
        page.keyboard.press("End")
        expect(state).to_contain_text("LIVE 2024-02-04 20:12Z")
        assert not any(found.values()), found

    visit(running.url, script, size)


@SIZES
def test_where_motion_is_not_wanted_it_plays_in_longer_steps(running: Console, size: tuple[int, int]) -> None:
    def script(page: Page) -> None:
        page.keyboard.press("t")
        page.keyboard.press("Home")
        page.get_by_role("combobox", name="Speed").select_option("600")
        page.evaluate(
            "(() => { const slider = document.getElementById('time-slider'); window.seen = new Set();"
            " const note = () => window.seen.add(slider.getAttribute('aria-valuetext'));"
            " new MutationObserver(note).observe(slider, { attributes: true }); })()"
        )
        page.get_by_role("button", name="Play").press("Enter")
        page.wait_for_timeout(7500)
        page.get_by_role("button", name="Pause").press("Enter")
        moved = page.evaluate("document.getElementById('time-state').innerText")
        assert re.search(r"AS OF 2024-02-0[34] \d\d:\d\dZ", moved)
        steps = page.evaluate("window.seen.size")
        assert 2 <= steps <= 5, f"{steps} steps in 7.5 s"

    visit(running.url, script, size, reduced_motion="reduce")
