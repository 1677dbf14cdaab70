"""URLs of sources: the table of all kinds of source, and what a URL means."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from streams.errors import ConfigError
from streams.files.recordings import SUFFIXES
from streams.ingest.sources import aisstream, file, gpsd, http_listen, kafka_topic, listen, mqtt, signalk, tcp, udp
from streams.ingest.sources.connector import Connector, OpenRules, SourceUrl
from streams.ingest.sources.events import InputSource

__all__ = ["CONNECTORS", "OpenRules", "SourceUrl", "open_place", "parse"]

CONNECTORS: Final[Mapping[str, Connector]] = {
    connector.scheme: connector
    for connector in (
        *file.CONNECTORS,
        *tcp.CONNECTORS,
        *listen.CONNECTORS,
        *udp.CONNECTORS,
        *http_listen.CONNECTORS,
        *aisstream.CONNECTORS,
        *gpsd.CONNECTORS,
        *mqtt.CONNECTORS,
        *signalk.CONNECTORS,
        *kafka_topic.CONNECTORS,
    )
}
"""All kinds of source, by scheme."""
_IPV6: Final = 6
_HOST: Final = re.compile(rb"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?")
_HOST_MOST: Final = 253
_ZONE: Final = re.compile(r"[A-Za-z0-9._-]+")
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]{0,15}")
_OPTION: Final = re.compile(r"[a-z][a-z-]{0,19}")
_PATH_LIKE: Final = re.compile(r"[\w -]*[./][\w ./-]{0,60}")
_UNUSABLE: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
"""Control characters, and bytes of a command line that are not UTF-8."""


def parse(text: str) -> SourceUrl:
    """The place in ``[NAME=]URL``. Raises ConfigError, which names the remedy and shows no possible secret."""
    name, url = _named(text)
    if url == "-":
        return SourceUrl(name or "stdin", "stdin")
    scheme, colon, rest = url.partition(":")
    if colon and scheme == "file":
        path = rest[2:] if rest.startswith("//") else rest
        if not path or "\0" in path:
            raise ConfigError("file: no path; write file:PATH")
        return SourceUrl(name or _stem(Path(path)), "file", path=path)
    connector = CONNECTORS.get(scheme) if rest.startswith("//") else None
    if connector is None:
        hint = f"write file:{url}" if _exists(url) else "write file:PATH, tcp://HOST:PORT or another URL"
        raise ConfigError(f"{_shown(url)}: not the URL of a source; {hint}; `wakewatch ingest --help` lists all")
    place = _place(url, name, connector)
    if connector.check is not None:
        connector.check(place)
    return place


def open_place(place: SourceUrl, rules: OpenRules) -> InputSource:
    """Opens the source at ``place``; listening sockets are bound now. Raises ConfigError."""
    connector = CONNECTORS[place.kind]
    if connector.needs and find_spec(connector.needs) is None:
        raise ConfigError(
            f"{connector.form} needs an optional part of wakewatch: pip install 'wakewatch[{connector.extra}]'"
        )
    return connector.open(place, rules)


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


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # such as a name that is too long
        return False


def _shown(text: str) -> str:
    """What is no URL of ours: as it is if it looks like a path, else at most its scheme."""
    if _PATH_LIKE.fullmatch(text) or _exists(text):
        return text
    scheme, colon, rest = text.partition(":")
    known = scheme if colon and _SCHEME.fullmatch(scheme) else ""
    return f"{known}:{'//' if rest.startswith('//') else ''}..." if known else "..."


def _place(url: str, name: str, connector: Connector) -> SourceUrl:
    hidden = f"{connector.scheme}://..."
    try:
        parts = urlsplit(url, allow_fragments=False)  # a topic of MQTT may hold #
        host, port = parts.hostname or connector.host, parts.port
        path, user = unquote(parts.path[1:], errors="strict"), unquote(parts.username or "", errors="strict")
        options = _options(parts.query)
    except ValueError:  # its text may hold a part of a password
        raise ConfigError(
            f"{hidden}: cannot be read: a port is a number up to 65535, and what is written with % is UTF-8; "
            f"write {connector.form}"
        ) from None
    port = connector.port if port is None else port
    _refuse_secrets(hidden, parts, [url, path, user, *options.values()])
    if host is None:
        raise ConfigError(f"{hidden}: no host; write {connector.form}")
    if not _is_host(host):
        raise ConfigError(f"{hidden}: the host is neither a name nor an address; write {connector.form}")
    if port is None:
        shown = f"[{host}]" if ":" in host else host
        raise ConfigError(f"{connector.scheme}://{shown}: no port; write {connector.scheme}://{shown}:PORT")
    place = SourceUrl(
        name=name or connector.name or f"{host}:{port}",
        kind=connector.scheme,
        host=host,
        port=port,
        path=path,
        options=options,
        user=user,
    )
    _refuse_extra(place, connector)
    return place


def _options(query: str) -> dict[str, str]:
    """Options by name. Only % is decoded: a + is itself, as in the name of a file. Raises ValueError."""
    pairs = (piece.partition("=")[::2] for piece in query.split("&") if piece)
    return {unquote(name, errors="strict"): unquote(value, errors="strict") for name, value in pairs}


def _is_host(host: str) -> bool:
    """Whether such a host can exist."""
    address, _, zone = host.partition("%")
    try:
        if ":" in host:
            return ipaddress.ip_address(address).version == _IPV6 and (not zone or bool(_ZONE.fullmatch(zone)))
        return len(host) <= _HOST_MOST and bool(_HOST.fullmatch(host.encode("idna")))
    except ValueError:  # a UnicodeError is one
        return False


def _refuse_secrets(hidden: str, parts: SplitResult, texts: Sequence[str]) -> None:
    """Raises ConfigError for what may be a password, and for characters that no URL needs."""
    if parts.password is not None:
        raise ConfigError(f"{hidden}: a URL must hold no password: it is logged; give the password in a file")
    if "@" in parts.path + parts.query:
        raise ConfigError(
            f"{hidden}: an @ after the host may end a password, and a URL must hold none: it is logged; "
            "give the password in a file, or write %40 if the @ is none of a password"
        )
    if any(_UNUSABLE.search(text) for text in texts):
        raise ConfigError(f"{hidden}: it holds a line break or another control character; remove it")


def _refuse_extra(place: SourceUrl, connector: Connector) -> None:
    """Raises ConfigError for what has no meaning in such a URL."""
    shown = f"{place.kind}://{place.address}"
    if place.user and not connector.has_user:
        raise ConfigError(f"{shown}: a user name has no meaning here; write {connector.form}")
    if place.path.strip("/") and not connector.has_path:
        raise ConfigError(f"{shown}: a path has no meaning here; write {connector.form}")
    if not place.port and not connector.listens:
        raise ConfigError(f"{shown}: port 0 cannot be connected to; write {connector.form}")
    wrong = next((option for option in place.options if option not in connector.options), None)
    if wrong is not None:
        named = wrong if place.options[wrong] and _OPTION.fullmatch(wrong) else "what follows the question mark"
        known = ", ".join(f"{option}=" for option in connector.options)
        raise ConfigError(
            f"{shown}: {named} has no meaning here; " + (f"options are {known}" if known else "remove it")
        )
