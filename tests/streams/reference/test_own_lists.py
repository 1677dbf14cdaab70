"""Ships and areas of one's own: what a change makes of the reference, and two writers at once on a real Kafka."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner, Result

from detectors.core.reference import ListedShip, Reference
from streams.broker.clients import admin
from streams.cli import watchlist, zones
from streams.messages.topics import create_missing
from streams.reference import load_reference
from streams.reference.library import Library, newest, read_versions
from streams.reference.loading import with_lists
from streams.reference.own import (
    SHIPS_MOST,
    ZONES_MOST,
    AddFeatures,
    AddShip,
    AddZone,
    OwnChange,
    OwnListError,
    RemoveShip,
    RemoveZone,
    changed,
    own_ships,
    own_zones,
    with_own_zones,
)
from streams.reference.own_changes import bring_change
from streams.settings.model import KafkaSettings, Settings

BEFORE = load_reference(Settings().reference)
AT = "2026-11-30T20:00:00.000Z"
RING = ((130.0, 42.0), (130.5, 42.0), (130.5, 42.5), (130.0, 42.5))
ADD = AddShip(imo=9_074_729, mmsi=273_000_001, name="HULK", note="asked for by\nthe coast guard", by="Kim")
AREA = AddZone(name="Anchorage K", ring=RING, severity="ticket", by="Kim")


def after(*changes: OwnChange) -> Reference:
    now = BEFORE
    for change in changes:
        now = changed(now, change, AT).reference
    return now


def test_a_ship_is_added_with_its_author_and_removed() -> None:
    (ship,) = own_ships(after(ADD))
    assert (ship.entry_id, ship.name, ship.listed_on, ship.added_by, ship.added_at) == (
        "imo-9074729",
        "HULK",
        "2026-11-30",
        "Kim",
        AT,
    )
    assert ship.note == "asked for by the coast guard"
    assert changed(BEFORE, ADD, AT).said == "added HULK (IMO 9074729) to the own list"
    for gone in (RemoveShip(imo=9_074_729, by="Lee"), RemoveShip(mmsi=273_000_001, by="Lee")):
        assert after(ADD, gone) == BEFORE


def test_the_others_stay_as_they_are() -> None:
    assert after(ADD).ships[:-1] == BEFORE.ships and after(ADD).zones == BEFORE.zones
    assert after(AREA).zones[:-1] == BEFORE.zones and after(AREA).ships == BEFORE.ships
    listed = with_lists(after(ADD), [ListedShip(list="OFAC", entry_id="1", name="X", imo=9_179_842)])
    assert [ship.name for ship in own_ships(listed)] == ["HULK"], "an import of another list keeps it"


def test_an_area_is_watched_for_all_vessels_inside_unless_it_says_otherwise() -> None:
    (zone,) = own_zones(after(AREA))
    assert (zone.kind, zone.severity, zone.horizon_h, zone.added_by) == ("watched", "ticket", 0.0, "Kim")
    assert zone.polygon is not None and len(zone.polygon[0]) == 5
    assert after(AREA, RemoveZone(name="anchorage k", by="Lee")) == BEFORE


def test_an_import_of_zones_keeps_own_areas_unless_it_has_the_name() -> None:
    now = after(AREA)
    assert [zone.name for zone in with_own_zones(BEFORE.zones[:1], now)] == [BEFORE.zones[0].name, "Anchorage K"]
    renamed = (replace(BEFORE.zones[0], name="ANCHORAGE K"),)
    assert with_own_zones(renamed, now) == renamed


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([AddShip(by="Kim")], "give an IMO number or an MMSI"),
        ([AddShip(imo=9_074_728, by="Kim")], "wrong check digit"),
        ([AddShip(imo=-1, by="Kim")], "not an IMO number"),
        ([AddShip(mmsi=970_000_001, by="Kim")], "not the MMSI of a vessel"),
        ([AddShip(imo=9_074_729)], "name of its author"),
        ([AddShip(imo=9_074_729, by="K\u202em")], "name of its author"),
        ([AddShip(imo=9_074_729, name="=HYPERLINK(1)", by="Kim")], "spreadsheet formula"),
        ([ADD, ADD], "already on the own list, added by Kim"),
        ([ADD, AddShip(mmsi=273_000_001, by="Lee")], "already on the own list"),
        ([RemoveShip(imo=9_074_729, by="Kim")], "not on the own list"),
        ([AREA, AREA], "there is a zone Anchorage K already"),
        ([AddZone(name=BEFORE.zones[0].name, ring=RING, by="Kim")], "already; give another name"),
        ([AddZone(name=" ", ring=RING, by="Kim")], "no name"),
        ([AddZone(name="A", ring=((0, 0), (1, 1), (1, 0), (0, 1)), by="Kim")], "crosses itself"),
        ([AddZone(name="A", ring=((0, 0), (0, 95), (1, 0)), by="Kim")], "out of range"),
        ([AddZone(name="A", ring=((0, 0), (40, 0), (40, 40)), by="Kim")], "at most 200"),
        ([AddZone(name="A", ring=((0, 0), (float("nan"), 0), (1, 1)), by="Kim")], "not a pair of numbers"),
        ([AddFeatures(features=({"type": "Feature"},), by="Kim")], "not a Feature"),
        ([RemoveZone(name=BEFORE.zones[0].name, by="Kim")], "is not an own area"),
    ],
)
def test_what_cannot_be_changed(changes: list[OwnChange], said: str) -> None:
    with pytest.raises(OwnListError, match=said) as raised:
        after(*changes)
    assert "\n" not in str(raised.value)


def test_the_lists_are_bounded() -> None:
    full = BEFORE.ships + tuple(
        ListedShip(list="OWN", entry_id=f"mmsi-{n}", name="X", mmsi=200_000_000 + n) for n in range(SHIPS_MOST)
    )
    with pytest.raises(OwnListError, match=str(SHIPS_MOST)):
        changed(Reference(ships=full), ADD, AT)
    areas = tuple(own_zones(after(AREA))[0:1]) * ZONES_MOST
    with pytest.raises(OwnListError, match=str(ZONES_MOST)):
        changed(Reference(zones=areas), AddZone(name="B", ring=RING, by="Kim"), AT)


# -- in Kafka ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def topics(kafka_settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch) -> KafkaSettings:
    monkeypatch.setenv("WAKEWATCH_KAFKA_TOPIC_PREFIX", kafka_settings.topic_prefix)
    client = admin(kafka_settings)
    create_missing(client, kafka_settings)
    client.close()
    return kafka_settings


def run(kafka: KafkaSettings, app: object, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--bootstrap-servers", kafka.bootstrap_servers])  # type: ignore[arg-type]


@pytest.mark.broker
def test_writers_at_once_lose_no_entry(topics: KafkaSettings) -> None:
    adds = [AddShip(mmsi=273_000_001 + n, by=f"writer {n}") for n in range(3)] + [AREA]
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda one: bring_change(topics, BEFORE, one, told=lambda _: None, patience_s=300), adds))
    assert len({one.reference.version for one in done}) == 4
    held = read_versions(topics)
    now = newest(held, BEFORE)
    assert {ship.added_by for ship in own_ships(now)} == {"writer 0", "writer 1", "writer 2"}
    assert [zone.name for zone in own_zones(now)] == ["Anchorage K"]
    assert held.newest() == held.in_force(), "in force in every partition"
    found = Library(topics, BEFORE).get(held.newest() or "")
    assert found is not None and own_ships(found) == own_ships(now)


@pytest.mark.broker
def test_the_commands_add_show_and_remove(topics: KafkaSettings, tmp_path: Path) -> None:
    added = run(
        topics, watchlist.app, "add", "--imo", "9074729", "--name", "HULK", "--note", "asked for", "--by", "Kim"
    )
    assert added.exit_code == 0 and "added HULK (IMO 9074729) to the own list" in added.output
    again = run(topics, watchlist.app, "add", "--imo", "9074729", "--by", "Lee")
    assert isinstance(again.exception, OwnListError) and "added by Kim" in str(again.exception)
    listed = run(topics, watchlist.app, "list", "--json").output
    (own,) = [one for one in json.loads(listed[: listed.rindex("]") + 1]) if one["list"] == "OWN"]
    assert (own["added_by"], own["note"]) == ("Kim", "asked for")
    area = tmp_path / "area.geojson"
    ring = [list(corner) for corner in (*RING, RING[0])]
    features = [
        {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": {"name": name}}
        for name in ("Anchorage K", "Anchorage L")
    ]
    area.write_text(json.dumps({"type": "FeatureCollection", "features": features[:1]}))
    assert run(topics, zones.app, "add", str(area), "--by", "Kim").exit_code == 0
    others = tmp_path / "zones.geojson"
    other = {**features[1], "properties": {"name": "Rajin", "kind": "sanctioned"}}
    others.write_text(json.dumps({"type": "FeatureCollection", "features": [other]}))
    assert run(topics, zones.app, "import", str(others), "--yes").exit_code == 0
    now = newest(read_versions(topics), BEFORE)
    assert [zone.name for zone in now.zones] == ["Rajin", "Anchorage K"], "an import keeps own areas"
    assert [ship.name for ship in own_ships(now)] == ["HULK"]
    assert "removed the area" in run(topics, zones.app, "remove", "anchorage k", "--by", "Lee").output
    removed = run(topics, watchlist.app, "remove", "--imo", "9074729", "--by", "Lee")
    assert "removed HULK (IMO 9074729) from the own list" in removed.output
    held = read_versions(topics)
    assert own_ships(newest(held, BEFORE)) == () and own_zones(newest(held, BEFORE)) == ()
    said = [(change.by, change.said.split()[0]) for change in held.changes()]
    assert said == [("Lee", "removed"), ("Lee", "removed"), ("Kim", "added"), ("Kim", "added")], "newest first"
    shown = run(topics, watchlist.app, "list").output
    assert "by Lee: removed HULK" in shown
