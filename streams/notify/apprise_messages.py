"""For small teams without an Alertmanager: messages through apprise, an extra (``pip install 'wakewatch[apprise]'``).

Rules.
1. A page is sent at once, one message per case; tickets are collected, one message per five minutes. Collected tickets
   are lost with kill -9; topic and console still have them.
2. Nothing is repeated; an end is sent like a begin.
3. A message is delivered or retried: apprise reports only success or failure.
4. The addresses of services contain their secrets: they are never shown or logged.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from detectors.core.units import unix_ms
from streams.errors import ConfigError, SinkError
from streams.notify.links import LINK
from streams.notify.notices import Notice

TICKETS_EVERY_MS: Final = 300_000
_LINES_MOST: Final = 10


class AppriseMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What a person is sent."""

    title: str
    body: str


class Gathering:
    """Makes messages from notices. No clock: times are Unix ms."""

    def __init__(self) -> None:
        self._tickets: list[str] = []
        self._first_ms = 0

    @property
    def pending(self) -> bool:
        """Whether tickets wait to be sent together."""
        return bool(self._tickets)

    def take(self, news: Iterable[Notice], now_ms: int) -> list[AppriseMessage]:
        """Pages, as messages; tickets are kept until they are due."""
        cases: dict[str, list[str]] = {}
        for notice in news:
            line = f"{'CLOSED ' if unix_ms(notice.ends_at) <= now_ms else ''}{notice.annotations['summary']}"
            if notice.labels["severity"] == "page":
                told = (line, *map(notice.annotations.get, ("description", LINK, "explain")))
                cases.setdefault(notice.labels.get("case_id", ""), []).append("\n".join(filter(None, told)))
            else:
                self._first_ms = self._first_ms if self._tickets else now_ms
                self._tickets.append("\n".join(filter(None, (line, notice.annotations.get(LINK)))))
        return [AppriseMessage(title=_first_line(lines[0]), body="\n\n".join(lines)) for lines in cases.values()]

    def due(self, now_ms: int, *, leaving: bool = False) -> list[AppriseMessage]:
        """The collected tickets, after five minutes or when the process stops."""
        if not self._tickets or (now_ms - self._first_ms < TICKETS_EVERY_MS and not leaving):
            return []
        lines, self._tickets = self._tickets, []
        title = _first_line(lines[0]) if len(lines) == 1 else f"{len(lines)} tickets"
        more = [f"and {len(lines) - _LINES_MOST} more"] if len(lines) > _LINES_MOST else []
        return [AppriseMessage(title=title, body="\n".join([*lines[:_LINES_MOST], *more]))]


def _first_line(text: str) -> str:
    return text.split("\n", 1)[0]


class Apprise:
    """The services that apprise knows, by their addresses, separated by spaces. Raises ConfigError."""

    def __init__(self, urls: str) -> None:
        try:
            import apprise
        except ImportError as error:
            raise ConfigError(
                "notify.apprise_urls needs apprise: install the extra with `pip install 'wakewatch[apprise]'`"
            ) from error
        self._kind: Any = apprise.NotifyType
        self._services: Any = apprise.Apprise()
        for number, url in enumerate(urls.split(), 1):
            if not self._services.add(url):
                raise ConfigError(f"notify.apprise_urls: address {number} is not known to apprise")

    def send(self, message: AppriseMessage) -> None:
        """Sends to all services. Raises SinkError, retriable: apprise gives no reason."""
        if not self._services.notify(title=message.title, body=message.body, notify_type=self._kind.WARNING):
            raise SinkError("a service in notify.apprise_urls did not accept a message", retriable=True)
