"""The slider in a real Chromium: what was known, what is known now, keys, links, and new pages meanwhile."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from detectors.core.alert import Alert, Vessel
from streams.console.serving import Console

from .browser import Tab, chromium, tab
from .conftest import position

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(chromium() is None, reason="needs Chromium, which is not installed (apt-get install chromium)"),
]
Make = Callable[..., Alert]
Write = Callable[..., None]
Start = Callable[..., Console]
ROWS = "[...document.querySelectorAll('.case')]"
STATE = "document.getElementById('time-state').innerText"
SLIDER = "document.getElementById('time-slider')"
BACK, LATER, NOW = "2024-02-04T12:12:00.000Z", "2024-02-04T09:00:00.000Z", "2024-02-04T20:12:00.000Z"


def told(make: Make) -> list[Alert]:
    """A silence of seven hours, another ship in the meantime, and a third one that is open at the end."""
    details = {**make().details, "reappeared_at": BACK}
    closed = make(revision=2, status="closed", time=BACK, position=position(42.7, 132.2, BACK), details=details)
    other = make("b", severity="ticket", case_id="mmsi/2", mmsi=2, vessel=Vessel(name="OTHER"), headline="OTHER heard")
    last = make("c", case_id="mmsi/3", mmsi=3, vessel=Vessel(name="LAST"), headline="LAST silent 1 h")
    return [make(), closed, _at(other, LATER), _at(last, NOW)]


def _at(alert: Alert, time: str) -> Alert:
    fields = {name: getattr(alert, name) for name in alert.__struct_fields__}
    return Alert(**{**fields, "time": time, "episode_start": time, "position": position(10.0, 70.0, time)})


def browse(running: Console, home: Path, script: Callable[[Tab], object], *, phone: bool = False, to: str = "") -> Tab:
    async def run() -> Tab:
        async with tab(home) as opened:
            width, height = (390, 844) if phone else (1280, 720)
            await opened.open(running.url + to, width, height, mobile=phone)
            await opened.until(
                "document.readyState === 'complete' && document.querySelectorAll('.time-marks i').length"
            )
            await script(opened)  # type: ignore[misc]
            return opened

    return asyncio.run(run())


def names(*wanted: str) -> str:
    """A script that is true when exactly these ships are listed, in this order."""
    return f"{ROWS}.map((row) => row.dataset.case).join() === '{','.join(wanted)}'"


def test_the_past_is_shown_as_it_was_known_and_as_it_is_known_now(
    make: Make, write: Write, started: Start, tmp_path: Path
) -> None:
    write(*told(make))

    async def script(page: Tab) -> None:
        assert "LIVE 2024-02-04 20:12Z: what is known now" in await page.evaluate(STATE)
        assert await page.evaluate("document.querySelectorAll('.time-marks i').length") == 3
        await page.evaluate("location.hash = '#t=2024-02-04T10:00:00Z'")
        await page.until(names("imo/9179842", "mmsi/2"))
        assert "AS OF 2024-02-04 10:00Z: what was known then" in await page.evaluate(STATE)
        assert "▲ 1 page ◆ 1 ticket" in await page.evaluate(STATE)
        assert "silent 5 h 48 min" in await page.evaluate(f"{ROWS}[0].innerText"), "by the clock of the moment"
        assert "20:12" in await page.evaluate("document.getElementById('clock').innerText"), "the header is the present"
        await page.evaluate(f"{ROWS}[0].click()")
        await page.until("document.getElementById('detail').innerText.includes('revision 1')")
        said = await page.evaluate("document.getElementById('detail').innerText")
        assert "Nothing can be recorded here: this is the view of an earlier moment" in said
        assert await page.evaluate("document.querySelectorAll('#detail [data-kind]').length") == 0
        await page.evaluate(
            "(() => { const box = document.getElementById('time-known'); box.value = 'now';"
            " box.dispatchEvent(new Event('change')); })()"
        )
        await page.until("document.getElementById('detail').innerText.includes('revision 2')")
        assert "ABOUT 2024-02-04 10:00Z: what we know now" in await page.evaluate(STATE)
        await page.until("document.getElementById('cases').innerText.toLowerCase().includes('ended since (1)')")
        assert "t=2024-02-04T10:00:00Z&known=now" in await page.evaluate("location.hash")
        await page.evaluate("document.getElementById('time-live').click()")
        await page.until("document.querySelectorAll('#detail [data-kind]').length && !/[#&]t=/.test(location.hash)")
        await page.until("document.getElementById('time-state').innerText.includes('LIVE')")

    assert browse(started(), tmp_path, script).errors == []


def test_keys_step_and_play(make: Make, write: Write, started: Start, tmp_path: Path) -> None:
    write(*told(make))

    async def script(page: Tab) -> None:
        await page.evaluate(f"{SLIDER}.focus()")
        await page.press("ArrowLeft", 37)
        await page.until(f"{STATE}.includes('AS OF 2024-02-04 20:10Z')")
        await page.press("ArrowLeft", 37)
        await page.until(f"{STATE}.includes('AS OF 2024-02-04 20:05Z')")
        assert "AS OF 2024-02-04 20:05Z" in await page.evaluate(f"{SLIDER}.getAttribute('aria-valuetext')")
        await page.send(
            "Input.dispatchKeyEvent", type="keyDown", key="ArrowLeft", windowsVirtualKeyCode=37, modifiers=8
        )
        await page.until(f"{STATE}.includes('AS OF 2024-02-04 19:15Z')")
        await page.press("Home", 36)
        await page.until(f"{STATE}.includes('AS OF 2024-02-03 20:12Z')")
        await page.until(f"{ROWS}.length === 0")
        assert "The log begins 2024-02-04 05:12Z" in await page.evaluate(STATE)
        await page.evaluate("document.getElementById('time-speed').value = '600'")
        await page.evaluate("document.getElementById('time-speed').dispatchEvent(new Event('change'))")
        await page.press(" ", 32)
        await page.until("document.getElementById('time-play').getAttribute('aria-label') === 'Pause'")
        await page.until(f"!{STATE}.includes('20:12Z')")
        await page.press(" ", 32)
        await page.until("document.getElementById('time-play').getAttribute('aria-label') === 'Play'")
        assert "paused" in await page.evaluate("document.getElementById('time-told').innerText")
        await page.press("End", 35)
        await page.until(f"{STATE}.includes('LIVE') && {ROWS}.length === 3")

    assert browse(started(), tmp_path, script).errors == []


def test_one_goes_from_alert_to_alert_and_plays_to_the_present(
    make: Make, write: Write, started: Start, tmp_path: Path
) -> None:
    write(*told(make))

    async def script(page: Tab) -> None:
        await page.evaluate("document.getElementById('time-before').focus()")
        for moment, case in (("09:00Z", "mmsi/2"), ("05:12Z", "imo/9179842")):
            await page.evaluate("document.activeElement.click()")
            await page.until(f"{STATE}.includes('AS OF 2024-02-04 {moment}')")
            await page.until(f"decodeURIComponent(location.hash).includes('case={case}')")
        assert await page.evaluate("document.activeElement.id") == "time-before", "the next step is one key away"
        await page.evaluate("document.activeElement.click()")
        await page.until("document.getElementById('time-told').innerText.includes('no earlier alert')")
        await page.evaluate("document.getElementById('time-after').click()")
        await page.until(f"{STATE}.includes('AS OF 2024-02-04 09:00Z')")
        await page.evaluate("location.hash = '#t=2024-02-04T20:10:00Z'")
        await page.until(f"{STATE}.includes('20:10Z') && {ROWS}.length === 2")
        await page.evaluate("document.getElementById('time-speed').value = '60'")
        await page.evaluate("document.getElementById('time-speed').dispatchEvent(new Event('change'))")
        await page.evaluate("document.getElementById('time-play').click()")
        await page.until(f"{STATE}.includes('LIVE') && {ROWS}.length === 3")

    assert browse(started(), tmp_path, script).errors == []


def test_a_new_page_is_announced_to_those_who_look_at_the_past(
    make: Make, write: Write, started: Start, tmp_path: Path
) -> None:
    write(*told(make))
    news = "2024-02-04T20:30:00.000Z"
    new = _at(make("d", case_id="mmsi/4", mmsi=4, vessel=Vessel(name="FRESH"), headline="FRESH silent 1 h"), news)

    async def script(page: Tab) -> None:
        await page.until(names("mmsi/3", "mmsi/2", "imo/9179842"))
        await page.evaluate("location.hash = '#t=2024-02-04T10:00:00Z'")
        await page.until(names("imo/9179842", "mmsi/2"))
        write(new)
        await page.until(
            "document.getElementById('time-news').innerText.includes('New page while this shows the past')"
        )
        assert "FRESH silent 1 h" in await page.evaluate("document.getElementById('time-news').innerText")
        assert await page.evaluate(names("imo/9179842", "mmsi/2")), "the past is as it was"
        assert (await page.evaluate("document.title")).startswith("▲2"), "the title is the present"
        await page.evaluate("document.getElementById('time-show-page').click()")
        await page.until("document.getElementById('detail').innerText.includes('FRESH')")
        assert "LIVE" in await page.evaluate(STATE)
        assert await page.evaluate("document.getElementById('time-news').hidden")

    assert browse(started(), tmp_path, script).errors == []


def test_a_link_leads_to_case_and_moment_and_a_wrong_one_to_the_present(
    make: Make, write: Write, started: Start, tmp_path: Path
) -> None:
    write(*told(make))

    async def script(page: Tab) -> None:
        await page.until("document.getElementById('detail').innerText.includes('revision 1')")
        assert "AS OF 2024-02-04 06:00Z" in await page.evaluate(STATE)
        await page.evaluate("location.hash = '#case=mmsi/3&t=2024-02-04T06:00:00Z'")
        await page.until("document.getElementById('detail').innerText.includes('Nothing was known of mmsi/3')")
        for wrong in ("yesterday", "2024-13-01T00:00:00Z", "%3Cimg%20src=x%20onerror=alert(1)%3E"):
            await page.evaluate(f"location.hash = '#t={wrong}'")
            await page.until(f"{STATE}.includes('LIVE') && {STATE}.includes('the time in the address is not one')")
        await page.evaluate("location.hash = '#t=2033-01-01T00:00:00Z'")
        await page.until(f"{STATE}.includes('LIVE') && {ROWS}.length === 3")
        await page.evaluate("location.hash = '#t=1970-01-01T00:00:00Z'")
        await page.until(f"{ROWS}.length === 0 && {STATE}.includes('The log begins')")

    page = browse(started(), tmp_path, script, to="#case=imo/9179842&t=2024-02-04T06:00:00Z")
    assert [error for error in page.errors if "404" not in error] == []  # of a case that was not known then


def test_a_recording_has_its_own_clock(make: Make, write: Write, started: Start, tmp_path: Path) -> None:
    alerts = [_of_recording(one) for one in told(make)]
    write(*alerts)

    async def script(page: Tab) -> None:
        assert "NOW 2024-02-04 20:12Z: the end of what was read" in await page.evaluate(STATE)
        await page.evaluate(f"{SLIDER}.focus()")
        await page.press("ArrowLeft", 37)
        await page.until(f"{STATE}.includes('AS OF 2024-02-04 20:10Z')")

    assert browse(started(), tmp_path, script).errors == []


def _of_recording(alert: Alert) -> Alert:
    return Alert(**{**{name: getattr(alert, name) for name in alert.__struct_fields__}, "replayed": True})


def test_it_fits_a_phone_and_a_thumb(make: Make, write: Write, started: Start, tmp_path: Path) -> None:
    write(*told(make))

    async def script(page: Tab) -> None:
        await page.until(f"{ROWS}.length === 3")
        assert await page.evaluate("document.documentElement.scrollWidth <= 390")
        assert await page.evaluate("document.getElementById('time').getBoundingClientRect().height <= 60")
        await page.evaluate("document.getElementById('time-open').click()")
        assert await page.evaluate("document.getElementById('time-open').getAttribute('aria-expanded')") == "true"
        sizes = await page.evaluate(
            "[...document.querySelectorAll('#time button, #time select')].map((one) => one.getBoundingClientRect())"
            ".filter((box) => box.width).map((box) => [box.width, box.height])"
        )
        assert len(sizes) == 7 and all(width >= 44 and height >= 44 for width, height in sizes), sizes
        right = await page.evaluate("document.getElementById('time-live').getBoundingClientRect().right")
        assert right <= 390
        bottom = await page.evaluate("document.getElementById('time').getBoundingClientRect().bottom")
        assert bottom <= 844
        await page.evaluate("document.getElementById('time-before').click()")
        await page.until(f"{STATE}.includes('AS OF') && !document.getElementById('detail').hidden")
        top = await page.evaluate("document.getElementById('time').getBoundingClientRect().top")
        panel = await page.evaluate("document.getElementById('detail').getBoundingClientRect().bottom")
        assert panel <= top + 1, "the case does not cover the line of time"

    assert browse(started(), tmp_path, script, phone=True).errors == []
