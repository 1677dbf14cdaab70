"""Answers about the past are made off the loop, kept while they hold, and bounded in number and in work."""

import asyncio
import json
import threading
from collections.abc import Callable

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from detectors.core.alert import Alert, encode
from detectors.core.units import unix_ms
from streams.console.alert_table import AlertTable
from streams.console.hub import Hub
from streams.console.past import answers, views
from streams.console.past.answers import BusyError, PastAnswers
from streams.console.past.history import History, Place
from streams.console.past.known import Known
from streams.console.past.views import PastOverview, Question
from streams.console.topic_reader import Updates
from streams.console.web import application
from streams.observability.metrics import Metrics
from streams.settings.model import KafkaSettings, Settings

Make = Callable[..., Alert]
NOWHERE = KafkaSettings(bootstrap_servers="127.0.0.1:1")
HOUR_MS = 3_600_000


def question(ms: int) -> Question:
    return Question(at_ms=ms, known="then", clock=(ms, 0))


def open_pages(body: bytes) -> int:
    return int(json.loads(body)["open"]["page"])


class Held:
    """Stops the making of lists until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.go, self.made = threading.Event(), threading.Event(), 0
        make = views.overview

        def held(known: Known, asked: Question) -> PastOverview:
            self.made += 1
            self.begun.set()
            assert self.go.wait(30)
            return make(known, asked)

        monkeypatch.setattr(views, "overview", held)


def test_an_answer_is_made_once_for_all_who_ask_and_kept(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    history, ms = History(), unix_ms(make().time)
    history.take(make())
    held = Held(monkeypatch)

    async def run() -> None:
        past = PastAnswers(history, NOWHERE)
        asked = [asyncio.create_task(past.overview(question(ms))) for _ in range(500)]
        await asyncio.to_thread(held.begun.wait, 30)
        held.go.set()
        assert {open_pages(body) for body in await asyncio.gather(*asked)} == {1}
        history.take(make("b", case_id="mmsi/2", time="2024-02-04T06:12:00.000Z"))  # later than the moment
        await past.overview(question(ms))
        assert held.made == 1
        history.take(make("c", case_id="mmsi/3"))
        assert open_pages(await past.overview(question(ms))) == 2
        assert held.made == 2
        await past.close()

    asyncio.run(run())


def test_an_answer_that_was_overtaken_while_it_was_made_is_not_kept(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    history, ms = History(), unix_ms(make().time)
    history.take(make())
    held = Held(monkeypatch)

    async def run() -> None:
        past = PastAnswers(history, NOWHERE)
        asked = asyncio.create_task(past.overview(question(ms)))
        await asyncio.to_thread(held.begun.wait, 30)
        history.take(make("b", case_id="mmsi/2"))
        held.go.set()
        await asked
        assert open_pages(await past.overview(question(ms))) == 2
        await past.close()

    asyncio.run(run())


def test_so_many_questions_wait_and_the_next_is_rejected_at_once(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    history, ms = History(), unix_ms(make().time)
    history.take(make())
    held = Held(monkeypatch)

    async def run() -> None:
        past = PastAnswers(history, NOWHERE)
        asked = [asyncio.create_task(past.overview(question(ms + n))) for n in range(answers.WAITING_MOST)]
        await asyncio.to_thread(held.begun.wait, 30)
        with pytest.raises(BusyError, match="ask again in a second"):
            await past.overview(question(ms - 1))
        held.go.set()
        await asyncio.gather(*asked)
        assert open_pages(await past.overview(question(ms - 1))) == 0
        await past.close()

    asyncio.run(run())


def test_someone_who_leaves_does_not_take_the_answer_from_the_others(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    history, ms = History(), unix_ms(make().time)
    history.take(make())
    held = Held(monkeypatch)

    async def run() -> None:
        past = PastAnswers(history, NOWHERE)
        first, second = (asyncio.create_task(past.overview(question(ms))) for _ in range(2))
        await asyncio.to_thread(held.begun.wait, 30)
        first.cancel()
        held.go.set()
        assert open_pages(await second) == 1
        await past.close()

    asyncio.run(run())


def test_answers_that_are_kept_take_bounded_memory(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "_KEPT_BYTES_MOST", 20_000)
    history, ms = History(), unix_ms(make().time)
    history.take(make())

    async def run() -> None:
        past = PastAnswers(history, NOWHERE)
        for number in range(100):
            await past.overview(question(ms + number))
        assert 0 < past._kept_bytes == sum(len(body) for _, body in past._kept.values()) <= 20_000
        history.take(make("b"))
        await past.overview(question(0))
        assert past._kept_bytes == sum(len(body) for _, body in past._kept.values()) < 2_000
        await past.close()

    asyncio.run(run())


def test_without_kafka_the_lists_still_answer_and_a_record_says_why_it_does_not(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make(), make(revision=2, status="updated", time="2024-02-04T06:12:00.000Z")

    async def run() -> None:
        hub = Hub(AlertTable())
        app = application(hub, Metrics(CollectorRegistry()), Settings(kafka=NOWHERE))
        async with TestClient(TestServer(app, host="127.0.0.1")) as client:

            async def ask(path: str) -> tuple[int, str]:
                answer = await client.get(path, headers={"Host": "localhost"})
                return answer.status, await answer.text()

            assert await ask(f"/api/alerts?as_of={first.time}") == (503, "the log is still being read\n")
            await hub.take(Updates(placed=((first, 0, 7),), unread_past=3))
            status, said = await ask(f"/api/marks?from={first.time}&to={first.time}")
            assert (status, said) == (503, "the log is still being read, 3 records to go\n")
            await hub.take(Updates(revisions=((second, encode(second)),), unread_past=0))
            await hub.take(Updates(unread_past=9))  # Kafka was lost and is read again: what was known still is
            status, said = await ask(f"/api/alerts?as_of={first.time}")
            assert (status, json.loads(said)["open"]["page"]) == (200, 1)
            assert await ask(f"/api/alerts/{first.id}?as_of={second.time}") == (200, encode(second).decode())
            status, said = await ask(f"/api/alerts/{first.id}?as_of={first.time}")
            assert status == 503 and said.startswith("the log cannot be read: Kafka does not answer (127.0.0.1:1")

    monkeypatch.setattr("streams.broker.clients._EVERY", {"bootstrap_timeout_ms": 300})
    asyncio.run(run())


def test_a_copy_in_the_log_gives_a_revision_its_place(make: Make) -> None:
    history = History()
    history.take(make())
    history.take(make(), Place(2, 9))
    history.take(make(), Place(2, 11))
    assert (int(history.known.columns.partition[0]), int(history.known.columns.offset[0])) == (2, 9)
