"""The desktop is told of a new page, in a real Chromium: once, only when asked to, and a click opens the case."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from detectors.core.alert import Alert
from streams.console.serving import Console

from .browser import Tab, chromium, tab

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(chromium() is None, reason="needs Chromium, which is not installed (apt-get install chromium)"),
]
Make = Callable[..., Alert]
Write = Callable[..., None]
Start = Callable[..., Console]
LISTENS = """
window.told = [];
window.Notification = new Proxy(window.Notification, {
  construct(real, given) {
    const made = new real(...given);
    window.told.push({ title: made.title, body: made.body, tag: made.tag, made });
    return made;
  },
});
"""
"""The browser's own notifications, noted as they are made."""
ROWS = "[...document.querySelectorAll('.case')]"


def test_the_desktop_is_told_of_a_new_page_when_asked_to_and_a_click_opens_it(
    make: Make, write: Write, started: Start, tmp_path: Path
) -> None:
    write(make("a", severity="ticket"))
    running = started()

    def of(letter: str, number: int, severity: str) -> Alert:
        return make(
            letter,
            severity=severity,
            mmsi=number,
            subject=f"mmsi/{number}",
            case_id=f"mmsi/{number}",
            headline=f"SHIP {number} silent 1 h",
        )

    async def look(page: Tab) -> None:
        await page.open(running.url)
        await page.send("Browser.grantPermissions", permissions=["notifications"], origin=running.url.rstrip("/"))
        await page.until(f"document.readyState === 'complete' && {ROWS}.length === 1")
        await page.evaluate(LISTENS)
        assert await page.evaluate("Notification.permission") == "granted"
        write(of("b", 205_000_001, "page"))  # nobody has asked yet
        await page.until(f"{ROWS}.length === 2")
        await page.evaluate("document.getElementById('bell').click()")
        write(of("c", 205_000_002, "ticket"), of("d", 205_000_003, "page"))
        await page.until(f"{ROWS}.length === 4 && window.told.length")
        write(
            of("e", 205_000_004, "log"),
            make(
                "d",
                revision=2,
                severity="page",
                mmsi=205_000_003,
                subject="mmsi/205000003",
                case_id="mmsi/205000003",
                headline="SHIP 205000003 silent 2 h",
            ),
        )
        await page.until("document.body.innerText.includes('silent 2 h')")
        told = await page.evaluate("window.told.map(({ title, body, tag }) => [title, body, tag])")
        assert told == [["wakewatch: new page", "SHIP 205000003 silent 1 h", "mmsi/205000003"]]
        await page.evaluate("window.told[0].made.dispatchEvent(new Event('click'))")
        await page.until("document.getElementById('detail').innerText.includes('SHIP 205000003')")
        assert page.errors == []

    async def run() -> None:
        async with tab(tmp_path) as page:
            await look(page)

    asyncio.run(run())
