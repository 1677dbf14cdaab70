"""nginx in front of a real console, with the shipped settings: who may look, and what reaches the console."""

import base64
import http.client
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.broker.node import free_port
from streams.settings.console import ConsoleRoles, ConsoleSettings
from tests.loopback import Handler, Loopback
from tests.ops.programs import until
from tests.served_console import Served

TEMPLATE = Path(__file__).parents[2] / "deploy" / "proxy" / "console.conf.template"
MAIN = """{user}daemon off;
pid {home}/nginx.pid;
error_log {home}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;
  fastcgi_temp_path {home}/f; uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;
  include {home}/console.conf;
}}
"""
KIM = {"Authorization": "Basic " + base64.b64encode(b"KIM:secret").decode()}


class Behind(Loopback):
    """Stands for the console where what it is told matters: remembers the headers."""

    def __init__(self) -> None:
        self.got: list[dict[str, str]] = []
        behind = self

        class Remembers(Handler):
            def do_GET(self) -> None:
                behind.got.append(dict(self.headers))
                self.answer(200, b"page")

        self.serve(Remembers)


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[Callable[[str], int]]:
    """Starts nginx before an address; returns its port."""
    program, maker = shutil.which("nginx"), shutil.which("htpasswd")
    if program is None or maker is None:
        pytest.skip("nginx and htpasswd are not installed (apt-get install nginx-light apache2-utils)")
    running: list[subprocess.Popen[bytes]] = []

    def start(upstream: str) -> int:
        port, passwords = free_port(), tmp_path / "console.htpasswd"
        subprocess.run([maker, "-cbB", str(passwords), "KIM", "secret"], check=True, capture_output=True)
        text = TEMPLATE.read_text()
        for name, value in (
            ("CONSOLE_UPSTREAM", upstream),
            ("PROXY_LISTEN", f"127.0.0.1:{port}"),
            ("PASSWORD_FILE", str(passwords)),
        ):
            text = text.replace("${" + name + "}", value)
        assert "${" not in "".join(line for line in text.splitlines() if not line.startswith("#"))
        (tmp_path / "console.conf").write_text(text)
        user = "user root;\n" if os.geteuid() == 0 else ""  # else its workers may not read this folder
        (tmp_path / "nginx.conf").write_text(MAIN.format(home=tmp_path, user=user))
        running.append(subprocess.Popen([program, "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)]))
        until(lambda: (tmp_path / "nginx.pid").exists() and ask(port) is not None, what="nginx")
        return port

    yield start
    for one in running:
        one.terminate()
        one.wait(20)


def ask(port: int, path: str = "/", **headers: str) -> tuple[int, bytes] | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except ConnectionRefusedError:
        return None
    finally:
        connection.close()


def test_who_gives_no_password_is_refused_and_who_does_is_named(proxied: Callable[[str], int]) -> None:
    behind = Behind()
    port = proxied(behind.url.removeprefix("http://"))
    assert ask(port) is not None
    assert (ask(port) or (0,))[0] == 401
    wrong = "Basic " + base64.b64encode(b"KIM:guess").decode()
    assert (ask(port, Authorization=wrong) or (0,))[0] == 401
    assert behind.got == []
    pretended = {"X-Forwarded-User": "ADMIRAL", "X-Forwarded-Groups": "admins", "Forwarded": "for=127.0.0.1"}
    assert ask(port, **KIM, **pretended, **{"X_Forwarded_User": "ADMIRAL"}) == (200, b"page")
    assert behind.got[0]["X-Forwarded-User"] == "KIM"
    assert not {"X-Forwarded-Groups", "Forwarded", "X_Forwarded_User"} & set(behind.got[0])
    assert "Authorization" not in behind.got[0]
    behind.close()


def test_the_console_believes_nginx_and_nobody_else(proxied: Callable[[str], int]) -> None:
    roles = ConsoleRoles(watch=("KIM",), admin=("ADMIRAL", "group:admins"))
    settings = ConsoleSettings(identity_header="X-Forwarded-User", trusted_proxies=("127.0.0.1",), roles=roles)
    console = Served(settings)
    try:
        port = proxied(f"127.0.0.1:{console.port}")
        status, body = ask(port, "/api/me", **KIM, **{"X-Forwarded-User": "ADMIRAL"}) or (0, b"")
        assert (status, json.loads(body)["by"], json.loads(body)["role"]) == (200, "KIM", "watch")
        status, body = ask(port, "/api/me", **KIM, **{"X-Forwarded-Groups": "admins"}) or (0, b"")
        assert json.loads(body)["role"] == "watch"
        assert (ask(port, "/readyz") or (0,))[0] == 401, "nginx asks for the password everywhere"
        assert console.ask("X-Forwarded-User: ADMIRAL").status == 403, "not through nginx"
    finally:
        console.close()
