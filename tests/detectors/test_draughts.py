"""Draughts and destinations of listed ships: facts in an alert that is open for another reason, and never one alone."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from detectors.core.alert import Alert, Severity
from detectors.core.engine.alert_writer import AlertWriter
from detectors.core.engine.imagery_advice import ImageryAdvice
from detectors.core.protocol import Finding
from detectors.core.reports import Batch
from detectors.core.testing import Report, Story, beside, engine, log, run, voyage, written
from detectors.core.testing_world import REFERENCE
from detectors.core.units import unix_ms
from detectors.core.vessels.draughts import change_of, median_draught
from detectors.core.vessels.row_bytes import RowBytesError
from detectors.core.vessels.voyage_statements import DRAUGHTS_MOST, VoyageStatement, VoyageStatements
from detectors.watchlist import Watchlist

HOUR = 3600.0
LISTED, OTHER, NAMED = 667_001_001, 205_000_002, 273_000_009
IN_RANGE = (38.2, 130.1)


# -- medians and changes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stated", "median"),
    [
        ([], None),
        ([4.3], None),
        ([4.3, 4.3], 4.3),
        ([4.3, 5.9], None),
        ([4.3, 5.9, 5.9], 5.9),
        ([4.3, 4.3, 5.9, 5.9], 5.9),
        ([5.9, 43.0, 5.9, 5.8, 5.9], 5.9),
    ],
)
def test_the_median_of_at_least_two_reports_counts(stated: list[float], median: float | None) -> None:
    assert median_draught(stated) == median


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ([4.3] * 2, [5.9] * 2, True),
        ([5.9] * 2, [4.3] * 2, True),
        ([4.3] * 2, [5.2] * 2, False),
        ([4.3] * 2, [5.3] * 2, True),
        ([15.0] * 2, [16.2] * 2, False),
        ([15.0] * 2, [16.7] * 2, True),
        ([4.3] * 2, [5.9], False),
        ([4.3], [5.9] * 2, False),
        ([4.3] * 9, [4.3] * 5 + [5.9] * 3, True),
        ([4.3] * 9, [4.3] * 5 + [5.9] * 2, False),
    ],
)
def test_a_change_is_a_metre_and_a_tenth(before: list[float], after: list[float], changes: bool) -> None:
    assert (change_of(before, after) is not None) is changes


def test_what_a_vessel_states_is_bounded_and_survives_its_shard() -> None:
    said, kept = VoyageStatement(told_s=7).with_destination(10, b"ROTTERDAM", 812.5), VoyageStatements()
    for n in range(100):
        said = said.with_draught(1_000 + 360 * n, 4.0 + n // 2 % 2)
    assert len(said.draughts) == DRAUGHTS_MOST
    assert said.draughts[-1].reports == 2
    kept.put(3, said)
    again = VoyageStatements()
    again.restore(kept.within(range(10)))
    assert again.of(3) == said
    for wrong in (b"", b"\x02" + kept.within(range(10))[0][1][1:], kept.within(range(10))[0][1][:-1]):
        with pytest.raises(RowBytesError):
            VoyageStatements().restore([(3, wrong)])


def test_the_same_report_twice_counts_once() -> None:
    once = VoyageStatement().with_draught(100, 4.0)
    assert once.with_draught(100, 4.0) == once
    assert once.with_draught(460, 4.0).draughts[0].reports == 2


def test_reports_within_a_run_are_divided_by_time() -> None:
    said = VoyageStatement()
    for n in range(11):
        said = said.with_draught(600 * n, 4.0)
    assert [said.draughts[0].until(at) for at in (-1, 0, 599, 600, 3000, 6000, 9000)] == [0, 1, 1, 2, 6, 11, 11]


# -- across a silence ---------------------------------------------------------------------------------------------


def heard(
    *spans_h: tuple[float, float], mmsi: int = LISTED, every_s: float = 60.0, start: tuple[float, float] = IN_RANGE
) -> Story:
    times = np.arange(5, spans_h[-1][1] * HOUR, every_s)
    times = times[[any(a * HOUR <= t < b * HOUR for a, b in spans_h) for t in times.tolist()]]
    return voyage(mmsi, times, start, 4.0)


def states(from_h: float, to_h: float, draught_m: float, mmsi: int = LISTED, destination: str = "") -> Story:
    return [
        Report(at_s=float(t), mmsi=mmsi, type=5, name="EXAMPLE", draught_m=draught_m, destination=destination)
        for t in np.arange(from_h * HOUR + 31, to_h * HOUR, 360.0)
    ]


def peers(hours: float) -> Story:
    """Ships around it, heard all the time."""
    tracks = (np.arange(50.0 * n, hours * HOUR, 250.0) for n in range(5))
    return beside(*(voyage(205_001_001 + n, each, (38.0 + n / 8, 130.0), 4.0) for n, each in enumerate(tracks)))


def hits(*stories: Story, hours: float = 24.0) -> list[Alert]:
    return [a for a in run(beside(peers(hours), *stories), tick_s=600.0) if a.detector == "watchlist"]


def dark(before_m: float = 4.3, after_m: float = 5.9, *, silent_h: float = 5.0, mmsi: int = LISTED) -> list[Story]:
    """Dark from hour 8 on; it is heard, and states its draught, before and after."""
    back = 8.0 + silent_h
    ship = heard((0, 8), (back, back + 4), mmsi=mmsi)
    return [ship, states(0.1, 8, before_m, mmsi), states(back, back + 4, after_m, mmsi)]


def changes(alerts: list[Alert]) -> list[Alert]:
    """The revisions with which a change is reported first."""
    found, seen = [], set[str]()
    for alert in alerts:
        if "draught_change" in alert.details and alert.id not in seen:
            found.append(alert)
            seen.add(alert.id)
    return found


def test_a_draught_that_changed_in_the_dark_is_a_fact_and_raises_the_open_alert() -> None:
    alerts = hits(*dark())
    (told,) = changes(alerts)
    assert (told.status, told.severity) == ("updated", "page")
    assert told.why[0].fact == "draught changed from 4.3 m to 5.9 m across the silence, as reported by the crew"
    assert (told.why[0].value, told.why[0].threshold, told.why[0].unit) == (1.6, 1.0, "m")
    assert "draught 4.3 to 5.9 m across the silence, " in told.headline
    assert {a.severity for a in alerts if a.revision < told.revision} == {"ticket"}
    after = [a for a in alerts if a.id == told.id and a.revision > told.revision]
    assert all("draught_change" in a.details and a.severity == "page" for a in after)
    assert _hours(told) * HOUR == pytest.approx(states(13, 17, 5.9)[1].at_s)


def test_after_half_a_day_in_the_dark_the_return_carries_it() -> None:
    alerts = hits(*dark(silent_h=14.0), hours=30.0)
    (told,) = changes(alerts)
    assert (told.details["reason"], told.severity) == ("reappeared", "page")


@pytest.mark.parametrize(
    ("stories", "why"),
    [
        (dark(4.3, 4.9), "less than a metre"),
        (dark(12.0, 13.1), "less than a tenth"),
        (dark(mmsi=OTHER), "not listed"),
        (dark(silent_h=1.5), "too short to load or discharge"),
        (dark()[:2], "nothing stated after"),
        ([dark()[0], *dark()[2:]], "nothing stated before"),
        ([*dark()[:2], dark()[2][:1]], "stated once after"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_less_is_no_change(stories: list[Story], why: str) -> None:
    assert changes(hits(*stories)) == [], why


def test_a_draught_that_is_reported_hours_after_the_return_still_counts_within_a_day() -> None:
    ship, before, _ = dark()
    late = states(13, 15, 4.3) + states(15, 17, 5.9)
    (told,) = changes(hits(ship, before, late))
    assert 15.0 < (_hours(told)) < 16.0


def _hours(alert: Alert) -> float:
    return (unix_ms(alert.time) - 1_700_000_000_000) / 3_600_000


def test_out_of_range_it_is_a_fact_and_raises_nothing() -> None:
    """Nobody else is heard there: the feed cannot tell."""
    far = (-20.0, 60.0)
    ship = heard((0, 8), (20, 24), start=far)
    alerts = hits(ship, states(0.1, 8, 4.3), states(20, 24, 5.9))
    (told,) = changes(alerts)
    assert (told.severity, told.details["draught_change"]["raised"]) == ("ticket", False)


def test_across_a_call_it_is_a_fact_of_the_call_and_of_the_open_alert() -> None:
    """It loads at a port, and states so before it leaves."""
    calling = (35.1, 129.0)
    story = [
        *voyage(LISTED, np.arange(5, HOUR, 60.0), (34.9, 129.0), 12.0),
        *(
            Report(at_s=t, mmsi=LISTED, lat_deg=calling[0], lon_deg=calling[1], sog_kn=0.0, status=5)
            for t in np.arange(HOUR, 12 * HOUR, 180.0).tolist()
        ),
        *(
            Report(
                at_s=t, mmsi=LISTED, lat_deg=calling[0] - (t - 12 * HOUR) / HOUR * 0.2, lon_deg=calling[1], sog_kn=12.0
            )
            for t in np.arange(12 * HOUR, 15 * HOUR, 60.0).tolist()
        ),
    ]
    stated = states(0.1, 10, 4.3) + states(10, 15, 5.9)
    alerts = run(beside(peers(15.0), story, stated), tick_s=600.0)
    closed = [a for a in alerts if a.detector in {"port_call", "long_stay"} and a.status == "closed"]
    assert closed and all(a.details["draught_change"]["after_m"] == 5.9 for a in closed)
    assert any("draught changed from 4.3 m to 5.9 m across the" in fact.fact for fact in closed[0].why)
    (told,) = changes([a for a in alerts if a.detector == "watchlist"])
    assert (told.severity, told.details["draught_change"]["across"]) == ("ticket", "port call")


# -- the destination ----------------------------------------------------------------------------------------------


def bound(destination: str, *, south: bool = True, hours: float = 9.0, from_lat: float = 38.0) -> list[Story]:
    """A listed ship that sails on a meridian at 14 kn; the port ORDINARY is at 35N 129E."""
    ship = [
        Report(
            at_s=t,
            mmsi=LISTED,
            lat_deg=from_lat + (-1 if south else 1) * 14 * t / HOUR / 60,
            lon_deg=129.0,
            sog_kn=14.0,
            cog_deg=180.0 if south else 0.0,
        )
        for t in np.arange(5, hours * HOUR, 60.0).tolist()
    ]
    return [ship, states(0.1, hours, 4.3, destination=destination)]


def away(alerts: list[Alert]) -> list[Alert]:
    return [a for a in alerts if "sails away" in a.headline]


def test_a_destination_to_which_it_does_not_sail_is_a_fact_once() -> None:
    alerts = hits(*bound("ORDINARY", south=False), hours=10.0)
    (told,) = away(alerts)
    assert (told.status, told.severity) == ("updated", "ticket")
    assert "sails away from its destination ORDINARY" in told.headline
    assert told.why[0].fact == "further from the reported destination ORDINARY than before"
    assert 50 <= float(told.why[0].value) < 53 and told.why[0].threshold == 50.0


@pytest.mark.parametrize(
    "stories",
    [
        bound("ORDINARY"),
        bound("NOWHERE AT ALL", south=False),
        bound("ORDINARY", south=False, hours=3.5),
        bound("ORDINARY", south=False, from_lat=35.1),
    ],
    ids=["it sails there", "no known port", "not far enough", "it comes from there"],
)
def test_otherwise_it_is_none(stories: list[Story]) -> None:
    assert away(hits(*stories, hours=10.0)) == []


def test_nothing_is_kept_of_a_vessel_that_is_not_listed_or_no_longer() -> None:
    playing, kept = engine(), list[int]()
    listed, other = dark()[:2], dark(mmsi=OTHER)[:2]
    renamed = Report(at_s=8.5 * HOUR, mmsi=NAMED, type=5, imo=9_124_043)
    named = [replace(each, mmsi=NAMED, imo=9_179_842) for each in listed[1]]
    moving = [replace(each, mmsi=NAMED) for each in listed[0]]
    for item in log(beside(peers(9.0), *other, moving, named, [renamed]), batch=400, tick_s=600.0):
        playing.apply(item) if isinstance(item, Batch) else playing.tick(item)
        kept.append(len(playing.fleet.voyages))
    assert (max(kept), kept[-1]) == (1, 0)


# -- it does not depend on how the input is cut -------------------------------------------------------------------


def test_the_alerts_are_the_same_in_any_batches_and_after_any_restart() -> None:
    story = beside(peers(24.0), *dark(), *bound("ORDINARY", south=False)[1:])
    plain = run(story, batch=100_000, tick_s=1800.0)
    assert changes([a for a in plain if a.detector == "watchlist"])
    for batch, every in ((7, 0), (50, 2)):
        assert sorted(written(run(story, batch=batch, tick_s=1800.0, snapshot_every=every))) == sorted(written(plain))


# -- the severity -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("set_to", "most", "severity"),
    [
        ("log", "page", "ticket"),
        ("ticket", "page", "page"),
        ("page", "page", "page"),
        ("ticket", "ticket", "ticket"),
        ("ticket", "log", "log"),
    ],
)
def test_a_raised_finding_is_one_step_above_its_setting_and_never_above_a_limit(
    set_to: Severity, most: Severity, severity: Severity
) -> None:
    playing = engine()
    writer = AlertWriter(playing.fleet, {"watchlist.first_heard": set_to}, ImageryAdvice(REFERENCE))
    finding = Finding(
        action="open", situation="watchlist.first_heard", time_ms=0, headline="X", raised=True, severity_most=most
    )
    alert = writer.write(Watchlist(Watchlist.Thresholds(), REFERENCE), -1, finding, "coast", replayed=False)
    assert alert is not None and alert.severity == severity
