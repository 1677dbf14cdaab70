"""URLs of sources, and the sources they mean."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

from streams.errors import ConfigError
from streams.files.recordings import SUFFIXES
from streams.ingest.sources.events import InputSource
from streams.ingest.sources.file import CHUNK_BYTES, FileSource, StdinSource
from streams.ingest.sources.listen import ListenSource
from streams.ingest.sources.tcp import BackOff, TcpSource
from streams.ingest.sources.udp import UdpSource, is_group
from streams.settings.model import IngestSettings

_FORMS: Final = "file:PATH, -, tcp://HOST:PORT, tcp-listen://[HOST]:PORT or udp://[HOST]:PORT"
_NETWORK: Final = ("tcp", "tcp-listen", "udp")
_LOOPBACK: Final = "127.0.0.1"
_PACED_CHUNK_BYTES: Final = 2048


class SourceUrl(msgspec.Struct, frozen=True):
    """Where a source is, by its URL."""

    name: str
    kind: str
    """``file``, ``stdin``, ``tcp``, ``tcp-listen`` or ``udp``."""
    host: str = ""
    port: int = 0
    path: str = ""
    interface: str = ""
    """Where a multicast group is joined: an address (IPv4) or a name (IPv6); empty: the routing table decides."""


def parse(text: str) -> SourceUrl:
    """The place in ``[NAME=]URL``. Raises ConfigError, which names the remedy."""
    name, url = _named(text)
    if url == "-":
        return SourceUrl(name or "stdin", "stdin")
    scheme, colon, rest = url.partition(":")
    if colon and scheme == "file":
        path = rest[2:] if rest.startswith("//") else rest
        if not path:
            raise ConfigError(f"{text}: no path; write file:PATH")
        return SourceUrl(name or _stem(Path(path)), "file", path=path)
    if scheme in _NETWORK:
        host, port, interface = _address(text, url, needs_host=scheme == "tcp")
        return SourceUrl(name or f"{host}:{port}", scheme, host, port, interface=interface)
    hint = f"write file:{url}" if Path(url).exists() else f"write {_FORMS}"
    raise ConfigError(f"{text}: not the URL of a source; {hint}")


def refuse_missing(place: SourceUrl) -> None:
    """Raises ConfigError if the file of a place is missing."""
    if place.kind == "file" and not Path(place.path).is_file():
        raise ConfigError(f"file:{place.path}: no such file")


def open_place(place: SourceUrl, settings: IngestSettings, *, paced: bool, stdin_live: bool) -> InputSource:
    """Opens the source at ``place``; listening sockets are bound now. Raises ConfigError."""
    refuse_missing(place)
    idle_s = settings.pack_ms / 1000
    if place.kind == "stdin":
        return StdinSource(idle_s, live=stdin_live)
    if place.kind == "tcp":
        back_off = BackOff(settings.reconnect_max_s)
        return TcpSource(place.host, place.port, idle_s=idle_s, back_off=back_off, mute_s=settings.tcp_mute_s)
    if place.kind == "tcp-listen":
        return ListenSource(place.host, place.port, idle_s=idle_s)
    if place.kind == "udp":
        return UdpSource(place.host, place.port, idle_s=idle_s, interface=place.interface)
    return FileSource(Path(place.path), _PACED_CHUNK_BYTES if paced else CHUNK_BYTES)


def _named(text: str) -> tuple[str, str]:
    """A name is given before ``=`` if the text there cannot be part of a URL."""
    name, equals, url = text.partition("=")
    if equals and name and not set(name) & set(":/\\"):
        return name, url
    return "", text


def _stem(path: Path) -> str:
    if path.suffix in SUFFIXES:
        path = path.with_suffix("")
    return path.stem or "file"


def _address(text: str, url: str, *, needs_host: bool) -> tuple[str, int, str]:
    """Host, port and interface."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ConfigError(f"{text}: {error}; write {_FORMS}") from error
    if port is None:
        raise ConfigError(f"{text}: no port; write {url.rstrip('/:')}:PORT")
    if needs_host and not host:
        raise ConfigError(f"{text}: no host; write tcp://HOST:{port}")
    asked = dict(parse_qsl(parts.query, keep_blank_values=True))
    interface = asked.pop("interface", "")
    if asked or (interface and not (parts.scheme == "udp" and is_group(host))):
        wrong = next(iter(asked), "interface")
        raise ConfigError(f"{text}: {wrong} has no meaning here; interface=ADDRESS is for the group of a udp:// URL")
    return host or _LOOPBACK, port, interface
