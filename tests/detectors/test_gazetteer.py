"""Ports: which is near, and which one a destination names."""

from __future__ import annotations

import pytest

from detectors.core.geography.gazetteer import Gazetteer, gazetteer_of
from detectors.core.reference import Port, Reference, Zone

PORTS = (
    Port(name="Busan", lat_deg=35.1, lon_deg=129.033, locode="KRPUS", country="KR", size=4),
    Port(name="Santa Maria", lat_deg=10.0, lon_deg=-60.0, country="XX", size=1),
    Port(name="Santa Maria", lat_deg=20.0, lon_deg=-60.0, country="YY", size=3, locode="YYSMA"),
    Port(name="Rotterdam", lat_deg=51.9, lon_deg=4.483, locode="NLRTM", country="NL", size=4),
    Port(name="Suva", lat_deg=-18.133, lon_deg=178.433, locode="FJSUV", country="FJ", size=2, aliases=("Walu Bay",)),
    Port(name="Ulsan", lat_deg=35.5, lon_deg=129.4, locode="KRUSN", country="KR", size=3),
)
ZONES = (
    Zone(name="Rajin", kind="sanctioned", lat_deg=42.2333, lon_deg=130.3, locode="KPRJN", aliases=("NAJIN", "RASON")),
    Zone(name="Zhoushan", kind="associated", lat_deg=30.0, lon_deg=122.1, locode="CNZOS", aliases=("CHOUSHAN",)),
)
GAZETTEER = Gazetteer(PORTS, ZONES)


@pytest.mark.parametrize(
    ("destination", "port", "by"),
    [
        ("KRPUS>CNZOS", "Zhoushan", "locode"),
        ("KRPUS => KR USN", "Ulsan", "locode"),
        ("kr pus", "Busan", "locode"),
        ("KR PUS - NL RTM", "Rotterdam", "locode"),
        ("KRPUS NLRTM", "Rotterdam", "locode"),
        ("KRPUS-KRUSN", "Ulsan", "locode"),
        ("NLRTM KOREA", "Rotterdam", "locode"),
        ("NLRTM", "Rotterdam", "locode"),
        ("RAJIN PORT", "Rajin", "name"),
        ("NAJIN", "Rajin", "name"),
        ("BUSAN,S.KOREA", "Busan", "name"),
        ("ROTTERDAM VIA KRPUS", "Rotterdam", "name"),
        ("WALU BAY", "Suva", "name"),
        ("ROTERDAM", "Rotterdam", "likeness"),
        ("ROTTERDAN", "Rotterdam", "likeness"),
        ("ZHUOSHAN", "Zhoushan", "likeness"),
        ("SANTA MARIA", "Santa Maria", "name"),
        ("BUSAN TO ROTTERDAM", "Rotterdam", "name"),
    ],
)
def test_a_destination_names_a_port(destination: str, port: str, by: str) -> None:
    named = GAZETTEER.named(destination)
    assert named and (named.port.name, named.by) == (port, by)


@pytest.mark.parametrize(
    "destination",
    ["", "FOR ORDERS", "FISHING", "SEA", "???", "XXABC", ">", "ARMED GUARD ON BOARD", "BUSEN", "<SCRIPT SRC=//X.CO>"],
)
def test_what_names_no_port_is_not_guessed(destination: str) -> None:
    assert GAZETTEER.named(destination) is None


def test_of_two_ports_of_one_name_the_larger_is_meant() -> None:
    named = GAZETTEER.named("SANTA MARIA")
    assert named and named.port.locode == "YYSMA"


@pytest.mark.parametrize(
    ("lat_deg", "lon_deg", "words"),
    [
        (35.1, 129.277, "12 nm E of Busan"),
        (35.1, 129.03, "at Busan"),
        (34.6, 129.033, "30 nm S of Busan"),
        (0.0, 0.0, None),
        (-18.133, -179.9, "95 nm E of Suva"),
    ],
)
def test_places_in_words(lat_deg: float, lon_deg: float, words: str | None) -> None:
    assert GAZETTEER.where(lat_deg, lon_deg) == words


def test_without_ports_nothing_is_near() -> None:
    assert Gazetteer(()).where(35.1, 129.0) is None
    assert Gazetteer(()).named("BUSAN") is None


def test_a_gazetteer_is_made_once_for_a_reference() -> None:
    reference = Reference(ports=PORTS)
    assert gazetteer_of(reference) is gazetteer_of(reference)
