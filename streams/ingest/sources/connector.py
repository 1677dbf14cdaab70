"""What a module of this folder declares about its kind of source: the form of its URL, and how it is opened.

``streams.ingest.urls`` holds the table of all connectors, and reads URLs by what they declare.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from streams.ingest.sources.back_off import BackOff
from streams.ingest.sources.events import InputSource
from streams.ingest.stamps import StampRules
from streams.ingest.table_columns import ColumnMap
from streams.settings.model import Settings


class SourceUrl(msgspec.Struct, frozen=True):
    """Where a source is, by its URL."""

    name: str
    kind: str
    """The scheme of the URL; ``stdin`` for ``-``."""
    host: str = ""
    port: int = 0
    path: str = ""
    """Of a file: its path. Of other URLs: what follows the port, without the first slash and decoded."""
    options: Mapping[str, str] = {}
    """What follows the question mark, by name."""
    user: str = ""

    @property
    def address(self) -> str:
        """``HOST:PORT`` as it is written in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class OpenRules(msgspec.Struct, frozen=True, kw_only=True):
    """How sources are opened, whatever their kind."""

    settings: Settings
    paced: bool = False
    """A file is read at a given speed, not at full speed."""
    stdin_live: bool = True
    stamps: StampRules = StampRules()
    """How times in recordings are read that are ambiguous by themselves."""
    columns: ColumnMap = ColumnMap()
    """The user's own headings of tables."""

    @property
    def idle_s(self) -> float:
        """A source yields at least this often."""
        return self.settings.ingest.pack_ms / 1000

    @property
    def connection(self) -> ConnectionRules:
        """How a connection is kept, for one source."""
        ingest = self.settings.ingest
        return ConnectionRules(self.idle_s, BackOff(ingest.reconnect_max_s), ingest.tcp_mute_s)


class ConnectionRules(msgspec.Struct, frozen=True):
    """How one source keeps its connection."""

    idle_s: float
    back_off: BackOff
    mute_s: float
    """A connection that is silent for longer is replaced; 0: never."""


class Connector(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of source."""

    scheme: str
    form: str
    """How its URL is written, such as ``tcp://HOST:PORT``."""
    example: str
    """A URL for the help."""
    sentence: str
    """What it reads, in a few words."""
    open: Callable[[SourceUrl, OpenRules], InputSource]
    """Opens it; listening sockets are bound now. Raises ConfigError."""
    name: str = ""
    """What the source is called if the user gives it no name; empty: HOST:PORT."""
    connects: bool = False
    """It has connections, whose number and losses are metrics."""
    host: str | None = None
    """The host of a URL without one; None: the URL must name it."""
    port: int | None = None
    """The port of a URL without one; None: the URL must name it."""
    listens: bool = False
    """It opens the port itself; 0 is any free one."""
    has_path: bool = False
    """A path after the port has a meaning."""
    has_user: bool = False
    """A user name before the host has a meaning. A password never has: it would be logged."""
    options: tuple[str, ...] = ()
    """Options after ``?`` that have a meaning."""
    check: Callable[[SourceUrl], None] | None = None
    """Looks at what the parts of a URL cannot say by themselves. Raises ConfigError."""
    extra: str = ""
    """The optional part of wakewatch that it needs, as in ``pip install 'wakewatch[mqtt]'``."""
    needs: str = ""
    """The module that comes with this part."""
