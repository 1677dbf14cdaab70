"""Acknowledging on the page: who may, what is refused, and that it comes back from Kafka; in a real Chromium too."""

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
from streams.console.feedback import FeedbackRequest, taken
from streams.console.identity import Person
from streams.console.serving import Console

from .browser import Tab, chromium, tab
from .test_console_kafka import Client

Make = Callable[..., Alert]
Write = Callable[..., None]
Start = Callable[..., Console]
Until = Callable[[Callable[[], Any]], Any]


def body(**changes: object) -> bytes:
    return json.dumps({"kind": "acknowledged", "by": "Kim", **changes}).encode()


def test_the_name_is_the_proxy_s_where_there_is_one() -> None:
    said = FeedbackRequest(kind="acknowledged", by="somebody else")
    assert taken(Person(role="officer", by="kim"), said).by == "kim"
    assert taken(Person(role="admin"), said).by == "somebody else"


def post(port: int, alert_id: str, sent: bytes, **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        given = {"Content-Type": "application/json", **headers}
        connection.request("POST", f"/api/alerts/{alert_id}/feedback", body=sent, headers=given)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.broker
def test_a_word_goes_to_kafka_and_comes_back_and_is_taken_back(
    write: Write, make: Make, started: Start, until: Until
) -> None:
    write(make())
    running = started()
    client = Client(running)
    until(client.ready)
    assert client.json("/api/me") == {"may": True, "role": "admin"}
    assert post(running.port, "a" * 32, body(note="seen on radar")) == HTTPStatus.OK
    told = until(lambda: client.json("/api/alerts")["cases"][0].get("word"))
    assert (told["kind"], told["by"], told["note"]) == ("acknowledged", "Kim", "seen on radar")
    assert post(running.port, "a" * 32, body(kind="withdrawn")) == HTTPStatus.OK
    until(lambda: "word" not in client.json("/api/alerts")["cases"][0])
    assert post(running.port, "0" * 32, body()) == HTTPStatus.NOT_FOUND
    assert post(running.port, "a" * 32, body(), Origin="https://evil.example") == HTTPStatus.FORBIDDEN
    assert post(running.port, "a" * 32, body(note="x" * 10_000)) == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


@pytest.mark.broker
@pytest.mark.skipif(chromium() is None, reason="needs Chromium (apt-get install chromium)")
def test_a_person_acknowledges_on_the_page_and_takes_it_back(
    write: Write, make: Make, started: Start, tmp_path: Path
) -> None:
    write(make(), make("b", severity="ticket", case_id="mmsi/2", subject="mmsi/2", revision=2, status="closed"))
    running = started()
    row = "document.querySelector('.case.page')"

    async def script(page: Tab) -> None:
        await page.open(f"{running.url}#at=10,10,3")
        await page.until(f"document.readyState === 'complete' && {row}")
        assert "CLOSED" in await page.evaluate("document.querySelector('.case.closed').innerText")
        await page.evaluate(f"{row}.click()")
        await page.until("document.querySelector('[data-kind=acknowledged]')")
        assert "34-36.0N 129-30.0E" in await page.evaluate("document.getElementById('detail').innerText")
        assert "course 200 degrees" in await page.evaluate("document.getElementById('detail').innerText")
        at = await page.until("/at=3[0-9.]+,1[23][0-9.]+,/.test(location.hash) && location.hash")
        assert "at=10" not in at, "the chosen case is in view"
        await page.evaluate("document.querySelector('[data-kind=acknowledged]').click()")
        await page.until("document.getElementById('detail').innerText.includes('Enter your name first')")
        await page.evaluate(
            "(() => { const [by, note] = document.querySelectorAll('.words input'); by.value = 'Kim <b>';"
            " by.dispatchEvent(new Event('input')); note.value = 'seen'; note.dispatchEvent(new Event('input')); })()"
        )
        await page.evaluate("document.querySelector('[data-kind=acknowledged]').click()")
        await page.until(f"{row}.innerText.includes('acknowledged by Kim <b>')")
        await page.until("document.querySelector('[data-kind=withdrawn]')")
        await page.evaluate("document.querySelector('[data-kind=withdrawn]').click()")
        await page.until(f"!{row}.innerText.includes('acknowledged')")
        assert page.errors == []

    async def run() -> None:
        async with tab(tmp_path) as page:
            await script(page)

    asyncio.run(run())
