"""The TAK target: alerts as Cursor on Target over one connection."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from streams.notify.core import MapMark
from streams.notify.cot_events import DATAGRAM_MOST, CotRules, event_of
from streams.notify.cot_link import CotLink, tls_context
from streams.notify.links import address_of
from streams.settings.cot import cot_address
from streams.settings.model import NotifySettings


class Cot:
    """For one thread; call ``close`` at the end."""

    def __init__(self, link: CotLink, rules: CotRules) -> None:
        self.link, self._rules = link, rules

    def send(self, marks: Sequence[MapMark], now_ms: int, stopping: Callable[[], bool] = lambda: False) -> None:
        """Sends the state of these alerts as of now; those without a place are left out. Raises SinkError."""
        events = (event_of(mark, self._rules, now_ms) for mark in marks)
        self.link.send([event for event in events if event is not None], stopping)

    def close(self) -> None:
        """Closes the connection."""
        self.link.close()


def cot_of(rules: NotifySettings) -> Cot | None:
    """The target of these settings; None: there is none. Raises ConfigError."""
    address = cot_address(rules.cot)
    if address is None:
        return None
    context = tls_context(rules.cot) if address.kind == "tls" else None
    link = CotLink(address, rules.timeout_s, context, rules.cot.server_name)
    most = DATAGRAM_MOST if address.kind == "udp" else 0
    return Cot(link, CotRules(stale_s=rules.cot.stale_s, console=address_of(rules.console_url), bytes_most=most))
