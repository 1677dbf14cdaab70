"""Who is a vessel: whatever sends what ships send, under any MMSI; and stations are none."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from detectors.core.alert import Alert
from detectors.core.mid import invalid_form_of
from detectors.core.reports import Batch
from detectors.core.testing import START_MS, Report, Story, beside, engine, log, revive, run, voyage, written
from detectors.core.vessels.capacity import FleetRules

HOUR = 3600.0
USUAL = 273_000_009
ODD = (
    0,
    1,
    1193046,
    12_345_678,
    123_456_789,
    111_111_111,
    111_232_506,
    888_888_888,
    970_012_345,
    972_123_456,
    982_730_001,
    992_310_001,
    999_999_999,
    1_073_741_823,
    2_310_001,
    23_456_789,
    205_205,
    333_333_333,
)
SOME = ODD[:3]
LISTED = 9179842


def company() -> Story:
    """Ships that are heard all along."""
    return beside(
        *(voyage(205_000_101 + n, np.arange(n * 7.0, 14 * HOUR, 240.0), (41.2 + n / 9, 131.2), 1.0) for n in range(7))
    )


def calling(mmsi: int, *, class_b: bool = False) -> Story:
    """A listed ship that sails into the zone in three hours, lies there for six, and falls silent among others."""
    there = voyage(mmsi, np.arange(30.0, 3 * HOUR, 120.0), (41.5, 131.0))
    lying = [
        Report(at_s=t, mmsi=mmsi, lat_deg=42.0, lon_deg=131.0, sog_kn=0.0, status=5)
        for t in np.arange(3 * HOUR, 6 * HOUR, 180.0).tolist()
    ]
    said = there + lying
    if class_b:
        said = [msgspec.structs.replace(s, type=18, status=-1) for s in said]
    stated = [Report(at_s=t, mmsi=mmsi, type=5, imo=LISTED, name="ONE") for t in (40.0, 400.0, 8000.0)]
    return beside(said, stated)


def told(alerts: list[Alert], mmsi: int) -> list[tuple[str, ...]]:
    """Alerts about the vessel, other than that its number is invalid."""
    found = [a for a in alerts if a.mmsi == mmsi and a.detector != "invalid_number"]
    return [(a.detector, a.status, a.severity, a.time, a.verification) for a in found]


@pytest.mark.parametrize(
    ("class_b", "numbers"),
    [
        (False, SOME),
        (True, SOME),
        pytest.param(False, ODD[len(SOME) :], marks=pytest.mark.full),
        pytest.param(True, ODD[len(SOME) :], marks=pytest.mark.full),
    ],
    ids=["class A", "class B", "class A, all", "class B, all"],
)
def test_a_listed_ship_under_any_number_gives_the_alerts_that_it_gives_under_a_usual_one(
    class_b: bool, numbers: tuple[int, ...]
) -> None:
    others, usual = company(), told(run(beside(calling(USUAL, class_b=class_b), company())), USUAL)
    assert {"port_proximity", "port_call", "watchlist", "gap"} <= {detector for detector, *_ in usual}
    assert class_b or ("port_proximity", "page") in {(detector, severity) for detector, _, severity, *_ in usual}
    for mmsi in numbers:
        alerts = run(beside(calling(mmsi, class_b=class_b), others))
        assert told(alerts, mmsi) == usual, mmsi
        facts = [fact.fact for alert in alerts if alert.mmsi == mmsi for fact in alert.why]
        assert any(fact.startswith("invalid MMSI") for fact in facts) == (invalid_form_of(mmsi) is not None)


@pytest.mark.parametrize("mmsi", [0, 1193046])
def test_neither_a_cut_nor_a_restart_nor_a_full_fleet_loses_an_odd_number(mmsi: int) -> None:
    story = [s for s in beside(calling(mmsi), company()) if s.at_s < 4 * HOUR]
    plain = run(story)
    assert written(run(story, batch=7, snapshot_every=40)) == written(plain)
    full = run(story, fleet=FleetRules(vessels_most=8), snapshot_every=40)
    assert told(full, mmsi) == told(plain, mmsi)


def vessels_of(story: Story, *, batch: int = 1000) -> set[int]:
    playing = engine()
    for item in log(story, batch=batch, tick_s=600.0):
        playing.apply(item) if isinstance(item, Batch) else playing.tick(item)
    playing = revive(playing)
    core, size = playing.fleet.core, playing.fleet.size
    return set(core.mmsi[:size][core.vessel[:size]].tolist())


def sends(mmsi: int, *types: int, status: int = 0, imo: int = 0) -> Story:
    return [
        Report(at_s=60.0 + n, mmsi=mmsi, type=kind, status=status, lat_deg=40.0, lon_deg=130.0, imo=imo * (kind == 5))
        for n, kind in enumerate(types)
    ]


@pytest.mark.parametrize("batch", [1, 1000])
@pytest.mark.parametrize(
    ("story", "vessel"),
    [
        (sends(2_570_001, 4, 20, 4, 24), False),
        (sends(257_000_001, 4, 4), False),
        (sends(992_570_001, 21, 21, 24), False),
        (sends(111_232_506, 9, 9, 5), False),
        (sends(970_012_345, 1, 14, 1, status=14), False),
        (sends(974_012_345, 1, 1, status=-1), False),
        (sends(257_000_001, 8), True),
        (sends(257_000_001, 11), True),
        (sends(257_000_001, 4, 1, 4), True),
        (sends(992_570_001, 21, 1), True),
        (sends(111_232_506, 9, 18), True),
        (sends(111_232_506, 9, 5, imo=LISTED), True),
        (sends(970_012_345, 1, 5, status=14, imo=LISTED), True),
        (sends(970_012_345, 1, status=0), True),
        (sends(970_012_345, 18, status=-1), True),
        (sends(1193046, 27), True),
        (sends(123_456_789, 24), True),
    ],
)
def test_what_is_sent_tells_before_the_number_does(story: Story, vessel: bool, batch: int) -> None:
    assert vessels_of(story, batch=batch) == ({story[0].mmsi} if vessel else set())


def test_a_ship_that_sends_a_station_s_type_before_it_falls_silent_is_dark_all_the_same() -> None:
    others = company()
    ship = voyage(USUAL, np.arange(30.0, 6 * HOUR, 60.0), (41.0, 131.3), 9.0)
    stated = [Report(at_s=45.0, mmsi=USUAL, type=5, imo=LISTED)]
    last = ship[-1].at_s
    for kind in (4, 11, 21):
        mask = [Report(at_s=last + n, mmsi=USUAL, type=kind, lat_deg=41.9, lon_deg=131.3) for n in (1.0, 60.0, 400.0)]
        alerts = run(beside(ship, stated, mask, others))
        assert [a.time for a in alerts if a.detector == "gap" and a.mmsi == USUAL], kind


@pytest.mark.parametrize(
    ("mmsi", "wrong"),
    [
        (273_000_009, None),
        (982_730_001, None),
        (1193047, "7 digits"),
        (1193046, "7 digits; a pattern of digits, often a placeholder"),
        (666_666_666, "a pattern of digits, often a placeholder"),
        (666_666_667, None),
        (12_345_678, "8 digits"),
        (23_456_789, "8 digits"),
        (0, "1 digits"),
        (2_570_001, "number of a coast station"),
        (111_232_001, "number of an aircraft"),
        (992_730_001, "number of an aid to navigation"),
        (333_333_334, "333 is not a country code"),
        (888_888_881, "not a vessel's number"),
        (1 << 30, "10 digits"),
    ],
)
def test_what_is_wrong_with_a_number_is_said(mmsi: int, wrong: str | None) -> None:
    assert invalid_form_of(mmsi) == wrong


def test_the_start_of_time_is_later_than_the_epoch() -> None:
    """Rows are told taken by their reports where the MMSI is 0."""
    assert START_MS > 0
