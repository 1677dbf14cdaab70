"""Who a request is from, and what that person may do.

Rules.
- With ``console.identity_header``, a proxy that authenticates names the user in that header. It is believed only if the
  connection itself comes from a trusted proxy (``console.trusted_proxies``; none given: from the loopback address).
  Headers about earlier addresses (``X-Forwarded-For``) are never read for that. A header that is given twice, or a name
  that cannot be shown, is rejected. The name and groups give the role (``console.roles``); without a role nothing can
  be read, except what says how this process is (``OPEN``).
- Without it, on the loopback address: anyone at this machine may do everything, under the name that they type. A
  request with the headers of a proxy came from another machine: it may read.
- Without it, elsewhere: anyone may read, because nobody is identified.

Another site cannot write: the body must be JSON, which a browser sends to another site only after a preflight request
that is never answered, and an ``Origin`` or ``Sec-Fetch-Site`` of another site is rejected. There are no cookies.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec
import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from streams.errors import InputError
from streams.messages.feedback import NAME_MOST
from streams.messages.values import decoded
from streams.observability.hosts import is_loopback, name_of
from streams.settings.console import GROUP, ConsoleRoles, ConsoleSettings, networks_of

Role = Literal["none", "watch", "officer", "admin"]
Reason = Literal["untrusted_peer", "repeated_header", "unreadable_name", "no_name", "no_role", "another_site"]
T = TypeVar("T", bound=msgspec.Struct)

OPEN: Final = frozenset({"/healthz", "/readyz", "/metrics", "/runbook"})
"""Routes for monitoring and help: they show nothing about vessels and need no role."""
_READS: Final = frozenset({"GET", "HEAD"})
_ROLES: Final[tuple[Role, ...]] = ("none", "watch", "officer", "admin")
_FORWARDED: Final = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")
_LOG_EVERY_S: Final = 60.0
_JSON: Final = "application/json"
_log = structlog.get_logger("wakewatch.console")


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """The person behind a request."""

    role: Role
    by: str = ""
    """The name that the proxy gives; empty if people type their own."""
    why: str = ""
    """Why the role is not a higher one, in words; empty if there is nothing to say."""

    def may(self, role: Role) -> bool:
        """Whether this person's role includes ``role``."""
        return _ROLES.index(self.role) >= _ROLES.index(role)

    def named(self, typed: str) -> str:
        """The author of a record: the proxy's name for the person, otherwise the typed one. Raises RefusalError."""
        by = self.by or typed.strip()
        if not by:
            raise RefusalError(HTTPStatus.BAD_REQUEST, "give your name")
        if not by.isprintable():
            raise RefusalError(HTTPStatus.BAD_REQUEST, "the name has characters that cannot be shown")
        return by


class Identity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``/api/me``: what the caller may do, and under which name."""

    may: bool
    """Whether the caller may give feedback: role officer or above."""
    role: Role
    by: str = ""
    """The name that the proxy gives; empty if users give their own."""
    why: str = ""
    """Why no more is allowed."""


class RefusalError(Exception):
    """A request that is rejected: the status and one plain line."""

    def __init__(self, status: HTTPStatus, said: str) -> None:
        super().__init__(said)
        self.status = status


class Gate:
    """Identifies requests by the settings. ``count`` is called with the reason for each rejection."""

    def __init__(self, settings: ConsoleSettings, count: Callable[[Reason], object]) -> None:
        self._settings, self._count = settings, count
        self._networks = networks_of(settings.trusted_proxies)
        self._logged_s: dict[Reason, float] = {}

    def person(self, request: web.BaseRequest) -> Person:
        """The person, by the rules of this module; role ``none`` if the person has no role. Raises RefusalError."""
        if self._settings.identity_header:
            return self._named(request)
        if not is_loopback(self._settings.host):
            why = "users are not identified here: set console.identity_header and use an authenticating proxy"
            return Person(role="watch", why=why)
        if any(name in request.headers for name in _FORWARDED):
            why = "the request comes through a proxy that does not name the user: set console.identity_header"
            return Person(role="watch", why=why)
        return Person(role="admin")

    def _named(self, request: web.BaseRequest) -> Person:
        header = self._settings.identity_header
        given = [name for name in request.headers.getall(header, []) if name.strip()]
        if not self._trusts(request.remote):
            said = "the user name is believed from console.trusted_proxies only; open the console through the proxy"
            raise self.refusal(request, "untrusted_peer" if given else "no_name", said)
        if not given:
            raise self.refusal(request, "no_name", f"the proxy gives no user name in {header}")
        by, groups = given[0].strip(), self._groups(request)
        if len(given) > 1 or len(groups) > 1:
            raise self.refusal(request, "repeated_header", "the proxy names the user or the groups more than once")
        if not by.isprintable() or len(by) > NAME_MOST:
            raise self.refusal(request, "unreadable_name", f"the user name is longer than {NAME_MOST} or not printable")
        role = role_of(self._settings.roles, by, {each.strip() for each in ",".join(groups).split(",")})
        return Person(role=role, by=by, why="" if role == "admin" else f"{by} has the role {role}")

    def _groups(self, request: web.BaseRequest) -> list[str]:
        header = self._settings.groups_header
        return request.headers.getall(header, []) if header else []

    def _trusts(self, peer: str | None) -> bool:
        """``peer``: the address of the connection itself."""
        try:
            address = ipaddress.ip_address((peer or "").partition("%")[0])
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        if not self._networks:
            return address.is_loopback
        return any(address in network for network in self._networks)

    def refusal(self, request: web.BaseRequest, reason: Reason, said: str) -> RefusalError:
        """Counts a rejection and logs it, each reason once a minute; returns the answer."""
        self._count(reason)
        now_s = time.monotonic()
        if now_s - self._logged_s.get(reason, -_LOG_EVERY_S) >= _LOG_EVERY_S:
            self._logged_s[reason] = now_s
            _log.warning("request rejected", reason=reason, peer=request.remote, path=request.path[:100])
        return RefusalError(HTTPStatus.FORBIDDEN, said)


GATE: Final = web.AppKey("gate", Gate)


def role_of(roles: ConsoleRoles, by: str, groups: set[str]) -> Role:
    """The highest role that the settings give to a user or to one of the groups; otherwise the default."""
    mapped: tuple[tuple[Role, tuple[str, ...]], ...] = (
        ("admin", roles.admin),
        ("officer", roles.officer),
        ("watch", roles.watch),
    )
    for role, given in mapped:
        users = {one for one in given if not one.startswith(GROUP)}
        if by in users or any(GROUP + group in given for group in groups if group):
            return role
    if roles.default != "auto":
        return roles.default
    return "none" if roles.watch or roles.officer or roles.admin else "officer"


def allowed(request: web.Request, role: Role) -> Person:
    """The person behind a request, who has this role. Every route that writes calls it before anything else.

    Raises RefusalError for a person without the role and, on writing, for a request that another site may have caused.
    """
    gate = request.app[GATE]
    person = gate.person(request)
    if not person.may(role):
        needed = "" if person.role == "none" else f"; this needs the role {role}"
        raise gate.refusal(request, "no_role", f"{person.why}{needed}; console.roles gives roles")
    if request.method not in _READS:
        _check_own_site(request, gate)
    return person


def _check_own_site(request: web.Request, gate: Gate) -> None:
    host = name_of(request.headers.get("Host", ""))
    # By name alone: a proxy may listen on another port than it asks for.
    origins = {_host_of(origin) for origin in request.headers.getall("Origin", [])}
    if not origins <= ({host} - {""}) or any(
        site != "same-origin" for site in request.headers.getall("Sec-Fetch-Site", [])
    ):
        raise gate.refusal(request, "another_site", "request from another site")
    if request.headers.get("Content-Type", "").partition(";")[0].strip() != _JSON:
        raise RefusalError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send JSON")


def _host_of(origin: str) -> str:
    try:
        return name_of(urlsplit(origin).netloc)
    except ValueError:
        return ""


async def body_of(request: web.Request, kind: type[T]) -> T:
    """The body of a request. Raises RefusalError if it is not what the route takes."""
    try:
        return decoded(await request.read(), kind)
    except InputError as error:
        raise RefusalError(HTTPStatus.BAD_REQUEST, str(error)) from error


def identified() -> Middleware:
    """Lets nobody read without a role, nobody write without the role officer, and answers refusals in one line."""

    @web.middleware
    async def check(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        resource = request.match_info.route.resource  # None: there is no such route, as its answer says
        try:
            if resource is not None and resource.canonical not in OPEN:
                allowed(request, "watch" if request.method in _READS else "officer")
            return await handler(request)
        except RefusalError as refusal:
            return web.Response(status=refusal.status, text=f"{refusal}\n")

    return check


async def me(request: web.Request) -> web.Response:
    """``/api/me``."""
    person = request.app[GATE].person(request)
    found = Identity(may=person.may("officer"), role=person.role, by=person.by, why=person.why)
    return web.Response(body=msgspec.json.encode(found), content_type=_JSON)
