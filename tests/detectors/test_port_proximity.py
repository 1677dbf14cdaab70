"""port_proximity: in, closing on, bound for."""

import msgspec
import numpy as np
import pytest

from detectors.core import testing
from detectors.core.alert import Alert
from detectors.core.geography.reachable_zones import ReachableZones
from detectors.core.reference import Port, Reference, Zone
from detectors.core.reports import Batch
from detectors.core.testing import START_MS, Report, Story, beside, engine, log, run, voyage
from detectors.core.testing_world import REFERENCE
from detectors.core.units import unix_ms
from detectors.core.vessels.ship import read_ship

HOUR = 3600.0
SHIP, LISTED, PEER = 205_000_002, 667_001_001, 205_000_100
DARK_FROM = 4 * HOUR


def near(*stories: Story) -> list[Alert]:
    background = voyage(205_000_001, np.arange(0, max(s[-1].at_s for s in stories) + 60, 30.0), (30.0, 120.0))
    return [a for a in run(beside(background, *stories)) if a.detector == "port_proximity"]


def test_a_ship_that_enters_and_leaves_a_sanctioned_zone_is_one_alert() -> None:
    through = voyage(SHIP, np.arange(5, 3 * HOUR, 60.0), (41.75, 131.0))
    alerts = near(through)
    assert [a.status for a in alerts] == ["opened", "closed"]
    assert (alerts[0].severity, alerts[0].details["zone"], alerts[0].details["reason"]) == (
        "ticket",
        "Forbidden",
        "inside",
    )


def test_passing_a_mile_outside_on_a_steady_course_is_nothing() -> None:
    assert near(voyage(SHIP, np.arange(5, 3 * HOUR, 60.0), (41.75, 131.14))) == []


def test_an_associated_port_matters_for_listed_ships_only() -> None:
    call = [
        Report(at_s=5 + 30 * n, mmsi=m, lat_deg=35.0, lon_deg=129.0, sog_kn=0)
        for n in range(4)
        for m in (SHIP, 667_001_001)
    ]
    assert {a.mmsi for a in near(call)} == {667_001_001}
    assert near(call)[-1].severity == "ticket"


def test_a_destination_names_a_zone_by_locode_and_only_as_whole_words() -> None:
    named = [*voyage(SHIP, [5.0, 35.0], (20.0, 110.0)), Report(at_s=40, mmsi=SHIP, type=5, destination="CNSHA>XXFBD")]
    innocent = [
        *voyage(SHIP + 1, [5.0, 35.0], (20.0, 110.0)),
        Report(at_s=41, mmsi=SHIP + 1, type=5, destination="UNFORBIDDEN BAY"),
    ]
    assert [(a.mmsi, a.details["reason"], a.severity) for a in near(named, innocent)] == [(SHIP, "destination", "log")]


def test_bound_for_it_and_on_course_is_closing_with_an_arrival_time() -> None:
    story = [
        Report(at_s=1, mmsi=SHIP, type=5, destination="FORBIDDEN"),
        *voyage(SHIP, np.arange(5, HOUR, 60.0), (41.5, 131.0)),
    ]
    reasons = [(a.details["reason"], "eta" in a.details) for a in near(story)]
    assert reasons == [("destination", False), ("closing", True)]


def test_a_ship_that_goes_silent_inside_leaves_the_alert_open_and_says_so() -> None:
    inside = voyage(SHIP, np.arange(5, 600, 30.0), (42.0, 131.0), 0.1)
    alerts = near(inside, voyage(SHIP + 1, [20 * HOUR], (10.0, 110.0)))
    assert [a.status for a in alerts] == ["opened", "updated", "updated"]
    assert "last known inside FORBIDDEN, silent" in alerts[-1].headline


def test_a_vessel_on_no_list_that_stays_silent_inside_is_unknown_after_a_while() -> None:
    """Else each of a hundred thousand invented MMSIs would keep its alert for ever."""
    stay = [voyage(mmsi, np.arange(5, 600, 60.0), (42.0, 131.0), 0.1) for mmsi in (SHIP, LISTED)]
    background = voyage(205_000_001, np.arange(0, 8 * HOUR, 30.0), (30.0, 120.0))
    told: dict[int | None, list[Alert]] = {SHIP: [], LISTED: []}
    playing = engine(thresholds={"port_proximity": {"unlisted_kept_h": 6.0}})
    for item in log(beside(background, *stay), batch=100, tick_s=600.0):
        emitted = playing.apply(item) if isinstance(item, Batch) else playing.tick(item)
        for alert in (e.alert for e in emitted if e.alert.detector == "port_proximity"):
            told[alert.mmsi].append(alert)
    assert [a.status for a in told[SHIP]] == ["opened", "updated", "updated", "closed"]
    assert told[SHIP][-1].details["ended"] == "unknown"
    assert 6.0 < (unix_ms(told[SHIP][-1].time) - START_MS) / 3_600_000 < 6.5
    assert told[LISTED][-1].status == "updated"


def dark(again_h: float, place: tuple[float, float] = (41.4, 131.0), mmsi: int = LISTED) -> Story:
    """Off Forbidden a ship falls silent after four hours, 56 nm from it; six others creep along beside it."""
    times = [np.arange(25.0 * n, (again_h + 0.4) * HOUR, 150.0) for n in range(6)]
    peers = [voyage(PEER + n, t, (41.0 + n / 100, 131.1), 1.0) for n, t in enumerate(times)]
    heard = voyage(mmsi, np.arange(5, DARK_FROM, 60.0), (41.0, 131.0), 1.0)
    again = voyage(mmsi, np.arange(again_h * HOUR, (again_h + 0.2) * HOUR, 60.0), place, 0.0)
    return beside(*peers, heard, again)


def test_a_listed_ship_that_is_dark_for_long_enough_could_have_reached_the_zone_and_could_have_called() -> None:
    opened, closed = (a for a in run(dark(14.0)) if a.detector == "port_proximity")
    assert (opened.status, opened.severity, opened.details["reason"]) == ("opened", "ticket", "feasible_while_dark")
    silent_h = (unix_ms(opened.time) - START_MS) / 3_600_000 - 3.985
    assert 56.0 / 15 <= silent_h < 56.0 / 15 + 0.1  # nothing is known of its speed: 15 kn
    assert (opened.details["confidence"], opened.details["innocent_ports"], opened.details["v_max_kn"]) == (1.0, 0, 15)
    assert opened.headline.startswith("EXAMPLE TWO silent 3 h, could have reached FORBIDDEN")
    assert (closed.id, closed.status, closed.details["ended"]) == (opened.id, "closed", "reappeared")
    (call,) = closed.details["feasible_ports"]
    assert call["zone"] == "Forbidden" and call["longest_stay_s"] / 3600 == pytest.approx(10 - 92 / 15, abs=0.1)
    assert call["needed_kn"] == 9.2 and call["detour_nm"] == 72.0


def test_a_silence_of_which_the_feed_cannot_tell_is_never_called_dark() -> None:
    """Nobody else is heard around, so that nothing shows whether it transmitted."""
    far = voyage(PEER, np.arange(25.0, 14.4 * HOUR, 60.0), (10.0, 110.0), 1.0)
    heard = voyage(LISTED, np.arange(5, DARK_FROM, 60.0), (41.0, 131.0), 1.0)
    again = voyage(LISTED, np.arange(14.0 * HOUR, 14.2 * HOUR, 60.0), (41.4, 131.0), 0.0)
    told = [a for a in run(beside(far, heard, again)) if a.detector == "port_proximity"]
    assert [a.status for a in told] == ["opened", "closed"]
    assert not any("dark" in a.headline for a in told) and "silent for" in told[1].headline
    assert all(a.details["cannot_tell"] for a in told)
    assert all("whether it transmitted" in {fact.fact for fact in a.why} for a in told)


def test_a_gap_says_what_comes_into_reach_and_what_could_have_been_of_any_ship() -> None:
    for mmsi in (LISTED, SHIP):
        opened, *_, closed = (a for a in run(dark(14.0, mmsi=mmsi)) if a.detector == "gap")
        assert opened.details["feasible_ports"][0]["zone"] == "Forbidden"
        assert opened.details["feasible_zones"] == 0  # in reach in 24 h, not yet
        assert opened.details["feasible_ports"][0]["arrive_by"].startswith("2023-11-15T05:5")
        (call,) = closed.details["feasible_ports"]
        assert call["longest_stay_s"] > 3600 and closed.details["feasible_zones"] == 1
        assert opened.details["v_max_kn"] == closed.details["v_max_kn"] == 15.0


@pytest.mark.parametrize(
    ("again_h", "place", "ended"), [(9.0, (40.5, 131.0), "out of reach"), (30.0, (41.067, 131.0), "stayed")]
)
def test_coming_back_too_soon_or_where_she_was_takes_it_back(
    again_h: float, place: tuple[float, float], ended: str
) -> None:
    *_, last = (a for a in run(dark(again_h, place)) if a.detector == "port_proximity")
    assert (last.status, last.details["ended"]) == ("retracted", ended)


def test_dark_for_less_than_the_way_or_not_listed_is_nothing() -> None:
    for story in (dark(7.0), dark(14.0, mmsi=SHIP)):
        assert [a for a in run(story) if a.detector == "port_proximity"] == []


def test_the_more_ordinary_ports_fit_as_well_the_less_the_zone_is_worth() -> None:
    zones = (
        Zone(name="Rajin", kind="sanctioned", lat_deg=42.2333, lon_deg=130.3, country="KP", radius_nm=5),
        Zone(name="Dunai", kind="sanctioned", lat_deg=42.88, lon_deg=132.338, country="RU", radius_nm=3),
        Zone(name="Sonbong", kind="sanctioned", lat_deg=42.3333, lon_deg=130.4, country="KP", radius_nm=3),
    )
    ports = tuple(Port(name=f"P{n}", lat_deg=42.7 - n * 0.4, lon_deg=131.8) for n in range(20))
    reachable_zones = ReachableZones(
        Reference(zones=zones, ports=(*ports, Port(name="Najin", lat_deg=42.23, lon_deg=130.3)))
    )
    fleet = engine().fleet
    (row,) = fleet.admit(np.array([SHIP], np.uint32)).tolist()
    unknown = read_ship(fleet.core, row, REFERENCE)
    ship = msgspec.structs.replace(unknown, fix_ms=START_MS, lat_deg=42.66, lon_deg=132.2)
    shares = []
    for hours in (4, 24, 240):
        allowed = reachable_zones.over(ship, msgspec.structs.replace(ship, fix_ms=START_MS + hours * 3_600_000))
        assert allowed is not None
        shares.append((allowed.share, allowed.innocent))
    assert shares == [(0.333, 2), (0.273, 8), (0.13, 20)]
    assert [call.zone for call in allowed.calls] == ["Dunai", "Sonbong", "Rajin"]
    assert [(pair.between, pair.round_trips_at_most) for pair in allowed.shuttles] == [
        (("Dunai", "Sonbong"), 19),
        (("Dunai", "Rajin"), 18),
    ]


def test_a_watched_area_counts_for_every_vessel_and_no_silence_is_measured_against_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watched = tuple(msgspec.structs.replace(z, kind="watched") if z.name == "Forbidden" else z for z in REFERENCE.zones)
    monkeypatch.setattr(testing, "REFERENCE", msgspec.structs.replace(REFERENCE, zones=watched))
    through = voyage(SHIP, np.arange(5, 3 * HOUR, 60.0), (41.75, 131.0))
    assert [(a.status, a.details["reason"]) for a in near(through)] == [("opened", "inside"), ("closed", "inside")]
    named = [*voyage(SHIP, [5.0, 35.0], (20.0, 110.0)), Report(at_s=40, mmsi=SHIP, type=5, destination="CNSHA>XXFBD")]
    assert [a.details["reason"] for a in near(named)] == ["destination"]
    assert [a for a in run(dark(14.0)) if a.detector == "port_proximity"] == []
