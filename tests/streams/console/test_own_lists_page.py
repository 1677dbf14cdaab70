"""Own ships and areas on the page: added by an admin, in force at a marker, shown with the author, and removed."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from detectors.core.alert import Alert
from streams.console.serving import Console
from streams.reference.library import read_versions
from streams.settings.model import KafkaSettings

from .browser import Tab, chromium, tab
from .test_console_kafka import Client

Make = Callable[..., Alert]
Write = Callable[..., None]
Start = Callable[..., Console]
Until = Callable[[Callable[[], Any]], Any]
RING = [[130.0, 42.0], [130.5, 42.0], [130.5, 42.5]]


def post(port: int, path: str, **body: object) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("POST", path, body=json.dumps(body), headers={"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.broker
def test_own_ships_and_areas_come_into_force_and_are_shown_with_their_author(
    write: Write, make: Make, started: Start, until: Until, kafka_settings: KafkaSettings
) -> None:
    write(make())
    running = started()
    client = Client(running)
    until(client.ready)
    assert client.json("/api/own") == {"ships": [], "zones": [], "changes": []}
    hulk = {"imo": 9_074_729, "name": "HULK", "by": "Kim"}
    status, said = post(running.port, "/api/own/ships", **hulk, note="asked for")
    assert (status, json.loads(said)["said"]) == (HTTPStatus.OK, "added HULK (IMO 9074729) to the own list")
    status, said = post(running.port, "/api/own/ships", **hulk)
    assert (status, said) == (HTTPStatus.CONFLICT, "HULK (IMO 9074729) is already on the own list, added by Kim\n")
    assert post(running.port, "/api/own/zones", name="Anchorage K", ring=RING, by="Lee")[0] == HTTPStatus.OK
    found = until(lambda: (own := client.json("/api/own"))["zones"] and own)
    assert [(one["name"], one["added_by"], one["note"]) for one in found["ships"]] == [("HULK", "Kim", "asked for")]
    assert [(one["name"], one["kind"], one["added_by"]) for one in found["zones"]] == [
        ("Anchorage K", "watched", "Lee")
    ]
    assert [change["by"] for change in found["changes"]] == ["Lee", "Kim"]
    assert "Anchorage K" in [zone["name"] for zone in client.json("/api/zones")]
    held = read_versions(kafka_settings)
    assert held.newest() == held.in_force(), "every partition has the marker"
    assert post(running.port, "/api/own/zones/remove", name="anchorage k", by="Lee")[0] == HTTPStatus.OK
    assert post(running.port, "/api/own/ships/remove", imo=9_074_729, by="Lee")[0] == HTTPStatus.OK
    until(lambda: client.json("/api/own")["ships"] == [])
    assert client.json("/api/own")["changes"][0]["said"] == "removed HULK (IMO 9074729) from the own list"


@pytest.mark.broker
@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/own/ships", {"imo": 9_074_728, "by": "Kim"}, HTTPStatus.BAD_REQUEST),
        ("/api/own/ships", {"by": "Kim"}, HTTPStatus.BAD_REQUEST),
        ("/api/own/ships", {"imo": 9_074_729}, HTTPStatus.BAD_REQUEST),
        ("/api/own/ships", {"imo": 9_074_729, "by": "K\u202e"}, HTTPStatus.BAD_REQUEST),
        ("/api/own/ships", {"type": "remove_zone", "imo": 9_074_729, "by": "K"}, HTTPStatus.BAD_REQUEST),
        ("/api/own/zones", {"name": "A", "ring": RING[:2], "by": "Kim"}, HTTPStatus.BAD_REQUEST),
        ("/api/own/zones", {"name": "A", "ring": [[0, 0], [50, 0], [0, 50]], "by": "Kim"}, HTTPStatus.BAD_REQUEST),
        ("/api/own/zones/remove", {"name": "Rajin", "by": "Kim"}, HTTPStatus.CONFLICT),
    ],
)
def test_what_cannot_be_added(
    write: Write, make: Make, started: Start, path: str, body: dict[str, object], status: HTTPStatus
) -> None:
    write(make())
    answered, said = post(started().port, path, **body)
    assert (answered, said.count("\n")) == (status, 1)


@pytest.mark.broker
@pytest.mark.skipif(chromium() is None, reason="needs Chromium (apt-get install chromium)")
def test_an_admin_watches_a_ship_and_an_area_on_the_page(
    write: Write, make: Make, started: Start, tmp_path: Path
) -> None:
    write(make(mmsi=273_999_001))
    running = started()
    own = "document.getElementById('own')"

    async def fill(page: Tab, key: str, text: str) -> None:
        field = f"{own}.querySelector('[data-key=own-{key}]')"
        await page.evaluate(f"{field}.value = {json.dumps(text)}; {field}.dispatchEvent(new Event('input'))")

    async def script(page: Tab) -> None:
        await page.open(running.url)
        await page.until("document.readyState === 'complete' && document.querySelector('.case.page')")
        await page.until(f"!{own}.hidden")
        await fill(page, "by", "Kim <b>")
        await page.evaluate("document.querySelector('.case.page').click()")
        await page.until("document.querySelector('[data-key=watch-ship]')")
        await page.evaluate("document.querySelector('[data-key=watch-ship]').click()")
        await page.until("document.getElementById('detail').innerText.includes('On the own list: added by Kim <b>')")
        await page.evaluate(f"{own}.open = true")
        await fill(page, "name", "Anchorage K")
        await fill(page, "corners", "42-00.0N 130-00.0E\n42.0 130.5\n42 30 N 130 30 E")
        await page.evaluate(f"{own}.querySelector('[data-key=own-add]').click()")
        await page.until(f"{own}.innerText.includes('Corner 3 is not a position')")
        await fill(page, "corners", "42-00.0N 130-00.0E\n42.0 130.5\n42-30.0N, 130-30.0E")
        await page.evaluate(f"{own}.querySelector('[data-key=own-add]').click()")
        await page.until(f"{own}.innerText.includes('Anchorage K (watched)')")
        await page.evaluate(f"{own}.querySelector('[data-key=own-draw]').click()")
        for x, y in ((60, 200), (160, 200), (160, 300)):
            at = "new MouseEvent('click', {bubbles: true, clientX: 0, clientY: 0})"
            await page.evaluate(
                f"(() => {{ const e = {at}; Object.defineProperty(e, 'offsetX', {{value: {x}}});"
                f" Object.defineProperty(e, 'offsetY', {{value: {y}}});"
                " document.querySelector('.own-sheet svg').dispatchEvent(e); })()"
            )
        await page.evaluate("document.querySelector('.own-sheet button').click()")
        await page.until(f"{own}.innerText.includes('3 corners taken from the map')")
        assert await page.evaluate(f"{own}.querySelector('[data-key=own-corners]').value.split('\\n').length") == 3
        await page.evaluate(f"{own}.querySelector('[data-key^=area-]').click()")
        await page.until(f"!{own}.innerText.includes('Anchorage K (watched)')")
        await page.until(f"{own}.innerText.includes('by Kim <b>: removed the area Anchorage K')")
        assert page.errors == []

    async def run() -> None:
        async with tab(tmp_path) as page:
            await script(page)

    asyncio.run(run())
