"""Headlines: one form for places, courses, ports and lists; what does not fit is left out by whole clauses."""

import pytest

from detectors.core.headlines import HEADLINE_MOST, fitted, listed_by, port, zone_said
from detectors.core.reference import Reference, Zone
from detectors.core.sphere import course, place
from detectors.core.units import MINUTE_MS, duration_text

LONG = "A VERY LONG SHIPNAME (IMO 9179842) silent 40 min"


@pytest.mark.parametrize(
    ("lat_deg", "lon_deg", "said"),
    [
        (29.98, 122.12, "29-58.8N 122-07.2E"),
        (-0.5, -0.001, "00-30.0S 000-00.1W"),
        (59.99999, 179.99999, "60-00.0N 180-00.0E"),  # minutes never come to 60
        (0.0, 0.0, "00-00.0N 000-00.0E"),
    ],
)
def test_a_place_is_said_in_degrees_and_decimal_minutes(lat_deg: float, lon_deg: float, said: str) -> None:
    assert place(lat_deg, lon_deg) == said


@pytest.mark.parametrize(("deg", "said"), [(228.2, "228 degrees"), (4.6, "005 degrees"), (359.7, "000 degrees")])
def test_a_course_has_three_digits(deg: float, said: str) -> None:
    assert course(deg) == said


def test_durations_stand_apart_from_their_unit() -> None:
    assert [duration_text(minutes * MINUTE_MS) for minutes in (40, 180, 4000)] == ["40 min", "3 h", "2 d"]


def test_a_port_has_its_country_also_where_an_open_alert_has_only_its_name() -> None:
    reference = Reference(zones=(Zone(name="Rajin", kind="sanctioned", lat_deg=42.2, lon_deg=130.3, country="KP"),))
    assert port("Zhoushan", "CN") == "ZHOUSHAN (CN)" and port("Nowhere", "") == "NOWHERE"
    assert (zone_said(reference, "Rajin"), zone_said(reference, "Gone")) == ("RAJIN (KP)", "GONE")


def test_the_list_stands_at_the_end_and_is_not_read_as_the_subject() -> None:
    assert fitted("ANGARA (IMO 9179842) silent 4 h", "OFAC") == "ANGARA (IMO 9179842) silent 4 h, listed: OFAC"
    assert fitted("MMSI 205000003 inside RAJIN (KP)") == "MMSI 205000003 inside RAJIN (KP)"
    assert fitted("X silent", "an unbelievably_long_name_of_a_list") == "X silent, listed: an"
    assert fitted("X silent", "unbelievably_long") == "X silent, listed"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (", 29-58.8N 122-07.2E", ", 29-58.8N 122-07.2E, listed: OFAC"),
        (", 29-58.8N 122-07.2E, since 0857Z", ", 29-58.8N 122-07.2E, since 0857Z, listed: OFAC"),
        (", 29-58.8N 122-07.2E, since 11 Feb 0857Z", ", 29-58.8N 122-07.2E, since 11 Feb 0857Z, listed"),
        (", 29-58.8N 122-07.2E, since 11 Feb 0857Z, possibly", ", 29-58.8N 122-07.2E, since 11 Feb 0857Z, listed"),
        (", possibly dark, 29-58.8N 122-07.2E, since 0857Z", ", possibly dark, 29-58.8N 122-07.2E, listed: OFAC"),
    ],
)
def test_what_does_not_fit_is_left_out_from_the_end_and_no_word_is_cut(more: str, said: str) -> None:
    assert fitted(LONG + more, "OFAC") == LONG + said
    assert len(LONG + said) <= HEADLINE_MOST


def test_one_clause_that_is_too_long_is_cut() -> None:
    assert len(fitted("X" * 150, "OFAC")) == HEADLINE_MOST


@pytest.mark.parametrize(("name", "said"), [("OFAC", "OFAC"), ("unbelievably_long", "listed"), (None, None)])
def test_the_list_can_be_read_from_a_headline(name: str | None, said: str | None) -> None:
    assert listed_by(fitted("X silent 4 h, since 0857Z", name)) == said
