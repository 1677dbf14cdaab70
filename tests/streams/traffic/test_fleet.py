"""What is believed, what is left out, and that nothing grows without bound."""

import gzip

import numpy as np
import pytest

from detectors.core.reports import HAS_IDENTITY, HAS_NAME, STATIC
from streams.traffic import traffic as serving
from streams.traffic.fleet import DOUBTED_S, Fleet, FleetRules
from streams.traffic.moments import vessels_at
from streams.traffic.points import POINT_BYTES, STEPS_A_DEGREE, Points
from streams.traffic.rows import ROW_BYTES
from streams.traffic.track_store import BLOCK, TrackStore
from streams.traffic.traffic import Traffic
from streams.traffic.vessel_columns import CLASS_B, DOUBTED, UNKNOWN_U2, Head, Vessels, decoded

from .reports import T0_S, batch

A, B = 205_000_001, 205_000_002


def now(traffic: Traffic, since: str = "") -> tuple[Head, Vessels]:
    return decoded(gzip.decompress(traffic.now(since)))


def place(fleet: Fleet, mmsi: int) -> tuple[float, float, int]:
    row = fleet.rows.table[fleet.rows.find(mmsi)]
    return float(row["lat"] / STEPS_A_DEGREE), float(row["lon"] / STEPS_A_DEGREE), int(row["time_s"]) - T0_S


def test_one_impossible_position_is_left_out_and_two_that_agree_are_believed() -> None:
    fleet = Fleet(FleetRules())
    fleet.take(batch((A, 0, 30.0, 130.0), (A, 60, 30.0, 130.0), (A, 120, 50.0, 10.0)))
    assert place(fleet, A) == (30.0, 130.0, 60)
    fleet.take(batch((A, 180, 30.0, 130.0)))
    assert place(fleet, A) == (30.0, 130.0, 180)
    fleet.take(batch((A, 240, 50.0, 10.0)))
    fleet.take(batch((A, 300, 50.0, 10.001)))
    assert place(fleet, A) == (50.0, 10.001, 300)
    assert fleet.counts.doubted == 2


def test_of_two_ships_with_one_number_the_first_stays_where_it_is() -> None:
    fleet = Fleet(FleetRules())
    fixes = [(A, 10 * n, *((30.0, 130.0) if n % 2 == 0 else (50.0, 10.0))) for n in range(20)]
    fleet.take(batch(*fixes))
    assert place(fleet, A) == (30.0, 130.0, 180)


def test_late_and_repeated_reports_do_not_move_a_vessel() -> None:
    fleet = Fleet(FleetRules())
    fleet.take(batch((A, 600, 30.1, 130.0), (A, 600, 30.1, 130.0), (A, 0, 30.0, 130.0)))
    fleet.take(batch((A, 300, 30.05, 130.0)))
    assert place(fleet, A) == (30.1, 130.0, 600)
    assert fleet.counts.late == 1  # within a batch the order of arrival does not matter
    assert fleet.tracks.track(A, 0, 1 << 32).time_s.tolist() == [T0_S]


def test_base_stations_and_reports_without_position_are_no_vessels_on_the_map() -> None:
    traffic = Traffic(FleetRules(), 3600)
    traffic.take(batch((2_470_001, 0, 30.0, 130.0), kind=4), recorded=False)
    traffic.take(batch((A, 0, np.nan, np.nan)), recorded=False)
    traffic.pass_time(T0_S, recorded=False)
    head, vessels = now(traffic)
    assert head.count == 0 and len(vessels["mmsi"]) == 0


def test_a_vessel_is_described_by_its_newest_reports() -> None:
    traffic = Traffic(FleetRules(), 3600)
    sent = batch((A, 0, 30.0, 130.0), station=b"hill")
    static = np.zeros(1, STATIC)
    static["has"], static["name"], static["imo"] = HAS_NAME | HAS_IDENTITY, b"<b>ANGARA", 9_179_842
    sent.reports["static"] = 0
    traffic.take(sent._replace(statics=static), recorded=False)
    traffic.pass_time(T0_S + 100, recorded=False)
    found = traffic.vessel(A)
    assert found is not None
    assert (found.name, found.imo, found.station, found.sog_kn) == ("<b>ANGARA", 9_179_842, "hill", 12.3)
    assert (found.lat_deg, found.heading_deg, found.now_s - found.time_s) == (30.0, None, 100)
    assert traffic.vessel(B) is None
    _, vessels = now(traffic)
    assert [int(vessels[name][0]) for name in ("sog", "cog", "heading", "ship_type")] == [123, 456, UNKNOWN_U2, 0]


def test_who_asks_again_gets_what_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    traffic = Traffic(FleetRules(), 3600)
    monkeypatch.setattr(serving, "PUBLISH_S", 0.0)
    traffic.take(batch((A, 0, 30.0, 130.0), (B, 0, 31.0, 130.0)), recorded=False)
    traffic.pass_time(T0_S, recorded=False)
    first, vessels = now(traffic)
    assert first.whole and sorted(vessels["mmsi"].tolist()) == [A, B]
    traffic.take(batch((B, 60, 31.01, 130.0)), recorded=False)
    second, vessels = now(traffic, first.version)
    assert not second.whole and vessels["mmsi"].tolist() == [B]
    third, vessels = now(traffic, second.version)
    assert third.count == 0
    for other in ("", "x", first.version.replace(first.version[:8], "0" * 8), first.version + "9" * 30, "-live-1"):
        assert now(traffic, other)[0].whole


def test_all_who_ask_at_about_the_same_time_get_the_same_bytes() -> None:
    traffic = Traffic(FleetRules(), 3600)
    traffic.take(batch((A, 0, 30.0, 130.0)), recorded=False)
    answer = traffic.now()
    traffic.take(batch((B, 0, 30.0, 130.0)), recorded=False)
    assert traffic.now() is answer


def test_recordings_have_a_timeline_of_their_own() -> None:
    traffic = Traffic(FleetRules(), 3600)
    traffic.take(batch((A, -1e6, 30.0, 130.0)), recorded=True)
    traffic.pass_time(T0_S - 10**6, recorded=True)
    assert now(traffic)[0].recorded and now(traffic)[0].count == 1
    traffic.take(batch((B, 0, 31.0, 130.0)), recorded=False)
    traffic.pass_time(T0_S, recorded=False)
    assert traffic.vessel(B) is not None and traffic.vessel(A) is None
    assert traffic.vessel(A, recorded=True) is not None


def test_a_vessel_that_is_no_longer_heard_leaves_the_map_and_then_the_memory() -> None:
    traffic = Traffic(FleetRules(held_s=7200), 3600)
    traffic.take(batch((A, 0, 30.0, 130.0)), recorded=False)
    traffic.pass_time(T0_S + 3601, recorded=False)
    assert now(traffic)[0].count == 0 and traffic.vessel(A) is not None
    traffic.pass_time(T0_S + 7201, recorded=False)
    traffic.take(batch((B, 7200, 31.0, 130.0)), recorded=False)
    traffic.pass_time(T0_S + 7900, recorded=False)
    assert traffic.vessel(A) is None and traffic.vessel(B) is not None


def test_where_vessels_were_is_between_their_points_and_not_in_a_silence() -> None:
    fleet = Fleet(FleetRules())
    fleet.take(batch(*((A, 600 * n, 30.0 + n / 60, 130.0) for n in range(4))))  # 6 knots north
    fleet.take(batch((A, 9000, 31.0, 130.0)))
    found = vessels_at(fleet, T0_S + 900)
    assert found["mmsi"].tolist() == [A]
    assert found["lat"][0] / STEPS_A_DEGREE == pytest.approx(30.025, abs=1e-5)
    assert (int(found["sog"][0]), int(found["cog"][0])) == (60, 0)
    silent = vessels_at(fleet, T0_S + 3000)
    assert (int(silent["time_s"][0]) - T0_S, int(silent["sog"][0])) == (1800, UNKNOWN_U2)
    assert vessels_at(fleet, T0_S + 1800 + 3601)["mmsi"].tolist() == []
    assert vessels_at(fleet, T0_S - 1)["mmsi"].tolist() == []


def test_a_flood_of_invented_numbers_takes_no_more_than_its_bound() -> None:
    fleet = Fleet(FleetRules(vessels_most=200, points_most=BLOCK))
    for step in range(20):
        fleet.take(
            batch(*((300_000_000 + 100 * step + n, step, 30.0, 130.0) for n in range(100)), (A, step, 30.0, 130.0))
        )
        assert len(fleet.rows) <= 200
    assert fleet.rows.find(A) is not None, "the one that is heard all the time is kept"
    fleet.take(batch(*((400_000_000 + n, 30, 30.0, 130.0) for n in range(5000))))
    assert len(fleet.rows) <= 200 and fleet.counts.no_room >= 4800
    assert ROW_BYTES <= 240, "as the settings say"


def test_the_oldest_points_go_when_there_are_too_many() -> None:
    store = TrackStore(2 * BLOCK)
    for hour in range(5):
        made = Points.empty(BLOCK)
        made.mmsi[:], made.time_s[:] = np.arange(BLOCK) % 1000, T0_S + 3600 * hour
        store.add(made)
    assert len(store) == 2 * BLOCK and store.oldest_s == T0_S + 3 * 3600
    assert sum(column.itemsize for column in Points.empty()) == POINT_BYTES
    store.forget(T0_S + 3 * 3600 + 1)
    assert store.oldest_s == T0_S + 4 * 3600
    assert set(store.track(7, 0, 1 << 32).time_s.tolist()) == {T0_S + 4 * 3600}


def test_coverage_is_where_vessels_were_heard_within_a_day() -> None:
    fleet = Fleet(FleetRules())
    fleet.take(
        batch((A, 0, 30.05, 130.05), (A, 3600, 30.06, 130.05), (A, 2 * 3600, 30.05, 130.05), (B, 0, -10.1, -20.1))
    )
    heard = fleet.cells.heard(T0_S + 2 * 3600)
    cells = dict(
        zip(zip(heard.south_deg.tolist(), heard.west_deg.tolist(), strict=True), heard.hours.tolist(), strict=True)
    )
    assert cells == {(30.0, 130.0): 3, (-10.2, -20.2): 1}
    assert len(fleet.cells.heard(T0_S + 26 * 3600 + 1).age_s) == 0


def test_a_vessel_of_which_positions_were_left_out_is_marked_for_a_while() -> None:
    traffic = Traffic(FleetRules(), 3600)
    traffic.take(batch((A, 0, 30.0, 130.0), (A, 60, 50.0, 10.0), kind=18), recorded=False)
    traffic.pass_time(T0_S + 60, recorded=False)
    assert int(now(traffic)[1]["marks"][0]) & DOUBTED
    assert not int(now(traffic)[1]["marks"][0]) & CLASS_B  # the batch does not say so
    later = Traffic(FleetRules(), 3600)
    later.take(batch((A, 0, 30.0, 130.0), (A, 60, 50.0, 10.0)), recorded=False)
    later.pass_time(T0_S + 61 + DOUBTED_S, recorded=False)
    assert not int(now(later)[1]["marks"][0]) & DOUBTED
