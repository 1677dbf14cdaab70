"""The first connection of kafka-python, with two fixes: a rejection by the broker is reported.

kafka-python 3.0.12 is meant to raise an authentication failure, but expects it in a place where it is not raised
(``KafkaConnection.initialize`` keeps it in a future). It retries until its time is over and after ten seconds reports
that there is no Kafka. Here the first rejection ends the attempt. Later ones do not: a broker that has just restarted
may reject a known user for a moment.

It also discards what it has read when the connection closes at the same time: the broker's last message, with the
reason.

Its log lines about a rejection, six per attempt, are not shown: the resulting error has the reason.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from kafka.net.compat import KafkaNetClient
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector

from streams.broker.security import REFUSALS, refusal_of


class Client(KafkaNetClient):  # type: ignore[misc]  # kafka-python ships no types
    """For ``kafka_client`` of a producer, a consumer and an admin client."""

    def __init__(self, **configs: Any) -> None:
        net = NetworkSelector(**configs)
        super().__init__(net=net, manager=_Manager(net, **configs), **configs)


class _Manager(KafkaConnectionManager):  # type: ignore[misc]
    def __init__(self, *args: Any, **configs: Any) -> None:
        super().__init__(*args, **configs)
        self._refused: BaseException | None = None

    def get_connection(self, *args: Any, **kwargs: Any) -> Any:
        """Raises the broker's rejection, as long as there has been no connection yet."""
        if self.bootstrapped:
            return super().get_connection(*args, **kwargs)
        if self._refused is not None:
            raise self._refused
        connection = super().get_connection(*args, **kwargs)
        connection.init_future.add_errback(self._note)
        return connection

    async def _build_transport(self, *args: Any, **kwargs: Any) -> Any:
        transport = await super()._build_transport(*args, **kwargs)
        transport._sock_recv = partial(_words_first, transport._sock_recv)
        return transport

    def _note(self, error: BaseException) -> None:
        if refusal_of(error) is not None:
            self._refused = error


def _words_first(receive: Callable[[], tuple[bytes, Any]]) -> tuple[bytes, Any]:
    """The data read before the end; at the next call the socket reports again that it has ended."""
    data, error = receive()
    return data, None if data else error


def _other_news(record: logging.LogRecord) -> bool:
    if str(record.msg).endswith("socket disconnected"):
        return False  # the connection reports what becomes of it
    return not (isinstance(record.args, tuple) and any(map(_is_refusal, record.args)))


def _is_refusal(said: object) -> bool:
    if isinstance(said, str):
        return said in REFUSALS
    return isinstance(said, Exception) and refusal_of(said) is not None


for _name in ("connection", "manager", "transport"):
    logging.getLogger(f"kafka.net.{_name}").addFilter(_other_news)
