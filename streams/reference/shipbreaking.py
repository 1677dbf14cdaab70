"""Lists of ships that were broken up. No I/O here.

The NGO Shipbreaking Platform publishes a list a year (https://shipbreakingplatform.org/annual-lists/), a table whose
headings differ from year to year. ``ARRIVAL`` (``BEACHING DATE``) is the day on which the ship came to the yard; since
2017 it is exact to the month and written as its first day. ``DATE SOLD FOR BREAKING`` is earlier and does not count:
after the sale a ship still sails to the yard. 2012 has no dates. An own list needs an IMO number, a name, and a column
such as ``date of demolition``; it may give the position of the yard.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from itertools import islice
from typing import Final, NamedTuple

from msgspec.structs import replace

from streams.reference import list_cells, table
from streams.reference.countries import country_code
from streams.reference.entry import Entries, Stated
from streams.reference.list_cells import Refusal
from streams.reference.list_dates import day_of
from streams.reference.ports import load_ports

_NGO_LIST: Final = "Shipbreaking"
_COLUMNS: Final = {
    "imo": "imo",
    "imo_no": "imo",
    "imo_number": "imo",
    "name": "name",
    "name_of_ship": "name",
    "ship_name": "name",
    "ship": "name",
    "vessel": "name",
    "vessel_name": "name",
    "former_name": "former_name",
    "former_name_changed_for_breaking": "former_name",
    "type": "type",
    "type_of_ship": "type",
    "ship_type": "type",
    "gt": "tonnage",
    "gross_tonnage": "tonnage",
    "gross_tonnage_gt": "tonnage",
    "place": "place",
    "destination_yard": "place",
    "destination_city": "place",
    "place_of_demolition": "place",
    "yard": "place",
    "country": "country",
    "destination_country": "country",
    "country_of_demolition": "country",
    "lat": "lat",
    "latitude": "lat",
    "lon": "lon",
    "longitude": "lon",
    "list": "list",
    "arrival": "day",
    "arrival_date": "day",
    "date_of_arrival": "day",
    "date": "day",
}
_DAYS: Final = dict.fromkeys(
    (
        "beaching_date",
        "date_of_beaching",
        "broken_up",
        "broken_up_on",
        "date_broken_up",
        "demolition_date",
        "date_of_demolition",
        "demolished_on",
        "scrapping_date",
        "date_of_scrapping",
        "scrapped_on",
        "date_of_breaking",
    ),
    "day",
)
"""Headings that only a list of broken-up ships has."""
_NAMES: Final = {**_COLUMNS, **_DAYS}
_OWNERS: Final = frozenset({"beneficial_owner", "beneficial_owner_of_the_ship"})
_PLACES: Final = frozenset({"destination_yard", "destination_city"})
_LINES_OF_HEADING: Final = 10
_WHOLE: Final = re.compile(r"([0-9]+)\.0+")
_UNKNOWN: Final = frozenset({"", "unknown", "n/a", "na", "-"})
_YARDS: Final = {
    ("ALANG", "IN"): (21.4, 72.2),
    ("SACHANA", "IN"): (22.58, 70.24),
    ("CHITTAGONG", "BD"): (22.5, 91.72),
    ("CHATTOGRAM", "BD"): (22.5, 91.72),
    ("GADANI", "PK"): (25.1, 66.7),
    ("ALIAGA", "TR"): (38.83, 26.93),
    ("MUMBAI", "IN"): (18.97, 72.85),
    ("XINHUI", "CN"): (22.4, 113.08),
    ("ZHANGJIAGANG", "CN"): (31.97, 120.4),
    ("GRENAA", "DK"): (56.41, 10.92),
}
"""The beaches and yards to which most ships go and that no list of ports has under this name, in degrees."""


class Yard(NamedTuple):
    """Where a ship was broken up."""

    said: str
    """In the words of the list."""
    place: tuple[float, float] | None
    """Latitude and longitude, degrees."""


def is_heading(names: set[str]) -> bool:
    """Whether plain headings are those of a list of broken-up ships.

    ``arrival`` and ``date`` alone are not a sign, as other lists have them too: an own watchlist must not lose its
    ships. The Platform's lists also name the beneficial owner and the place.
    """
    if not any(_COLUMNS.get(name) == "imo" for name in names):
        return False
    published = bool(names & _OWNERS) and ({"place", "arrival"} <= names or bool(names & _PLACES))
    return published or bool(names & set(_DAYS))


def read_shipbreaking(text: str, delimiter: str, stem: str, found: Entries) -> None:
    """Reads the table into ``found``; ``stem`` is the list's name if it is not the Platform's."""
    read = [(line, row) for line, row in table.headed(text, found.refused, names=_NAMES, delimiter=delimiter)]
    stated = [each for line, row in read if (each := _row(line, row, stem, found)) is not None]
    if _is_published(text, delimiter):
        years = Counter(each.broken_up_on[:4] for each in stated)
        name = f"{_NGO_LIST} {max(years, key=lambda year: (years[year], year))}" if years else _NGO_LIST
        stated = [replace(each, list=name) for each in stated]
    for each in stated:
        found.take(each)


def _is_published(text: str, delimiter: str) -> bool:
    first = islice(table.records("\n".join(text.splitlines()[:20]), [], delimiter=delimiter), _LINES_OF_HEADING)
    return any(_OWNERS & {table.heading(cell) for cell in record} for _, record in first)


def _row(line: int, row: dict[str, str], stem: str, found: Entries) -> Stated | None:
    cell = {name: row.get(name, "").strip() for name in _NAMES.values()}
    try:
        imo = list_cells.imo_number(_WHOLE.sub(r"\1", cell["imo"]))
        if imo is None:
            raise Refusal("no IMO number")
        day = day_of(cell["day"])
        if day is None:
            raise Refusal("no date of arrival at the yard")
        yard = _yard(cell)
    except Refusal as why:
        found.refuse(line, str(why))
        return None
    return Stated(
        list=cell["list"] or stem,
        line=line,
        names=(cell["name"], cell["former_name"]),
        imos=(str(imo),),
        ship_type=cell["type"],
        tonnage_gt=cell["tonnage"],
        broken_up_on=day,
        broken_up_at=yard.said,
        yard=yard.place,
    )


def _yard(cell: dict[str, str]) -> Yard:
    """The yard of a row. Raises Refusal if its position is not one."""
    parts = [each for each in (cell["place"], cell["country"]) if each.lower() not in _UNKNOWN]
    said = ", ".join(parts)
    town, _, rest = cell["place"].partition(",")
    country = country_code(cell["country"] or rest) or ""
    given = _position(cell["lat"], cell["lon"])
    key = town.strip().upper(), country
    return Yard(said, given or _YARDS.get(key) or _ports().get(key))


def _position(lat: str, lon: str) -> tuple[float, float] | None:
    if not lat and not lon:
        return None
    try:
        place = float(lat), float(lon)
    except ValueError:
        raise Refusal(f"{lat[:12]!r}, {lon[:12]!r} is not a position in degrees") from None
    if not (abs(place[0]) <= 90 and abs(place[1]) <= 180):  # noqa: PLR2004 - degrees
        raise Refusal(f"{lat[:12]!r}, {lon[:12]!r} is not a position in degrees")
    return place


@cache
def _ports() -> dict[tuple[str, str], tuple[float, float]]:
    """Ports by name and country; the largest of a name."""
    by_size = sorted(load_ports(), key=lambda port: port.size)
    return {
        (name.upper(), port.country): (port.lat_deg, port.lon_deg)
        for port in by_size
        for name in (*port.aliases, port.name)
    }
