"""Connects the reading thread and the browsers: holds the alert table and the browsers that follow it.

The hub does not wait for a slow browser: its queue is emptied and it must request everything again (``reset``). So
memory is bounded at any rate, and a replay at full speed does not flood a page.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Final

import msgspec
from msgspec.structs import replace

from detectors.core.alert import Alert
from detectors.core.reference import Zone
from detectors.core.units import MS, rfc3339
from streams.console.alert_table import AlertTable
from streams.console.cases import CaseTimeline, Clock, Overview, State
from streams.console.filters import NO_FILTER, CaseFilter
from streams.console.health import Backlog, Kind, Trouble
from streams.console.health_checks import HealthReport
from streams.console.own_lists import OwnLists
from streams.console.past.history import History, Place
from streams.console.topic_reader import Updates

QUEUE_MOST: Final = 200
FOLLOWERS_MOST: Final = 256
ANSWERS_MOST: Final = 64
"""Answers kept between two pieces of news; one has 300 kB at most."""
BLIND_MS: Final = 45_000
"""Checks of the other processes run every few seconds; without one for this time their state is unknown."""
UNREAD_MS: Final = 20_000
"""The reader reports its progress every few seconds; without a report for this time it hangs or is overloaded."""


class ServerEvent(msgspec.Struct, frozen=True):
    """One server-sent event; ``data`` is one line of JSON."""

    name: str
    data: bytes


class Lists(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which lists and zones are in force."""

    version: str | None = None
    """None: nothing was imported, and the settings' files are in force."""
    since: str | None = None
    """When it was imported, wall clock."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The data of a ``clock`` event."""

    state: State
    clock: Clock
    troubles: tuple[Trouble, ...] = ()
    """Faults of the processes behind the page."""
    lists: Lists
    past: bool
    """Whether the log was read to where it ended at the start: earlier moments can be asked for."""


RESET: Final = ServerEvent("reset", b"{}")


class Hub:
    """For one event loop."""

    def __init__(self, board: AlertTable, zones: tuple[Zone, ...] = ()) -> None:
        """``zones``: those of the settings, in force until others are imported."""
        self._table, self.history = board, History()
        self.unread_past: int | None = None
        """Records of the alert topic from before the start that are not read yet; None before they are counted."""
        self._own_zones = self._zones = zones
        self._health, self._looked_s = HealthReport(troubles=(), zones=None, version=None, since_ms=0), time.monotonic()
        self._own = OwnLists()
        self._read_s = time.monotonic()
        self.unread: Backlog | None = None
        """Number of written records that this console has not read yet."""
        self._followers: set[asyncio.Queue[ServerEvent]] = set()
        self._choices: bytes | None = None
        self._answers: OrderedDict[tuple[bool, str, CaseFilter], bytes] = OrderedDict()
        self.state: State = "loading"

    async def take(self, news: Updates) -> None:
        """Adds what was read."""
        fresh = [raw for alert, raw in news.revisions if self._taken(alert, raw)]
        for alert in news.former:
            self._table.recall(alert)
        for alert, partition, offset in news.placed:
            self._remember(alert, Place(partition, offset))
        for said in news.words:
            self._table.hear(said)
            self.history.hear(said)
        if self.unread_past != 0 and news.unread_past is not None:  # what was read once stays known when Kafka is lost
            self.unread_past = news.unread_past
        for replayed, ms in news.clocks:
            self._table.tell_time(ms, replayed=replayed)
        self._table.unreadable += news.unreadable
        loaded = self.state != "following" and news.state == "following"
        self.state = news.state or self.state
        if news.state is not None:
            self.unread, self._read_s = news.unread, time.monotonic()
            self._table.forget()
        self._answers.clear()
        self._choices = None
        self._tell(fresh, news, loaded=loaded)

    async def take_health(self, health: HealthReport) -> None:
        """Adds the result of a check of the other processes."""
        if not health.whole:
            others = (one for one in self._health.troubles if one.kind not in {"kafka", "disk"})
            troubles = sorted((*health.troubles, *others), key=lambda one: one.level)
            self._health = replace(self._health, troubles=tuple(troubles))
            self._send(self._status())
            return
        self._health, self._looked_s = health, time.monotonic()
        zones = self._own_zones if health.zones is None else health.zones
        if health.own != self._own:
            self._own = health.own
            self._send(ServerEvent("own", b"{}"))
        if zones != self._zones:
            self._zones = zones
            self._send(ServerEvent("zones", b"{}"))
        self._send(self._status())

    @property
    def behind(self) -> bool:
        """Whether what is shown is older than it should be."""
        return any(one.kind == "console" and one.level == "alarm" for one in self._troubles())

    def trouble_s(self, kind: Kind) -> float:
        """Duration of a fault of this kind in the banner; 0: there is none, NaN: not known."""
        if kind != "console" and self._passed_ms >= BLIND_MS:
            return math.nan
        return max((max(one.for_ms, 1) for one in self._troubles() if one.kind == kind), default=0) / MS

    def _remember(self, alert: Alert, place: Place | None) -> None:
        with suppress(ValueError, OverflowError):  # an invalid time; the table counts it
            self.history.take(alert, place)

    def _taken(self, alert: Alert, raw: bytes) -> bool:
        self._remember(alert, None)
        try:
            return self._table.take(alert, raw)
        except (ValueError, OverflowError):  # not a valid time
            self._table.unreadable += 1
            return False

    def _tell(self, fresh: list[bytes], news: Updates, *, loaded: bool) -> None:
        if loaded or news.former or news.words:
            self._send(RESET)
        if news.state is not None:
            self._send(self._status())
        if self.state == "following":
            for raw in fresh:
                self._send(ServerEvent("revision", raw))

    def _status(self) -> ServerEvent:
        return ServerEvent("clock", self.health())

    def _send(self, event: ServerEvent) -> None:
        for queue in self._followers:
            if queue.qsize() >= QUEUE_MOST:
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(RESET)
            queue.put_nowait(event)

    @property
    def now_ms(self) -> tuple[int, int]:
        """The present event time of live sources and of recordings, Unix ms; 0: none yet."""
        return self._table.now_ms

    @property
    def reach_kn(self) -> float:
        """Assumed speed for the reach of a silent vessel."""
        return self._table.reach_kn

    @property
    def full(self) -> bool:
        """Whether the maximum of followers is reached."""
        return len(self._followers) >= FOLLOWERS_MOST

    async def events(self, quiet_s: float) -> AsyncGenerator[ServerEvent | None, None]:
        """All events from now on, beginning with the status; None after ``quiet_s`` without news."""
        queue: asyncio.Queue[ServerEvent] = asyncio.Queue()
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

    # -- for requests ---------------------------------------------------------------------------------------------

    def overview(self, *, log: bool, words: str = "", wanted: CaseFilter = NO_FILTER) -> bytes:
        """``/api/alerts`` as JSON; the same question is answered once between two pieces of news."""
        key = log, words, wanted
        if key not in self._answers:
            made: Overview = self._table.overview(self.state, log=log, words=words, wanted=wanted)
            self._answers[key] = msgspec.json.encode(made)
            if len(self._answers) > ANSWERS_MOST:
                self._answers.popitem(last=False)
        return self._answers[key]

    def choices(self) -> bytes:
        """``/api/choices``: what there is to filter by, as JSON."""
        self._choices = self._choices or msgspec.json.encode(self._table.choices())
        return self._choices

    def zones(self) -> bytes:
        """``/api/zones``: the zones in force, as JSON."""
        return msgspec.json.encode(self._zones)

    def own(self) -> bytes:
        """``/api/own``: own ships and areas in force, as JSON."""
        return msgspec.json.encode(self._own)

    def health(self) -> bytes:
        """``/api/health`` and the data of a ``clock`` event, as JSON."""
        found = self._health
        since = rfc3339(found.since_ms) if found.since_ms else None
        lists = Lists(version=found.version, since=since)
        status = Status(
            state=self.state,
            clock=self._table.clock,
            troubles=self._troubles(),
            lists=lists,
            past=self.unread_past == 0,
        )
        return msgspec.json.encode(status)

    @property
    def _passed_ms(self) -> int:
        """Time since the last check, ms."""
        return round((time.monotonic() - self._looked_s) * MS)

    def _troubles(self) -> tuple[Trouble, ...]:
        """The faults of the last check with their present duration, and a fault if checks have stopped."""
        passed_ms, found = self._passed_ms, list[Trouble]()
        aged = (replace(one, for_ms=one.for_ms + passed_ms if one.for_ms else 0) for one in self._health.troubles)
        unread_ms = round((time.monotonic() - self._read_s) * MS)
        if self.state == "following" and unread_ms >= UNREAD_MS:
            found.append(_alarm("This page has been loading the alerts", unread_ms))
        if passed_ms >= BLIND_MS:
            found.append(_alarm("This console has not checked the detectors, the sources and the notifier", passed_ms))
        return (*found, *aged)

    def story(self, case_id: str) -> bytes | None:
        """``/api/cases/CASE_ID`` as JSON."""
        story: CaseTimeline | None = self._table.story(case_id)
        return None if story is None else msgspec.json.encode(story)

    def alert(self, alert_id: str) -> bytes | None:
        """``/api/alerts/ID``: the alert as it is in the topic."""
        return self._table.raw(alert_id)


def _alarm(said: str, for_ms: int) -> Trouble:
    return Trouble(kind="console", level="alarm", said=said, for_ms=for_ms)
