"""What a list says a vessel is listed for, as it is read: OpenSanctions' two forms and own lists."""

import json

import pytest

from detectors.core.reference import ListedShip
from streams.reference.entry import Entries
from streams.reference.opensanctions import read_ftm, read_maritime
from streams.reference.watchlist import read_watchlist

HEAD = "type,caption,imo,risk,countries,flag,mmsi,id,url,datasets,aliases\n"


def maritime(risk: str) -> ListedShip:
    row = f"VESSEL,TEST,IMO9179842,{risk},ru,ru,,NK-a,https://example.org/a,us_ofac_sdn,\n"
    found = Entries()
    read_maritime(HEAD + row, ",", found)
    (ship,) = found.ships.values()
    return ship


@pytest.mark.parametrize(
    ("risk", "topics"),
    [
        ("sanction", ("sanction",)),
        ("mare.detained;sanction", ("mare.detained", "sanction")),
        (" Sanction.Counter ; sanction.counter", ("sanction.counter",)),
        ("", ()),
        ("none;-", ()),
        ("=HYPERLINK(1)", ("other",)),
    ],
)
def test_the_risk_column_of_opensanctions_is_what_a_vessel_is_listed_for(risk: str, topics: tuple[str, ...]) -> None:
    assert maritime(risk).topics == topics


@pytest.mark.parametrize("topics", [["sanction", "mare.shadow"], []])
def test_so_are_the_topics_of_an_entity(topics: list[str]) -> None:
    found = Entries()
    entity = {
        "id": "a",
        "schema": "Vessel",
        "caption": "TEST",
        "datasets": ["eu_fsf"],
        "properties": {"imoNumber": ["9179842"], "topics": topics},
    }
    read_ftm([json.dumps(entity).encode() + b"\n"], found)
    (ship,) = found.ships.values()
    assert ship.topics == tuple(topics)


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("name,imo\nTEST,9179842\n", None),
        ("name,imo,topics\nTEST,9179842,mare.detained;debarment\n", ("mare.detained", "debarment")),
        ("name;imo;risk\nTEST;9179842;sanction\n", ("sanction",)),
        ("name,imo,risk\nTEST,9179842,\n", ()),
        ("name,imo,risk\nTEST,9179842\n", ()),
        ('topics = ["mare.detained"]\n[[ship]]\nname = "TEST"\nimo = 9179842\n', ("mare.detained",)),
        ('[[ship]]\nname = "TEST"\nimo = 9179842\n', None),
    ],
)
def test_an_own_list_may_say_it_for_a_ship_or_for_all(text: str, topics: tuple[str, ...] | None) -> None:
    (ship,) = read_watchlist(text.encode(), "own").ships
    assert ship.topics == topics
