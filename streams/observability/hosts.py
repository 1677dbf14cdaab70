"""Which Host headers our servers answer; not those of a foreign site that resolves to this machine (DNS rebinding)."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_local(host: str) -> bool:
    """Whether a Host header names this machine: ``localhost:8470``, ``127.0.0.1``, ``[::1]:8470``."""
    return is_loopback(name_of(host))


def name_of(host: str) -> str:
    """A Host header without its port and brackets."""
    name = host.rpartition(":")[0] if ":" in host.rpartition("]")[2] else host
    return name.strip("[]").lower()


def answers_to(host: str, bound: str, named: Collection[str]) -> bool:
    """Whether a request for ``host`` is answered by a server bound to ``bound`` that is also known as ``named``.

    Bound to the loopback: its own names and ``named``. Bound elsewhere: any name, unless there are ``named`` ones.
    """
    if is_local(host) or name_of(host) in named:
        return True
    return not is_loopback(bound) and not named
