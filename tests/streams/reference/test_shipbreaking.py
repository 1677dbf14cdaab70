"""Lists of broken-up ships: the NGO Shipbreaking Platform's annual lists as CSV, and one's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from detectors.core.reference import ListedShip
from streams.cli import watchlist
from streams.reference.counting import vessels_text
from streams.reference.difference import difference
from streams.reference.formats import ListFile, format_of, read_lists
from streams.reference.loading import make_reference, with_lists
from streams.reference.watchlist import WatchlistFile

Y2024 = b"""IMO#,NAME,TYPE,GT,LDT,BUILT,FLAG,FLAG PRIOR LAST VOYAGE,BENEFICIAL OWNER,BO COUNTRY,COMMERCIAL OPERATOR,\
REGISTERED OWNER,RO COUNTRY,PLACE,COUNTRY,ARRIVAL
9074729.0,EXAMPLE ONE,Bulk Carrier,25899.0,8032.0,1994.0,Comoros,Panama,AN OWNER,India,AN OWNER,,,Alang,India,2024-11-01
9179842,EXAMPLE TWO,Ro-Ro,12050,,2000,Unknown,,AN OWNER,Greece,AN OWNER,AN OWNER,Malta,Esbjerg,Denmark,2024-02-01
9161003,EXAMPLE THREE,Tug,300,,2000,Unknown,,AN OWNER,Greece,AN OWNER,AN OWNER,Malta,Unknown,Turkey,2023-12-01
9358010,NO DATE,Tug,300,,2000,Unknown,,AN OWNER,Greece,AN OWNER,AN OWNER,Malta,Alang,India,
9074728,WRONG DIGIT,Tug,300,,2000,Unknown,,AN OWNER,Greece,AN OWNER,AN OWNER,Malta,Alang,India,2024-03-01
,NO NUMBER,Tug,300,,2000,Unknown,,AN OWNER,Greece,AN OWNER,AN OWNER,Malta,Alang,India,2024-03-01
"""
Y2016 = b"""SHIP,,,,,,OWNERS,,,,,,,,
NAME,IMO#,TYPE,GT,BUILT,LAST FLAG,BENEFICIAL OWNER,BO COUNTRY,COMMERCIAL OPERATOR,REGISTERED OWNER,RO COUNTRY,\
DATE SOLD FOR BREAKING,PLACE,COUNTRY,ARRIVAL
Example One,9074729,Tanker,22733,1990,Niue,AN OWNER,Angola,AN OWNER,AN OWNER,Malta,2016-05-11 00:00:00,Gadani,Pakistan,\
2016-05-21 00:00:00
"""
Y2013 = b"""BO COUNTRY;BENEFICIAL OWNER OF THE SHIP;NAME OF SHIP;IMO NUMBER;DESTINATION YARD;BEACHING DATE;TYPE OF SHIP
Greece;AN OWNER;Example One;9074729;"Chittagong, Bangladesh ";12.09.2013;Bulker
"""
Y2012 = Y2013.replace(b";BEACHING DATE", b"").replace(b";12.09.2013", b"")
OWN = b"""IMO,Name,Date of demolition,Place,Country,Latitude,Longitude
9074729,EXAMPLE ONE,03-Oct-17,Alang,India,,
9179842,EXAMPLE TWO,2017-11-02,My yard,Nowhere,35.5,-120.25
"""


def read(content: bytes, name: str = "list.csv") -> WatchlistFile:
    (found,) = read_lists([ListFile(name, [content])])
    return found.watchlist


@pytest.mark.parametrize("content", [Y2024, Y2016, Y2013, Y2012, OWN])
def test_it_is_detected_by_its_headings(content: bytes) -> None:
    assert format_of(content) == "shipbreaking"


def test_the_day_of_arrival_at_the_yard_counts() -> None:
    one, two, three = read(Y2024).ships
    assert (one.list, one.entry_id, one.imo, one.name) == ("Shipbreaking 2024", "imo/9074729", 9074729, "EXAMPLE ONE")
    assert (one.broken_up_on, one.broken_up_at) == ("2024-11-01", "Alang, India")
    assert (one.ship_type, one.tonnage_gt, one.owner) == ("Bulk Carrier", 25899, None)
    assert (one.yard_lat_deg, one.yard_lon_deg) == (21.4, 72.2), "the beach, which is in no list of ports"
    assert (two.yard_lat_deg, two.yard_lon_deg) == pytest.approx((55.47, 8.43), abs=0.1), "a port of that name"
    assert (three.broken_up_at, three.yard_lat_deg) == ("Turkey", None)
    assert [ship.listed_on for ship in (one, two, three)] == [None, None, None]


def test_rows_that_cannot_be_used_are_rejected_with_a_reason() -> None:
    assert [(each.line, each.reason) for each in read(Y2024).refused] == [
        (5, "no date of arrival at the yard"),
        (6, "IMO 9074728 has a wrong check digit (9 would be right): check the number"),
        (7, "no IMO number"),
    ]


def test_the_sale_is_not_the_arrival() -> None:
    (ship,) = read(Y2016).ships
    assert (ship.broken_up_on, ship.list, ship.yard_lat_deg) == ("2016-05-21", "Shipbreaking 2016", 25.1)


def test_older_headings_are_read_and_a_year_without_dates_is_rejected() -> None:
    (ship,) = read(Y2013).ships
    assert (ship.name, ship.broken_up_on, ship.broken_up_at) == ("Example One", "2013-09-12", "Chittagong, Bangladesh")
    assert not read(Y2012).ships
    assert read(Y2012).refused[0].reason.startswith("no date of arrival at the yard")


def test_an_own_list_has_the_name_of_its_file_and_may_give_positions() -> None:
    one, two = read(OWN, "/lists/hulks.csv").ships
    assert (one.list, one.broken_up_on, one.yard_lat_deg) == ("hulks", "2017-10-03", 21.4)
    assert (two.broken_up_on, two.yard_lat_deg, two.yard_lon_deg) == ("2017-11-02", 35.5, -120.25)


@pytest.mark.parametrize(
    "content",
    [
        b"imo,name,arrival,place\n9074729,EXAMPLE ONE,2024-01-01,Busan\n",
        b"imo,name,date,place\n9074729,EXAMPLE ONE,2024-01-01,Busan\n",
        b"name,imo,beneficial owner\nEXAMPLE ONE,9074729,AN OWNER\n",
    ],
)
def test_a_watchlist_with_similar_columns_stays_a_watchlist(content: bytes) -> None:
    """A list that was read as one of broken-up ships would watch nothing."""
    assert format_of(content) == "own"
    assert read(content).ships[0].broken_up_on is None


def command(*arguments: str) -> str:
    result = CliRunner().invoke(watchlist.app, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.output


def test_the_commands_say_that_its_ships_are_on_no_watchlist(tmp_path: Path) -> None:
    path = tmp_path / "2024.csv"
    path.write_bytes(Y2024)
    assert "3 vessels, 3 with IMO number" in command("check", str(path))
    assert "3 broken up, so on no watchlist" in command("check", str(path))
    assert "EXAMPLE ONE (broken up 2024-11-01)" in command("list", "--watchlist", str(path))
    (hit,) = json.loads(command("match", "--imo", "9074729", "--watchlist", str(path), "--json").splitlines()[-1])
    assert (hit["verdict"], hit["note"]) == ("match", "on no watchlist: broken up on 2024-11-01 according to this list")
    assert "not listed" in command("match", "--name", "EXAMPLE ONE", "--watchlist", str(path))
    assert vessels_text(read(Y2024).ships) == "0 vessels and 3 broken-up ships"


def test_years_are_lists_of_their_own_and_leave_the_watchlists() -> None:
    watched = ListedShip(list="OFAC", entry_id="1", name="ANGARA", imo=9179842)
    both = with_lists(with_lists(make_reference((watched,), ()), read(Y2016).ships), read(Y2024).ships)
    assert [ship.list for ship in both.ships] == ["OFAC", "Shipbreaking 2016", *["Shipbreaking 2024"] * 3]


def test_broken_up_ships_do_not_hide_that_a_watchlist_lost_its_vessels() -> None:
    """An import asks when more than a tenth would disappear."""
    watched = [ListedShip(list="OFAC", entry_id=str(n), name="X", mmsi=205_000_000 + n) for n in range(4)]
    hulks = [ListedShip(list="S", entry_id=str(n), name="X", imo=n, broken_up_on="2020-01-01") for n in range(1000)]
    assert difference([*watched, *hulks], [*watched[:2], *hulks]).vanishing == 0.5
    assert difference([*watched, *hulks], [*watched, *hulks[:400]]).vanishing == 0.6
    assert difference([*watched, *hulks], [*watched, *hulks]).vanishing == 0.0
    assert difference([], watched).vanishing == 0.0
