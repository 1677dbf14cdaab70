"""UDP datagrams. Each is framed on its own: a sentence never spans two.

If the address is that of a multicast group (IPv4 224.0.0.0 to 239.255.255.255, IPv6 ff00::/8), the group is joined on
the interface with the given address, or on the one that the routing table gives.
"""

from __future__ import annotations

import ipaddress
import select
import socket
import struct
from collections.abc import Iterator
from threading import Event
from typing import Final

from streams.errors import ConfigError
from streams.ingest.sources.connector import Connector, OpenRules, SourceUrl
from streams.ingest.sources.events import Chunk, SourceEvent

_DATAGRAM_BYTES: Final = 65_536
_GATHERED: Final = 500
_BUFFER_BYTES: Final = 4 * 1024 * 1024
"""Buffer requested from the kernel: what it keeps while we are busy (it may grant less)."""


class UdpSource:
    """A bound socket; ``port`` is the real one, also if 0 was requested."""

    live = True
    waits = False
    resumes = False

    def __init__(self, host: str, port: int, *, idle_s: float, interface: str = "") -> None:
        self._idle_s = idle_s
        group = is_group(host)
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
            if group:  # several programs on a machine may listen to one
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            raise ConfigError(f"udp://{host}:{port}: {error.strerror}; choose a free port of this machine") from error
        try:
            if group:
                _join(self._socket, host, interface)
        except (OSError, ValueError) as error:
            self._socket.close()
            where = "this interface" if interface else "any interface"
            reason = getattr(error, "strerror", None) or "it is not an address"
            raise ConfigError(
                f"udp://{host}:{port}: cannot join the group on {where} ({reason}); give the address "
                f"of an interface of this machine: udp://{host}:{port}?interface=ADDRESS"
            ) from error
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]

    def close(self) -> None:
        """Releases the port."""
        self._socket.close()

    def events(self, stop: Event) -> Iterator[SourceEvent]:
        """Datagrams; those that came in the meantime are joined, each closed with a line end."""
        with self._socket:
            while not stop.is_set():
                if not select.select([self._socket], [], [], self._idle_s)[0]:
                    yield None
                    continue
                datagrams = self._gather()
                if datagrams:
                    yield Chunk(b"\n".join([*datagrams, b""]))

    def _gather(self) -> list[bytes]:
        datagrams: list[bytes] = []
        while len(datagrams) < _GATHERED:
            try:
                datagrams.append(self._socket.recv(_DATAGRAM_BYTES))
            except OSError:  # nothing more now, or an ICMP answer to something else
                break
        return datagrams


def is_group(host: str) -> bool:
    """Whether ``host`` is the address of a multicast group."""
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_multicast
    except ValueError:  # a name
        return False


def _join(listening: socket.socket, group: str, interface: str) -> None:
    """Raises OSError, and ValueError for what cannot be an interface."""
    if ":" in group:
        address, _, zone = group.partition("%")
        number = socket.if_nametoindex(interface or zone) if interface or zone else 0
        wanted = socket.inet_pton(socket.AF_INET6, address) + struct.pack("@I", number)
        listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, wanted)
        return
    wanted = socket.inet_aton(group) + socket.inet_aton(interface or "0.0.0.0")  # noqa: S104 - any interface
    listening.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, wanted)


def _check(place: SourceUrl) -> None:
    if place.options and not is_group(place.host):
        raise ConfigError(f"udp://{place.address}: interface= is for the group of a multicast address")


def _open(place: SourceUrl, rules: OpenRules) -> UdpSource:
    return UdpSource(place.host, place.port, idle_s=rules.idle_s, interface=place.options.get("interface", ""))


CONNECTORS: Final = (
    Connector(
        scheme="udp",
        form="udp://[HOST]:PORT",
        example="udp://:10110",
        sentence="Listens for datagrams; joins the group of a multicast address (?interface=ADDRESS)",
        open=_open,
        host="127.0.0.1",
        listens=True,
        options=("interface",),
        check=_check,
    ),
)
