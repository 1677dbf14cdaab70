"""The page is whole in itself and lets nothing else run; the coastlines are sound."""

import base64
import hashlib
import itertools
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from detectors.core.registry import detectors
from streams.console import page as pages
from streams.console import vendor
from streams.console.page import page
from streams.console.traffic import TrafficProxy
from streams.errors import ConfigError
from streams.messages.feedback import REASON_WORDS
from streams.observability.hosts import is_local
from streams.settings.loading import load

ROOT = Path(__file__).parents[3]
FOLDER = Path(pages.__file__).parent
LAND = FOLDER / "land.json"
LAND_BYTES_MOST = 150_000


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_policy_names_the_style_and_the_script_of_the_page_and_nothing_else() -> None:
    body, policy = page()
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    (style,) = re.findall(r"<style>(.*?)</style>", body.decode(), re.S)
    (script,) = re.findall(r"<script>(.*?)</script>", body.decode(), re.S)
    assert rules["default-src"] == "'none'"
    assert rules["style-src"] == digest(style)
    assert rules["script-src"] == f"'self' {digest(script)}"
    assert rules["worker-src"] == rules["connect-src"] == "'self'"
    assert rules["trusted-types"] == "wakewatch-map"
    assert "unsafe" not in policy


def test_the_page_loads_nothing_and_has_no_inline_handlers() -> None:
    body = page().body.decode()
    assert not re.findall(r"\bon[a-z]+\s*=\s*[\"']", (FOLDER / "console.html").read_text())
    assert not re.findall(r"(?:https?:)?//[a-z0-9-]+\.[a-z]", body.replace("http://www.w3.org/2000/svg", ""))
    assert not re.findall(r"@import|url\(", body)
    for mark in ("{{style}}", "{{script}}", "{{land}}"):
        assert mark not in body


@pytest.mark.parametrize("name", pages.SCRIPTS)
def test_text_can_become_nothing_but_text(name: str) -> None:
    text = (FOLDER / name).read_text()
    for way in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
        "cookie",
        '"omit"',
    ):
        assert way not in text


def test_no_two_scripts_give_one_name_to_two_things() -> None:
    """They are joined into one scope: one name twice, and nothing of the page runs."""
    found: dict[str, list[str]] = {}
    for name in pages.SCRIPTS:
        for declared in re.findall(
            r"^(?:async )?(?:const|let|class|function) (.+)$", (FOLDER / name).read_text(), re.M
        ):
            names = re.findall(r"(?:^|, )([A-Za-z_$][\w$]*)(?= = )", declared) or re.findall(r"^[\w$]+", declared)
            for one in names:
                found.setdefault(one, []).append(name)
    assert len(found) > 100
    assert {one: places for one, places in found.items() if len(places) > 1} == {}


@pytest.mark.parametrize("host", ["localhost", "localhost:8470", "127.0.0.1:1", "127.9.9.9", "[::1]:8470", "[::1]"])
def test_this_machine_is_recognised(host: str) -> None:
    assert is_local(host)


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example:80", "10.0.0.1:8470", "", "[fe80::1]", "127.0.0.1.evil"]
)
def test_another_name_is_not_this_machine(host: str) -> None:
    assert not is_local(host)


# -- land -----------------------------------------------------------------------------------------------------------


def ring_of(text: str, per_deg: int) -> list[tuple[float, float]]:
    """(lon, lat) corners from an encoded polyline."""
    numbers, at = [], 0
    while at < len(text):
        bits = shift = 0
        group = 32
        while group >= 32:
            group = ord(text[at]) - 63
            bits |= (group & 31) << shift
            at, shift = at + 1, shift + 5
        numbers.append(~(bits >> 1) if bits & 1 else bits >> 1)
    lat = lon = 0
    ring = []
    for north, east in zip(numbers[::2], numbers[1::2], strict=True):
        lat, lon = lat + north, lon + east
        ring.append((lon / per_deg, lat / per_deg))
    return ring


@pytest.fixture(scope="module")
def land() -> list[list[tuple[float, float]]]:
    said = json.loads(LAND.read_text())
    return [ring_of(text, said["per_deg"]) for text in said["rings"]]


def is_land(land: list[list[tuple[float, float]]], lon: float, lat: float) -> bool:
    inside = False
    for ring in land:
        for (x1, y1), (x2, y2) in itertools.pairwise(ring):
            if (y1 > lat) != (y2 > lat) and lon < (x2 - x1) * (lat - y1) / (y2 - y1) + x1:
                inside = not inside
    return inside


def test_the_coastlines_are_small_and_say_where_they_come_from() -> None:
    assert LAND.stat().st_size < LAND_BYTES_MOST
    assert "Natural Earth" in json.loads(LAND.read_text())["source"]
    assert "public domain" in json.loads(LAND.read_text())["source"]


def test_no_coast_runs_across_the_map(land: list[list[tuple[float, float]]]) -> None:
    for ring in land:
        assert ring[0] == ring[-1] and len(ring) >= 4
        assert all(abs(lon) <= 180 and abs(lat) <= 90 for lon, lat in ring)
        for (lon1, lat1), (lon2, _) in itertools.pairwise(ring):
            assert abs(lon2 - lon1) < 30 or lat1 <= -84.9, "only the edge of the map may be a long line"


@pytest.mark.parametrize(
    ("name", "lon", "lat", "land_there"),
    [
        ("Seoul", 127.0, 37.55, True),
        ("Sea of Japan", 134.0, 40.0, False),
        ("off Rajin", 130.6, 42.0, False),
        ("Korea Strait", 129.0, 34.6, False),
        ("Chukotka, east of 180", -175.0, 66.8, True),
        ("Chukotka, west of 180", 177.0, 66.8, True),
        ("Wrangel Island", 179.9, 71.2, True),
        ("Bering Sea at 180", 180.0, 60.0, False),
        ("Antarctica", 0.0, -80.0, True),
        ("Caspian Sea", 51.0, 41.0, False),
        ("Taveuni, Fiji", -179.95, -16.85, True),
        ("Pacific", -150.0, 10.0, False),
        ("North Pole", 20.0, 89.0, False),
        ("Sevastopol's hinterland", 33.9, 44.8, True),
        ("London", -0.3, 51.6, True),
    ],
)
def test_land_is_where_land_is(
    land: list[list[tuple[float, float]]], name: str, lon: float, lat: float, land_there: bool
) -> None:
    assert is_land(land, lon, lat) is land_there, name


# -- the map library ------------------------------------------------------------------------------------------------


def test_the_map_library_is_the_one_that_is_recorded() -> None:
    said = json.loads((FOLDER / "vendor" / "vendor.json").read_text())
    for name, digest in said["sha256"].items():
        assert hashlib.sha256((FOLDER / "vendor" / name).read_bytes()).hexdigest() == digest, name
    assert set(said["sha256"]) == {*vendor.FILES, "LICENSE.txt"}
    assert f'VERSION: Final = "{said["version"]}"' in (ROOT / "deploy/maplibre/renew.py").read_text()


def test_tiles_are_allowed_from_the_one_host_that_is_set() -> None:
    body, policy = page("https://tiles.example:8443/sea/{z}/{x}/{y}.png")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["img-src"] == "data: blob: https://tiles.example:8443"
    assert rules["connect-src"] == "'self' https://tiles.example:8443"
    assert b'data-tiles="https://tiles.example:8443/sea/{z}/{x}/{y}.png"' in body
    for hostile in ("javascript:alert(1)", "https://a b/x", 'https://x.example/";script-src *', "//x.example/a"):
        with pytest.raises(ConfigError):
            load(None, {"console.tiles_url": hostile}, environ={})


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1:8471", "http://", "http://x/?a=b"])
def test_an_address_of_traffic_that_cannot_be_one_is_rejected(url: str) -> None:
    with pytest.raises(ConfigError, match=r"console\.traffic_url"):
        TrafficProxy(url)


# -- what the page says about alerts and feedback ---------------------------------------------------------------------


def constants(name: str, file: str) -> dict[str, str]:
    """The texts of an object in a script of the page, by key."""
    text = (FOLDER / file).read_text("utf-8")
    body = re.search(rf"const {name} = {{(.*?)}};", text, re.DOTALL)
    assert body is not None
    return dict(re.findall(r'(\w+): "([^"]*)"', body[1]))


def test_every_detector_has_a_next_step() -> None:
    assert set(constants("NEXT", "todo.js")) == set(detectors())


def test_the_reasons_of_a_false_alarm_are_those_of_the_record() -> None:
    assert constants("REASONS", "work.js") == dict(REASON_WORDS)


def test_no_two_scripts_declare_the_same_name() -> None:
    """The scripts are joined into one scope: a name that is declared twice stops all of them."""
    declared = re.compile(r"^(?:async )?(?:const|let|function|class) +(?:\{([^}]*)\}|(\w+))", re.MULTILINE)
    names = Counter(
        name.strip()
        for script in pages.SCRIPTS
        for several, one in declared.findall((FOLDER / script).read_text("utf-8"))
        for name in (several or one).split(",")
        if name.strip()
    )
    assert len(names) > 100
    assert {name for name, times in names.items() if times > 1} == set()
