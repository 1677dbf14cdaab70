"""Positions that the station that heard them cannot have heard: facts, which track is the ship, and what is held."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import pytest

from detectors.core.alert import Alert, Fact
from detectors.core.reports import Batch
from detectors.core.sources import SourceTable
from detectors.core.sphere import distance_nm
from detectors.core.station_ranges import found_among, hearing, merged, station_of
from detectors.core.testing import SOURCE, START_MS, Stations, Story, beside, engine, log, revive, run, voyage, written
from detectors.core.ticked_source import TickedSource
from detectors.core.ticks import FeedRules, StationPlace, Tick
from streams.messages.log_records import decode_tick

HOUR = 3600.0
SHIP = 205_000_002
HERE, FAR, NEARER = (38.0, 130.0), (32.0, 126.0), (38.1, 130.9)
RANGES = (40.0, 41.0, 42.0, None, None, 45.0, 46.0, 47.0)


def station(
    name: str = "PIER", place: tuple[float, float] = HERE, ranges: Sequence[float | None] | None = RANGES
) -> StationPlace:
    known = None if ranges is None else tuple(ranges)
    return StationPlace(station=name, lat_deg=place[0], lon_deg=place[1], origin="settings", range_nm=known)


PIER = (station(),)
ISLE = station("ISLE", FAR)


def background(hours: float) -> Story:
    return voyage(205_000_001, np.arange(0, hours * HOUR, 60.0), (30.0, 120.0))


def heard(story: Story, by: str = "PIER") -> Story:
    return [msgspec.structs.replace(report, station=by) for report in story]


def shared(*by: str, hours: float = 4.0, places: Sequence[tuple[float, float]] = (HERE, FAR)) -> Story:
    """Two ships that use one number, heard by turns, each by a station."""
    times = np.arange(5, hours * HOUR, 60.0)
    ships = [voyage(SHIP, times[n :: len(places)], place) for n, place in enumerate(places)]
    return beside(*(heard(ship, name) for ship, name in zip(ships, by, strict=True)))


def displaced(fixes: int, *, by: str = "PIER", hours: float = 8.0, place: tuple[float, float] = FAR) -> Story:
    """A ship that sails, and for ``fixes`` reports, one a minute, appears at another place from the second hour on."""
    times = np.arange(5, hours * HOUR, 60.0)
    story = heard(voyage(SHIP, times, HERE, 12.0))
    story[120 : 120 + fixes] = heard(voyage(SHIP, times[120 : 120 + fixes], place, 12.0), by)
    return story


def said(story: Story, detector: str, stations: Stations = PIER, hours: float = 8.0) -> list[Alert]:
    alerts = run(beside(background(hours), story), stations=stations)
    return [alert for alert in alerts if alert.detector == detector]


def fact(alert: Alert, text: str) -> Fact | None:
    return next((each for each in alert.why if text in each.fact), None)


# -- what is known of a station --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "ranges", "range_nm", "limit_nm", "beyond"),
    [
        ((39.1, 130.0), RANGES, 40.0, 60.0, True),  # 66 nm to the north
        ((38.9, 130.0), RANGES, 40.0, 60.0, False),
        ((38.0, 131.5), RANGES, 42.0, 63.0, True),  # 71 nm
        ((36.9, 130.0), RANGES, 47.0, 70.5, False),  # 66 nm; to the south it hears too little, so the largest counts
        ((32.0, 130.0), RANGES, 47.0, 70.5, True),
        ((32.0, 126.0), None, None, None, False),
        ((32.0, 126.0), (None,) * 8, None, None, False),
    ],
)
def test_beyond_is_one_and_a_half_ranges_away_and_at_least_60_nm(
    place: tuple[float, float],
    ranges: Sequence[float | None] | None,
    range_nm: float | None,
    limit_nm: float | None,
    beyond: bool,
) -> None:
    found = hearing(station(ranges=ranges), *place)
    assert (found.range_nm, found.limit_nm, found.beyond) == (range_nm, limit_nm, beyond)
    assert found.distance_nm == pytest.approx(distance_nm(*HERE, *place), abs=0.06)


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (b"\\s:PIER,c:1*00\\!AIVDM,1,1,,A,x,0*00", "PIER"),
        (b"\\c:1,s:PIER*00\\!AIVDM,1,1,,A,x,0*00\n!AIVDM,2,2,,A,x,0*00", "PIER"),
        (b"\\g:1-2-3,s:A b*00\\!AIVDM,2,1,,A,x,0*00", "A b"),
        (b"\\c:1*00\\!AIVDM,1,1,,A,x,0*00", None),
        (b"!AIVDM,1,1,,A,x,0*00", None),
        (b"", None),
    ],
)
def test_the_station_of_a_report_is_that_of_its_tag_block(lines: bytes, name: str | None) -> None:
    assert station_of(lines) == name


def test_one_name_at_two_places_is_no_known_station() -> None:
    assert found_among([station(), ISLE], "PIER") == station()
    assert found_among([station(), station(place=(38.1, 130.0))], "PIER") == station()
    assert found_among([station(), station(place=FAR)], "PIER") is None
    assert found_among([ISLE], "PIER") is None


def test_what_ingest_has_to_learn_again_is_kept_until_then() -> None:
    unknown = station(ranges=(None,) * 8)
    assert merged([station(), ISLE], [unknown]) == (station(), ISLE)
    some = station(ranges=(12.0, *(None,) * 7))
    assert merged([station()], [some]) == (station(ranges=(12.0, *RANGES[1:])),)
    none = station(ranges=None)
    assert merged([station()], [none]) == (none,)
    assert merged([none], [unknown]) == (unknown,)
    moved = station(place=FAR, ranges=(None,) * 8)
    assert merged([station()], [moved]) == (moved,)


def test_the_number_of_stations_is_bounded() -> None:
    known = merged([], [station(f"A{n}") for n in range(256)])
    now = merged(known, [station(f"B{n}") for n in range(10)])
    assert len(now) == 256
    assert [place.station for place in now[:11]] == [*(f"B{n}" for n in range(10)), "A0"]


def test_a_tick_and_a_snapshot_without_ranges_are_read() -> None:
    tick = decode_tick(
        b'{"source":"coast","from_ms":1,"to_ms":2,'
        b'"stations":[{"station":"PIER","lat_deg":38.0,"lon_deg":130.0,"origin":"settings"}]}'
    )
    assert tick.stations == (station(ranges=None),)
    table = SourceTable(FeedRules())
    table.restore([msgspec.convert({"name": "coast"}, TickedSource)], replayed=False)
    table.apply(tick)
    assert table.sources[0].stations == (station(ranges=None),)


def test_a_snapshot_keeps_the_stations() -> None:
    playing = engine()
    playing.tick(Tick(source=SOURCE, from_ms=START_MS, to_ms=START_MS + 1, stations=(station(), ISLE)))
    assert revive(playing).sources.sources[0].stations == (station(), ISLE)


# -- facts, and which track is the ship ------------------------------------------------------------------------------


def test_a_jump_says_how_far_the_position_is_from_the_station_that_heard_it() -> None:
    opened = said(displaced(100), "position_jump")[0]
    number = fact(opened, "distance from station PIER that heard it")
    assert number is not None
    assert number.value == pytest.approx(384, abs=5)  # where it has sailed to from FAR
    assert (number.threshold, number.unit) == (67.5, "nm")
    said_so = fact(opened, "only one of the two tracks")
    assert said_so is not None
    assert (
        said_so.value
        == opened.details["beyond_range"]
        == f"the position {number.value:.0f} nm from PIER is beyond its range"
    )
    assert opened.details["station_range_nm"] == 45.0
    assert opened.position is not None
    assert opened.position.lat_deg == pytest.approx(FAR[0], abs=0.6)


def test_a_position_within_range_is_not_said_to_be_beyond() -> None:
    opened = said(displaced(100, place=NEARER), "position_jump")[0]
    number = fact(opened, "distance from station PIER that heard it")
    assert number is not None
    assert number.value == pytest.approx(55, abs=5)
    assert fact(opened, "only one of the two tracks") is None
    assert "beyond_range" not in opened.details


def test_of_two_ships_under_one_number_the_one_beyond_the_range_is_named() -> None:
    (alert,) = said(shared("PIER", "PIER"), "shared_mmsi")
    own, other = fact(alert, "distance from station PIER"), fact(alert, "distance of the other track from station PIER")
    assert own is not None and other is not None
    assert isinstance(own.value, float) and isinstance(other.value, float)
    assert own.value < 40
    assert other.value > 380
    assert "nm from PIER is beyond its range" in str(alert.details["beyond_range"])
    assert str(round(other.value)) in str(alert.details["beyond_range"])


def test_two_ships_each_near_its_station_are_both_within_range() -> None:
    (alert,) = said(shared("PIER", "ISLE"), "shared_mmsi", stations=(*PIER, ISLE))
    assert fact(alert, "distance of the other track from station ISLE that heard it") is not None
    assert "beyond_range" not in alert.details
    assert fact(alert, "only one of the two tracks") is None


@pytest.mark.parametrize("detector", ["position_jump", "shared_mmsi"])
@pytest.mark.parametrize("stations", [(), (station("OTHER"),), (station(ranges=None),)])
def test_without_a_range_every_alert_is_as_before(detector: str, stations: Stations) -> None:
    story = displaced(100) if detector == "position_jump" else shared("PIER", "PIER")

    def plain(alerts: Sequence[Alert]) -> list[bytes]:
        bare = [
            msgspec.structs.replace(
                alert,
                why=tuple(each for each in alert.why if "station" not in each.fact),
                details={name: value for name, value in alert.details.items() if "station" not in name},
            )
            for alert in alerts
        ]
        return written(bare)

    assert plain(said(story, detector, stations)) == plain(said(story, detector, ()))
    if stations != (station(ranges=None),):
        assert written(said(story, detector, stations)) == written(said(story, detector, ()))


# -- the vessel's own track ------------------------------------------------------------------------------------------


def place_at(story: Story, minute: float, stations: Stations, hours: float = 8.0) -> tuple[float, float]:
    """Where the core has the ship when that minute of the story is over."""
    playing = engine()
    until = [report for report in beside(background(hours), story) if report.at_s <= minute * 60]
    for item in log(until, batch=50, tick_s=600.0, stations=stations):
        playing.apply(item) if isinstance(item, Batch) else playing.tick(item)
    row = int(playing.fleet.index.find(np.asarray([SHIP], np.uint32))[0])
    return float(playing.fleet.core.lat_deg[row]), float(playing.fleet.core.lon_deg[row])


def is_far(place: tuple[float, float], where: tuple[float, float] = FAR) -> bool:
    return distance_nm(*place, *where) < 60


def test_positions_beyond_the_range_do_not_move_the_vessel_within_an_hour() -> None:
    story = displaced(100)
    assert is_far(place_at(story, 125, ()))
    assert not is_far(place_at(story, 125, PIER))
    assert not is_far(place_at(story, 178, PIER))
    assert is_far(place_at(story, 182, PIER))


def test_a_vessel_that_another_station_hears_there_is_there() -> None:
    assert is_far(place_at(displaced(100, by="ISLE"), 125, (*PIER, ISLE)))


def test_one_fix_within_range_does_not_keep_a_vessel_from_where_it_is_heard_truly() -> None:
    """Several stations hear it: one whose place is wrong, and one near it. The first fix by that one decides."""
    story = displaced(100)
    story[126:220] = heard(story[126:220], "ISLE")
    assert not is_far(place_at(story, 125, (*PIER, ISLE)))
    assert is_far(place_at(story, 127, (*PIER, ISLE)))


def test_the_first_fix_of_a_vessel_is_not_replaced_by_two_beyond_the_range() -> None:
    story = displaced(100)[119:]
    assert is_far(place_at(story, 122, ()))
    assert not is_far(place_at(story, 150, PIER))


def test_an_own_track_that_is_beyond_itself_holds_nothing_back() -> None:
    further = (26.0, 122.0)
    story = heard(displaced(100, place=further))
    story[:120] = heard(voyage(SHIP, [report.at_s for report in story[:120]], FAR, 12.0))
    assert is_far(place_at(story, 125, PIER), further)


@pytest.mark.parametrize(("fixes", "count"), [(20, 0), (45, 1), (100, 1)])
def test_a_displaced_vessel_is_reported_after_half_an_hour_though_it_is_held(fixes: int, count: int) -> None:
    opened = [alert for alert in said(displaced(fixes), "position_jump") if alert.status == "opened"]
    without = [alert for alert in said(displaced(fixes), "position_jump", ()) if alert.status == "opened"]
    assert len(opened) == len(without) == count
    assert [alert.id for alert in opened] == [alert.id for alert in without]


def test_other_detectors_do_not_see_a_false_position_in_a_zone() -> None:
    def about_zone(stations: Stations) -> list[Alert]:
        story = heard(voyage(667_001_001, np.arange(5, 4 * HOUR, 60.0), HERE, 0.1))
        story[120:150] = heard(voyage(667_001_001, [r.at_s for r in story[120:150]], (42.0, 131.0), 0.1))
        return said(story, "port_proximity", stations, hours=4.0)

    assert about_zone(())
    assert about_zone(PIER) == []


def test_propagation_in_which_ships_are_heard_from_afar_is_no_displacement() -> None:
    """A ship that is on its own track 300 nm away is where it says."""
    story = heard(voyage(SHIP, np.arange(5, 4 * HOUR, 60.0), FAR, 12.0))
    alerts = run(beside(background(4.0), story), stations=PIER)
    assert [alert for alert in alerts if alert.mmsi == SHIP] == []


@pytest.mark.parametrize("batch", [1, 7, 1000])
@pytest.mark.parametrize("snapshot_every", [0, 3])
@pytest.mark.parametrize("tick_s", [60.0, 600.0])
def test_neither_batches_nor_ticks_nor_restarts_change_an_alert(batch: int, snapshot_every: int, tick_s: float) -> None:
    if batch == 1 and snapshot_every:
        snapshot_every = 29  # a snapshot takes a millisecond
    story = beside(background(5.0), displaced(100, hours=5.0), other_number(shared("PIER", "PIER")))
    expected = written(run(story, stations=PIER))
    assert len(expected) >= 3
    assert written(run(story, batch=batch, snapshot_every=snapshot_every, tick_s=tick_s, stations=PIER)) == expected


def other_number(story: Story) -> Story:
    return [msgspec.structs.replace(report, mmsi=205_000_077) for report in story]
