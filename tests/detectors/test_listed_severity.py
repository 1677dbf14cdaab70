"""What the silence and the return of a listed vessel are worth: page, ticket or record."""

import msgspec
import numpy as np
import pytest

from detectors.core.alert import Alert
from detectors.core.geography.approach import INSIDE, ZoneApproach
from detectors.core.geography.zone_columns import ZoneColumns
from detectors.core.reports import Batch
from detectors.core.testing import Report, Story, beside, engine, log, run, voyage
from detectors.core.testing_world import REFERENCE
from detectors.core.vessels.ship import read_ship
from detectors.port_proximity.wording import ProximityWording

HOUR = 3600.0
LISTED, PEER = 667_001_001, 205_000_100
DARK_FROM = 4 * HOUR


def peers(hours: float, from_h: float = 0.0, lat: float = 38.0) -> Story:
    """Eight vessels that creep along in one place, heard once a minute."""
    times = [np.arange(from_h * HOUR + n, hours * HOUR, 60.0) for n in range(8)]
    return beside(*(voyage(PEER + n, t, (lat + n / 100, 130.0), 1.0) for n, t in enumerate(times)))


def listed(*spans_h: tuple[float, float], kn: float = 1.0, lat: float = 38.0, every_s: float = 30.0) -> Story:
    """A listed vessel that is heard in these hours."""
    times = np.concatenate([np.arange(a * HOUR + 5, b * HOUR, every_s) for a, b in spans_h])
    return voyage(LISTED, times, (lat, 130.0), kn)


def of(detector: str, story: Story, **more: object) -> list[Alert]:
    return [a for a in run(story, **more) if a.detector == detector and a.mmsi == LISTED]  # type: ignore[arg-type]


def under(thresholds: dict[str, dict[str, object]], story: Story, batch: int, tick_s: float = 60.0) -> list[Alert]:
    """The gap alerts of the listed vessel under other thresholds."""
    playing, alerts = engine(thresholds=thresholds), list[Alert]()
    for item in log(story, batch=batch, tick_s=tick_s):
        emitted = playing.apply(item) if isinstance(item, Batch) else playing.tick(item, 0)
        alerts += [e.alert for e in emitted if e.alert.detector == "gap" and e.alert.mmsi == LISTED]
    return alerts


def highest(alerts: list[Alert]) -> dict[str, str]:
    """By id the highest severity of its revisions."""
    rank = ("log", "ticket", "page")
    found: dict[str, str] = {}
    for a in alerts:
        found[a.id] = max(found.get(a.id, "log"), a.severity, key=rank.index)
    return found


def test_a_return_from_a_dark_silence_pages() -> None:
    *_, back = of("watchlist", beside(peers(22), listed((0, 4), (20, 20.5))))
    assert (back.severity, back.details["reason"], back.details["absence"]) == ("page", "reappeared", "dark")
    assert " dark, " in back.headline


@pytest.mark.parametrize(
    ("days", "severity", "absence"),
    [(0.8, "ticket", "out of range"), pytest.param(31.0, "page", "long", marks=pytest.mark.full)],
)
def test_a_return_from_a_silence_that_nobody_could_judge_is_a_ticket_unless_it_was_long(
    days: float, severity: str, absence: str
) -> None:
    """The others leave with it and come back with it."""
    again = 4 + 24 * days
    far = voyage(205_000_001, np.arange(0, (again + 1) * HOUR, 60.0), (10.0, 110.0), 1.0)
    story = beside(far, peers(4), peers(again + 1, again), listed((0, 4), (again, again + 0.5)))
    *_, back = of("watchlist", story, tick_s=600.0)
    assert (back.severity, back.details["absence"]) == (severity, absence)
    assert "dark" not in back.headline
    assert ("out of receiver range" in back.headline) == (absence == "out of range")


def test_alone_in_its_water_it_is_one_ticket_that_says_cannot_tell() -> None:
    far = voyage(205_000_001, np.arange(0, 7 * HOUR, 60.0), (10.0, 110.0), 1.0)
    alerts = of("gap", beside(far, listed((0, 2), kn=8.0)))
    assert [(a.status, a.severity, a.details["category"]) for a in alerts] == [("opened", "ticket", "cannot_tell")]
    assert "cannot tell" in alerts[0].headline and alerts[0].details["peers_heard"] == 0


@pytest.mark.parametrize("kn", [0.6, 1.0, 3.0])
@pytest.mark.parametrize("company", [0.0, 3.9])
def test_neither_itself_nor_who_was_heard_before_shows_that_it_could_be_heard(kn: float, company: float) -> None:
    """Two others are heard beside it until just before it falls silent, or nobody: where few sail, blocks are long."""
    far = voyage(205_000_001, np.arange(0, 10.5 * HOUR, 60.0), (10.0, 110.0), 1.0)
    others = [voyage(PEER + n, np.arange(5, company * HOUR, 60.0), (38.05, 130.0), 1.0) for n in range(2)]
    alerts = of("gap", beside(far, *others, listed((0, 4), kn=kn, every_s=60.0)))
    assert alerts and {a.details["verdict"] for a in alerts} == {"cannot tell"}
    assert "page" not in {a.severity for a in alerts} and alerts[0].details["peers_heard"] == 0


def test_where_nobody_sails_ahead_a_silence_is_no_page() -> None:
    """It heads out of the water in which the others are heard, at 12 kn."""
    story = beside(peers(9), listed((0, 2), kn=12.0))
    assert set(highest(of("gap", story)).values()) == {"log"}


@pytest.mark.parametrize("batch", [pytest.param(1, marks=pytest.mark.full), 7, 1000])
def test_what_is_possible_first_and_dark_later_is_one_alert_that_becomes_a_page(batch: int) -> None:
    thresholds: dict[str, dict[str, object]] = {"gap": {"alpha_listed": 0.01, "possible_after_s": 1200.0}}
    story = beside(peers(8), listed((0, 4)))
    alerts = under(thresholds, story, batch)
    said = [(a.status, a.severity, a.details["verdict"]) for a in alerts]
    assert said == [("opened", "ticket", "possibly dark"), ("updated", "page", "dark")]
    assert alerts[0].id == alerts[1].id
    assert alerts == under(thresholds, story, batch, tick_s=10.0 if batch > 1 else 900.0)


@pytest.mark.parametrize("batch", [1, 1000])
def test_a_silence_that_is_judged_after_it_could_not_be_is_one_alert(batch: int) -> None:
    late: dict[str, dict[str, object]] = {
        "gap": {"unheard_after_s": 1800.0, "possible_after_s": 7200.0, "min_silence_listed_s": 9000.0}
    }
    alerts = under(late, beside(peers(8), listed((0, 4), (7, 8.2))), batch)
    assert [(a.status, a.details["verdict"]) for a in alerts][:2] == [
        ("opened", "cannot tell"),
        ("updated", "possibly dark"),
    ]
    assert {a.id for a in alerts} == {alerts[0].id} and [a.status for a in alerts].count("closed") == 1


def test_silent_at_its_berth_it_is_a_ticket() -> None:
    moored = [msgspec.structs.replace(s, lat_deg=38.0, sog_kn=0.0, status=5) for s in listed((0, 4))]
    alerts = of("gap", beside(peers(14), moored))
    assert [(a.severity, a.details["category"]) for a in alerts] == [("ticket", "at_rest")]


def test_a_vessel_that_sails_out_of_range_is_told_apart_from_one_alone() -> None:
    """Where it went nobody is heard; others still are heard where it was."""
    alone = [msgspec.structs.replace(s, station="second") for s in listed((0, 4))]
    (alert,) = of("gap", beside(peers(12), alone))
    assert (alert.severity, alert.details["out_of_range"]) == ("log", True)
    assert "out of receiver range" in alert.headline


def test_a_headline_names_the_day_where_it_is_another() -> None:
    *_, closed = of("watchlist", beside(peers(24), listed((0, 4))))
    assert closed.headline.endswith("silent since 0212Z, listed: TEST") and closed.time.startswith("2023-11-15")
    *_, closed = of("watchlist", beside(peers(24), listed((0, 1))))
    assert closed.headline.endswith("silent since 14 Nov 2312Z, listed: TEST") and closed.time.startswith("2023-11-15")


# -- ports ------------------------------------------------------------------------------------------------------------


def port_call(*before: Story, from_h: float = 0.0, destination: str = "") -> Story:
    there = [
        Report(at_s=from_h * HOUR + 5 + 30 * n, mmsi=LISTED, lat_deg=35.0, lon_deg=129.0, sog_kn=0) for n in range(20)
    ]
    named = [Report(at_s=from_h * HOUR + 1, mmsi=LISTED, type=5, destination=destination)] if destination else []
    background = voyage(205_000_001, np.arange(0, (from_h + 1) * HOUR, 60.0), (30.0, 120.0))
    return beside(background, *before, [*named, *there])


def inside(story: Story, **more: object) -> str:
    alerts = [a for a in of("port_proximity", story, **more) if a.details["reason"] == "inside"]
    return max((a.severity for a in alerts), key=("log", "ticket", "page").index)


def test_an_ordinary_port_is_a_ticket_and_a_page_for_who_came_out_of_the_dark() -> None:
    assert inside(port_call()) == "ticket"
    dark = beside(peers(20.5, lat=34.0), listed((0, 4), lat=34.0))
    assert inside(port_call(dark, from_h=20.0)) == "page"


def test_an_ordinary_port_is_a_page_for_who_is_bound_for_a_sanctioned_one() -> None:
    assert inside(port_call(destination="FORBIDDEN")) == "page"
    assert inside(port_call(destination="ORDINAR")) == "ticket"


def to_port(destination: str = "", zone_lat: float = 35.0) -> Story:
    """It sails north at 10 kn into a port's zone, and stops at its middle after two hours."""
    way = voyage(LISTED, np.arange(5, 2 * HOUR, 30.0), (zone_lat - 20 / 60, 129.0), 10.0)
    there = [
        Report(at_s=2 * HOUR + 5 + 30 * n, mmsi=LISTED, lat_deg=zone_lat, lon_deg=129.0, sog_kn=0) for n in range(60)
    ]
    named = [Report(at_s=1, mmsi=LISTED, type=5, destination=destination)] if destination else []
    return beside(voyage(205_000_001, np.arange(0, 3 * HOUR, 60.0), (30.0, 120.0)), [*named, *way, *there])


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_a_visit_to_an_ordinary_port_is_one_ticket(batch: int) -> None:
    """The way there and the call in it are for the record."""
    near = of("port_proximity", to_port(), batch=batch)
    assert {(a.details["reason"], a.severity) for a in near} == {("closing", "log"), ("inside", "ticket")}
    assert {a.id for a in near} == {near[0].id}
    (stopped,) = of("port_call", to_port(), batch=batch)
    assert (stopped.severity, stopped.details["in_zone"]) == ("log", "Ordinary")


def test_a_call_where_no_zone_says_so_is_a_ticket() -> None:
    assert [a.severity for a in of("port_call", to_port(zone_lat=35.116))] == ["ticket"]
    bound = of("port_call", to_port("FORBIDDEN"))
    assert [a.severity for a in bound] == ["ticket"] and "in_zone" not in bound[0].details


def test_the_way_to_an_ordinary_port_is_a_ticket_for_who_is_bound_for_a_sanctioned_one() -> None:
    near = of("port_proximity", to_port("FORBIDDEN"))
    assert ("closing", "ticket") in [(a.details["reason"], a.severity) for a in near]


@pytest.mark.parametrize(("programme", "ordinary"), [("UKRAINE-EO14024, DPRK", False), ("UKRAINE-EO14024", True)])
def test_a_port_is_not_ordinary_for_a_vessel_listed_under_its_programme(programme: str, ordinary: bool) -> None:
    zone = msgspec.structs.replace(REFERENCE.zones[2], programme="DPRK")
    reference = msgspec.structs.replace(REFERENCE, zones=(zone,))
    fleet = engine().fleet
    (row,) = fleet.admit(np.array([LISTED], np.uint32)).tolist()
    entry = msgspec.structs.replace(REFERENCE.ships[1], programme=programme)
    ship = msgspec.structs.replace(read_ship(fleet.core, row, REFERENCE), listed=entry)
    assert ProximityWording.of(ZoneColumns(reference), ship, ZoneApproach(0, INSIDE), 0).ordinary is ordinary


def test_a_hit_does_not_end_while_the_vessel_is_last_known_inside_a_zone() -> None:
    there = [Report(at_s=5 + 30 * n, mmsi=LISTED, lat_deg=42.0, lon_deg=131.0, sog_kn=0) for n in range(20)]
    again = [msgspec.structs.replace(s, at_s=s.at_s + 20 * HOUR) for s in there]
    background = voyage(205_000_001, np.arange(0, 21 * HOUR, 30.0), (30.0, 120.0))
    alerts = of("watchlist", beside(background, there, again))
    assert len({a.id for a in alerts}) == 1
    assert not {"closed", "retracted"} & {a.status for a in alerts}
    (silent,) = [a for a in alerts if "silent_since" in a.details]
    assert "last known inside FORBIDDEN, silent since" in silent.headline and silent.severity == "ticket"
    assert alerts[-1].details["reason"] == "reappeared"


WORLD: Story = beside(peers(30, lat=36.0), listed((0, 3), (16, 18), (24, 26), lat=36.0, every_s=60.0))
