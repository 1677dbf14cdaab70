"""wakewatch watchlist import on a real Kafka: a first list, the same again, half a list, and the word --yes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streams.broker.clients import admin
from streams.cli import watchlist, zones
from streams.errors import ConfigError
from streams.messages.topics import create_missing
from streams.reference import load_reference
from streams.reference.library import newest, read_versions
from streams.settings.model import KafkaSettings, Settings

pytestmark = pytest.mark.broker
OWN = load_reference(Settings().reference)
HEAD = "list,name,mmsi\n"


def names(kafka: KafkaSettings) -> set[str]:
    return {ship.name for ship in newest(read_versions(kafka), OWN).ships}


def test_lists_come_into_force_and_do_not_vanish_unasked(
    kafka_settings: KafkaSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers = ["--bootstrap-servers", kafka_settings.bootstrap_servers]
    monkeypatch.setenv("WAKEWATCH_KAFKA_TOPIC_PREFIX", kafka_settings.topic_prefix)
    mine = tmp_path / "mine.csv"

    def run(rows: str, *options: str) -> Result:
        mine.write_text(HEAD + rows)
        return CliRunner().invoke(watchlist.app, ["import", str(mine), *servers, *options])

    early = run("OFAC,FIRST,273000001\n").exception
    assert isinstance(early, ConfigError) and "wakewatch topics create" in str(early)
    client = admin(kafka_settings)
    create_missing(client, kafka_settings)
    client.close()
    assert run("OFAC,FIRST,273000001\nOFAC,SECOND,273000002\n").exit_code == 0
    assert names(kafka_settings) == {"FIRST", "SECOND", "MARIA"}, "the shipped example of that name is replaced"
    assert "0 added, 0 removed" in run("OFAC,FIRST,273000001\nOFAC,SECOND,273000002\n").output
    half = run("OFAC,FIRST,273000001\n")
    assert isinstance(half.exception, ConfigError) and "would be removed" in half.output
    assert names(kafka_settings) == {"FIRST", "SECOND", "MARIA"}
    assert run("OFAC,FIRST,273000001\n", "--yes").exit_code == 0
    assert names(kafka_settings) == {"FIRST", "MARIA"}
    places = tmp_path / "places.geojson"
    rajin = {"name": "Rajin", "kind": "sanctioned", "from": "2006-10-14", "radius_nm": 4, "severity": "page"}
    point = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [130.3, 42.2]}, "properties": rajin}
    places.write_text(json.dumps({"type": "FeatureCollection", "features": [point]}))
    asked = CliRunner().invoke(zones.app, ["import", str(places), *servers])
    assert isinstance(asked.exception, ConfigError) and "zones (97%) would be removed" in asked.output
    done = CliRunner().invoke(zones.app, ["import", str(places), *servers, "--yes"])
    assert done.exit_code == 0 and "~ Rajin\n" in done.output
    assert names(kafka_settings) == {"FIRST", "MARIA"}, "the lists stay"
    assert run("OFAC,SECOND,273000001\n", "--yes").exit_code == 0
    now = newest(read_versions(kafka_settings), OWN)
    assert {ship.name for ship in now.ships} == {"SECOND", "MARIA"}
    assert [(zone.name, zone.severity) for zone in now.zones] == [("Rajin", "page")], "and so do the zones"


def test_broken_up_ships_are_imported_beside_the_watchlists(
    kafka_settings: KafkaSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAKEWATCH_KAFKA_TOPIC_PREFIX", kafka_settings.topic_prefix)
    client = admin(kafka_settings)
    create_missing(client, kafka_settings)
    client.close()
    hulks = tmp_path / "hulks.csv"
    hulks.write_text("IMO,Name,Date of demolition,Place,Country\n9074729,HULK,2023-07-01,Alang,India\n")
    servers = ["--bootstrap-servers", kafka_settings.bootstrap_servers]
    done = CliRunner().invoke(watchlist.app, ["import", str(hulks), *servers])
    assert (done.exit_code, "+ hulks imo/9074729 HULK" in done.output) == (0, True)
    held = newest(read_versions(kafka_settings), OWN)
    assert set(OWN.ships) < set(held.ships), "the included example stays"
    (hulk,) = set(held.ships) - set(OWN.ships)
    assert (hulk.broken_up_on, hulk.broken_up_at, hulk.yard_lat_deg) == ("2023-07-01", "Alang, India", 21.4)
