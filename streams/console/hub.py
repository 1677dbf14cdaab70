"""Between the reading thread and the browsers: the board, and everybody who follows it.

A browser that does not keep up is not waited for: its queue is emptied and it is told to ask for everything again
(``reset``). So memory is bounded whatever the rate, and a replay at full speed is no flood for a page.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

import msgspec

from detectors.core.alert import Alert
from streams.console.board import Board
from streams.console.cases import Clock, Overview, State, Story
from streams.console.following import News

QUEUE_MOST: Final = 200
FOLLOWERS_MOST: Final = 64


class Event(msgspec.Struct, frozen=True):
    """One server-sent event; ``data`` is one line of JSON."""

    name: str
    data: bytes


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The data of a ``clock`` event."""

    state: State
    clock: Clock


RESET: Final = Event("reset", b"{}")


class Hub:
    """For one event loop."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._followers: set[asyncio.Queue[Event]] = set()
        self._answers: dict[bool, bytes] = {}
        self.state: State = "loading"

    async def take(self, news: News) -> None:
        """What was read."""
        fresh = [raw for alert, raw in news.revisions if self._taken(alert, raw)]
        for alert in news.former:
            self._board.recall(alert)
        for said in news.words:
            self._board.hear(said)
        for replayed, ms in news.clocks:
            self._board.tell_time(ms, replayed=replayed)
        self._board.unreadable += news.unreadable
        loaded = self.state != "following" and news.state == "following"
        self.state = news.state or self.state
        if news.state is not None:
            self._board.forget()
        self._answers.clear()
        self._tell(fresh, news, loaded=loaded)

    def _taken(self, alert: Alert, raw: bytes) -> bool:
        try:
            return self._board.take(alert, raw)
        except (ValueError, OverflowError):  # a time that is none
            self._board.unreadable += 1
            return False

    def _tell(self, fresh: list[bytes], news: News, *, loaded: bool) -> None:
        if loaded or news.former or news.words:
            self._send(RESET)
        if news.state is not None:
            self._send(self._status())
        if self.state == "following":
            for raw in fresh:
                self._send(Event("revision", raw))

    def _status(self) -> Event:
        return Event("clock", msgspec.json.encode(Status(state=self.state, clock=self._board.clock)))

    def _send(self, event: Event) -> None:
        for queue in self._followers:
            if queue.qsize() >= QUEUE_MOST:
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(RESET)
            queue.put_nowait(event)

    @property
    def full(self) -> bool:
        """Whether nobody more can follow."""
        return len(self._followers) >= FOLLOWERS_MOST

    async def events(self, quiet_s: float) -> AsyncGenerator[Event | None, None]:
        """Everything from now on, the status first; None after ``quiet_s`` without news."""
        queue: asyncio.Queue[Event] = asyncio.Queue()
        queue.put_nowait(self._status())
        self._followers.add(queue)
        try:
            while True:
                try:
                    yield await asyncio.wait_for(queue.get(), quiet_s)
                except TimeoutError:
                    yield None
        finally:
            self._followers.discard(queue)

    # -- what is asked --------------------------------------------------------------------------------------------

    def overview(self, *, log: bool) -> bytes:
        """``/api/alerts`` as JSON, made once between two pieces of news."""
        if log not in self._answers:
            made: Overview = self._board.overview(self.state, log=log)
            self._answers[log] = msgspec.json.encode(made)
        return self._answers[log]

    def story(self, case_id: str) -> bytes | None:
        """``/api/cases/CASE_ID`` as JSON."""
        story: Story | None = self._board.story(case_id)
        return None if story is None else msgspec.json.encode(story)

    def alert(self, alert_id: str) -> bytes | None:
        """``/api/alerts/ID``: the alert as it stands in the topic."""
        return self._board.raw(alert_id)
