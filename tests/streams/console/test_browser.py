"""A real browser opens the page on the reconstruction's alerts and on forged ones."""

import asyncio
import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from detectors.core.alert import Alert, Fact, Position, Vessel
from streams.console.serving import Console
from streams.settings.model import ReferenceSettings

from .browser import Tab, chromium, tab
from .conftest import HOSTILE, position

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(chromium() is None, reason="needs Chromium, which is not installed (apt-get install chromium)"),
]
Make = Callable[..., Alert]
Write = Callable[..., None]
Start = Callable[..., Console]
ANGARA = "imo/9179842"
ROWS = "[...document.querySelectorAll('.case')]"
DETAIL = "document.getElementById('detail')"


def browse(running: Console, home: Path, script: Callable[[Tab], object], *, phone: bool = False) -> Tab:
    """Opens the page, runs ``script`` (a coroutine function) on it, and returns the tab."""

    async def run() -> Tab:
        async with tab(home) as opened:
            width, height = (390, 844) if phone else (1280, 720)
            await opened.open(running.url, width, height, mobile=phone)
            await opened.until(f"document.readyState === 'complete' && {ROWS}.length")
            await script(opened)  # type: ignore[misc]
            return opened

    return asyncio.run(run())


def forged(make: Make) -> Alert:
    time = "2024-02-09T03:00:00.000Z"
    return make(
        "f",
        detector="watchlist",
        severity="ticket",
        case_id="mmsi/255800001",
        mmsi=255_800_001,
        replayed=True,
        vessel=Vessel(name=HOSTILE),
        headline=f"{HOSTILE} <img src=x onerror=alert(1)>",
        time=time,
        episode_start=time,
        position=position(33.1, 127.0, time),
        verification="unverified",
        why=(Fact(fact="<b>bold</b>", value="'\"><svg onload=alert(1)>", threshold=1, unit="<i>"),),
        would_change=("javascript:alert(1)",),
        details={"destination": "</script><script>alert(1)</script>"},
    )


def test_angara_is_found_and_read(
    angara_alerts: list[Alert], make: Make, write: Write, started: Start, tmp_path: Path
) -> None:
    write(*angara_alerts, make("e", severity="log", subject="mmsi/1", case_id="mmsi/1", mmsi=1, vessel=Vessel()))
    running = started()

    async def script(page: Tab) -> None:
        await page.until(f"{ROWS}.some((row) => row.dataset.case === '{ANGARA}' && row.innerText.includes('ANGARA'))")
        assert "RECORDING" in await page.evaluate("document.getElementById('recording').innerText")
        assert not await page.evaluate("document.getElementById('recording').hidden")
        await page.evaluate(f"{ROWS}.find((row) => row.dataset.case === '{ANGARA}').click()")
        await page.until(f"{DETAIL}.innerText.includes('IMO 9179842') && {DETAIL}.querySelector('table')")
        said = await page.evaluate(f"{DETAIL}.innerText")
        for words in ("threshold", "A lead to check", "!AIVDM", "wakewatch explain"):
            assert words in said
        assert ANGARA in await page.evaluate("location.hash")
        await page.press("Escape", 27)
        await page.until(f"{DETAIL}.hidden")
        shown = await page.evaluate(f"{ROWS}.length")
        await page.evaluate("document.getElementById('log').click()")
        await page.until(f"{ROWS}.length > {shown}")

    page = browse(running, tmp_path, script)
    assert page.errors == []
    assert all(url.startswith((running.url, "data:")) for url in page.requests), page.requests


def test_an_area_is_shown_as_an_area_with_its_vessels(make: Make, write: Write, started: Start, tmp_path: Path) -> None:
    subject, time = "place/36.5N027.0E", "2024-02-09T03:00:00.000Z"
    one = {"mmsi": 205_000_001, "imo": 9_179_842, "list": "OFAC", "from_lat_deg": 36.9, "from_lon_deg": 27.4}
    vessels = [{**one, "name": HOSTILE, "lat_deg": 37.4, "lon_deg": 27.9, "time": time}, {"mmsi": 7}, "no vessel"]
    area = make(
        "d",
        detector="interference",
        severity="ticket",
        subject=subject,
        case_id=subject,
        mmsi=None,
        vessel=None,
        headline="3 vessels appear displaced, GNSS interference likely, 36-54.0N 027-30.0E, 0300Z",
        time=time,
        episode_start=time,
        position=Position(lat_deg=36.9, lon_deg=27.5, time=time),
        details={"vessels_total": 60, "vessels": vessels, "shape": {"kind": "point"}},
    )
    write(area)
    running = started()

    async def script(page: Tab) -> None:
        row = f"{ROWS}.find((row) => row.dataset.case === '{subject}')"
        assert "area 36.5N027.0E" in await page.evaluate(f"{row}.innerText")
        assert "no vessel" not in await page.evaluate(f"{row}.innerText")
        await page.evaluate(f"{row}.click()")
        await page.until(f"{DETAIL}.innerText.toLowerCase().includes('displaced vessels: 60, 2 of them here')")
        said = await page.evaluate(f"{DETAIL}.innerText")
        for words in ("Centre of the area 36-54.0N 027-30.0E", "MMSI 205000001, IMO 9179842, listed: OFAC", HOSTILE):
            assert words in said
        assert "37-24.0N 027-54.0E" in said and "Last position" not in said

    browse(running, tmp_path, script)


IMAGED = {
    "imagery": {
        "elements_age_h": 12.2,
        "passes": [
            {
                "satellite": HOSTILE,
                "norad_id": 39634,
                "sensor": "C-SAR <b>IW</b>",
                "kind": "radar",
                "target": "reach",
                "begin": "2024-02-04T21:31:10Z",
                "end": "2024-02-04T21:32:05Z",
                "covers": 0.8,
                "track_deg": 190.4,
                "side": "right",
                "elements_age_h": 12.0,
                "area": [[179.0, 33.0], [179.0, 35.0], [-179.0, 35.0], [-179.0, 33.0], [179.0, 33.0]],
                "daylight": False,
                "pointable": True,
                "tier": "planned",
                "item": "<img src=x>",
            },
            {"satellite": "NO SENSOR", "side": "constructor"},
            7,
        ],
    },
    "sightings": [
        {
            "image": "S1A_<i>1</i>",
            "time": "2024-02-04T21:31:40.000Z",
            "sensor": "C-SAR",
            "outcome": "possible",
            "score": 0.7,
            "lat_deg": 34.0,
            "lon_deg": 179.5,
            "length_m": 118.6,
            "others": 1,
            "footprint": [[178.5, 32.5], [178.5, 35.5], [179.9, 35.5], [179.9, 32.5], [178.5, 32.5]],
        },
        {
            "image": "S2B_2",
            "time": "2024-02-04T22:00:00.000Z",
            "sensor": "MSI",
            "outcome": "absent",
            "score": 0.9,
            "lat_deg": 33.5,
            "lon_deg": -179.5,
        },
        {"image": "OTHER FORM", "outcome": "toString"},
    ],
}


def test_passes_and_images_are_listed_and_drawn(make: Make, write: Write, started: Start, tmp_path: Path) -> None:
    write(make(details=IMAGED, position=position(20.0, 170.0, "2024-02-04T04:12:00.000Z")))
    running = started()
    lat, lon, zoom = 34.0, 180.0, 7
    middle = mercator(lat, lon)

    def place(lon_deg: float, lat_deg: float) -> tuple[float, float]:
        """Pixels from the middle of the map."""
        x, y = mercator(lat_deg, lon_deg)
        return ((x - middle[0] + 0.5) % 1 - 0.5) * 256 * 2**zoom, (y - middle[1]) * 256 * 2**zoom

    def drawn(colour: str, west: float, south: float, east: float, north: float) -> str:
        """A script that counts the pixels of a colour in a box of degrees."""
        (left, bottom), (right, top) = place(west, south), place(east, north)
        red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
        size = f"{right - left}, {bottom - top}"
        return (
            "(() => { const map = document.getElementById('map'), ink = map.getContext('2d');"
            f" const x = map.clientWidth / 2 + {left}, y = map.clientHeight / 2 + {top};"
            f" const data = ink.getImageData(x, y, {size}).data;"
            " let count = 0; for (let i = 0; i < data.length; i += 4)"
            f" count += Math.hypot(data[i] - {red}, data[i + 1] - {green}, data[i + 2] - {blue}) < 40;"
            " return count; })()"
        )

    async def script(page: Tab) -> None:
        await page.evaluate(f"{ROWS}[0].click()")
        await page.until(f"{DETAIL}.querySelectorAll('.sightings li').length === 2")
        said = " ".join((await page.evaluate(f"{DETAIL}.innerText")).split())
        for words in (
            "by orbital elements 12 h old",
            f"4 Feb 21:31Z to 21:32Z {HOSTILE}, C-SAR <b>IW</b> (radar) right of its track (course 190),"
            " covers 80 %, at night, could be pointed there if ordered; planned by its operator (<img src=x>)",
            "4 Feb 21:31Z C-SAR: possible match, score 0.7 34-00.0N 179-30.0E, contact of 119 m,"
            " 1 other silent vessel could be it; image S1A_<i>1</i>",
            "4 Feb 22:00Z MSI: not in the image at its reported position, score 0.9",
        ):
            assert words in said, said
        assert "NO SENSOR" not in said and "OTHER FORM" not in said and "native code" not in said
        assert await page.evaluate(f"{DETAIL}.querySelectorAll('b, i, img, script').length") == 0
        await page.evaluate(f"location.hash = '#case={ANGARA}&at={lat},{lon},{zoom}'")
        outline = drawn("#6fd0b8", 178.4, 33.0, 178.6, 35.0)
        await page.until(f"{outline} > 100")
        assert await page.evaluate(drawn("#b79cf0", -179.1, 33.2, -178.9, 34.8)) > 50
        assert await page.evaluate(drawn("#6fd0b8", -179.56, 33.45, -179.44, 33.55)) > 5
        assert await page.evaluate(drawn("#6fd0b8", 179.1, 33.2, 179.3, 33.8)) == 0
        box = await page.evaluate(
            "(({ x, y, width, height }) => [x + width / 2, y + height / 2])"
            "(document.getElementById('map').getBoundingClientRect())"
        )
        right, down = place(179.5, 34.0)
        await page.click(box[0] + right, box[1] + down)
        await page.until("document.getElementById('tip').innerText.includes('possible match, score 0.7')")
        assert "S1A_<i>1</i>" in await page.evaluate("document.getElementById('tip').innerText")
        await page.press("Escape", 27)
        await page.until(f"{outline} === 0")

    errors = browse(running, tmp_path, script).errors
    assert [error for error in errors if "willReadFrequently" not in error] == []


def test_forged_names_are_text(make: Make, write: Write, started: Start, tmp_path: Path) -> None:
    write(forged(make), make(replayed=True))
    running = started()

    async def script(page: Tab) -> None:
        await page.until(f"{ROWS}.length === 2")
        # Its headline was written after an hour; the row says how long it is by the clock of the page.
        row = "silent 4 d 22 h, 34-36.0N 129-30.0E, since 4 Feb 0412Z, listed: OFAC"
        await page.until(f"{ROWS}[0].innerText.includes('{row}')")
        await page.evaluate("location.hash = '#case=mmsi/255800001'")
        await page.until(f"{DETAIL}.innerText.includes('=CMD()') || {DETAIL}.innerText.includes('</script>')")
        said = await page.evaluate("document.body.innerText")
        for words in (HOSTILE, "<img src=x onerror=alert(1)>", "<b>bold</b>", "<svg onload", "unverified"):
            assert words in said
        assert (
            await page.evaluate("document.querySelectorAll('body b, body svg, body img, #detail script').length") == 0
        )

    page = browse(running, tmp_path, script)
    assert page.errors == []
    assert all(url.startswith((running.url, "data:")) for url in page.requests), page.requests


def test_a_new_page_is_marked_until_somebody_looks(make: Make, write: Write, started: Start, tmp_path: Path) -> None:
    write(make("b", severity="ticket", case_id="mmsi/2", mmsi=205_000_002, vessel=Vessel(name="QUIET")))
    running = started()

    async def script(page: Tab) -> None:
        await page.until(f"{ROWS}.length === 1 && document.getElementById('state').innerText.includes('connected')")
        assert await page.evaluate("document.querySelectorAll('.tag.new').length") == 0
        write(make())
        await page.until(f"{ROWS}[0].innerText.includes('NEW')")
        assert (await page.evaluate("document.title")).startswith("▲1")
        assert "ANGARA" in await page.evaluate("document.getElementById('said').textContent")
        await page.evaluate(f"{ROWS}[0].click()")
        await page.until("document.querySelectorAll('.tag.new').length === 0")

    assert browse(running, tmp_path, script).errors == []


def test_list_and_map_point_at_each_other_and_keys_do(make: Make, write: Write, started: Start, tmp_path: Path) -> None:
    far = make(
        "b",
        severity="ticket",
        case_id="mmsi/2",
        mmsi=205_000_002,
        vessel=Vessel(name="FAR OFF"),
        position=position(10.0, 70.0, "2024-02-04T04:12:00.000Z"),
    )
    write(make(), far)
    running = started()

    async def script(page: Tab) -> None:
        await page.until(f"{ROWS}.length === 2")
        await page.evaluate(f"{ROWS}[0].focus()")
        await page.press("ArrowDown", 40)
        assert await page.evaluate("document.activeElement.dataset.case") == "mmsi/2"
        await page.evaluate("location.hash = '#at=34.6,129.5,6'")  # ANGARA in the middle of the map
        await page.until("document.querySelector('canvas').getBoundingClientRect().width > 300")
        middle = await page.evaluate(
            "(() => { const r = document.querySelector('canvas').getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        await page.until("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")
        await page.click(*middle)
        await page.until(f"{DETAIL}.innerText.includes('ANGARA')")
        await page.evaluate("document.getElementById('map').focus()")
        before = await page.evaluate("location.hash")
        await page.press("+", 187)
        await page.until(f"location.hash !== {before!r}")

    assert browse(running, tmp_path, script).errors == []


def test_it_fits_a_phone(make: Make, write: Write, started: Start, tmp_path: Path) -> None:
    write(make(), forged(make))
    running = started()

    async def script(page: Tab) -> None:
        assert await page.evaluate("document.documentElement.scrollWidth <= 390")
        await page.evaluate(f"{ROWS}[0].click()")
        await page.until(f"{DETAIL}.querySelector('table')")
        assert await page.evaluate(f"{DETAIL}.scrollWidth <= 390")
        await page.evaluate(f"{DETAIL}.querySelector('.close').click()")
        await page.until(f"{DETAIL}.hidden")

    assert browse(running, tmp_path, script, phone=True).errors == []


def box(west: float, south: float, east: float, north: float) -> list[list[float]]:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def test_the_map_draws_every_part_of_a_zone_and_leaves_its_holes_out(
    make: Make, write: Write, started: Start, tmp_path: Path
) -> None:
    parts = [
        [box(178.0, 10.0, 180.0, 12.0), box(178.7, 10.7, 179.3, 11.3)],
        [box(-180.0, 10.0, -179.0, 12.0)],
        [box(-178.6, 12.4, -178.2, 12.8)],
    ]
    area = {
        "type": "Feature",
        "properties": {"name": "Parts", "kind": "sanctioned"},
        "geometry": {"type": "MultiPolygon", "coordinates": parts},
    }
    file = tmp_path / "zones.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [area]}))
    write(make())
    running = started(reference=ReferenceSettings(zones=(str(file),)))
    places = {
        "first part": (178.33, 11.6),
        "hole": (178.93, 11.13),
        "over the antimeridian": (-179.6, 11.6),
        "third part": (-178.43, 12.63),
        "between": (-178.43, 11.63),
    }

    lat, lon, zoom = 11.9, -179.6, 7
    middle = mercator(lat, lon)

    def pixel(name: str) -> str:
        """A script that reads the colour at a place."""
        x, y = mercator(places[name][1], places[name][0])
        right, down = (((x - middle[0] + 0.5) % 1 - 0.5) * 256 * 2**zoom, (y - middle[1]) * 256 * 2**zoom)
        return (
            "(() => { const map = document.getElementById('map');"
            f" return [...map.getContext('2d').getImageData(Math.round(map.clientWidth / 2 + {right}),"
            f" Math.round(map.clientHeight / 2 + {down}), 1, 1).data].join(); }})()"
        )

    async def script(page: Tab) -> None:
        await page.evaluate(f"location.hash = '#at={lat},{lon},{zoom}'")
        await page.until(f"{pixel('first part')} !== {pixel('between')}")
        colours = {name: await page.evaluate(pixel(name)) for name in places}
        sea = colours["between"]
        assert {name for name, colour in colours.items() if colour != sea} == {
            "first part",
            "over the antimeridian",
            "third part",
        }

    errors = browse(running, tmp_path, script).errors
    assert [error for error in errors if "willReadFrequently" not in error] == []  # this test reads pixels


def mercator(lat: float, lon: float) -> tuple[float, float]:
    """A place on the unit square, as the page has it."""
    north = math.radians(lat)
    return (lon + 180) / 360 % 1, 0.5 - math.log(math.tan(math.pi / 4 + north / 2)) / math.tau
