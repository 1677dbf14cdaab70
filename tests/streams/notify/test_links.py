"""A notification leads to the alert in its case, on the console's public address."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from detectors.core.alert import Alert
from detectors.core.units import unix_ms
from streams.errors import ConfigError
from streams.notify.apprise_messages import Gathering
from streams.notify.links import address_of, link_to, linked
from streams.notify.notices import firing

Make = Callable[..., Alert]
NOW = unix_ms("2024-02-04T05:12:30.000Z")
AT = "https://console.example/watch/"


@pytest.mark.parametrize("url", ["https://console.example/watch", "https://console.example/watch/"])
def test_the_link_names_case_and_alert(make: Make, url: str) -> None:
    notice = linked(firing(make(), NOW, 60), address_of(url))
    assert notice.annotations["console"] == f"{AT}#case={make().case_id}&alert={make().id}"
    assert json.loads(msgspec.json.encode(notice))["generatorURL"] == notice.annotations["console"]


def test_without_an_address_nothing_changes(make: Make) -> None:
    notice = firing(make(), NOW, 60)
    assert linked(notice, address_of("")) is notice
    assert b"generatorURL" not in msgspec.json.encode(notice)


def test_a_name_of_a_source_cannot_change_the_link() -> None:
    link = link_to(AT, {"case_id": "source/a b&alert=x#y", "alert_id": "f" * 32})
    assert link.startswith(AT) and link.count("#") == 1
    assert parse_qs(urlsplit(link).fragment) == {"case": ["source/a b&alert=x#y"], "alert": ["f" * 32]}


def test_a_digest_leads_to_what_waits() -> None:
    assert link_to(AT, {"alertname": "digest"}) == f"{AT}#status=waiting"


NO_ADDRESS = """console.example
ftp://x/
https://
https://me:secret@x/
https://x/#a
https://x/?a=1
http://x:y/
http://[
https://x/a b"""


@pytest.mark.parametrize("url", [*NO_ADDRESS.splitlines(), "https://x/\n"])
def test_an_address_that_no_phone_can_open_is_one_line(url: str) -> None:
    with pytest.raises(ConfigError, match=r"notify\.console_url"):
        address_of(url)


def test_messages_have_the_link_on_a_line_of_its_own(make: Make) -> None:
    page, ticket = (linked(firing(make(severity=one), NOW, 60), AT) for one in ("page", "ticket"))
    gathering = Gathering()
    (message,) = gathering.take([page, ticket], NOW)
    assert f"{AT}#case={make().case_id}&alert={make().id}" in message.body.splitlines()
    (collected,) = gathering.due(NOW, leaving=True)
    assert "\n" not in collected.title and collected.body.splitlines()[1].startswith(AT)
