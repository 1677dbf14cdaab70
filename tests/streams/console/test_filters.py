"""Which cases a filter shows, what it leaves out, and which filters are rejected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict

from detectors.core.alert import Alert, Evidence, Position
from streams.console.alert_table import AlertTable
from streams.console.filters import NO_FILTER, Area, CaseFilter, FilterError, filter_of
from streams.messages.feedback import about

from .conftest import position

Make = Callable[..., Alert]
TIME = "2024-02-04T04:12:00.000Z"


def asked(**query: Any) -> CaseFilter:
    pairs = [(name, one) for name, given in query.items() for one in ([given] if isinstance(given, str) else given)]
    return filter_of(MultiDict(pairs))


def board(make: Make) -> AlertTable:
    """A page, a ticket of the same detector with a zone, a closed case, and one for the record."""
    table = AlertTable()
    piece = Evidence(time=TIME, source="kystverket", sentence="!", sha256="0" * 64)
    alerts = [
        make("a", details={**make().details, "list": "OFAC"}),
        make("b", severity="ticket", case_id="mmsi/2", details={"zone": "Rajin"}, position=position(42, 179, TIME)),
        make("c", severity="log", case_id="mmsi/3", detector="blip", evidence=(piece,), position=None),
        make("d", severity="ticket", case_id="mmsi/4", status="closed", details={"zone": "Rajin"}),
    ]
    for alert in alerts:
        table.take(alert, b"1")
    table.hear(about(alerts[0], "acknowledged", "Kim", "", TIME))
    table.hear(about(alerts[1], "assigned", "Kim", "", TIME, to="Lee"))
    return table


def shown(table: AlertTable, **query: Any) -> str:
    cases = table.overview("following", log=False, wanted=asked(**query)).cases
    return "".join(sorted(case.lead[0] for case in cases))


@pytest.mark.parametrize(
    ("query", "cases"),
    [
        ({"severity": "page"}, "a"),
        ({"severity": ["page", "log"]}, "ac"),
        ({"detector": "gap"}, "abd"),
        ({"detector": "blip"}, "c"),
        ({"list": "OFAC"}, "a"),
        ({"zone": "Rajin"}, "bd"),
        ({"zone": "Rajin", "status": "open"}, "b"),
        ({"source": "kystverket"}, "c"),
        ({"status": "waiting"}, "b"),
        ({"status": "acknowledged"}, "a"),
        ({"status": "closed"}, "d"),
        ({"status": "false_alarm"}, ""),
        ({"assigned": "Lee"}, "b"),
        ({"unassigned": "1"}, "acd"),
        ({"assigned": "Lee", "unassigned": "1"}, "abcd"),
        ({"area": "128,33,132,36"}, "ad"),
        ({"area": "170,40,-170,45"}, "b"),
        ({"list": "OFAC", "zone": "Rajin"}, ""),
    ],
)
def test_what_a_filter_shows(make: Make, query: dict[str, Any], cases: str) -> None:
    assert shown(board(make), **query) == cases


def test_what_is_left_out_is_counted_and_the_totals_stay(make: Make) -> None:
    found = board(make).overview("following", log=False, wanted=asked(zone="Rajin"))
    assert found.open == {"page": 1, "ticket": 1, "log": 1}
    assert found.hidden == {"page": 1, "ticket": 0, "log": 1}
    assert board(make).overview("following", log=False).hidden == {}


def test_words_and_a_filter_must_both_match(make: Make) -> None:
    table = board(make)
    wanted = asked(severity="page")
    assert len(table.overview("following", log=False, words="angara", wanted=wanted).cases) == 1
    assert not table.overview("following", log=False, words="blip", wanted=wanted).cases


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"severity": "doom"}, "severity: use page, ticket, log"),
        ({"status": ""}, "status: use open"),
        ({"unassigned": "yes"}, "unassigned: use 1"),
        ({"detector": ""}, "1 to 100 characters"),
        ({"zone": "x" * 101}, "1 to 100 characters"),
        ({"source": ["x"] * 21}, "source: 20 values"),
        ({"area": "1,2,3"}, "W,S,E,N"),
        ({"area": "a,b,c,d"}, "W,S,E,N"),
        ({"area": "nan,0,1,1"}, "W,S,E,N"),
        ({"area": "0,5,1,-5"}, "W,S,E,N"),
        ({"area": "0,0,181,5"}, "W,S,E,N"),
        ({"area": "1e400,0,1,5"}, "W,S,E,N"),
        ({"area": ["0,0,1,1", "0,0,2,2"]}, "W,S,E,N"),
    ],
)
def test_a_filter_that_cannot_be_used_is_one_clear_line(query: dict[str, Any], said: str) -> None:
    with pytest.raises(FilterError, match=said):
        asked(**query)


def test_the_order_of_values_makes_no_other_filter() -> None:
    assert asked(zone=["B", "A"]) == asked(zone=["A", "B", "B"]) and hash(asked(zone="A")) == hash(asked(zone="A"))
    assert asked() == NO_FILTER and not asked().active and asked(unassigned="1").active


@given(st.floats(-180, 180), st.floats(-180, 180), st.floats(-180, 180))
def test_a_box_across_180_holds_what_the_other_half_does_not(west: float, east: float, lon: float) -> None:
    at = Position(lat_deg=0, lon_deg=lon, time=TIME)
    box = Area(west_deg=west, south_deg=-1, east_deg=east, north_deg=1)
    other = Area(west_deg=east, south_deg=-1, east_deg=west, north_deg=1)
    if west != east:
        assert box.holds(at) or other.holds(at)
    if west != east and lon not in {west, east}:
        assert box.holds(at) != other.holds(at)


def test_choices_are_what_the_alerts_hold(make: Make) -> None:
    found = board(make).choices()
    assert found["zone"] == ["Rajin"] and found["list"] == ["OFAC"] and found["source"] == ["kystverket"]
    assert found["detector"] == ["blip", "gap"] and found["assigned"] == ["Lee"]
