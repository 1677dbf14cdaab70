from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from streams.errors import ConfigError, InputError
from streams.imagery.stac import Question, StacApi, search, stac_api
from tests.loopback import Handler, Loopback

HERE = Question(10, 179, 12, -179, "2025-05-09T00:00:00Z", "2025-05-10T00:00:00Z", ("sentinel-1-grd",))
Answer = Callable[["Api", int, Any], None]


class Api(Loopback):
    """A STAC API of one handler; keeps what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        room = self

        class Asked(Handler):
            def do_POST(self) -> None:
                room.asked.append(("POST", self.path, json.loads(self.posted())))
                answer(room, len(room.asked), self)

            def do_GET(self) -> None:
                room.asked.append(("GET", self.path, None))
                answer(room, len(room.asked), self)

        self.serve(Asked)


@pytest.fixture
def served() -> Iterator[Callable[[Answer], Api]]:
    made: list[Api] = []

    def serve(answer: Answer) -> Api:
        made.append(Api(answer))
        return made[-1]

    yield serve
    for one in made:
        one.close()


def page(items: list[Any], *links: dict[str, Any]) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": items, "links": list(links)}).encode()


def at(api: Api, timeout_s: float = 5.0) -> StacApi:
    return stac_api("imagery.stac_url", f"{api.url}/stac/v1/")._replace(timeout_s=timeout_s)


def test_pages_follow_by_post_and_by_get(served: Callable[[Answer], Api]) -> None:
    def answer(api: Api, number: int, to: Any) -> None:
        merged = {"rel": "next", "href": f"{api.url}/stac/v1/search", "method": "POST", "merge": True}
        links = [
            [merged | {"body": {"token": "two"}}],
            [{"rel": "self", "href": "x"}, {"rel": "next", "href": "/stac/v1/search?token=three"}],
            [],
        ]
        to.answer(200, page([number], *links[number - 1]))

    api = served(answer)
    assert list(search(at(api), HERE)) == [1, 2, 3]
    body = {
        "bbox": [179, 10, -179, 12],
        "datetime": "2025-05-09T00:00:00Z/2025-05-10T00:00:00Z",
        "limit": 100,
        "collections": ["sentinel-1-grd"],
    }
    assert api.asked == [
        ("POST", "/stac/v1/search", body),
        ("POST", "/stac/v1/search", body | {"token": "two"}),
        ("GET", "/stac/v1/search?token=three", None),
    ]


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (503, b"later", "answered 503: 'later'"),
        (302, b"", "answered 302"),
        (200, b"<html>", "not JSON"),
        (200, b"\xff", "not JSON"),
        (200, b"[1]", "is it a STAC API"),
        (200, b'{"features": 3}', "is it a STAC API"),
        (200, page([1], {"rel": "next", "href": "http://elsewhere.example/"}), "another host"),
        (200, page([1], {"rel": "next", "href": "file:///etc/passwd"}), "another host"),
        (200, b" " * (17 << 20), "more than 16 MiB"),
    ],
)
def test_other_answers_are_an_error_that_says_what(
    served: Callable[[Answer], Api], status: int, body: bytes, why: str
) -> None:
    api = served(lambda _api, _number, to: to.answer(status, body))
    with pytest.raises(InputError, match=why):
        list(search(at(api), HERE))


def test_pages_without_end_are_cut_off_and_what_came_before_is_kept(served: Callable[[Answer], Api]) -> None:
    api = served(lambda api, _number, to: to.answer(200, page(["x"], {"rel": "next", "href": f"{api.url}/more"})))
    got: list[object] = []
    with pytest.raises(InputError, match="more than 2000 items"):
        list(map(got.append, search(at(api), HERE)))
    assert len(got) == 20 == len(api.asked)


@pytest.mark.parametrize("bytes_first", [b"", b"HTTP/1.1 200 OK\r\n"])
def test_a_server_that_hangs_costs_the_time_limit_only(served: Callable[[Answer], Api], bytes_first: bytes) -> None:
    def answer(_api: Api, _number: int, to: Any) -> None:
        to.wfile.write(bytes_first)
        for _ in range(30):
            to.wfile.write(b"X" if bytes_first else b"")
            time.sleep(0.1)

    began = time.monotonic()
    with pytest.raises(InputError, match=r"within 0\.5 s"):
        list(search(at(served(answer), 0.5), HERE))
    assert time.monotonic() - began < 2.5


def test_nobody_there() -> None:
    with pytest.raises(InputError, match="did not answer: ConnectionRefusedError"):
        list(search(stac_api("imagery.stac_url", "http://127.0.0.1:9"), HERE))


@pytest.mark.parametrize(
    "url", ["ftp://x", "http://", "http://u:p@host", "http://host:port", "http://host/?key=1", "x"]
)
def test_a_bad_address_names_the_setting(url: str) -> None:
    with pytest.raises(ConfigError, match=r"imagery\.stac_url"):
        stac_api("imagery.stac_url", url)
