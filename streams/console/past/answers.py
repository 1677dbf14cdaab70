"""Makes the answers about moments: off the server's loop, one at a time, each once.

200 viewers who move the slider ask for 200 moments. At most ``WAITING_MOST`` questions wait; the next one is rejected
at once, so that the present page and its events are never late because of the past. An answer is kept until something
is added to the log with a time up to its moment.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec

from detectors.core.alert import Alert
from streams.console.past import views
from streams.console.past.history import History, Place
from streams.console.past.log_record import LogRecords
from streams.console.past.marks import marks
from streams.console.past.views import Question
from streams.errors import InputError, WakewatchError
from streams.messages.values import decoded
from streams.settings.model import KafkaSettings

WAITING_MOST: Final = 64
_KEPT_MOST: Final = 256
_KEPT_BYTES_MOST: Final = 32 << 20
_ALWAYS_MS: Final = 1 << 62
"""Any addition changes the answer."""
_NEVER_MS: Final = -1
"""None does."""


class BusyError(Exception):
    """Too many questions wait, or the log cannot be asked now: the same question may be answered later."""


class PastAnswers:
    """For one event loop."""

    def __init__(self, history: History, kafka: KafkaSettings) -> None:
        self._history = history
        self._records = LogRecords(kafka)
        self._views = ThreadPoolExecutor(1, "console-past")
        self._reads = ThreadPoolExecutor(1, "console-past-log")
        self._kept: OrderedDict[Hashable, tuple[int, bytes]] = OrderedDict()
        self._kept_bytes = 0
        self._pending: dict[Hashable, tuple[int, asyncio.Future[bytes | None]]] = {}
        self._outdated: set[Hashable] = set()
        """Answers that are being made from what was known before an addition that concerns them."""

    async def overview(self, question: Question) -> bytes:
        """The cases of a moment, as JSON. Raises BusyError."""
        known = self._history.known
        made = await self._made(
            ("overview", question), _until(question), lambda: msgspec.json.encode(views.overview(known, question))
        )
        assert made is not None
        return made

    async def story(self, question: Question, case_id: str) -> bytes | None:
        """A case at a moment, as JSON; None if it is not known then. Raises BusyError."""
        known = self._history.known

        def make() -> bytes | None:
            found = views.story(known, question, case_id)
            return None if found is None else msgspec.json.encode(found)

        return await self._made(("story", question, case_id), _until(question), make)

    async def marks(self, from_ms: int, to_ms: int) -> bytes:
        """The marks of a range, as JSON. Raises BusyError."""
        known = self._history.known
        made = await self._made(
            ("marks", from_ms, to_ms), to_ms, lambda: msgspec.json.encode(marks(known, from_ms, to_ms))
        )
        assert made is not None
        return made

    async def alert(self, alert_id: str, at_ms: int | None, present: bytes | None) -> bytes | None:
        """The revision of an alert that counts at a moment (None: now), as it is in the topic.

        ``present``: its newest revision, if the caller has it. None: the alert is not known then, or the log no longer
        has that revision. Raises BusyError, also while Kafka does not answer.
        """
        known = self._history.known
        row = known.row(alert_id, at_ms)
        if row is None:
            return None
        revision, columns = int(known.columns.revision[row]), known.columns
        if present is not None and decoded(present, Alert).revision == revision:
            return present
        place = Place(int(columns.partition[row]), int(columns.offset[row]))
        if place.partition < 0:
            return None
        return await self._made(
            ("alert", alert_id, revision), _NEVER_MS, lambda: self._record(place, alert_id, revision), self._reads
        )

    def _record(self, place: Place, alert_id: str, revision: int) -> bytes | None:
        """The revision at a place, unless the topic was created again and another record is there."""
        try:
            value = self._records.value(place)
            found = None if value is None else decoded(value, Alert)
        except InputError:
            return None
        except WakewatchError as error:
            raise BusyError(f"the log cannot be read: {error}") from error
        return value if found is not None and (found.id, found.revision) == (alert_id, revision) else None

    async def _made(
        self, key: Hashable, until_ms: int, make: Callable[[], bytes | None], thread: ThreadPoolExecutor | None = None
    ) -> bytes | None:
        """The answer that is kept, or the one that is being made, or a new one.

        ``until_ms``: additions to the log with a later time do not change it.
        """
        self._forget_changed()
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key][1]
        if key not in self._pending:
            if len(self._pending) >= WAITING_MOST:
                raise BusyError("too many questions about the past at once: ask again in a second")
            future = asyncio.get_running_loop().run_in_executor(thread or self._views, make)
            self._pending[key] = (until_ms, future)
            future.add_done_callback(lambda done: self._done(key, done))
        return await asyncio.shield(self._pending[key][1])

    def _forget_changed(self) -> None:
        changed_ms = self._history.changed_from()
        if changed_ms is None:
            return
        for key in [key for key, (until_ms, _) in self._kept.items() if until_ms >= changed_ms]:
            self._kept_bytes -= len(self._kept.pop(key)[1])
        self._outdated |= {key for key, (until_ms, _) in self._pending.items() if until_ms >= changed_ms}

    def _done(self, key: Hashable, done: asyncio.Future[bytes | None]) -> None:
        self._forget_changed()
        until_ms, _ = self._pending.pop(key)
        outdated = key in self._outdated
        self._outdated.discard(key)
        if outdated or done.cancelled() or done.exception() is not None or (body := done.result()) is None:
            return
        self._kept[key] = (until_ms, body)
        self._kept_bytes += len(body)
        while self._kept_bytes > _KEPT_BYTES_MOST or len(self._kept) > _KEPT_MOST:
            self._kept_bytes -= len(self._kept.popitem(last=False)[1][1])

    async def close(self) -> None:
        """Waits for the thread that reads, and closes its client."""
        self._views.shutdown(wait=False, cancel_futures=True)
        await asyncio.get_running_loop().run_in_executor(None, self._reads.shutdown)
        self._records.close()


def _until(question: Question) -> int:
    return question.at_ms if question.known == "then" else _ALWAYS_MS
