"""invalid_number: an MMSI of no form, or an IMO number that was probably never assigned."""

import numpy as np
import pytest

from detectors.core.alert import Alert
from detectors.core.imo_number import are_doubtful, doubt_about, is_imo_number
from detectors.core.mid import are_of_no_form, invalid_form_of, station_of
from detectors.core.reports import Batch
from detectors.core.testing import Report, Story, beside, engine, log, run, voyage, written

HOUR = 3600.0
USUAL = 205_000_002
NO_COUNTRY = 500_123_456


def feed(hours: float) -> Story:
    return voyage(205_000_001, np.arange(0, hours * HOUR, 55.0), (30.0, 120.0))


def heard(mmsi: int, from_h: float = 0.1, to_h: float = 3.0, *, kind: int = 1) -> Story:
    times = np.arange(from_h * HOUR, to_h * HOUR, 300.0).tolist()
    return [Report(at_s=t, mmsi=mmsi, type=kind, lat_deg=31.0, lon_deg=121.0 + t / 1e6) for t in times]


def states(imo: int, at_h: float, mmsi: int = USUAL) -> Story:
    return [Report(at_s=at_h * HOUR + 1, mmsi=mmsi, type=5, imo=imo, name="EXAMPLE")]


def found(*stories: Story, hours: float = 4.0) -> list[Alert]:
    return [a for a in run(beside(feed(hours), *stories), tick_s=900.0) if a.detector == "invalid_number"]


WORLD = heard(NO_COUNTRY)


def test_an_mmsi_of_no_country_is_one_entry_of_the_log_however_often_it_is_heard() -> None:
    (alert,) = found(heard(NO_COUNTRY))
    assert (alert.status, alert.severity, alert.mmsi) == ("opened", "log", NO_COUNTRY)
    assert alert.headline.startswith("Invalid MMSI 500123456: 500 is not a country code, 31-00.0N 121-00.")
    assert alert.why[0].value == 3, "the third report: not before, as bits are lost on the air"
    assert [fact.fact for fact in alert.why] == ["reports received", "invalid MMSI: 500 is not a country code"]
    assert alert.details == {"mmsi": "500 is not a country code"}


@pytest.mark.parametrize("imo", [1234567, 5555555, 2000004])
def test_a_doubtful_imo_number_is_one_entry_until_another_is_stated(imo: int) -> None:
    assert is_imo_number(imo)
    opened, closed = found(heard(USUAL), states(imo, 1), states(imo, 1.5), states(9074729, 2), hours=9)
    assert (opened.severity, opened.status, opened.details["imo"]) == ("log", "opened", doubt_about(imo))
    assert opened.why[1].fact == f"doubtful IMO number: {doubt_about(imo)}" and opened.why[1].value == imo
    assert (closed.status, closed.details["ended"]) == ("closed", "the numbers that it reports now are of a valid form")
    assert closed.time[11:16] == "06:13", "six hours after the other number"


def test_both_are_one_alert() -> None:
    alerts = found(heard(NO_COUNTRY), states(1234567, 1, NO_COUNTRY), states(9074729, 2, NO_COUNTRY), hours=12)
    assert [(a.status, sorted(a.details)) for a in alerts] == [("opened", ["mmsi"]), ("updated", ["imo", "mmsi"])]


@pytest.mark.parametrize("mmsi", [USUAL, NO_COUNTRY])
def test_vessels_that_share_a_number_and_take_turns_are_one_alert_and_not_one_a_message(mmsi: int) -> None:
    turns = [states(1234567 if n % 2 else 9074729, 0.5 + n / 10, mmsi) for n in range(200)]
    alerts = found(heard(mmsi, 0.1, 20), *turns, hours=21)
    assert [a.status for a in alerts] == ["opened", "updated"][: 1 + (mmsi == NO_COUNTRY)]


def test_it_ends_after_a_week_of_silence_and_not_before() -> None:
    assert [a.status for a in found(heard(NO_COUNTRY, 0.1, 1), hours=160)] == ["opened"]
    assert [a.status for a in found(heard(NO_COUNTRY, 0.1, 1), hours=172)] == ["opened", "closed"]


@pytest.mark.parametrize(
    ("mmsi", "kind"),
    [
        (USUAL, 1),
        (992_730_001, 21),  # an aid to navigation
        (992_730_001, 1),
        (111_232_001, 9),  # an aircraft
        (111_000_001, 1),
        (2_570_001, 4),  # a coast station
        (812_345_678, 1),  # a handheld radio
        (982_730_001, 18),  # craft of a ship
        (985_000_001, 18),
        (970_123_456, 1),  # beacons
        (972_123_456, 1),
        (974_123_456, 1),
        (500_123_456, 4),  # only vessels are judged
    ],
)
def test_numbers_with_a_form_of_their_own_are_not_reported(mmsi: int, kind: int) -> None:
    assert found(heard(mmsi, kind=kind)) == []


def test_two_reports_are_not_enough() -> None:
    assert found(heard(NO_COUNTRY, 0.1, 0.25)) == []


@pytest.mark.parametrize(
    "imo", [9074729, 9179842, 9999993, 1013353, 1086843, 1111111, 4546856, 5000005, 6922262, 2_000_000, 123_456, 0]
)
def test_numbers_of_ships_and_malformed_ones_are_not_doubtful(imo: int) -> None:
    """9999993 was assigned, so were numbers from 1013353 on; those of naval vessels begin with 4."""
    assert doubt_about(imo) is None
    assert not are_doubtful(np.asarray([imo], np.uint32))[0]


def test_columns_and_single_numbers_agree() -> None:
    draw = np.random.default_rng(7)
    imos = np.append(draw.integers(0, 12_000_000, 20_000), [1234567, 5555555, 1111117, 8888886]).astype(np.uint32)
    assert are_doubtful(imos).tolist() == [doubt_about(int(imo)) is not None for imo in imos]
    mmsis = np.append(draw.integers(0, 1 << 30, 20_000), [*range(0, 1 << 30, 1_234_567)]).astype(np.uint32)
    of_its_own = {"aircraft", "beacon", "craft", "aid"}
    for mmsi, none in zip(mmsis.tolist(), are_of_no_form(mmsis).tolist(), strict=True):
        if station_of(mmsi) in of_its_own or 800_000_000 <= mmsi < 900_000_000:
            assert not none, mmsi
        elif station_of(mmsi) != "coast":
            assert none == (invalid_form_of(mmsi) is not None), mmsi


def test_facts_are_in_every_alert_about_the_vessel() -> None:
    story = beside(feed(4), heard(667_001_001), states(1234567, 0.05, 667_001_001))
    facts = {f.fact for a in run(story) if a.detector == "watchlist" and a.vessel and a.vessel.imo for f in a.why}
    assert "doubtful IMO number: a pattern of digits, often a placeholder" in facts


def test_neither_a_cut_nor_a_restart_changes_it() -> None:
    story = beside(feed(4), heard(NO_COUNTRY), states(1234567, 1, NO_COUNTRY), states(9074729, 2, NO_COUNTRY))
    assert written(run(story, batch=7, snapshot_every=3)) == written(run(story))


def test_a_ship_whose_first_digits_are_those_of_a_pattern_is_not_judged() -> None:
    """234567890 is a pattern; other ships of country 234 are asked about, and then left alone."""
    playing = engine()
    for item in log(voyage(234_567_123, np.arange(0, 2 * 3600, 30.0)), batch=20, tick_s=60.0):
        if isinstance(item, Batch):
            playing.apply(item)
    assert playing.dispatcher.judged["invalid_number"] == 0
