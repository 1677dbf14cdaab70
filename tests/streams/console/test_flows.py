"""What a watch officer does on the page, by keyboard and by thumb, on a desktop and on a phone; and WCAG 2.2 AA."""

from __future__ import annotations

import re
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
expect.set_options(timeout=30_000)
Make = Callable[..., Alert]
Write = Callable[..., None]
Start = Callable[..., Console]
Until = Callable[[Callable[[], Any]], Any]
SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
CASE = "imo/9179842"
BOXES = "body, main, .left, .cases, .right, .work"


@pytest.fixture
def running(write: Write, make: Make, started: Start, until: Until) -> Console:
    """A console with a page, two tickets and one alert for the record."""
    zone = {"zone": "Rajin", "list": "OFAC"}
    write(
        make(),
        make("b", severity="ticket", case_id="mmsi/2", mmsi=2, vessel=Vessel(name="BORA"), details=zone),
        make("c", severity="ticket", case_id="mmsi/3", mmsi=3, vessel=Vessel(name="CIRRUS"), detector="drifting"),
        make("d", severity="log", case_id="mmsi/4", mmsi=4, vessel=Vessel(name="DUNE")),
    )
    console = started()
    until(Client(console).ready)
    return console


def rows(page: Page) -> Any:
    return page.locator(".case")


@SIZES
def test_a_case_is_acknowledged_noted_assigned_and_its_log_says_who(running: Console, size: tuple[int, int]) -> None:
    def script(page: Page) -> None:
        rows(page).first.click()
        field(page, "Your name").fill("Kim")
        field(page, "Note for the next watch").fill("coast radio called")
        page.get_by_role("button", name="Add note").click()
        expect(page.get_by_text("Saved.")).to_be_visible()
        page.get_by_role("button", name="Acknowledge", exact=True).click()
        expect(page.locator(".case.page .tag.heard").first).to_have_text("acknowledged by Kim")
        if size == PHONE:
            page.get_by_role("button", name="More").click()
        page.get_by_role("button", name="Assign to me").click()
        expect(page.locator("#detail")).to_contain_text("Assigned to Kim")
        page.get_by_role("button", name=re.compile("Undo")).click()
        log = page.locator(".actions li")
        expect(log).to_have_count(4)
        said = ["decision withdrawn by Kim", "assigned to Kim by Kim", "acknowledged by Kim", "note by Kim"]
        for row, words in zip(log.all(), said, strict=True):
            expect(row).to_contain_text(words)
        expect(log.last).to_contain_text("coast radio called")

    visit(running.url, script, size)


def box_of(found: Any) -> Any:
    """Where an element is; the page replaces elements with news, so one may be gone for a moment."""
    for _ in range(50):
        if (box := found.bounding_box()) is not None:
            return box
        found.page.wait_for_timeout(100)
    raise AssertionError("it is not there")


def field(page: Page, label: str) -> Any:
    """A field of the case's form."""
    return page.locator("#detail").get_by_label(label)


def choose(page: Page, label: str, value: str) -> None:
    """Takes a value in the filter by keyboard."""
    page.get_by_role("combobox", name=label, exact=True).focus()
    page.keyboard.type(value)
    page.keyboard.press("Tab")


@SIZES
def test_every_view_keeps_to_wcag_22_aa(running: Console, size: tuple[int, int]) -> None:
    if axe() is None:
        pytest.skip("needs axe-core (npm ci --prefix tests/axe)")

    def script(page: Page) -> None:
        expect(rows(page)).to_have_count(3)
        found = {"list": violations(page)}
        page.keyboard.press("f")
        expect(page.get_by_role("combobox", name="Zone", exact=True)).to_be_enabled()
        found["filter"] = violations(page)
        choose(page, "Severity", "page")
        expect(rows(page)).to_have_count(1)
        found["chips"] = violations(page)
        rows(page).first.click()
        expect(page.get_by_role("button", name="Acknowledge", exact=True)).to_be_visible()
        found["case"] = violations(page)
        page.keyboard.press("x")
        expect(page.get_by_label("Why it is false")).to_be_focused()
        found["false alarm"] = violations(page)
        page.keyboard.press("Escape")
        page.keyboard.press("o")
        expect(page.get_by_label("Person")).to_be_focused()
        found["assign"] = violations(page)
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_be_visible()
        found["keys"] = violations(page)
        page.keyboard.press("Escape")
        page.goto(f"{running.url}#case={CASE}&t=2024-02-04T05:00:00Z")
        page.reload()
        expect(page.locator("#time-state")).to_contain_text("AS OF")
        found["earlier moment"] = violations(page)
        page.goto(f"{running.url}#log=1")
        page.reload()
        page.locator("#own summary").click()
        found["own ships and areas"] = violations(page)
        page.goto(f"{running.url}#case=mmsi/99")
        page.reload()
        expect(page.locator("#detail")).to_contain_text("no longer on this page")
        found["gone"] = violations(page)
        assert not any(found.values()), found

    visit(running.url, script, size)


def test_the_rules_find_what_is_wrong(running: Console) -> None:
    if axe() is None:
        pytest.skip("needs axe-core (npm ci --prefix tests/axe)")

    def script(page: Page) -> None:
        page.evaluate("document.querySelector('header').append(document.createElement('img'))")
        page.evaluate("document.getElementById('clock').style.color = '#333'")
        assert [one.split(":")[0] for one in violations(page)] == ["color-contrast", "image-alt"]

    visit(running.url, script)


def test_keys_alone_find_filter_and_work_a_case(running: Console) -> None:
    def script(page: Page) -> None:
        press = page.keyboard.press
        expect(rows(page)).to_have_count(3)
        press("/")
        page.keyboard.type("bora")
        expect(rows(page)).to_have_count(1)
        expect(page.locator(".left-out")).to_have_text("Not shown: 1 page and 1 ticket")
        assert "find=bora" in page.url
        press("Escape")
        expect(rows(page)).to_have_count(3)
        press("Escape")
        press("f")
        choose(page, "Zone", "Rajin")
        expect(rows(page)).to_have_count(1)
        assert "zone=Rajin" in page.url
        press("Escape")
        expect(page.locator("#filter")).to_be_focused()
        press("j")
        press("Enter")
        expect(page.locator("#detail h2")).to_have_text("BORA")
        press("n")
        expect(field(page, "Note for the next watch")).to_be_focused()
        page.keyboard.type("seen")
        field(page, "Your name").focus()
        page.keyboard.type("Kim")
        page.locator("#detail").focus()
        press("x")
        page.keyboard.type("known")
        press("Tab")
        press("Enter")
        expect(page.locator("#detail")).to_contain_text("false alarm by Kim (known reason)")
        page.locator("#detail").focus()
        press("o")
        page.keyboard.type("Lee")
        press("Tab")
        press("Enter")
        expect(page.locator("#detail")).to_contain_text("Assigned to Lee")
        page.locator("#detail").focus()
        press("u")
        press("Enter")
        expect(page.locator(".actions li").first).to_contain_text("decision withdrawn by Kim")
        page.locator("#detail").focus()
        press("Escape")
        expect(page.locator("#detail")).to_be_hidden()
        expect(rows(page).first).to_be_focused()

    visit(running.url, script)


def test_keys_of_one_letter_can_be_switched_off(running: Console) -> None:
    def script(page: Page) -> None:
        page.keyboard.press("?")
        page.get_by_label("Keys of one letter are on").uncheck()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()
        page.keyboard.press("f")
        expect(page.locator("#filters")).to_be_hidden()
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_be_visible()

    visit(running.url, script)


def test_mine_is_what_is_assigned_to_me(running: Console) -> None:
    def script(page: Page) -> None:
        page.goto(f"{running.url}#case=mmsi/3")
        page.reload()
        field(page, "Your name").fill("Kim")
        field(page, "Note for the next watch").fill("mine")
        page.get_by_role("button", name="Add note").click()
        page.get_by_role("button", name="Assign to me").click()
        expect(page.locator("#detail")).to_contain_text("Assigned to Kim")
        page.keyboard.press("Escape")
        page.keyboard.press("f")
        page.get_by_role("button", name="Mine").click()
        expect(rows(page)).to_have_count(1)
        expect(rows(page)).to_contain_text("for Kim")
        assert "mine=1" in page.url
        page.get_by_role("button", name="Remove the filter mine").click()
        expect(rows(page)).to_have_count(3)

    visit(running.url, script)


def test_a_link_leads_to_case_alert_and_place_and_can_be_copied(running: Console) -> None:
    def script(page: Page) -> None:
        link = f"{running.url}#case=mmsi/2&alert={'b' * 32}&at=34.000,129.000,7.00"
        moment = "&t=2024-02-04T04:30:00Z&known=now"  # it was reported later and is known now
        page.goto(f"{link}{moment}&zone=Rajin")
        page.reload()
        expect(page.locator("#detail h2")).to_have_text("BORA")
        expect(rows(page)).to_have_count(1)
        page.get_by_role("button", name="Copy link").click()
        expect(page.get_by_text("Link copied.")).to_be_visible()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith(f"{running.url}#case=mmsi/2&alert={'b' * 32}&at=34.000,129.000,7.00")
        assert "t=2024-02-04T04:30:00Z" in copied and "known=now" in copied
        assert "zone" not in copied

    visit(running.url, script)


def test_a_link_follows_an_alert_that_moved_to_another_case(running: Console) -> None:
    def script(page: Page) -> None:
        page.goto(f"{running.url}#case=mmsi/0&alert={'b' * 32}")
        page.reload()
        expect(page.locator("#detail h2")).to_have_text("BORA")
        assert "case=mmsi/2" in page.url

    visit(running.url, script)


def test_a_filter_that_cannot_be_used_is_said_and_the_page_goes_on(running: Console) -> None:
    def script(page: Page) -> None:
        page.goto(f"{running.url}#severity=doom")
        page.reload()
        expect(page.get_by_role("alert").filter(has_text="use page, ticket, log")).to_be_visible()
        expect(rows(page)).to_have_count(3)
        expect(page.locator("#state")).to_contain_text("connected")

    visit(running.url, script)


def test_an_area_is_drawn_or_taken_from_the_map(running: Console) -> None:
    def script(page: Page) -> None:
        page.goto(f"{running.url}#at=34.600,129.500,9.00")
        page.reload()
        expect(rows(page)).to_have_count(3)
        page.keyboard.press("f")
        page.get_by_role("button", name="Draw an area").click()
        box = page.locator("#map").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 20, box["y"] + 60)
        page.mouse.down()
        page.mouse.move(box["x"] + 120, box["y"] + 160)
        page.mouse.up()
        expect(rows(page)).to_have_count(0)
        expect(page.locator(".area-drawn")).to_be_visible()
        page.get_by_role("button", name="Clear").click()
        expect(page.locator(".area-drawn")).to_be_hidden()
        page.get_by_role("button", name="Area of the map").click()
        expect(rows(page)).to_have_count(4)  # a filter shows alerts for the record too
        assert "area=" in page.url

    visit(running.url, script)


def test_on_a_phone_the_link_opens_the_case_and_a_thumb_acknowledges_it(running: Console) -> None:
    def script(page: Page) -> None:
        page.goto(f"{running.url}#case={CASE}&alert={'a' * 32}")
        page.reload()
        button = page.get_by_role("button", name="Acknowledge", exact=True)
        expect(button).to_be_visible()
        detail = page.locator("#detail")
        for words in ("ANGARA", "IMO 9179842", "34-36.0N 129-30.0E", "silent", "What to do", "Ask the nearest station"):
            expect(detail).to_contain_text(words)
        expect(page.locator(".todo")).to_be_visible()
        box, todo = box_of(button), box_of(page.locator(".todo"))
        assert box["height"] >= 44 and box["y"] > PHONE[1] * 0.75 and box["y"] + box["height"] <= PHONE[1]
        assert todo["y"] + todo["height"] < box_of(page.locator(".work"))["y"], "seen without scrolling"
        expect(page.locator("#map")).to_be_hidden()
        field(page, "Your name").fill("Kim")
        button.tap()
        expect(page.locator(".actions li")).to_contain_text("acknowledged by Kim")
        page.locator("#detail").get_by_role("button", name="Map").tap()
        expect(page.locator("#map")).to_be_visible()
        expect(page.locator("#detail h2")).to_be_visible()

    visit(running.url, script, PHONE)


@pytest.mark.parametrize("name", ["", f"#case={CASE}", "#case=mmsi/2"])
def test_on_a_phone_nothing_scrolls_sideways_and_targets_are_large(running: Console, name: str) -> None:
    def script(page: Page) -> None:
        page.goto(running.url + name)
        page.reload()
        expect(rows(page)).to_have_count(3)
        if name:
            expect(page.locator("#detail h2")).to_be_visible()
        wide = f"[...document.querySelectorAll('{BOXES}')].filter((box) => box.scrollWidth > box.clientWidth)"
        assert page.evaluate(f"{wide}.map((box) => box.className)") == []
        small = page.evaluate(
            "[...document.querySelectorAll('button, select, input[type=search], input[type=text]')]"
            ".filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 44)"
            ".map((one) => one.outerHTML)"
        )
        assert small == []

    visit(running.url, script, PHONE)


HOSTILE = ["<img src=x onerror=alert(1)>", "=HYPERLINK(1)", "\u202eGNOLEHT\u2066", "\x1b[2J\x07", "\u200bA\u00adB"]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_order_nothing_on_the_page(write: Write, make: Make, started: Start, until: Until, name: str) -> None:
    write(make(vessel=Vessel(name=name), headline=f"{name} silent 1 h", details={**make().details, "zone": name}))
    console = started()
    until(Client(console).ready)
    shown = "".join(letter if letter.isprintable() else "\ufffd" for letter in name).replace("\ufffd[2J\ufffd", "␛[2J␇")

    def script(page: Page) -> None:
        expect(rows(page).first.locator(".who")).to_contain_text(shown)
        rows(page).first.click()
        expect(page.locator("#detail h2")).to_have_text(shown)
        field(page, "Your name").fill("Kim")
        field(page, "Note for the next watch").fill(name)
        page.get_by_role("button", name="Add note").click()
        expect(page.locator(".outcome")).to_have_text("Saved.")
        expect(page.locator(".actions li")).to_have_count(1)
        page.keyboard.press("f")
        text = page.evaluate("document.body.innerText + document.body.innerHTML")
        assert not [letter for letter in text if not letter.isprintable() and letter not in "\n\t"]
        assert page.evaluate("document.images.length") == 0
        assert page.evaluate("getComputedStyle(document.querySelector('.who')).unicodeBidi") == "isolate"

    visit(console.url, script)


@SIZES
def test_the_watch_is_handed_over_on_the_page_and_as_text(running: Console, size: tuple[int, int]) -> None:
    def script(page: Page) -> None:
        rows(page).first.click()
        field(page, "Your name").fill("Kim")
        field(page, "Note for the next watch").fill("coast radio called")
        page.get_by_role("button", name="Add note").click()
        expect(page.get_by_text("Saved.")).to_be_visible()
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Hand-over").click()
        sheet = page.get_by_role("dialog")
        expect(sheet).to_contain_text("Waiting for an answer (3)")
        expect(sheet).to_contain_text("Kim: coast radio called")
        for words in ("In hand (0)", "Opened (3)", "and 1 opened for the record", "note by Kim: ANGARA (IMO 9179842)"):
            expect(sheet).to_contain_text(words)
        assert axe() is None or violations(page) == []
        sheet.get_by_role("button", name="Copy as text").click()
        expect(sheet.get_by_text("Copied.")).to_be_visible()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith("HAND-OVER OF THE WATCH") and "coast radio called" in copied
        page.emulate_media(media="print")
        expect(page.locator("main")).to_be_hidden()
        expect(sheet.get_by_role("heading", name="Hand-over of the watch")).to_be_visible()
        page.emulate_media(media="screen")
        sheet.get_by_role("button", name="silent").first.click()
        expect(sheet).to_be_hidden()
        expect(page.locator("#detail h2")).to_have_text("ANGARA")

    visit(running.url, script, size)


def test_a_hand_over_of_another_length_is_rejected(running: Console) -> None:
    client = Client(running)
    for query in ("since=0h", "since=73h", "since=8", "since=%D9%A3h", "since=8h&format=doc"):
        status, _, said = client.ask(f"/api/handover?{query}")
        assert status == 400 and b"1h to 72h" in said
    assert client.json("/api/handover?since=1h")["waiting"][0]["severity"] == "page"


def test_every_request_carries_the_sign_in_of_a_proxy(running: Console) -> None:
    def script(page: Page) -> None:
        page.context.add_cookies([{"name": "_oauth2_proxy", "value": "signed", "url": running.url}])
        asked: dict[str, bool] = {}
        page.on("request", lambda one: asked.update({one.url: "signed" in one.all_headers().get("cookie", "")}))
        page.goto(f"{running.url}#case={CASE}&t=2024-02-04T05:12:00Z")
        page.reload()
        expect(page.locator("#detail h2")).to_have_text("ANGARA")
        page.keyboard.press("f")
        page.get_by_role("button", name="Hand-over").click()
        expect(page.get_by_role("dialog")).to_contain_text("Waiting for an answer (3)")
        routes = {url for url in asked if "/api/" in url}
        assert {
            part for part in ("alerts", "cases", "choices", "handover", "me", "marks") for url in routes if part in url
        }
        assert [url for url in routes if not asked[url]] == []

    visit(running.url, script)


def test_who_may_only_read_sees_the_case_and_copies_its_link(running: Console) -> None:
    def script(page: Page) -> None:
        rows(page).first.click()
        detail = page.locator("#detail")
        expect(detail).to_contain_text("Nothing can be recorded here")
        expect(page.get_by_role("button", name="Acknowledge", exact=True)).to_have_count(0)
        page.keyboard.press("c")
        expect(page.get_by_text("Link copied.")).to_be_visible()
        assert axe() is None or violations(page) == []

    visit(running.url, script, extra_http_headers={"X-Forwarded-For": "192.0.2.1"})


def test_the_focus_stays_in_the_case_when_a_button_has_done_its_work(running: Console) -> None:
    def script(page: Page) -> None:
        page.evaluate("localStorage.setItem('by', 'Kim')")
        rows(page).first.click()
        expect(field(page, "Your name")).to_have_value("Kim")
        page.keyboard.press("a")
        page.keyboard.press("Enter")
        undo = page.get_by_role("button", name="Undo")
        expect(undo).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Acknowledge", exact=True)).to_be_focused()

    visit(running.url, script)
