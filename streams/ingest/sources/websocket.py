"""Sources that are websockets of others: what they share. A subclass says what a message means."""

from __future__ import annotations

import ssl
from abc import abstractmethod
from collections.abc import Generator, Mapping
from threading import Event
from typing import Final

from streams.ingest.sources.async_connection import Put, events_of
from streams.ingest.sources.connecting import CONNECT_S, ConnectingSource
from streams.ingest.sources.connector import ConnectionRules
from streams.ingest.sources.events import Connected, Heard, SourceEvent

_MESSAGE_BYTES: Final = 256 * 1024
_CLOSE_S: Final = 1.0
_PING_S: Final = 30.0


class WebsocketSource(ConnectingSource):
    """A client of one websocket, which sends ``greeting`` first, if there is one."""

    def __init__(
        self,
        url: str,
        rules: ConnectionRules,
        *,
        context: ssl.SSLContext | None = None,
        greeting: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """``greeting`` and ``headers`` may hold secrets. Of ``url`` scheme, host and port are logged."""
        scheme, _, rest = url.partition("://")
        super().__init__(f"{scheme}://{rest.partition('/')[0]}", rules)
        self._url, self._context, self._greeting, self._headers = url, context, greeting, headers

    @abstractmethod
    def event_of(self, data: bytes) -> SourceEvent:
        """What a message is, text or binary; None: nothing for us.

        Raises OSError for a loss, WakewatchError for the end of the source.
        """

    def status_error(self, status: int) -> Exception:
        """What to raise when the server answers with this status of HTTP and opens no websocket."""
        return OSError(f"the server answers with status {status}")

    def connection(self, stop: Event) -> Generator[SourceEvent, None, str]:
        """One connection."""
        return (yield from events_of(self._talk, stop=stop, idle_s=self._rules.idle_s))

    async def _talk(self, put: Put) -> str:
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_S, sock_connect=CONNECT_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=self._context is not None) as session,
                session.ws_connect(
                    self._url,
                    ssl=self._context or True,
                    headers=self._headers,
                    heartbeat=_PING_S,
                    max_msg_size=_MESSAGE_BYTES,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_S),
                ) as socket,
            ):
                if self._greeting:
                    await socket.send_str(self._greeting.decode())
                await put(Connected())
                async for message in socket:
                    data = message.data
                    if message.type in {aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY}:
                        sent = data.encode("utf-8", "replace") if isinstance(data, str) else data
                        await put(self.event_of(sent) or Heard())
                return f"closed by the other side ({socket.close_code or 'without a reason'})"
        except aiohttp.WSServerHandshakeError as error:
            raise self.status_error(error.status) from error
        except aiohttp.ClientError as error:
            raise OSError(str(error) or type(error).__name__) from error
