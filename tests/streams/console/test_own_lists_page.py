"""Own ships and areas on the page: added by an admin, in force at a marker, shown with the author, and removed."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest

from detectors.core.alert import Alert
from streams.console.serving import Console
from streams.reference.library import read_versions
from streams.settings.model import KafkaSettings

from .test_console_kafka import Client

Make = Callable[..., Alert]
Write = Callable[..., None]
Start = Callable[..., Console]
Until = Callable[[Callable[[], Any]], Any]
RING = [[130.0, 42.0], [130.5, 42.0], [130.5, 42.5]]


def post(port: int, path: str, **body: object) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("POST", path, body=json.dumps(body), headers={"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.broker
def test_own_ships_and_areas_come_into_force_and_are_shown_with_their_author(
    write: Write, make: Make, started: Start, until: Until, kafka_settings: KafkaSettings
) -> None:
    write(make())
    running = started()
    client = Client(running)
    until(client.ready)
    assert client.json("/api/own") == {"ships": [], "zones": [], "changes": []}
    hulk = {"imo": 9_074_729, "name": "HULK", "by": "Kim"}
    status, said = post(running.port, "/api/own/ships", **hulk, note="asked for")
    assert (status, json.loads(said)["said"]) == (HTTPStatus.OK, "added HULK (IMO 9074729) to the own list")
    status, said = post(running.port, "/api/own/ships", **hulk)
    assert (status, said) == (HTTPStatus.CONFLICT, "HULK (IMO 9074729) is already on the own list, added by Kim\n")
    assert post(running.port, "/api/own/zones", name="Anchorage K", ring=RING, by="Lee")[0] == HTTPStatus.OK
    found = until(lambda: (own := client.json("/api/own"))["zones"] and own)
    assert [(one["name"], one["added_by"], one["note"]) for one in found["ships"]] == [("HULK", "Kim", "asked for")]
    assert [(one["name"], one["kind"], one["added_by"]) for one in found["zones"]] == [
        ("Anchorage K", "watched", "Lee")
    ]
    assert [change["by"] for change in found["changes"]] == ["Lee", "Kim"]
    assert "Anchorage K" in [zone["name"] for zone in client.json("/api/zones")]
    held = read_versions(kafka_settings)
    assert held.newest() == held.in_force(), "every partition has the marker"
    assert post(running.port, "/api/own/zones/remove", name="anchorage k", by="Lee")[0] == HTTPStatus.OK
    assert post(running.port, "/api/own/ships/remove", imo=9_074_729, by="Lee")[0] == HTTPStatus.OK
    until(lambda: client.json("/api/own")["ships"] == [])
    assert client.json("/api/own")["changes"][0]["said"] == "removed HULK (IMO 9074729) from the own list"


@pytest.mark.broker
@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/own/ships", {"imo": 9_074_728, "by": "Kim"}, HTTPStatus.BAD_REQUEST),
        ("/api/own/ships", {"by": "Kim"}, HTTPStatus.BAD_REQUEST),
        ("/api/own/ships", {"imo": 9_074_729}, HTTPStatus.BAD_REQUEST),
        ("/api/own/ships", {"imo": 9_074_729, "by": "K\u202e"}, HTTPStatus.BAD_REQUEST),
        ("/api/own/ships", {"type": "remove_zone", "imo": 9_074_729, "by": "K"}, HTTPStatus.BAD_REQUEST),
        ("/api/own/zones", {"name": "A", "ring": RING[:2], "by": "Kim"}, HTTPStatus.BAD_REQUEST),
        ("/api/own/zones", {"name": "A", "ring": [[0, 0], [50, 0], [0, 50]], "by": "Kim"}, HTTPStatus.BAD_REQUEST),
        ("/api/own/zones/remove", {"name": "Rajin", "by": "Kim"}, HTTPStatus.CONFLICT),
    ],
)
def test_what_cannot_be_added(
    write: Write, make: Make, started: Start, path: str, body: dict[str, object], status: HTTPStatus
) -> None:
    write(make())
    answered, said = post(started().port, path, **body)
    assert (answered, said.count("\n")) == (status, 1)
