"""URLs of sources: the table of all kinds of source, and what a URL means."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

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
    connector = CONNECTORS.get(scheme) if rest.startswith("//") else None
    if connector is None:
        hint = f"write file:{url}" if Path(url).exists() else "write file:PATH, tcp://HOST:PORT or another URL"
        raise ConfigError(f"{_shown(text)}: not the URL of a source; {hint}; `wakewatch ingest --help` lists all")
    place = _place(text, url, name, connector)
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


def _shown(text: str) -> str:
    """A URL without what may be a password."""
    before, at, rest = text.rpartition("@")
    return f"{before.partition('://')[0]}://...@{rest}" if at and "://" in before else text


def _place(text: str, url: str, name: str, connector: Connector) -> SourceUrl:
    try:
        parts = urlsplit(url, allow_fragments=False)  # a topic of MQTT may hold #
        host, port = parts.hostname or connector.host, parts.port
    except ValueError as error:
        raise ConfigError(f"{_shown(text)}: {error}; write {connector.form}") from error
    _refuse_extra(text, parts, connector)
    port = connector.port if port is None else port
    if port is None:
        raise ConfigError(f"{text}: no port; write {url.rstrip('/:')}:PORT")
    if host is None:
        raise ConfigError(f"{text}: no host; write {connector.form}")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    return SourceUrl(
        name=name or connector.name or f"{host}:{port}",
        kind=connector.scheme,
        host=host,
        port=port,
        path=unquote(parts.path[1:]),
        options=options,
        user=unquote(parts.username or ""),
    )


def _refuse_extra(text: str, parts: SplitResult, connector: Connector) -> None:
    """Raises ConfigError for what has no meaning in such a URL."""
    if parts.password is not None:
        raise ConfigError(f"{_shown(text)}: a URL must hold no password: it is logged; give the password in a file")
    if parts.username and not connector.has_user:
        raise ConfigError(f"{_shown(text)}: a user name has no meaning here; write {connector.form}")
    if parts.path.strip("/") and not connector.has_path:
        raise ConfigError(f"{text}: {parts.path} has no meaning here; write {connector.form}")
    asked = dict(parse_qsl(parts.query, keep_blank_values=True))
    wrong = next((option for option in asked if option not in connector.options), None)
    if wrong is not None:
        known = ", ".join(f"{option}=" for option in connector.options)
        raise ConfigError(f"{text}: {wrong} has no meaning here; " + (f"options are {known}" if known else "remove it"))
