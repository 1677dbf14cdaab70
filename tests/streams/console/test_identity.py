"""Who may do what on the page: names from a proxy, roles, and requests that pretend; over real connections."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.console.identity import OPEN, role_of
from streams.errors import ConfigError
from streams.settings.console import ConsoleRoles, ConsoleSettings, checked_console
from streams.settings.loading import load
from tests.served_console import PROXY, Served

STRANGER = "127.0.0.3"
WRITES = {
    ("POST", "/api/alerts/{id}/feedback"): "officer",
    ("POST", "/api/own/ships"): "admin",
    ("POST", "/api/own/ships/remove"): "admin",
    ("POST", "/api/own/zones"): "admin",
    ("POST", "/api/own/zones/remove"): "admin",
}
"""Every route that writes, and the role that it needs. A new route fails until it is here and holds it."""
ROLES = ConsoleRoles(watch=("wim",), officer=("olga", "group:officers"), admin=("ada",))
PROXIED = ConsoleSettings(identity_header="X-Forwarded-User", trusted_proxies=(PROXY,), roles=ROLES)
JSON = "Content-Type: application/json"


Serve = Callable[[ConsoleSettings], Served]


@pytest.fixture
def serve() -> Iterator[Serve]:
    running: list[Served] = []

    def start(settings: ConsoleSettings) -> Served:
        running.append(Served(settings))
        return running[-1]

    yield start
    for one in running:
        one.close()


# -- identity from a proxy -----------------------------------------------------------------------------------------


def test_the_proxy_names_the_user_in_any_case_of_its_header(serve: Serve) -> None:
    served = serve(PROXIED)
    for header in ("X-Forwarded-User: olga", "x-forwarded-user:  olga ", "X-FORWARDED-USER: olga"):
        answer = served.ask(header)
        assert (answer.status, json.loads(answer.text)["by"], json.loads(answer.text)["may"]) == (200, "olga", True)


def test_a_name_from_another_address_is_rejected_and_counted(serve: Serve) -> None:
    served = serve(PROXIED)
    answer = served.ask("X-Forwarded-User: ada", peer=STRANGER)
    assert answer.status == 403 and answer.text.count("\n") == 1
    assert "console.trusted_proxies" in answer.text
    assert served.rejected("untrusted_peer") == 1


@pytest.mark.parametrize(
    "said",
    [
        f"X-Forwarded-For: {PROXY}",
        f"X-Forwarded-For: {PROXY}, {STRANGER}",
        f"X-Real-IP: {PROXY}",
        f"Forwarded: for={PROXY}",
        f"X-Forwarded-Host: {PROXY}",
        f"X-Client-IP: {PROXY}",
    ],
)
def test_an_address_in_a_header_does_not_make_a_trusted_proxy(serve: Serve, said: str) -> None:
    served = serve(PROXIED)
    assert served.ask("X-Forwarded-User: ada", said, peer=STRANGER).status == 403
    assert served.rejected("untrusted_peer") == 1


def test_forwarded_addresses_do_not_take_the_trust_of_the_proxy(serve: Serve) -> None:
    assert serve(PROXIED).ask("X-Forwarded-User: ada", f"X-Forwarded-For: {STRANGER}").status == 200


@pytest.mark.parametrize(
    "headers",
    [
        ("X-Forwarded-User: olga", "X-Forwarded-User: ada"),
        ("X-Forwarded-User: ada", "x-forwarded-user: olga"),
        ("X-Forwarded-User: wim", "X-Forwarded-Groups: a", "X-Forwarded-Groups: officers"),
    ],
)
def test_a_header_that_is_given_twice_is_rejected(serve: Serve, headers: tuple[str, ...]) -> None:
    served = serve(PROXIED)
    assert served.ask(*headers).status == 403
    assert served.rejected("repeated_header") == 1


@pytest.mark.parametrize(
    "header",
    ["X_Forwarded_User: ada", "X-Forwarded_User: ada", "XForwarded-User: ada", "X-Forwarded-User:", "X-Auth: ada"],
)
def test_a_similar_or_empty_header_names_nobody(serve: Serve, header: str) -> None:
    served = serve(PROXIED)
    answer = served.ask(header)
    assert (answer.status, served.rejected("no_name")) == (403, 1)
    assert "gives no user name in X-Forwarded-User" in answer.text


@pytest.mark.parametrize("name", ["x" * 101, "ada\u202e", "ad\u0085a", "a\u200bda"])
def test_a_name_that_cannot_be_shown_is_rejected(serve: Serve, name: str) -> None:
    served = serve(PROXIED)
    assert served.ask(f"X-Forwarded-User: {name}").status == 403
    assert served.rejected("unreadable_name") == 1


def test_a_name_of_other_letters_is_kept(serve: Serve) -> None:
    answer = serve(ConsoleSettings(identity_header="X-Forwarded-User", trusted_proxies=(PROXY,))).ask(
        "X-Forwarded-User: Zoë Łuk"
    )
    assert json.loads(answer.text)["by"] == "Zoë Łuk"


def test_without_trusted_proxies_only_the_loopback_address_is_one(serve: Serve) -> None:
    served = serve(ConsoleSettings(identity_header="X-Forwarded-User"))
    assert served.ask("X-Forwarded-User: kim", peer=STRANGER).status == 200
    assert json.loads(served.ask("X-Forwarded-User: kim").text) == {
        "may": True,
        "role": "officer",
        "by": "kim",
        "why": "kim has the role officer",
    }


def test_a_network_can_be_trusted_and_mapped_addresses_are_the_same(serve: Serve) -> None:
    served = serve(ConsoleSettings(identity_header="X-Forwarded-User", trusted_proxies=("127.0.0.2/31", "fd00::/8")))
    assert served.ask("X-Forwarded-User: kim", peer=STRANGER).status == 200
    assert served.ask("X-Forwarded-User: kim", peer="127.0.0.4").status == 403


# -- roles -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "groups", "role"),
    [
        ("ada", set(), "admin"),
        ("olga", set(), "officer"),
        ("wim", {"officers"}, "officer"),
        ("wim", {"others", ""}, "watch"),
        ("Ada", set(), "none"),
        ("group:officers", set(), "none"),
        ("officers", set(), "none"),
        ("nobody", {"ada"}, "none"),
    ],
)
def test_the_highest_role_counts_and_a_group_is_no_user(by: str, groups: set[str], role: str) -> None:
    assert role_of(ROLES, by, groups) == role


def test_the_default_role() -> None:
    assert role_of(ConsoleRoles(), "kim", set()) == "officer", "as before there were roles"
    assert role_of(ConsoleRoles(default="watch"), "kim", set()) == "watch"
    assert role_of(ConsoleRoles(admin=("ada",), default="watch"), "kim", set()) == "watch"
    assert role_of(ConsoleRoles(admin=("ada",)), "kim", set()) == "none"


def test_groups_come_in_their_header_or_not_at_all(serve: Serve) -> None:
    served = serve(PROXIED)
    assert json.loads(served.ask("X-Forwarded-User: x", "X-Forwarded-Groups: a, officers,b").text)["role"] == "officer"
    assert served.ask("X-Forwarded-User: x", "X-Forwarded-Groups: officers2").status == 403
    silent = serve(ConsoleSettings(identity_header="X-Forwarded-User", groups_header="", trusted_proxies=(PROXY,)))
    assert json.loads(silent.ask("X-Forwarded-User: x", "X-Forwarded-Groups: officers").text)["role"] == "officer"


def paths(served: Served) -> dict[tuple[str, str], str]:
    """Every route, and an address for it."""
    found = {}
    for route in served.app.router.routes():
        assert route.resource is not None
        plain = re.sub(r"\{(\w+)[^}]*\}", r"{\1}", route.resource.canonical)
        plain_id = "a" * 32 if "alerts" in plain else "imo/9179842"
        found[(route.method, plain)] = re.sub(r"\{\w+\}", "tail", plain.replace("{id}", plain_id))
    return found


def test_without_a_role_nothing_is_read_or_written(serve: Serve) -> None:
    served = serve(PROXIED)
    for (method, path), address in paths(served).items():
        for headers in ((), ("X-Forwarded-User: nobody",)):
            status = served.ask(*headers, JSON, method=method, path=address, body="[]").status
            assert (status == 403) == (path not in OPEN), (method, path, headers, status)


def test_every_route_that_writes_needs_its_role(serve: Serve) -> None:
    served = serve(PROXIED)
    writes = {key: address for key, address in paths(served).items() if key[0] not in {"GET", "HEAD"}}
    assert writes.keys() == WRITES.keys(), "say here which role a route needs that writes"
    order = ["watch", "officer", "admin"]
    for (method, path), address in writes.items():
        for name, role in (("wim", "watch"), ("olga", "officer"), ("ada", "admin")):
            answer = served.ask(f"X-Forwarded-User: {name}", JSON, method=method, path=address, body="[]")
            lacks = order.index(role) < order.index(WRITES[(method, path)])
            assert answer.status == (403 if lacks else 400), (path, role, answer)


def test_every_route_that_reads_is_open_to_the_watch(serve: Serve) -> None:
    served = serve(PROXIED)
    for (method, path), address in paths(served).items():
        if method == "HEAD" or (method == "GET" and path != "/api/events"):
            assert served.ask("X-Forwarded-User: wim", method=method, path=address).status in {200, 404, 503}, path


# -- other sites -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ((JSON,), 400),
        ((JSON, "Origin: http://localhost:1", "Sec-Fetch-Site: same-origin"), 400),
        ((JSON, "Origin: https://evil.example"), 403),
        ((JSON, "Origin: null"), 403),
        ((JSON, "Origin: http://[bad"), 403),
        ((JSON, "Origin: http://localhost", "Origin: https://evil.example"), 403),
        ((JSON, "Sec-Fetch-Site: cross-site"), 403),
        ((JSON, "Sec-Fetch-Site: same-site"), 403),
        ((JSON, "Sec-Fetch-Site: none"), 403),
        (("Content-Type: text/plain",), 415),
        (("Content-Type: application/x-www-form-urlencoded",), 415),
        ((), 415),
    ],
)
def test_another_site_cannot_write(serve: Serve, headers: tuple[str, ...], status: int) -> None:
    path = f"/api/alerts/{'a' * 32}/feedback"
    for settings, user in ((PROXIED, ("X-Forwarded-User: ada",)), (ConsoleSettings(), ())):
        assert serve(settings).ask(*user, *headers, method="POST", path=path, body="{}").status == status


@pytest.mark.parametrize(
    "body",
    [{"kind": "praised"}, {"by": " "}, {"by": "x" * 101}, {"by": "Kim\u202e"}, {"note": "x" * 1001}, {"more": 1}],
)
def test_a_body_that_is_wrong_is_rejected(serve: Serve, body: dict[str, object]) -> None:
    sent = json.dumps({"kind": "acknowledged", "by": "Kim", **body})
    path = f"/api/alerts/{'a' * 32}/feedback"
    assert serve(ConsoleSettings()).ask(JSON, method="POST", path=path, body=sent).status == 400


# -- without a proxy -------------------------------------------------------------------------------------------------


def test_at_this_machine_anyone_may_do_everything_but_not_through_a_proxy(serve: Serve) -> None:
    served = serve(ConsoleSettings())
    assert json.loads(served.ask().text) == {"may": True, "role": "admin"}
    assert json.loads(served.ask("X-Forwarded-User: ada").text) == {"may": True, "role": "admin"}
    told = json.loads(served.ask("X-Forwarded-For: 10.0.0.1").text)
    assert (told["may"], told["role"]) == (False, "watch") and "console.identity_header" in told["why"]


def test_off_the_loopback_nobody_writes_without_a_proxy(serve: Serve) -> None:
    served = serve(ConsoleSettings(host="0.0.0.0"))
    told = json.loads(served.ask("X-Forwarded-User: ada").text)
    assert (told["may"], told["role"]) == (False, "watch")
    path = f"/api/alerts/{'a' * 32}/feedback"
    assert served.ask("X-Forwarded-User: ada", JSON, method="POST", path=path, body="{}").status == 403


# -- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (ConsoleSettings(roles=ConsoleRoles(admin=("ada",))), "no effect without console.identity_header"),
        (ConsoleSettings(trusted_proxies=("10.0.0.1",)), "no effect without console.identity_header"),
        (ConsoleSettings(identity_header="X-User", trusted_proxies=("0.0.0.0/0",)), "every address"),
        (ConsoleSettings(identity_header="X-User", trusted_proxies=("::/0",)), "every address"),
        (ConsoleSettings(identity_header="X-User", trusted_proxies=("10.0.0.1/8",)), "host bits"),
        (ConsoleSettings(identity_header="X-User", trusted_proxies=("proxy",)), "write a network"),
        (ConsoleSettings(identity_header="X-User", groups_header="x-user"), "same header"),
        (ConsoleSettings(identity_header="X-User", roles=ConsoleRoles(watch=("group: ",))), "an entry is empty"),
        (
            ConsoleSettings(identity_header="X-User", groups_header="", roles=ConsoleRoles(watch=("group:a",))),
            "set console.groups_header",
        ),
    ],
)
def test_settings_that_do_not_go_together(settings: ConsoleSettings, said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)) as raised:
        checked_console(settings)
    assert "\n" not in str(raised.value)


def test_roles_come_from_a_table_and_from_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "wakewatch.toml"
    file.write_text('[console]\nidentity_header = "X-User"\n[console.roles]\nofficer = ["olga", "group:officers"]\n')
    assert load(file, environ={}).console.roles.officer == ("olga", "group:officers")
    found = load(file, environ={"WAKEWATCH_CONSOLE_ROLES_ADMIN": "ada, group:chiefs"})
    assert found.console.roles.admin == ("ada", "group:chiefs")
    with pytest.raises(ConfigError, match="did you mean console"):
        load(file, environ={}, overrides={"console.roles.officers": "x"})
