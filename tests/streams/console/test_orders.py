"""Orders on the console: answered as the command prints them, and shown to copy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from detectors.core.alert import Alert
from streams.console.serving import Console
from streams.imagery.orders import encoded, order_for
from tests.streams.imagery.cue_alerts import alert_of, passes_over

from .browser import Tab, chromium
from .conftest import HOSTILE
from .test_browser import DETAIL, ROWS, browse
from .test_console_kafka import Client

pytestmark = pytest.mark.broker
Write = Callable[..., None]
Start = Callable[[], Console]
Until = Callable[[Callable[[], Any]], Any]
PASSES = passes_over(42.4, 131.5, 60.0)
WANTED = alert_of(PASSES)
ORDER = f"/api/alerts/{WANTED.id}/order"


def other(letter: str, **changes: Any) -> Alert:
    return alert_of([], id=letter * 32, case_id=f"imo/{letter}", **changes)


def test_an_order_is_the_one_that_the_command_prints(write: Write, started: Start, until: Until) -> None:
    write(WANTED)
    client = Client(started())
    until(client.ready)
    status, headers, body = client.ask(ORDER)
    assert (status, headers["Content-Type"]) == (200, "application/geo+json")
    assert body == encoded(order_for(WANTED, "geojson"), indented=True)
    status, headers, body = client.ask(f"{ORDER}?format=stapi-order&pass=2")
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert body == encoded(order_for(WANTED, "stapi-order", 2), indented=True)
    assert set(client.json(f"{ORDER}?format=stapi-opportunities")) == {"datetime", "geometry"}


def test_what_cannot_be_ordered_is_said_in_words(write: Write, started: Start, until: Until) -> None:
    write(WANTED, other("c", status="closed"), other("d", details={}), other("e", details={"imagery": 3}))
    client = Client(started())
    until(client.ready)

    def ask(letters: str, query: str = "") -> tuple[int, str]:
        status, _, body = client.ask(f"/api/alerts/{letters * (32 // len(letters))}/order{query}")
        return status, body.decode()

    for query in ("?pass=0", "?pass=4", "?pass=x", "?pass=-1", "?pass=%C2%B2", f"?pass={'9' * 5000}", "?format=pdf"):
        status, said = ask("ab", query)
        assert status == 400 and len(said) < 200, said
    assert ask("0") == (404, "this alert is not on this page\n")
    assert ask("d")[0] == 404 and "names no passes" in ask("d")[1]
    assert ask("c", "?format=stapi-order")[0] == 404
    assert json.loads(ask("c")[1])["properties"]["status"] == "withdrawn"
    assert ask("e")[0] == 422
    assert client.ask(ORDER, method="POST")[0] == 405
    assert client.ask(ORDER, host="evil.example")[0] == 421


@pytest.mark.skipif(chromium() is None, reason="needs Chromium, which is not installed (apt-get install chromium)")
def test_a_person_reads_and_copies_an_order_on_the_page(write: Write, started: Start, tmp_path: Path) -> None:
    forged = [msgspec.structs.replace(PASSES[0], satellite=HOSTILE), *PASSES[1:]]
    write(alert_of(forged), other("c", status="closed", severity="ticket"), other("d", details={}))
    running = started()

    async def script(page: Tab) -> None:
        def button(kind: str) -> str:
            return f"{DETAIL}.querySelector('[data-order={kind}]')"

        text = f"{DETAIL}.querySelector('pre.order')?.innerText"
        await page.evaluate(f"{ROWS}.find((row) => row.dataset.case === 'imo/9179842').click()")
        await page.until(button("geojson"))
        assert HOSTILE in await page.evaluate(f"{DETAIL}.querySelector('select').innerText")
        await page.evaluate(f"{button('geojson')}.click()")
        await page.until(text)
        assert json.loads(await page.evaluate(text))["properties"]["status"] == "wanted"
        choose = (
            "const s = document.querySelector('#detail select'); s.value = '2'; s.dispatchEvent(new Event('change'))"
        )
        await page.evaluate(f"(() => {{ {choose} }})()")
        await page.until(f"!({text})")
        await page.evaluate(f"{button('stapi-order')}.click()")
        await page.until(text)
        assert json.loads(await page.evaluate(text)) == json.loads(
            encoded(order_for(alert_of(forged), "stapi-order", 2))
        )
        saved = await page.evaluate(f"{DETAIL}.querySelector('a[download]').getAttribute('href')")
        assert saved == f"{ORDER}?format=stapi-order&pass=2"
        await page.evaluate(f"{DETAIL}.querySelector('[data-key^=copy]').click()")
        await page.until(f"/Copied|Not copied/.test({DETAIL}.innerText)")
        await page.evaluate(f"{ROWS}.find((row) => row.dataset.case === 'imo/d').click()")
        await page.until(f"{DETAIL}.innerText.includes('imo/d') || !({button('geojson')})")
        assert not await page.evaluate(button("geojson"))

    page = browse(running, tmp_path, script)
    assert page.errors == []
    assert all(url.startswith((running.url, "data:")) for url in page.requests), page.requests
