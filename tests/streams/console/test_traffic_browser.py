"""A real browser shows all vessels, with WebGL and without, and says what it cannot show."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from detectors.core.alert import Alert
from streams.broker.clients import producer
from streams.console.serving import Console, console
from streams.messages.log_records import H_EVENT_TO, H_KIND, H_SOURCE, KIND_SENTENCES, partition_of
from streams.messages.topics import SENTENCES
from streams.settings.model import ConsoleSettings, KafkaSettings, Settings
from streams.settings.traffic import TrafficSettings
from streams.traffic.serving import traffic_server
from tests.streams.traffic.test_traffic_kafka import lines

from .browser import Tab, chromium, tab

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(chromium() is None, reason="needs Chromium, which is not installed (apt-get install chromium)"),
]
Make = Callable[..., Alert]
Write = Callable[..., None]
Run = Callable[..., Console]
SHIP, CROWD = 273_999_001, 40
CARD, NOTES = "document.getElementById('ship')", "document.getElementById('map-notes')"


@pytest.fixture
def run(kafka_settings: KafkaSettings, write: Write, make: Make) -> Iterator[Run]:
    """Writes one lone ship and a crowd to the log, and starts the console with traffic beside it, or without."""
    write(make(id="a", mmsi=SHIP, severity="ticket"))
    now = time.time()
    crowd = [(205_000_000 + n, 36.0 + n / 400, 133.0 + (n % 7) / 100) for n in range(CROWD)]
    sender = producer(kafka_settings)
    for ago_s in (1500, 900, 300):
        for mmsi, lat, lon in [(SHIP, 34.0 - ago_s / 10_000, 130.0), *crowd]:
            at_s = now - ago_s
            head = [(H_KIND, KIND_SENTENCES), (H_SOURCE, b"feed"), (H_EVENT_TO, b"%d" % (at_s * 1000))]
            value, part = lines(mmsi, at_s, lat, lon), partition_of(mmsi, kafka_settings.partitions)
            sender.send(kafka_settings.topic_prefix + SENTENCES, value=value, headers=head, partition=part)
    sender.flush(20)
    sender.close()
    with ExitStack() as stack:

        def run(*, traffic: bool = True) -> Console:
            url = "http://127.0.0.1:1"
            if traffic:
                given = Settings(kafka=kafka_settings, traffic=TrafficSettings(port=0))
                url = stack.enter_context(traffic_server(given)).url
            settings = Settings(kafka=kafka_settings, console=ConsoleSettings(port=0, traffic_url=url))
            return stack.enter_context(console(settings, ()))

        yield run


def browse(
    running: Console,
    home: Path,
    script: Callable[[Tab], object],
    *,
    webgl: bool,
    forced: bool = True,
    at: str = "34,130,9",
) -> Tab:
    """Opens the page at a place of the map and runs ``script`` (a coroutine function) on it.

    ``webgl``: the browser offers it, made by the processor; ``forced``: the page is told to use it all the same.
    """

    async def opened() -> Tab:
        async with tab(home, webgl=webgl) as page:
            if webgl and forced:
                await page.open(f"{running.url}healthz")
                await page.until("document.readyState === 'complete'")
                await page.evaluate("localStorage.setItem('graphics', 'always')")
            await page.open(f"{running.url}#at={at}")
            await page.until("document.readyState === 'complete' && document.querySelectorAll('.case').length")
            await script(page)  # type: ignore[misc]
            return page

    return asyncio.run(opened())


async def middle(page: Tab) -> tuple[float, float]:
    """The middle of the map, pixels of the page."""
    box = "document.getElementById('map').getBoundingClientRect()"
    return tuple(await page.evaluate(f"[{box}.left + {box}.width / 2, {box}.top + {box}.height / 2]"))  # type: ignore[return-value]


def test_webgl_by_the_processor_is_left_alone(run: Run, tmp_path: Path) -> None:
    running = run()

    async def script(page: Tab) -> None:
        await page.until("document.querySelector('#layers summary').innerText === 'Layers (simple map)'")
        assert await page.evaluate("document.querySelector('#base canvas') === null")

    assert browse(running, tmp_path, script, webgl=True, forced=False).errors == []


@pytest.mark.parametrize("webgl", [True, False], ids=["with WebGL", "without WebGL"])
def test_a_vessel_is_shown_and_its_track(run: Run, tmp_path: Path, webgl: bool) -> None:
    running = run()

    async def script(page: Tab) -> None:
        if webgl:
            await page.until(
                "document.querySelector('#base canvas') && !document.getElementById('map-notes').innerText"
            )
        else:
            await page.until("document.querySelector('#layers summary').innerText === 'Layers (simple map)'")
            note = "document.getElementById('graphics-note').textContent"
            assert "no graphics card for WebGL" in await page.evaluate(note)
        x, y = await middle(page)
        deadline = time.monotonic() + 60
        while not await page.evaluate(f"!{CARD}.hidden"):  # the vessel is there once it is clicked
            assert time.monotonic() < deadline, await page.evaluate(f"{NOTES}.innerText")
            await page.click(x, y + 15)
            await asyncio.sleep(0.5)
        await page.until(f"{CARD}.innerText.includes('heard under 1 min ago by pier')")
        said = await page.evaluate(f"{CARD}.innerText")
        for words in (f"MMSI {SHIP}", "33-58.2N 130-00.0E", "12 kn", "Show track", "Open its case"):
            assert words in said, said
        await page.evaluate(f"[...{CARD}.querySelectorAll('button')].find((b) => b.innerText === 'Show track').click()")
        await page.until(f"{CARD}.innerText.includes('within 50 m of each report')")
        await page.evaluate(
            f"[...{CARD}.querySelectorAll('button')].find((b) => b.innerText === 'Open its case').click()"
        )
        await page.until("!document.getElementById('detail').hidden")
        await page.until("!document.getElementById('whole-track').hidden")
        await page.evaluate("document.getElementById('whole-track').click()")
        await page.until(f"{NOTES}.innerText.includes('Track from ')")
        await page.evaluate(f"{CARD}.querySelector('.close').click()")
        await page.until(f"{CARD}.hidden")

    page = browse(running, tmp_path, script, webgl=webgl)
    assert [error for error in page.errors if "GL Driver Message" not in error] == []
    assert all(url.startswith((running.url, "data:")) for url in page.requests), page.requests


def test_a_vessel_is_chosen_by_keyboard(run: Run, tmp_path: Path) -> None:
    running = run()

    async def script(page: Tab) -> None:
        await page.evaluate("document.getElementById('map').focus()")
        deadline = time.monotonic() + 60
        while not await page.evaluate(f"!{CARD}.hidden"):
            assert time.monotonic() < deadline
            await page.press("Enter", 13)
            await asyncio.sleep(0.5)
        await page.until("document.activeElement.innerText === 'Show track'")
        assert f"MMSI {SHIP}" in await page.evaluate(f"{CARD}.innerText")
        await page.press("Escape", 27)
        await page.until(f"{CARD}.hidden && document.activeElement.id === 'map'")

    assert browse(running, tmp_path, script, webgl=False).errors == []


def test_crowded_vessels_are_one_group_that_opens(run: Run, tmp_path: Path) -> None:
    running = run()

    async def script(page: Tab) -> None:
        x, y = await middle(page)
        await page.until("performance.getEntriesByType('resource').some((one) => one.name.includes('traffic/vessels'))")
        tip = "document.getElementById('tip')"
        deadline = time.monotonic() + 60
        while not await page.evaluate(f"!{tip}.hidden && {tip}.innerText.includes('{CROWD} vessels')"):
            assert time.monotonic() < deadline
            for dx in (0, 1):
                await page.send("Input.dispatchMouseEvent", type="mouseMoved", x=x + dx, y=y)
            await asyncio.sleep(0.5)
        before = await page.evaluate("location.hash")
        await page.click(x, y)
        await page.until(f"location.hash !== '{before}'")

    assert browse(running, tmp_path, script, webgl=False, at="36.05,133.03,5").errors == []


def test_without_the_traffic_process_the_cases_are_there_and_one_line_says_so(run: Run, tmp_path: Path) -> None:
    running = run(traffic=False)

    async def script(page: Tab) -> None:
        await page.until(f"{NOTES}.innerText.includes('`wakewatch traffic` does not answer at http://127.0.0.1:1')")
        assert await page.evaluate("document.querySelectorAll('.case').length") == 1
        await page.evaluate("document.querySelector('#layer-list input').click()")
        await page.until(f"!{NOTES}.innerText.includes('wakewatch traffic')")

    errors = browse(running, tmp_path, script, webgl=False).errors
    assert all("503" in error for error in errors), errors


def test_at_an_earlier_moment_vessels_are_where_they_were(run: Run, tmp_path: Path) -> None:
    running, then = run(), datetime.fromtimestamp(time.time() - 1000, UTC)

    async def script(page: Tab) -> None:
        await page.until("document.getElementById('time-state').innerText.startsWith('AS OF')")
        x, y = await middle(page)
        deadline = time.monotonic() + 60
        while not await page.evaluate(f"!{CARD}.hidden"):
            assert time.monotonic() < deadline, await page.evaluate(f"{NOTES}.innerText")
            await page.click(x, y)
            await asyncio.sleep(0.5)
        assert f"MMSI {SHIP}" in await page.evaluate(f"{CARD}.innerText")
        await page.evaluate(f"{CARD}.querySelector('.close').click()")
        await page.evaluate("document.getElementById('time-live').click()")
        await page.until("document.getElementById('time-state').innerText.startsWith('LIVE')")
        await asyncio.sleep(2)
        await page.click(x, y)
        assert await page.evaluate(f"{CARD}.hidden"), "by now it is somewhere else"

    at = f"33.9,130,10&t={then:%Y-%m-%dT%H:%M:%SZ}"
    page = browse(running, tmp_path, script, webgl=False, at=at)
    assert [error for error in page.errors if "404" not in error] == []
    asked = [url for url in page.requests if "/api/traffic/" in url]
    assert any("/api/traffic/at?time=" in url for url in asked) and "/vessels?since=" in asked[-1]
