"""From settings to a reference: the shipped lists and places, and own files."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pytest

from detectors.core.geography.zone_columns import ZoneColumns
from detectors.core.reference import Reference
from detectors.core.sphere import distance_nm
from streams.errors import ConfigError
from streams.reference import load_reference, read_reference
from streams.reference.loading import SHIPPED_ZONES, included
from streams.settings.model import ReferenceSettings

PORTS = Path(__file__).parents[4] / "shared/data/ports/nga-world-port-index.csv.gz"


@pytest.fixture(scope="module")
def reference() -> Reference:
    loaded = read_reference(ReferenceSettings())
    assert not loaded.refused
    return loaded.reference


def test_the_four_ships_come_along(reference: Reference) -> None:
    ships = {(s.name, s.imo, s.list) for s in reference.ships}
    assert ships == {
        ("ANGARA", 9179842, "OFAC"),
        ("LADY R", 9161003, "OFAC"),
        ("MAIA-1", 9358010, "OFAC"),
        ("MARIA", 8517839, "EU"),
    }
    angara, *others = reference.ships
    assert (angara.listed_on, angara.owner, angara.mmsi) == ("2022-05-08", "M LEASING LLC", None)
    assert all(ship.listed_on is None and ship.mmsi is None for ship in others), "unknown stays unknown"


def test_the_shipped_zones_have_their_kinds_dates_and_sources(reference: Reference) -> None:
    zones = {zone.name: zone for zone in reference.zones}
    associated = {z.name for z in zones.values() if z.kind == "associated"}
    assert associated == {"Vostochny", "Nakhodka", "Vladivostok", "Busan approaches", "Zhoushan"}
    assert all(z.legal_basis and z.programme and z.from_date for z in zones.values() if z.kind == "sanctioned")
    assert all(z.source and z.precision_nm is not None and z.country and z.aliases for z in zones.values())
    assert {z.name for z in zones.values() if z.to_date} == {"Tartus", "Latakia", "Baniyas"}
    assert zones["Tartus"].to_date == "2025-07-01"
    assert zones["Sevastopol"].country == "UA"
    assert zones["Rajin"].locode == "KPRJN"
    assert zones["Zhoushan"].radius_nm == 15


def test_a_wide_zone_says_why() -> None:
    features = json.loads(included(SHIPPED_ZONES))["features"]
    assert all("note" in f["properties"] for f in features if f["properties"]["radius_nm"] > 6)


def test_shipped_zones_do_not_overlap(reference: Reference) -> None:
    zones = reference.zones
    for number, one in enumerate(zones):
        for other in zones[number + 1 :]:
            apart_nm = distance_nm(one.lat_deg, one.lon_deg, other.lat_deg, other.lon_deg)
            assert apart_nm > max(one.radius_nm, other.radius_nm), (one.name, other.name)


@pytest.mark.parametrize(
    ("destination", "name"),
    [
        ("KPRJN", "Rajin"),
        ("NAJIN PORT", "Rajin"),
        ("KRPUS>CNZOS", "Zhoushan"),
        ("ZHOUSHAN XINYA", "Zhoushan"),
        ("DUNAY", "Dunai"),
        ("RAJIN-SONBONG", "Rajin"),
        ("LATTAKIA", "Latakia"),
        ("BUSAN", "Busan approaches"),
    ],
)
def test_aliases_are_found_in_destinations(reference: Reference, destination: str, name: str) -> None:
    assert reference.zones[ZoneColumns(reference).named_by(destination)].name == name


def test_positions_agree_with_the_world_port_index(reference: Reference) -> None:
    if not PORTS.exists():
        pytest.skip(f"the World Port Index is not here: {PORTS.name}")
    with gzip.open(PORTS, "rt", encoding="utf-8-sig") as file:
        ports = [(float(r["Latitude"]), float(r["Longitude"])) for r in csv.DictReader(file)]
    for zone in reference.zones:
        if zone.source == "NGA World Port Index":
            assert min(distance_nm(zone.lat_deg, zone.lon_deg, *port) for port in ports) < 0.1, zone.name


def test_the_version_follows_the_content(tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    settings = ReferenceSettings(watchlists=(str(mine),))
    mine.write_text("name,imo\nANGARA,9179842\n")
    first = load_reference(settings)
    assert first.ships[0].list == "mine"
    mine.write_text("name,imo\n\nANGARA,9179842\n")
    assert load_reference(settings).version == first.version
    mine.write_text("name,imo\nMARIA,8517839\n")
    assert load_reference(settings).version != first.version


def test_refused_rows_are_told_with_their_file(tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_text("name,imo\nANGARA,9179842\nMARIA,8517830\n")
    loaded = read_reference(ReferenceSettings(watchlists=(str(mine),)))
    assert [ship.name for ship in loaded.reference.ships] == ["ANGARA"]
    assert str(loaded.refused[0]).startswith(f"{mine}:3: IMO 8517830")


@pytest.mark.parametrize("field", ["watchlists", "zones"])
def test_a_file_of_which_nothing_can_be_used_stops_us_in_one_line(tmp_path: Path, field: str) -> None:
    empty = tmp_path / "empty"
    empty.write_text("")
    for path in (empty, tmp_path / "missing", tmp_path):
        with pytest.raises(ConfigError) as caught:
            load_reference(ReferenceSettings(**{field: (str(path),)}))
        assert len(str(caught.value).splitlines()) == 1
