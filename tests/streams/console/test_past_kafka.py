"""The past on a real Kafka: what was known, from the list to the whole record; attacks with moments; 200 viewers."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from detectors.core.alert import Alert, encode
from streams.broker.feedback_writing import write_feedback
from streams.console.past import answers
from streams.console.serving import Console
from streams.messages import feedback
from streams.settings.model import KafkaSettings

from .conftest import position
from .test_console_kafka import Client

pytestmark = pytest.mark.broker
Make = Callable[..., Alert]
Write = Callable[..., None]
Until = Callable[[Callable[[], Any]], Any]
Start = Callable[[], Console]
ID = "a" * 32
OPENED, BACK, NOW = "2024-02-04T05:12:00.000Z", "2024-02-06T04:12:00.000Z", "2024-02-09T04:12:00.000Z"
THEN = "2024-02-05T00:00:00Z"
VIEWERS = 200


def told(make: Make) -> tuple[Alert, Alert, Alert]:
    """A silence that ended days ago, and a recent alert of another ship."""
    details = {**make().details, "reappeared_at": BACK}
    closed = make(revision=2, status="closed", time=BACK, position=position(42.7, 132.2, BACK), details=details)
    return make(), closed, make("b", severity="ticket", case_id="mmsi/2", episode_start=NOW, time=NOW)


def whole(client: Client) -> bool:
    """Whether the log has been read to where it ended at the start."""
    return client.ready() and client.ask(f"/api/marks?from={THEN}&to={THEN}")[0] == 200


def test_a_case_that_left_the_page_days_ago_is_there_as_it_was(
    write: Write, make: Make, started: Start, until: Until
) -> None:
    opened, closed, recent = told(make)
    write(opened, closed, recent)
    client = Client(started())
    until(lambda: whole(client))
    assert client.ask(f"/api/alerts/{ID}")[0] == client.ask("/api/cases/imo/9179842")[0] == 404
    then = client.json(f"/api/alerts?as_of={THEN}")
    (case,) = then["cases"]
    assert (case["case_id"], case["open"], then["open"]) == ("imo/9179842", 1, {"page": 1, "ticket": 0, "log": 0})
    assert (then["as_of"], then["known"], then["known_from"]) == ("2024-02-05T00:00:00.000Z", "then", OPENED)
    assert then["clock"] == {"live": "2024-02-05T00:00:00.000Z"}
    now = client.json(f"/api/alerts?about={THEN}")
    assert (now["known"], now["cases"][0]["open"], now["cases"][0]["dark"][0]["until"]) == ("now", 0, BACK)
    assert client.ask(f"/api/alerts/{ID}?as_of={THEN}")[2] == encode(opened), "the whole record, read from the log"
    assert client.ask(f"/api/alerts/{ID}?about={THEN}")[2] == encode(closed)
    assert client.ask(f"/api/alerts/{recent.id}?about={THEN}")[2] == encode(recent)
    assert client.ask(f"/api/alerts/{recent.id}?as_of={THEN}")[0] == 404
    assert [one["revision"] for one in client.json(f"/api/cases/imo/9179842?as_of={THEN}")["alerts"][0]["said"]] == [1]
    assert client.json(f"/api/cases/imo/9179842?about={THEN}")["alerts"][0]["status"] == "closed"
    marks = client.json(f"/api/marks?from={OPENED}&to={NOW}")
    assert [(one["time"], one["severity"]) for one in marks["marks"]] == [(OPENED, "page"), (NOW, "ticket")]


def test_what_comes_later_changes_only_what_it_concerns(
    write: Write, make: Make, started: Start, until: Until, kafka_settings: KafkaSettings
) -> None:
    opened, closed, recent = told(make)
    write(opened, recent)
    client = Client(started())
    until(lambda: whole(client))
    before = client.ask(f"/api/alerts?as_of={THEN}")[2]
    assert client.json(f"/api/alerts?as_of={NOW}")["open"]["page"] == 1
    write(closed)
    until(lambda: client.json(f"/api/alerts?as_of={NOW}")["open"]["page"] == 0)
    assert client.ask(f"/api/alerts?as_of={THEN}")[2] == before
    write_feedback(
        kafka_settings, feedback.about(opened, "acknowledged", "Kim", "on radar", "2024-02-04T23:00:00.000Z")
    )
    word = until(lambda: client.json(f"/api/alerts?as_of={THEN}")["cases"][0].get("word"))
    assert word["by"] == "Kim"
    assert "word" not in client.json("/api/alerts?as_of=2024-02-04T22:00:00Z")["cases"][0]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/api/alerts?as_of=", "as_of: not a time"),
        ("/api/alerts?as_of=yesterday", "as_of: not a time"),
        (f"/api/alerts?about={'9' * 5000}", "about: not a time"),
        ("/api/alerts?as_of=2099-01-01T00:00:00Z", "as_of: in the future; event time here is 2024-02-09T04:12:00.000Z"),
        (f"/api/alerts?as_of={THEN}&about={THEN}", "give as_of or about"),
        (f"/api/cases/imo/9179842?as_of={quote('<script>')}", "as_of: not a time"),
        (f"/api/alerts/{ID}?about=%00", "about: not a time"),
        (f"/api/alerts?as_of={THEN}&severity=worst", "severity: use page, ticket, log"),
        (f"/api/alerts?about={THEN}&area=1,2,3", "area: use one W,S,E,N"),
        ("/api/marks", "from: not a time"),
        (f"/api/marks?from={THEN}&to=1", "to: not a time"),
        (f"/api/marks?from={NOW}&to={THEN}", "from: later than to"),
    ],
)
def test_what_cannot_be_answered_is_one_line(past: Client, path: str, said: str) -> None:
    status, headers, body = past.ask(path)
    assert (status, headers["Content-Type"].partition(";")[0]) == (400, "text/plain")
    assert body.decode().startswith(said) and body.count(b"\n") == 1 and len(body) < 200


def test_before_everything_nothing_is_known_and_a_range_may_be_huge(past: Client) -> None:
    said = past.json("/api/alerts?as_of=1970-01-01T00:00:00Z")
    assert said["cases"] == [] and said["known_from"] == OPENED
    assert past.json("/api/alerts?about=1970-01-01T00:00:00Z")["cases"] == []
    assert len(past.json("/api/marks?from=1970-01-01T00:00:00Z&to=2199-12-31T23:59:59.999999Z")["marks"]) == 2
    assert past.ask("/api/cases/no%2Fcase?as_of=1970-01-01T00:00:00Z")[0] == 404
    assert past.ask(f"/api/alerts/{'0' * 32}?as_of={THEN}")[0] == 404


@pytest.fixture
def past(write: Write, make: Make, started: Start, until: Until) -> Client:
    """A console that knows some days."""
    write(*told(make))
    client = Client(started())
    until(lambda: whole(client))
    return client


def test_200_viewers_who_move_the_slider_do_not_stop_the_present(
    write: Write, make: Make, started: Start, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, closed, recent = told(make)
    ships = [make(f"c{n:03x}", case_id=f"mmsi/3{n}", time=f"2024-02-05T{n % 24:02}:00:00.000Z") for n in range(300)]
    write(opened, closed, *ships, recent)
    running = started()
    client = Client(running)
    until(lambda: whole(client))
    waiting: list[int] = []
    made = answers.PastAnswers._made

    async def counted(self: answers.PastAnswers, *given: Any, **more: Any) -> bytes | None:
        waiting.append(len(self._pending))
        return await made(self, *given, **more)

    monkeypatch.setattr(answers.PastAnswers, "_made", counted)

    async def look(session: aiohttp.ClientSession, number: int) -> int:
        moment = f"2024-02-05T{number % 24:02}:{number // 24:02}:{number % 60:02}Z"
        async with session.get(f"{running.url}api/alerts?as_of={moment}&log=1") as answer:
            body = await answer.text()
            assert (answer.status == 200 and json.loads(body)["cases"]) or answer.headers["Retry-After"] == "1", body
            return answer.status

    async def all_at_once() -> tuple[Counter[int], set[int]]:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            looks = [asyncio.create_task(look(session, number)) for number in range(VIEWERS)]
            present = set()
            while not all(one.done() for one in looks):
                async with session.get(f"{running.url}api/alerts") as answer:
                    present.add(answer.status)
            return Counter([await one for one in looks]), present

    statuses, present = asyncio.run(all_at_once())
    assert set(statuses) <= {200, 503} and statuses[200] > 0
    assert present == {200}
    assert max(waiting) <= answers.WAITING_MOST
    assert client.json(f"/api/alerts?as_of={THEN}&log=1")["open"]["page"] > 1, "afterwards it answers as before"
