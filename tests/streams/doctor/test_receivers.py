"""The doctor asks a real Alertmanager, with the shipped routes, whom it would tell."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.broker.node import free_port
from streams.doctor.receivers import receivers_finding
from streams.doctor.services import service_findings
from streams.settings.model import NotifySettings, Settings
from tests.ops.programs import ALERTMANAGER, Daemon, installed

SHIPPED = Path(__file__).parents[3] / "deploy" / "alertmanager" / "alertmanager.yml"


def told(*receivers: str) -> str:
    """The shipped file with these receivers pointed at a webhook."""
    text = SHIPPED.read_text()
    for name in receivers:
        line = f"- name: {name}\n"
        assert line in text
        text = text.replace(line, line + "    webhook_configs: [{url: 'http://127.0.0.1:1/'}]\n")
    return text


@pytest.fixture(params=["none", "page", "all"])
def alertmanager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    program = installed(ALERTMANAGER)
    if program is None:
        pytest.skip("Alertmanager is not installed (apt-get install prometheus-alertmanager)")
    filled = {"none": (), "page": ("page",), "all": ("watchdog", "operations", "page", "ticket")}[request.param]
    text = told(*filled)
    (tmp_path / "alertmanager.yml").write_text(text)
    port = free_port()
    daemon = Daemon(
        [
            program,
            f"--config.file={tmp_path / 'alertmanager.yml'}",
            f"--storage.path={tmp_path / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ],
        tmp_path / "log",
        port,
        "/-/ready",
    )
    yield request.param, daemon.url
    daemon.close()
    shutil.rmtree(tmp_path / "data", ignore_errors=True)


def test_it_says_whose_receivers_are_empty(alertmanager: tuple[str, str]) -> None:
    filled, url = alertmanager
    found = {one.name: one for one in service_findings(Settings(notify=NotifySettings(alertmanager_url=url)))}
    assert found["alertmanager"].verdict == "ok"
    verdict, said = found["receivers"].verdict, found["receivers"].said
    if filled == "none":
        assert (verdict, said) == ("warn", "all receivers of Alertmanager are empty: no notification is sent")
    elif filled == "page":
        assert verdict == "warn"
        assert "watchdog, operations, ticket" in said
    else:
        assert (verdict, said) == ("ok", "watchdog, operations, page, ticket have an integration")


@pytest.mark.parametrize("status", ["", "{}", '{"config": null}', "[1]", '{"config": {"original": 3}}'])
def test_an_answer_of_another_kind_is_no_crash(status: str) -> None:
    assert receivers_finding(status).verdict == "warn"
