"""Settings of the console, and which of them go together."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from streams.errors import ConfigError

GROUP: Final = "group:"
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class ConsoleRoles(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may do what on the page. Each role includes those before it."""

    watch: Annotated[
        tuple[str, ...],
        Meta(description="Who may read: user names as the proxy sends them, or groups, such as group:watch-floor"),
    ] = ()
    officer: Annotated[
        tuple[str, ...], Meta(description="Who may also acknowledge, note and assign; names and groups as above")
    ] = ()
    admin: Annotated[
        tuple[str, ...],
        Meta(description="Who may also change the lists and zones of one's own; names and groups as above"),
    ] = ()
    default: Annotated[
        Literal["auto", "none", "watch", "officer", "admin"],
        Meta(
            description="Role of a user that the proxy names and none of these lists has; auto: officer while all three"
            " lists are empty, otherwise none"
        ),
    ] = "auto"


class ConsoleSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The map page."""

    host: Annotated[
        str, Meta(description="Address of the page; it asks for no password: a proxy in front of it must")
    ] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535, description="Port of the page; 0: any free port")] = 8470
    hosts: Annotated[
        tuple[str, ...],
        Meta(description="Host names besides localhost under which a proxy requests the page; none: any off loopback"),
    ] = ()
    identity_header: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9-]{0,100}$",
            description="Header in which an authenticating proxy gives the user name, such as X-Forwarded-User "
            "(oauth2-proxy and deploy/proxy) or X-Auth-Request-User; empty: on the loopback address users type their "
            "own name and may do everything, elsewhere they may read",
        ),
    ] = ""
    groups_header: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9-]{0,100}$",
            description="Header in which the proxy gives the user's groups, separated by commas; empty: none. It counts"
            " only where console.roles names a group",
        ),
    ] = "X-Forwarded-Groups"
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(
            description="Networks from which console.identity_header is believed, such as 10.20.0.0/28; none: the "
            "loopback address only"
        ),
    ] = ()
    reach_kn: Annotated[
        float, Meta(ge=0, le=60, description="Assumed speed for the reach of a silent vessel, kn; 0: no circle")
    ] = 15.0
    traffic_url: Annotated[
        str,
        Meta(
            description="Where `wakewatch traffic` answers, for all vessels and tracks on the map; empty: none of them"
        ),
    ] = "http://127.0.0.1:8471"
    tiles_url: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[A-Za-z0-9._:\[\]-]+/[A-Za-z0-9{}/._?=&%~@-]*)?$",
            description="Raster tiles below the map, such as https://HOST/{z}/{x}/{y}.png; empty: our coastline only",
        ),
    ] = ""
    roles: ConsoleRoles = ConsoleRoles()


def checked_console(console: ConsoleSettings) -> ConsoleSettings:
    """The settings, if they go together. Raises ConfigError, one line."""
    roles = console.roles
    mapped = (*roles.watch, *roles.officer, *roles.admin)
    networks_of(console.trusted_proxies)
    if not console.identity_header and (mapped or console.trusted_proxies or roles.default != "auto"):
        raise ConfigError(
            "console.roles and console.trusted_proxies have no effect without console.identity_header: set it to the "
            "header in which your proxy gives the user name, such as X-Forwarded-User"
        )
    if any(not one.removeprefix(GROUP).strip() for one in mapped):
        raise ConfigError("console.roles: an entry is empty; write a user name, or group:NAME")
    if not console.groups_header and any(one.startswith(GROUP) for one in mapped):
        raise ConfigError("console.roles names a group: set console.groups_header, such as X-Forwarded-Groups")
    if console.identity_header and console.identity_header.lower() == console.groups_header.lower():
        raise ConfigError("console.identity_header and console.groups_header are the same header; give two")
    return console


def networks_of(given: Iterable[str]) -> tuple[_Network, ...]:
    """The networks of ``console.trusted_proxies``. Raises ConfigError."""
    return tuple(map(_network, given))


def _network(text: str) -> _Network:
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        raise ConfigError(
            f"console.trusted_proxies: {error}; write a network such as 10.20.0.0/28, or one address"
        ) from None
    if not network.prefixlen:
        raise ConfigError(f"console.trusted_proxies: {text} is every address; give those of your proxy")
    return network
